"""One vector of numbers ↔ arrays by name: the only conversion between the two."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

Shape = tuple[int, ...]


def flatten(arrays: Iterable[Any], dtype: Any = None) -> np.ndarray:
    """Put arrays of any shapes end to end, as one vector (of `dtype`, if it is given)."""
    return np.concatenate([np.asarray(array, dtype).ravel() for array in arrays])


def cut(vector: np.ndarray, shapes: Iterable[Shape]) -> list[np.ndarray]:
    """Cut a vector, or the last axis of an array, into pieces of these shapes: the way back."""
    pieces, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        pieces.append(vector[..., start:end].reshape((*vector.shape[:-1], *shape)))
        start = end
    return pieces


def unflatten(vector: np.ndarray, shapes: Mapping[str, Shape]) -> dict[str, np.ndarray]:
    """Cut a vector into arrays by name."""
    return dict(zip(shapes, cut(vector, shapes.values()), strict=True))


def same_numbers(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two arrays are equal; NaN, which stands for what is missing, equals NaN."""
    return np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f")


def repeats(one: np.ndarray, other: np.ndarray, unit: float) -> bool:
    """Tell whether a second run gave the same vector, in which NaN equals NaN.

    Threads may add in another order, so a few roundings are allowed.
    """
    scale = np.max(np.abs(one[np.isfinite(one)]), initial=0.0)
    return np.allclose(one, other, rtol=16 * unit, atol=16 * unit * scale, equal_nan=True)


def largest_change(one: np.ndarray, other: np.ndarray) -> int:
    """Return where two vectors differ most; a number beside NaN differs more than any other."""
    with np.errstate(invalid="ignore"):
        gap = np.where(one == other, 0.0, np.abs(one - other))
    gap[np.isnan(one) != np.isnan(other)] = np.inf
    return int(np.nanargmax(gap))
