"""Additions: what may be lost where many numbers are added up, in whatever order.

A sum of n terms is off by at most (n − 1)·u·Σ|terms|, and by λ·√n·u·Σ|terms| with a probability of
2·exp(−λ²/2), if roundings are independent and of mean 0 (Higham & Mary, "A new approach to
probabilistic rounding error analysis", SIAM J. Sci. Comput. 41 (2019) A2815-A2835). They are not
where terms are equal, or few different ones: 0.1, added to a sum, is rounded the same way for as
long as the sum has the same exponent. (10,000 times 0.1, added one by one, as PyTorch does in
products of matrices and NumPy along the first axis, are off by fourteen times √n·u·Σ|terms|.) So
what these very terms lose, added one by one, is measured, and the larger of the two is taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FEW = 65
"""Terms up to which 8√n is more than n − 1, and √n with the allowance is certain."""

MEASURED = 2**25
"""Products of numbers up to which those that are added up in a product of matrices are looked at:
beyond, n − 1 is taken."""

DOUBLE_BELOW = 1e-12
"""Units of roundoff below this are those of float64, and above it those of float32."""

AT_ONCE = 2**20
"""Products that are in memory at a time."""


def loss_of_sum(x: np.ndarray, axes: tuple[int, ...], size: Any, unit: float) -> Any:
    """Return what is lost in sums along axes, in units; `size` is their Σ|terms|."""
    terms = x.size // max(np.size(size), 1)
    if terms <= FEW:
        return np.sqrt(terms) * size if terms > 1 else 0.0 * size
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    lanes = np.transpose(x, (*axes, *kept)).reshape(terms, -1)
    return np.maximum(np.sqrt(terms) * size, _lose_one_by_one(lanes, unit).reshape(np.shape(size)))


def loss_of_running_sum(x: np.ndarray, axis: int, size: np.ndarray, unit: float) -> Any:
    """Return what is lost in every sum of the first numbers along an axis."""
    along = [1] * x.ndim
    along[axis] = x.shape[axis]
    terms = np.arange(1, x.shape[axis] + 1).reshape(along)
    loss = np.sqrt(terms) * (terms > 1) * size
    if x.shape[axis] <= FEW:
        return loss
    measured = _lose_one_by_one(np.moveaxis(x, axis, 0), unit)
    return np.maximum(loss, (terms > 1) * np.expand_dims(measured, axis))


def loss_of_product(x: np.ndarray, y: np.ndarray, size: np.ndarray, unit: float) -> Any:
    """Return what is lost in the sums of a product of matrices; `size` is |x| times |y|."""
    terms = x.shape[-1]
    if terms <= FEW:
        return np.sqrt(terms) * size if terms > 1 else 0.0 * size
    rows, columns = np.atleast_2d(x), y if y.ndim > 1 else y[:, None]
    if rows.ndim > 2 or columns.ndim > 2 or rows.size * columns.shape[1] > MEASURED:
        return (terms - 1) * size
    count = max(1, AT_ONCE // columns.size)
    parts = [
        _lose_one_by_one(rows[start : start + count].T[:, :, None] * columns[:, None, :], unit)
        for start in range(0, len(rows), count)
    ]
    return np.maximum(np.sqrt(terms) * size, np.concatenate(parts).reshape(np.shape(size)))


def _lose_one_by_one(x: np.ndarray, unit: float) -> np.ndarray:
    """Return how far additions along the first axis stray, in units: what each loses is known.

    It is itself a float (Knuth, The Art of Computer Programming, vol. 2, 3rd ed., section 4.2.2,
    theorem B).
    """
    with np.errstate(invalid="ignore", over="ignore"):
        x = x.astype(np.float64 if unit < DOUBLE_BELOW else np.float32)
        sums = np.add.accumulate(x, axis=0)
        before, after, added = sums[:-1], sums[1:], x[1:]
        part = after - before
        lost = (before - (after - part)) + (added - part)
        strayed = np.add.accumulate(lost, axis=0, dtype=np.float64)
        found = strayed.max(axis=0, initial=0.0) - strayed.min(axis=0, initial=0.0)
    return np.asarray(np.nan_to_num(found / unit, nan=0.0, posinf=0.0))
