"""Elementary functions of rounded floats, each with its slope as libraries compute it.

The slope of y = tanh x is 1/cosh² x, and the truth is computed as that. Libraries have y, and take
1 − y²: a few units of the 1 are lost there, however small the slope.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.certified.balls import Undecided
from calcbench.certified.rounded import (
    Rounded,
    apply,
    exp,
    log,
    power,
    round_to,
    sqrt,
    steepest_reciprocal,
)
from calcbench.vocabulary import numpy as plain

Rule = Callable[[Rounded], tuple[Rounded, Any]]
"""x → (f(x), f′(x))."""


def _nearest_to_zero(x: Rounded) -> Any:
    """Return the least |x| within the radii."""
    return np.maximum(np.abs(x.mid) - x.rad, 0.0)


def _exp(x: Rounded) -> tuple[Rounded, Any]:
    value = exp(x)
    return value, value


def _expm1(x: Rounded) -> tuple[Rounded, Any]:
    value = apply(np.expm1, x, lambda: np.exp(x.mid + x.rad))
    return value, value + 1


def _log(x: Rounded) -> tuple[Rounded, Any]:
    return log(x), 1 / x


def _log1p(x: Rounded) -> tuple[Rounded, Any]:
    return apply(np.log1p, x, lambda: steepest_reciprocal(1 + x.mid, x.rad)), 1 / (1 + x)


def _sqrt(x: Rounded) -> tuple[Rounded, Any]:
    root = sqrt(x)
    return root, 1 / (2 * root)


def _sine_and_cosine(x: Rounded) -> tuple[Rounded, Rounded]:
    def steepest(other: np.ndarray) -> Any:
        return np.minimum(1.0, np.abs(other) + x.rad)

    sine = apply(np.sin, x, lambda: steepest(np.cos(x.mid)))
    return sine, apply(np.cos, x, lambda: steepest(np.sin(x.mid)))


def _sin(x: Rounded) -> tuple[Rounded, Any]:
    return _sine_and_cosine(x)


def _cos(x: Rounded) -> tuple[Rounded, Any]:
    sine, cosine = _sine_and_cosine(x)
    return cosine, -sine


def _tan(x: Rounded) -> tuple[Rounded, Any]:
    value = np.tan(x.mid)

    def reach() -> Any:  # tan(x + r) − tan x = tan r · (1 + tan² x) / (1 − tan x · tan r)
        step = np.tan(np.minimum(x.rad, 1.0)) * (1 + 2.0**-40)
        left = 1 - np.abs(value) * step
        known = (left > 0) & (x.rad < 1)
        return np.where(known, step * (1 + value**2) / np.where(known, left, 1.0), np.inf)

    found = round_to(value, 2 * np.abs(value), reach, x)
    return found, 1 + found * found


def _tanh(x: Rounded) -> tuple[Rounded, Any]:
    value = apply(np.tanh, x, lambda: np.cosh(_nearest_to_zero(x)) ** -2)
    return value, 1 - value * value


def _sigmoid(x: Rounded) -> tuple[Rounded, Any]:
    # An exponential, a sum and a quotient.
    value = apply(plain.sigmoid, x, lambda: np.cosh(_nearest_to_zero(x) / 2) ** -2 / 4, loss=4.0)
    return value, value * (1 - value)


def _softplus(x: Rounded) -> tuple[Rounded, Any]:
    # An exponential, a logarithm and a sum.
    value = apply(plain.softplus, x, lambda: plain.sigmoid(x.mid + x.rad), loss=5.0)
    return value, exp(x - value)


def _atan(x: Rounded) -> tuple[Rounded, Any]:
    return apply(np.arctan, x, lambda: 1 / (1 + _nearest_to_zero(x) ** 2)), 1 / (1 + x * x)


GAUSS = 2 / math.sqrt(math.pi)


def _error_function(name: str, sign: float) -> Rule:
    """Build erf or erfc, of the slope ±2/√π · e^(−x²)."""

    def rule(x: Rounded) -> tuple[Rounded, Any]:
        steepest = GAUSS * np.exp(-(_nearest_to_zero(x) ** 2))
        # SciPy's erfc has the factor e^(−x²) in its tail, of an x² that is rounded.
        tail = np.maximum(x.mid, 0.0) ** 2 if name == "erfc" else 0.0
        value = apply(plain.special(name), x, lambda: steepest, loss=4.0 + tail)
        return value, sign * GAUSS * exp(-(x * x))

    return rule


def _polygamma(n: int, x: Any) -> Any:
    return plain.special("polygamma")(n, x)


def _gamma_terms(x: np.ndarray) -> Any:
    """Return what libraries add log Γ and ψ up from, however small the sum."""
    return 1 + np.abs(np.log(x))


def _gammaln(x: Rounded) -> tuple[Rounded, Any]:
    _check_positive(x)
    value = plain.special("gammaln")(x.mid)

    def reach() -> Any:  # ψ grows, from −∞ on
        ends = (np.abs(_polygamma(0, end)) for end in (x.mid - x.rad, x.mid + x.rad))
        return x.rad * np.maximum(*ends) * (1 + 2.0**-40)

    found = round_to(value, 2 * np.abs(value) + _gamma_terms(x.mid), reach, x)
    return found, _digamma(x)[0]


def _digamma(x: Rounded) -> tuple[Rounded, Any]:
    _check_positive(x)
    value = _polygamma(0, x.mid)

    def reach() -> Any:  # its slope falls
        return x.rad * _polygamma(1, x.mid - x.rad) * (1 + 2.0**-40)

    found = round_to(value, 2 * np.abs(value) + _gamma_terms(x.mid), reach, x)
    slope = apply(
        lambda mid: _polygamma(1, mid), x, lambda: -_polygamma(2, x.mid - x.rad), loss=4.0
    )
    return found, slope


def _check_positive(x: Rounded) -> None:
    """Leave to balls what is near the poles of Γ, or between them."""
    if np.any(x.mid - x.rad <= 0):
        raise Undecided("a number at a pole of the gamma function")


RULES: dict[str, Rule] = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "atan": _atan,
    "erf": _error_function("erf", 1.0),
    "erfc": _error_function("erfc", -1.0),
    "gammaln": _gammaln,
    "digamma": _digamma,
}
"""Function → its rule."""


def whole_power(x: Rounded, n: int) -> tuple[Rounded, Any]:
    """Compute xⁿ and its slope."""
    return power(x, n), n * power(x, n - 1)


def fractional_power(
    x: Rounded, y: Rounded, base: bool, exponent: bool
) -> tuple[Rounded, Any, Any]:
    """Compute xʸ = e^(y·log x), and its partials by x and by y, as far as these may vary."""
    value = _raise(x, y)
    return value, y * _raise(x, y - 1) if base else None, value * log(x) if exponent else None


def _reach(radius: Any, slope: Any) -> Any:
    """Multiply a radius by a slope, which may be infinite where nothing moves."""
    return np.where(np.asarray(radius) > 0, radius * slope, 0.0)


def _raise(x: Rounded, y: Rounded) -> Rounded:
    value = np.power(x.mid, y.mid)

    def reach() -> Any:
        # A base below 0 has a power where the exponent is whole; then that is no logarithm of it.
        steepest = steepest_reciprocal(np.abs(x.mid), x.rad)
        of_base = _reach(x.rad, (np.abs(y.mid) + y.rad) * steepest)
        moved = of_base + _reach(y.rad, np.abs(np.log(x.mid)))
        return np.abs(value) * np.expm1(moved) * (1 + 2.0**-40)

    return round_to(value, 2 * np.abs(value), reach, x, y)
