"""Constants: floats as numbers with proof, the data of a point once for all its evaluations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from calcbench.problem.flat import same_numbers
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
    Rows of an array that is kept, in whatever order, are taken from it. Of several arrays the
    longest is kept: trials on a few rows are quickly converted. It is shared: write into a copy.
    """
    kept, array = _kept.setdefault(point.origin or point, {}), point[name]
    floats, found = kept.get((name, convert), (np.empty(0), np.empty(0, dtype=object)))
    if same_numbers(floats, array):
        return found
    rows = _find_rows(floats, array) if floats.size and name in point.row_names else None
    if rows is not None:
        return np.asarray(found[rows])
    if floats.size > array.size:
        return convert_array(array, convert)
    kept.pop((name, convert), None)
    del found  # before the next is made: it may be large
    kept[name, convert] = array.copy(), convert_array(array, convert)
    return kept[name, convert][1]


def _find_rows(known: np.ndarray, wanted: np.ndarray) -> np.ndarray | None:
    """Find rows in an array that has them: their positions, or None where it lacks one."""
    if not wanted.size or known.shape[1:] != wanted.shape[1:]:
        return None
    keys = _hash_rows(known)
    if _hash_rows(wanted[:1])[0] not in keys:
        return None
    order = np.argsort(keys)
    places = np.searchsorted(keys[order], _hash_rows(wanted))
    found = order[np.minimum(places, len(order) - 1)]
    return found if same_numbers(known[found], wanted) else None


def _hash_rows(array: np.ndarray) -> np.ndarray:
    """Make a number of the bits of every row; of different rows hardly ever the same."""
    bits = np.ascontiguousarray(array.reshape(len(array), -1), np.float64).view(np.uint64)
    odd = np.random.default_rng(0).integers(2**63, size=bits.shape[1], dtype=np.uint64) * 2 + 1
    return np.asarray(bits @ odd)
