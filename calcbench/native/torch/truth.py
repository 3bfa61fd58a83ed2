"""Truth values beside numbers: where a condition holds, and where that is not decided."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.certified.arrays import Tie
from calcbench.certified.balls import Undecided
from calcbench.native.comparing import compare
from calcbench.native.elementwise import elementwise
from calcbench.native.values import is_certified, lift


class Open:
    """What is not decided, such as a comparison: a reason to raise where it is needed."""

    def __init__(self, shape: tuple[int, ...], reason: ArithmeticError, inside: Any = None) -> None:
        """Take the shape of the result and the reason; of an absolute value, what is inside."""
        self.shape = shape
        self.reason = reason
        self.inside = inside


def absolute(xp: Any, x: Any) -> Any:
    """Compute |x|; where its sign is not decided, it can still be compared."""
    try:
        return elementwise(xp, "abs", x)
    except (Undecided, Tie) as error:
        return Open(np.shape(x), error, inside=x)


def relate(xp: Any, name: str, x: Any, y: Any) -> np.ndarray | Open:
    """Compare two arrays by the name of a relation; what is not decided may not matter."""
    for value in (x, y):
        if isinstance(value, Open):
            return _relate_absolute(xp, name, x, y)
    try:
        return compare(xp, name, x, y)
    except (Undecided, Tie) as error:
        return Open(np.broadcast_shapes(np.shape(x), np.shape(y)), error)


def _relate_absolute(xp: Any, name: str, x: Any, y: Any) -> np.ndarray:
    """Compare |inside| with a number: it is below if inside and −inside are."""
    if not isinstance(x, Open):
        x, y, name = y, x, MIRRORED.get(name, name)
    if x.inside is None or isinstance(y, Open) or name not in MIRRORED:
        raise x.reason
    sides = [compare(xp, name, side, y) for side in (x.inside, -lift(xp, x.inside))]
    return np.asarray(sides[0] & sides[1] if name.startswith("less") else sides[0] | sides[1])


MIRRORED = {
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
}
"""Relation of two → that of the same in the other order."""


def holds(xp: Any, condition: Any) -> np.ndarray:
    """Tell where a condition holds: of numbers, where they are not 0. Raises what is open."""
    if isinstance(condition, Open):
        raise condition.reason
    if is_certified(condition):
        return compare(xp, "not_equal", condition, 0.0)
    return np.asarray(condition).astype(bool)


def either(xp: Any, p: Any, q: Any) -> np.ndarray:
    """Tell where one of two conditions holds: if one does everywhere, the other may be open."""
    for open_one, other in ((p, q), (q, p)):
        if isinstance(open_one, Open) and np.all(holds(xp, other)):
            return np.ones(np.broadcast_shapes(open_one.shape, np.shape(other)), dtype=bool)
    return np.asarray(holds(xp, p) | holds(xp, q))


def both(xp: Any, p: Any, q: Any) -> np.ndarray:
    """Tell where both conditions hold: if one does nowhere, the other may be open."""
    for open_one, other in ((p, q), (q, p)):
        if isinstance(open_one, Open) and not np.any(holds(xp, other)):
            return np.zeros(np.broadcast_shapes(open_one.shape, np.shape(other)), dtype=bool)
    return np.asarray(holds(xp, p) & holds(xp, q))
