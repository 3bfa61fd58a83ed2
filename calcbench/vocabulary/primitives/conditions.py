"""Conditions, and what they choose."""

from __future__ import annotations

from calcbench.vocabulary.array import Array, Condition, Number


def where(condition: Condition, x: Number, y: Number) -> Array:
    """Take x where the condition holds, else y.

    Both are evaluated: one that is infinite or NaN where it is not chosen can still spoil the
    derivative. At a tie the derivative is that of the branch that is chosen.
    """


def logical_and(p: Condition, q: Condition) -> Array:
    """Tell where both conditions hold: of numbers, where they are not 0."""


def logical_not(p: Condition) -> Array:
    """Tell where a condition does not hold: of numbers, where they are 0."""
