"""Orders of numbers that are proved: every comparison is decided, or `Undecided` is raised.

An index that a parameter decides is a number of its kind, so that comparing it is a comparison in
which the parameter takes part: a branch (`branches`). It does not move with the parameter.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

INDEX = "index"
"""The operation that makes a number of an index."""


class Ordered(Protocol):
    """What a kind of number provides, so that an order of them can be found."""

    def convert(self, number: Any) -> Any:
        """Convert an exact number to this kind; one of this kind stays as it is."""

    def index(self, place: int, numbers: Sequence[Any]) -> Any:
        """Make an index that depends on numbers; where they are constants, it is an integer."""

    def is_finite(self, number: Any) -> bool:
        """Tell whether it is a number, and not infinite."""

    def is_nan(self, number: Any) -> bool:
        """Tell whether it is none."""


def argsort(
    kind: Ordered, x: Any, axis: int = -1, descending: bool = False, stable: bool = True
) -> Any:
    """Find the indices that sort each lane; of equals, the first comes first."""
    return _along(kind, x, axis, lambda lane: _order(lane, descending))


def argmax(kind: Ordered, x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Find the place of the largest, the first of equals: fewer comparisons than in sorting."""
    lanes = np.reshape(x, -1) if axis is None else x
    along = 0 if axis is None else axis
    found = _along(kind, lanes, along, lambda lane: [functools.reduce(_larger(lane), _all(lane))])
    if not keepdims:
        return np.take(found, 0, axis=along)
    return np.reshape(found, (1,) * np.ndim(x)) if axis is None else found


def take(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices by integer index."""
    return np.take(x, integers(indices), axis=axis)


def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    """Take elements by integer index."""
    return np.take_along_axis(x, integers(indices), axis)


def integers(indices: Any) -> np.ndarray:
    """Read indices as integers, also those that a parameter decided; any other number stays."""
    array = np.asarray(indices)
    found = [_integer(index) for index in array.flat]
    if None in found:
        return array  # of which NumPy says that it is no index
    return np.array(found, dtype=np.int64).reshape(array.shape)


def keep_integers(
    of_integers: Callable[..., Any], function: Callable[..., Any]
) -> Callable[..., Any]:
    """Let NumPy's own function take integers: what it gives of them are integers, for indices.

    `function` takes all other arrays. Nothing moves integers, so that nothing is lost.
    """

    def apply(*arrays: Any, **options: Any) -> Any:
        return (of_integers if are_integers(arrays) else function)(*arrays, **options)

    return apply


def keep_integers_along(
    of_integers: Callable[..., Any], function: Callable[..., Any]
) -> Callable[..., Any]:
    """Likewise, of a function of one array, or of a list of arrays, and an axis.

    In a list of arrays, a Python integer stands for a float, as of all backends.
    """

    def apply(x: Any, *axis: Any, **options: Any) -> Any:
        if isinstance(x, (list, tuple)):
            x = [float(part) if type(part) is int else part for part in x]
        integers = are_integers(x if isinstance(x, list) else [x])
        return (of_integers if integers else function)(x, *axis, **options)

    return apply


def are_integers(arrays: Sequence[Any]) -> bool:
    """Tell whether arrays hold integers or truth values alone, also such as a parameter decided.

    Python's integers may stand beside them; of these alone, the vocabulary makes floats.
    """
    others = [array for array in arrays if type(array) is not int]
    return bool(others) and all(map(_holds_integers, others))


def _holds_integers(array: Any) -> bool:
    if isinstance(array, (np.ndarray, np.generic)) and array.dtype != object:
        return array.dtype.kind in "iub"
    if isinstance(array, np.ndarray):
        return array.size > 0 and all(_integer(number) is not None for number in array.flat)
    return _integer(array) is not None


def _integer(index: Any) -> int | None:
    try:
        return operator.index(index)
    except TypeError:
        return None


def classify(kind: Ordered, name: str) -> Callable[[Any], Any]:
    """Build `is_finite` or `is_nan`, element by element, which compare nothing."""
    holds = np.frompyfunc(lambda item: getattr(kind, name)(kind.convert(item)), 1, 1)
    return lambda x: np.asarray(holds(x), dtype=bool)


def _along(
    kind: Ordered, x: Any, axis: int, places: Callable[[Sequence[Any]], Sequence[int]]
) -> np.ndarray:
    """Find places in each lane along an axis: an array of them in the place of the lane."""
    lanes = np.moveaxis(np.frompyfunc(kind.convert, 1, 1)(np.asarray(x, dtype=object)), axis, -1)
    found = [[*_marked(kind, list(lanes[i]), places)] for i in np.ndindex(lanes.shape[:-1])]
    array = np.array(found, dtype=object).reshape((*lanes.shape[:-1], -1))
    whole = all(isinstance(place, int) for place in array.flat)
    return np.moveaxis(array.astype(np.int64) if whole else array, -1, axis)


def _marked(
    kind: Ordered, lane: Sequence[Any], places: Callable[[Sequence[Any]], Sequence[int]]
) -> Sequence[Any]:
    return [kind.index(place, lane) for place in places(lane)]


def _order(lane: Sequence[Any], descending: bool) -> Sequence[int]:
    """Sort by comparisons alone; Python's sort is stable, and asks only what is less."""

    def compare(i: int, j: int) -> int:
        less = lane[i] > lane[j] if descending else lane[i] < lane[j]
        return -1 if less else 0

    return sorted(_all(lane), key=functools.cmp_to_key(compare))


def _larger(lane: Sequence[Any]) -> Callable[[int, int], int]:
    return lambda i, j: j if lane[j] > lane[i] else i


def _all(lane: Sequence[Any]) -> range:
    return range(len(lane))
