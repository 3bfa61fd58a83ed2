"""Comparisons, choices and orders: decided by the numbers with proof, or not at all.

Their outcomes are NumPy arrays of truth values and integers, which do not move with the arguments.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.certified import ordering
from calcbench.native.values import Numbers, boxed, lift

RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
"""Name → the relation of two arrays."""

SHORT = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
"""What torch and JAX call a relation → its name here."""


def compare(xp: Any, name: str, x: Any, y: Any) -> np.ndarray:
    """Compare two arrays, which broadcast, by the name of a relation.

    Raises `Undecided` where the numbers are not known well enough; a tie of numbers that move is
    kept in mind, and settled beside the point. An array beside itself ties without consequence.
    """
    if x is y:
        return np.full(np.shape(x), name in ("less_equal", "greater_equal", "equal"))
    holds = RELATIONS[name](lift(xp, x), lift(xp, y))
    return np.asarray(holds, dtype=bool)


def choose(xp: Any, condition: Any, x: Any, y: Any) -> Numbers:
    """Take numbers from x where a condition holds, elsewhere from y; all three broadcast.

    What is not taken leaves no trace, even where it is infinite.
    """
    holds = np.asarray(condition, dtype=bool)
    return boxed(xp.where(holds, lift(xp, x), lift(xp, y)))


def is_nan(xp: Any, x: Any) -> np.ndarray:
    """Tell for each number whether it is none; nothing is compared for that."""
    return np.asarray(xp.isnan(lift(xp, x)), dtype=bool)


def is_finite(xp: Any, x: Any) -> np.ndarray:
    """Tell for each number whether it is finite; nothing is compared for that."""
    return np.asarray(xp.isfinite(lift(xp, x)), dtype=bool)


def is_infinite(xp: Any, x: Any) -> np.ndarray:
    """Tell for each number whether it is ∞ or −∞; nothing is compared for that."""
    return np.asarray(~(is_finite(xp, x) | is_nan(xp, x)))


def present(xp: Any, x: Any, fill: float = 0.0) -> Numbers:
    """Put another number where one is missing (NaN)."""
    return choose(xp, is_nan(xp, x), fill, x)


def argsort(xp: Any, x: Any, axis: int = -1, descending: bool = False) -> np.ndarray:
    """Find the indices that sort along an axis; of equals the first comes first."""
    found = xp.argsort(lift(xp, x), axis=axis, descending=descending)
    return ordering.integers(found)


def argmax(xp: Any, x: Any, axis: int) -> np.ndarray:
    """Find the place of the largest along an axis, the first of equals."""
    return ordering.integers(xp.argmax(lift(xp, x), axis=axis))


def argmin(xp: Any, x: Any, axis: int) -> np.ndarray:
    """Find the place of the smallest along an axis, the first of equals."""
    return argmax(xp, -lift(xp, x), axis)


def largest(xp: Any, x: Any, count: int, axis: int = -1) -> tuple[Numbers, np.ndarray]:
    """Find the largest numbers along an axis, and where they are, the first of equals first."""
    x = lift(xp, x)
    places = np.take(argsort(xp, x, axis, descending=True), np.arange(count), axis)
    return boxed(xp.take_along_axis(x, places, axis=axis)), places


def sort(xp: Any, x: Any, axis: int = -1, descending: bool = False) -> Numbers:
    """Sort along an axis."""
    x = lift(xp, x)
    return boxed(xp.take_along_axis(x, argsort(xp, x, axis, descending), axis))
