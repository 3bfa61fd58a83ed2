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
from calcbench.certified.losses import loss_of_value, special_value
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
    # A rational function with a rounded argument: 7 in JAX, 4 in TensorFlow.
    value = apply(np.tanh, x, lambda: np.cosh(_nearest_to_zero(x)) ** -2, loss=8.0)
    return value, 1 - value * value


def _sigmoid(x: Rounded) -> tuple[Rounded, Any]:
    # An exponential, a sum and a quotient.
    value = apply(plain.sigmoid, x, lambda: np.cosh(_nearest_to_zero(x) / 2) ** -2 / 4, loss=4.0)
    return value, value * (1 - value)


def _softplus(x: Rounded) -> tuple[Rounded, Any]:
    # An exponential, a logarithm and a sum.
    value = apply(plain.softplus, x, lambda: plain.sigmoid(x.mid + x.rad), loss=7.0)
    return value, exp(x - value)


def _atan(x: Rounded) -> tuple[Rounded, Any]:
    return apply(np.arctan, x, lambda: 1 / (1 + _nearest_to_zero(x) ** 2)), 1 / (1 + x * x)


GAUSS = 2 / math.sqrt(math.pi)
"""The slope of erf at 0."""

WIDER = 1 + 2.0**-30
"""Times what a slope is computed as, by functions that are good to so much."""


def _special(name: str, x: Rounded, steepest: Callable[[], Any]) -> Rounded:
    """Evaluate a special function; `steepest` gives the largest |f′| within the radii."""
    value = special_value(name, x.mid)
    loss = loss_of_value(name, x.mid, value)
    return round_to(value, loss, lambda: _reach(x.rad, steepest()) * WIDER, x)


def _error_function(name: str, sign: float) -> Rule:
    """Build erf or erfc, of the slope ±2/√π · e^(−x²)."""

    def rule(x: Rounded) -> tuple[Rounded, Any]:
        value = _special(name, x, lambda: GAUSS * np.exp(-(_nearest_to_zero(x) ** 2)))
        return value, sign * GAUSS * exp(-(x * x))

    return rule


def _erfinv(x: Rounded) -> tuple[Rounded, Any]:
    def steepest() -> Any:
        far = np.abs(x.mid) + x.rad
        inside = special_value("erfinv", np.minimum(far, 1.0))
        return np.where(far < 1, np.exp(inside**2) / GAUSS, np.inf)

    value = _special("erfinv", x, steepest)
    return value, exp(value * value) / GAUSS


def _log_ndtr(x: Rounded) -> tuple[Rounded, Any]:
    def steepest() -> Any:  # falls; no more than (√(x² + 4) − x)/2 (Birnbaum, 1942)
        low = x.mid - x.rad
        exact = np.exp(-0.5 * low**2 - special_value("log_ndtr", low)) / math.sqrt(2 * math.pi)
        return np.where(np.abs(low) < 100, exact, (np.hypot(low, 2.0) - low) / 2)

    value = _special("log_ndtr", x, steepest)
    return value, exp(x * x / -2 - value) / math.sqrt(2 * math.pi)


def _bessel(x: Rounded) -> tuple[Rounded, Any]:
    """Compute e^−x I₀(x) of x ≥ 0, whose slope libraries take as e^−x I₁(x) less it."""

    def steepest() -> Any:  # falls; I₁/I₀ is at least (√(1 + x²) − 1)/x (Amos, 1974)
        low = _nearest_to_zero(x)
        return special_value("ive0", low) / np.maximum(low, 1.0)

    value = _special("ive0", x, steepest)
    return value, _special("ive1", x, lambda: 1.0) - value


def _gammaln(x: Rounded) -> tuple[Rounded, Any]:
    _check_positive(x)

    def steepest() -> Any:  # ψ grows, from −∞ on
        ends = (x.mid - x.rad, x.mid + x.rad)
        return np.maximum(*(np.abs(special_value("digamma", end)) for end in ends))

    return _special("gammaln", x, steepest), _polygamma(0, x)


def _polygamma(n: int, x: Rounded) -> Rounded:
    _check_positive(x)
    name = f"polygamma{n}" if n else "digamma"
    return _special(name, x, lambda: np.abs(special_value(f"polygamma{n + 1}", x.mid - x.rad)))


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
    "erfinv": _erfinv,
    "log_ndtr": _log_ndtr,
    "ive0": _bessel,
    "gammaln": _gammaln,
}
"""Function → its rule."""


def rule_of(name: str) -> Rule | None:
    """Find the rule of a function, if it has one; the order of polygamma is in its name."""
    if name != "digamma" and not name.startswith("polygamma"):
        return RULES.get(name)
    n = 0 if name == "digamma" else int(name.removeprefix("polygamma"))
    return lambda x: (_polygamma(n, x), _polygamma(n + 1, x))


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
