"""Derivatives by the formulas that libraries evaluate, to enclose what rounding does to them.

The slope of y = tanh x is 1/cosh² x, and the truth is computed as that. Libraries have y, and take
1 − y²: a few units of the 1 are lost there, however small the slope. What an honest library may
give is therefore enclosed by the same formula, in balls of the library's precision.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from flint import arb

from calcbench.certified.jets import Jet

Number = Any
"""A `flint.arb`, or a `Jet`."""

NATURAL: dict[str, Callable[[Callable[[Any], Any], Any, Any], Any]] = {
    "tanh": lambda exp, x, y: 1 - y * y,
    "sigmoid": lambda exp, x, y: y * (1 - y),
    "expm1": lambda exp, x, y: y + 1,
    "softplus": lambda exp, x, y: exp(x - y),
}
"""Function → its slope at x, where its value is y: of numbers, or of arrays, and their `exp`."""


class _Choice:
    """Whether natural formulas are evaluated: one choice at a time, like the precision of balls."""

    natural = False


def chosen() -> bool:
    """Tell whether derivatives are evaluated by natural formulas."""
    return _Choice.natural


@contextlib.contextmanager
def natural_formulas(natural: bool = True) -> Iterator[None]:
    """Evaluate derivatives by natural formulas, and restore the choice afterwards."""
    before = _Choice.natural
    _Choice.natural = natural
    try:
        yield
    finally:
        _Choice.natural = before


def value_and_slope(function: str, x: Number, y: arb) -> tuple[Number, Number]:
    """Give y = f(x) and its slope, both with slopes of their own where x has some."""
    slope = functools.partial(NATURAL[function], lambda number: number.exp())
    value = Jet(y, x.slope * slope(x.value, y)) if isinstance(x, Jet) else y
    return value, slope(x, value)


def logsumexp_and_slopes(terms: list[Number], y: arb) -> tuple[Number, list[Number]]:
    """Give y = log Σ eˣ and its slopes eˣ⁻ʸ, as `value_and_slope`."""
    value: Number = y
    moving = [term for term in terms if isinstance(term, Jet)]
    if moving:
        rows = [term.slope * (term.value - y).exp() for term in moving]
        value = Jet(y, sum(rows[1:], rows[0]))
    return value, [(term - value).exp() for term in terms]
