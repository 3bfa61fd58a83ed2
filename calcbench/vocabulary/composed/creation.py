"""Constant arrays: made by NumPy, and converted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcbench.vocabulary.array import Array, Indices, Shape

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def zeros(xp: Vocabulary, shape: Shape) -> Array:
    """Make an array of zeros."""
    return xp.asarray(np.zeros(shape))


def ones(xp: Vocabulary, shape: Shape) -> Array:
    """Make an array of ones."""
    return xp.asarray(np.ones(shape))


def full(xp: Vocabulary, shape: Shape, fill_value: float) -> Array:
    """Fill an array with one number."""
    return xp.asarray(np.full(shape, float(fill_value)))


def zeros_like(xp: Vocabulary, x: Array) -> Array:
    """Make zeros in the shape of x."""
    return xp.asarray(np.zeros(x.shape))


def ones_like(xp: Vocabulary, x: Array) -> Array:
    """Make ones in the shape of x."""
    return xp.asarray(np.ones(x.shape))


def arange(xp: Vocabulary, start: float, stop: float | None = None, step: float = 1.0) -> Array:
    """Make evenly spaced numbers from start (0 if only one is given) up to, without, stop."""
    low, high = (0.0, start) if stop is None else (start, stop)
    return xp.asarray(np.arange(float(low), float(high), float(step)))


def linspace(xp: Vocabulary, start: float, stop: float, num: int, endpoint: bool = True) -> Array:
    """Make `num` evenly spaced numbers from start to stop, which `endpoint` includes."""
    return xp.asarray(np.linspace(float(start), float(stop), num, endpoint=endpoint))


def eye(xp: Vocabulary, n_rows: int, n_cols: int | None = None, k: int = 0) -> Array:
    """Make a matrix with ones on the k-th diagonal; it is square, if n_cols is not given."""
    return xp.asarray(np.eye(n_rows, n_cols, k))


def one_hot(xp: Vocabulary, indices: Indices, n: int) -> Array:
    """Make for every integer k a row of n numbers that is 1 at k and 0 elsewhere."""
    return xp.take(xp.asarray(np.eye(n)), indices, axis=0)
