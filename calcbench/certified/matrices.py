"""Matrices of balls: products, factors and solutions on object arrays of `flint.arb`.

Where natural formulas are chosen, every product is added up step by step, as a library does, so
that its radius bounds what rounding does there. Elsewhere whole matrices are multiplied and solved
by Arb, whose radii are narrower (Johansson, "Faster arbitrary-precision dot product and matrix
multiplication", IEEE ARITH 2019, 15-22).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from flint import arb, arb_mat

from calcbench.certified import budget, natural

SMALL = 8
"""Rows and columns below which a product is quicker number by number."""

STEP, QUICK_STEP = 5e-8, 5e-9
"""Seconds of a multiplication and addition at least, in Python's numbers and inside of Arb: what
would take too long is not begun, for it cannot be stopped."""

ZERO = arb(0)


def zeros(shape: tuple[int, ...], like: np.ndarray) -> np.ndarray:
    """Make an array of zeros of the same kind: exact balls, or floats."""
    return np.full(shape, ZERO, dtype=object) if like.dtype == object else np.zeros(shape)


def swap(x: np.ndarray) -> np.ndarray:
    """Swap the last two axes."""
    return np.swapaxes(x, -1, -2)


def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Multiply as `np.matmul` does: arrays of balls, or of floats."""
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    shape = (*batch, *x.shape[-2:-1], *(y.shape[-1:] if y.ndim > 1 else ()))
    if x.shape[-1] == 0:
        return zeros(shape, like=x)
    large = min(x.ndim, y.ndim) > 1 and min(x.shape[-2], y.shape[-1]) >= SMALL
    stepwise = natural.chosen() or not large
    if x.dtype == object:
        size = math.prod(shape)
        budget.expect(size, size * x.shape[-1] * (STEP if stepwise else QUICK_STEP))
    if x.dtype != object or stepwise:
        return np.asarray(np.matmul(x, y))
    x, y = (np.broadcast_to(a, batch + a.shape[-2:]) for a in (x, y))
    found = np.empty(shape, dtype=object)
    for place in np.ndindex(batch):
        found[place] = _from_matrix(_to_matrix(x[place]) * _to_matrix(y[place]))
    return found


def _to_matrix(x: np.ndarray) -> arb_mat:
    return arb_mat(*x.shape, x.ravel().tolist())


def _from_matrix(matrix: arb_mat) -> np.ndarray:
    found = np.empty(matrix.nrows() * matrix.ncols(), dtype=object)
    found[:] = matrix.entries()
    return found.reshape(matrix.nrows(), matrix.ncols())


def each_matrix(function: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """Apply a function of square matrices to each of a batch of them."""
    found = np.empty(arrays[0].shape, dtype=arrays[0].dtype)
    for place in np.ndindex(arrays[0].shape[:-2]):
        found[place] = function(*(array[place] for array in arrays))
    return found


# --- Cholesky factors -----------------------------------------------------------------------------


def cholesky(x: np.ndarray) -> np.ndarray:
    """Factor (x + xᵀ)/2 = L Lᵀ by the Cholesky-Banachiewicz algorithm, column by column."""
    return each_matrix(_cholesky, (x + swap(x)) / 2)


def _cholesky(a: np.ndarray) -> np.ndarray:
    factor = zeros(a.shape, like=a)
    for j in range(len(a)):
        rest = a[j:, j] - product(factor[j:, :j], factor[j, :j])
        factor[j, j] = rest[0].sqrt()
        factor[j + 1 :, j] = rest[1:] / factor[j, j]
    return factor


def cholesky_adjoint(factor: np.ndarray, adjoint: np.ndarray) -> np.ndarray:
    """Turn the adjoint of L into that of the matrix: L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, made symmetric.

    Φ keeps the lower triangle, with half the diagonal (Murray, "Differentiation of the Cholesky
    decomposition", arXiv:1602.07527).
    """
    return each_matrix(_cholesky_adjoint, factor, adjoint)


def _cholesky_adjoint(factor: np.ndarray, adjoint: np.ndarray) -> np.ndarray:
    inner = _halved(product(factor.T, _lower(adjoint)))
    left = _substitute(factor.T, inner)
    both = _substitute(factor.T, left.T).T
    return np.asarray((both + both.T) / 2)


def cholesky_sizes(factor: np.ndarray, adjoint: np.ndarray) -> np.ndarray:
    """Bound the terms of `cholesky_adjoint`, for an adjoint of sizes and a factor in floats."""
    return each_matrix(_cholesky_sizes, factor, adjoint)


def _cholesky_sizes(factor: np.ndarray, adjoint: np.ndarray) -> np.ndarray:
    inner = _halved(np.abs(factor.T) @ np.tril(adjoint))
    inverse = np.abs(np.linalg.inv(factor))
    both = inverse.T @ inner @ inverse
    return np.asarray((both + both.T) / 2)


def _lower(x: np.ndarray) -> np.ndarray:
    return np.where(np.tri(*x.shape) > 0, x, zeros((), like=x))


def _halved(x: np.ndarray) -> np.ndarray:
    """Keep the lower triangle, with half the diagonal."""
    found = _lower(x)
    diagonal = np.arange(len(x))
    found[diagonal, diagonal] = found[diagonal, diagonal] / 2
    return found


# --- systems of equations -------------------------------------------------------------------------


def solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Solve a x = b, for a matrix b, by elimination and back substitution."""
    if natural.chosen():
        upper, right, _ = _eliminate(a, b)
        return _substitute(upper, right)
    budget.expect(seconds=len(a) ** 3 / 3 * QUICK_STEP)
    return _from_matrix(_to_matrix(a).solve(_to_matrix(b)))


def log_determinant(a: np.ndarray) -> tuple[int, np.ndarray]:
    """Compute the sign and log |det a|, from the pivots."""
    upper, _, sign = _eliminate(a, zeros((len(a), 1), like=a))
    logs = zeros((), like=a)
    for pivot in np.diagonal(upper):
        if pivot < 0:
            sign, pivot = -sign, -pivot
        logs = logs + pivot.log()
    return sign, np.asarray(logs)


def _eliminate(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Eliminate below the diagonal: (upper triangle, right side, sign of the row exchanges)."""
    # Any pivot gives a true enclosure; a large one gives a narrow one. So it is chosen by midpoint,
    # and no comparison of balls has to be decided.
    a, b, sign = a.copy(), b.copy(), 1
    for k in range(len(a)):
        budget.expect()
        pivot = k + int(np.argmax(np.abs(a[k:, k].astype(float))))
        if pivot != k:
            a[[k, pivot]], b[[k, pivot]], sign = a[[pivot, k]], b[[pivot, k]], -sign
        factors = (a[k + 1 :, k] / a[k, k])[:, None]
        a[k + 1 :, k + 1 :] = a[k + 1 :, k + 1 :] - factors * a[k, k + 1 :]
        b[k + 1 :] = b[k + 1 :] - factors * b[k]
    return a, b, sign


def _substitute(upper: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve for a matrix on the right, where only the upper triangle of the left one counts."""
    x = right.copy()
    for i in reversed(range(len(upper))):
        x[i] = (right[i] - product(upper[i, i + 1 :], x[i + 1 :])) / upper[i, i]
    return x
