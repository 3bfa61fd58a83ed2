"""Elementary functions of one number, each with its slope: what single balls and arrays share.

A number is a `flint.arb`, or a jet or germ, which has slopes or powers of its own. Where
`certified.natural` is chosen, slopes follow from values as libraries compute them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb

from calcbench.certified import budget, natural, special
from calcbench.certified.jets import logarithm, primal

Number = Any
"""A `flint.arb`, or a `Jet` or germ."""

Rule = Callable[[Number], tuple[Number, Number]]
"""x → (f(x), f′(x))."""


def _exp(x: Number) -> tuple[Number, Number]:
    value = x.exp()
    return value, value


def _expm1(x: Number) -> tuple[Number, Number]:
    if natural.chosen():
        return natural.value_and_slope("expm1", x, primal(x).expm1())
    return x.expm1(), x.exp()


def _log(x: Number) -> tuple[Number, Number]:
    return (logarithm(x) if isinstance(x, arb) else x.log()), 1 / x


def _log1p(x: Number) -> tuple[Number, Number]:
    return x.log1p(), 1 / (1 + x)


def _sqrt(x: Number) -> tuple[Number, Number]:
    root = x.sqrt()
    return root, 1 / (2 * root)


def _sin(x: Number) -> tuple[Number, Number]:
    sine, cosine = x.sin_cos()
    return sine, cosine


def _cos(x: Number) -> tuple[Number, Number]:
    sine, cosine = x.sin_cos()
    return cosine, -sine


def _tan(x: Number) -> tuple[Number, Number]:
    return x.tan(), x.sec() ** 2


def _tanh(x: Number) -> tuple[Number, Number]:
    if natural.chosen():
        return natural.value_and_slope("tanh", x, primal(x).tanh())
    return x.tanh(), x.sech() ** 2


def _sigmoid(x: Number) -> tuple[Number, Number]:
    if natural.chosen():
        return natural.value_and_slope("sigmoid", x, _both_sigmoids(primal(x))[0])
    up, down = _both_sigmoids(x)
    return up, up * down  # no cancellation in 1 − σ


def _both_sigmoids(x: Number) -> tuple[Number, Number]:
    """Compute σ(x) and σ(−x), both through the exponential that does not overflow."""
    positive = x.mid() > 0
    decay = (-x).exp() if positive else x.exp()
    large, small = 1 / (1 + decay), decay / (1 + decay)
    return (large, small) if positive else (small, large)


def _softplus(x: Number) -> tuple[Number, Number]:
    if natural.chosen():
        return natural.value_and_slope("softplus", x, _softplus_and_slope(primal(x))[0])
    return _softplus_and_slope(x)


def _softplus_and_slope(x: Number) -> tuple[Number, Number]:
    if x.mid() > 0:
        decay = (-x).exp()
        return x + decay.log1p(), 1 / (1 + decay)
    decay = x.exp()
    return decay.log1p(), decay / (1 + decay)


def _special(name: str, x: Number) -> tuple[Number, Number]:
    value, slope = special.value(name, x), special.slope(name, x)
    if natural.chosen():
        loss = special.loss(name, x)
        return value + loss, slope + loss
    return value, slope


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
    **{name: functools.partial(_special, name) for name in special.NAMES},
}
"""Function → its rule."""


BLOCK = 65_536
"""Numbers of an array between two readings of the clock."""


def apply_to_each(rule: np.ufunc, *arrays: np.ndarray) -> Sequence[Any]:
    """Apply a rule of several results (`np.frompyfunc`) to the numbers of arrays.

    Between blocks of them the clock is looked at. Returns an array of every result.
    """
    if math.prod(np.broadcast_shapes(*(array.shape for array in arrays))) <= BLOCK:
        found: Sequence[Any] = rule(*arrays)
        return found
    arrays = np.broadcast_arrays(*arrays)
    flat, parts = [array.ravel() for array in arrays], []
    for start in range(0, flat[0].size, BLOCK):
        budget.expect()
        parts.append(rule(*(x[start : start + BLOCK] for x in flat)))
    shape = arrays[0].shape
    return [np.concatenate(each).reshape(shape) for each in zip(*parts, strict=True)]


def rule_of(name: str) -> Rule:
    """Find the rule of a function; those of a whole order, such as `polygamma1`, are not listed."""
    return RULES.get(name) or functools.partial(_special, name)


def power(
    x: Number, y: Number, base: bool, exponent: bool
) -> tuple[Number, Number | None, Number | None]:
    """Compute xʸ and its partials by x and by y, as far as `base` and `exponent` may vary.

    None for a partial that is not there: x⁰ is a constant.
    """
    if not exponent and y.is_integer():
        n = int(y.mid().fmpz())
        if n == 0:
            return arb(1), None, None
        return x**n, (n * x ** (n - 1) if base else None), None
    # xʸ = e^(y·log x): a fractional power has a positive base.
    value = x**y
    return (
        value,
        y * x ** (y - 1) if base else None,
        value * x.log() if exponent else None,
    )


def logsumexp(numbers: Sequence[Number]) -> tuple[Number, list[Number]]:
    """Compute log Σ eˣ and the softmax, its slopes, of numbers that are not −∞."""
    if natural.chosen():
        value, _ = _shifted_logsumexp([primal(number) for number in numbers])
        return natural.logsumexp_and_slopes(list(numbers), value)
    return _shifted_logsumexp(numbers)


def _shifted_logsumexp(numbers: Sequence[Number]) -> tuple[Number, list[Number]]:
    # The shift may be any exact number: near the largest term, no exponential overflows.
    shift = max((number.mid() for number in numbers), key=float)
    shifted = [(number - shift).exp() for number in numbers]
    whole = sum(shifted[1:], shifted[0])
    return shift + whole.log(), [part / whole for part in shifted]
