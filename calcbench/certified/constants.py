"""Constants: floats as numbers with proof, the data of a point once for all its evaluations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from calcbench.problem.point import Point

Convert = Callable[[float], Any]
"""Makes a number with proof of a float."""

_kept: WeakKeyDictionary[Point, dict[tuple[str, Convert], tuple[np.ndarray, np.ndarray]]] = (
    WeakKeyDictionary()
)
"""Point → (name, kind of number) → the floats, and what was made of them."""


def convert_array(array: np.ndarray, convert: Convert) -> np.ndarray:
    """Make an object array of numbers with proof."""
    return np.asarray(np.frompyfunc(convert, 1, 1)(array), dtype=object)


def convert_input(point: Point, name: str, convert: Convert) -> np.ndarray:
    """Make an object array of an input, or take the one that was made before of the same floats.

    For a point and all that are made from it: a thousand rows of data take as long as their sweep.
    Of several arrays the longest is kept: trials on a few rows are quickly converted.
    """
    kept, array = _kept.setdefault(point.origin or point, {}), point[name]
    floats, found = kept.get((name, convert), (None, None))
    if found is None or floats is None or not np.array_equal(floats, array):
        found = convert_array(array, convert)
        if floats is None or floats.size <= array.size:
            kept[name, convert] = array.copy(), found
    return found.copy()  # a cost may write into what it is given
