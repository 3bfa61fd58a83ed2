"""Truth values beside numbers: where a condition holds, and where that is not decided."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.certified.arrays import Tie
from calcbench.certified.balls import Undecided
from calcbench.native.comparing import compare
from calcbench.native.values import is_certified


class Open:
    """What a comparison gives that is not decided: a reason to raise where it is needed."""

    def __init__(self, shape: tuple[int, ...], reason: ArithmeticError) -> None:
        """Take the shape of what is compared, and the reason."""
        self.shape = shape
        self.reason = reason


def relate(xp: Any, name: str, x: Any, y: Any) -> np.ndarray | Open:
    """Compare two arrays by the name of a relation; what is not decided may not matter."""
    try:
        return compare(xp, name, x, y)
    except (Undecided, Tie) as error:
        return Open(np.broadcast_shapes(np.shape(x), np.shape(y)), error)


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
