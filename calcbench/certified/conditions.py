"""Conditions of loops, of which nothing is wanted but whether they hold.

|x| has no slope at 0, so that numbers with proof have to know on which side of it they are. In
`while_loop(lambda s: xp.abs(f(s)) > 1e-9, …)` no derivative is taken of |f(s)|, and where f(s) is 0
but for rounding, |f(s)| is known all the same: it is small, and the comparison is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class _Place:
    """Whether a condition is being evaluated: one at a time, like the precision of balls."""

    inside = False


def inside() -> bool:
    """Tell whether what is evaluated is a condition."""
    return _Place.inside


def as_condition(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let a function be evaluated as a condition, and restore what was evaluated afterwards."""

    def evaluate(state: Any) -> Any:
        before = _Place.inside
        _Place.inside = True
        try:
            return function(state)
        finally:
            _Place.inside = before

    return evaluate
