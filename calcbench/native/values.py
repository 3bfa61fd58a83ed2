"""Numbers with proof beside a framework's own arrays.

They are an `Array` of balls or rounded floats, or an object array of single balls. A native array
of floats is a constant beside them, and exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.certified import balls
from calcbench.certified.arrays import Array
from calcbench.certified.balls import Ball
from calcbench.certified.germs import Germ
from calcbench.native.function import NotKnown

Numbers = Any
"""An `Array`, or an object array of `Ball`: both have `.shape`, `.ndim`, operators and slices."""


def is_certified(x: Any) -> bool:
    """Tell whether a value is numbers with proof, and no native array."""
    return isinstance(x, (Array, Ball)) or (isinstance(x, np.ndarray) and x.dtype == object)


def is_active(x: Any) -> bool:
    """Tell whether a value is numbers with proof that depend on an argument."""
    if isinstance(x, Array):
        return x.tape is not None
    return is_certified(x) and any(ball.tape is not None for ball in np.ravel(boxed(x)))


def is_beside(x: Any) -> bool:
    """Tell whether numbers are just beside a point, where no comparison ties, and not at it."""
    if not is_certified(x) or isinstance(x, Array):
        return False
    return any(isinstance(ball.value, Germ) for ball in np.ravel(boxed(x)))


def boxed(x: Any) -> Numbers:
    """Make an array of a single number, so that it has a shape; an array stays as it is."""
    if isinstance(x, Ball):
        array = np.empty((), dtype=object)
        array[()] = x
        return array
    return x


def lift(xp: Any, x: Any) -> Numbers:
    """Make numbers with proof of a native array or Python number; those that are stay.

    Raises `NotKnown` for what is not real.
    """
    if is_certified(x):
        return boxed(x)
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise NotKnown(f"dtype {array.dtype}")
    return boxed(xp.asarray(array.astype(np.float64)))


def midpoints(x: Numbers) -> np.ndarray:
    """Return the numbers as floats, without what is known of them: for running beside them."""
    if isinstance(x, Array):
        return x.value.astype(np.float64)
    found = np.frompyfunc(balls.middle, 1, 1)(boxed(x))
    return np.asarray(found, dtype=np.float64)


def hold(xp: Any, x: Numbers) -> Numbers:
    """Hold numbers constant: `stop_gradient`, `detach`."""
    return boxed(xp.stop_gradient(x))
