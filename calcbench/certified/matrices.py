"""Matrices of balls: products, factors and solutions on object arrays of `flint.arb`.

Whole matrices are multiplied and solved by Arb, whose radii are narrow (Johansson, "Faster
arbitrary-precision dot product and matrix multiplication", IEEE ARITH 2019, 15-22). Rounded floats
go step by step, as in a library, and so do balls where radii are to tell what rounding does there
(`certified.natural`). The slopes of jets follow by the product rule.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb, arb_mat

from calcbench.certified import array_jets, budget, natural, rounded
from calcbench.certified.array_jets import ArrayJet, Slope, add_slopes, primal, sizes_of
from calcbench.certified.rounded import Rounded

SMALL = 8
"""Rows and columns below which a product is quicker number by number."""

FEW = 8
"""A matrix of which no more than one number in so many is not 0 is multiplied by these alone."""

Numbers = np.ndarray | Rounded | ArrayJet
"""An object array of balls, or rounded floats, or balls with slopes."""

STEP, QUICK_STEP = 5e-8, 5e-9
"""Seconds of a multiplication and addition at least, in Python's numbers and inside of Arb: what
would take too long is not begun, for it cannot be stopped."""

ZERO = arb(0)


def zeros(shape: tuple[int, ...], like: Any) -> Any:
    """Make an array of zeros of the same kind: exact balls, or floats."""
    if isinstance(like, Rounded):
        return rounded.zeros(shape)
    if isinstance(like, ArrayJet):
        return array_jets.zeros(shape, like)
    return np.full(shape, ZERO, dtype=object) if like.dtype == object else np.zeros(shape)


def swap(x: Any) -> Any:
    """Swap the last two axes."""
    return np.swapaxes(x, -1, -2)


def product(x: Any, y: Any) -> Any:
    """Multiply as `np.matmul` does: arrays of balls, or of floats."""
    if isinstance(x, ArrayJet) or isinstance(y, ArrayJet):
        return _product_of_jets(x, y)
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    shape = (*batch, *x.shape[-2:-1], *(y.shape[-1:] if y.ndim > 1 else ()))
    if x.shape[-1] == 0:
        return zeros(shape, like=x)
    if isinstance(x, Rounded) or x.dtype != object:
        return np.matmul(x, y)
    wide = min(x.ndim, y.ndim) > 1 and min(x.shape[-2], y.shape[-1]) >= SMALL
    large = wide and not natural.chosen()
    size = math.prod(shape)
    budget.expect(size, seconds=size * x.shape[-1] * (QUICK_STEP if large else STEP))
    if not large:
        return np.asarray(np.matmul(x, y))
    x, y = (np.broadcast_to(a, batch + a.shape[-2:]) for a in (x, y))
    found = np.empty(shape, dtype=object)
    for place in np.ndindex(batch):
        found[place] = _from_matrix(_to_matrix(x[place]) * _to_matrix(y[place]))
    return found


def _product_of_jets(x: Any, y: Any) -> ArrayJet:
    """Multiply by the product rule."""
    left, right = primal(x), primal(y)
    joined = min(x.ndim, y.ndim) > 1

    def from_left(part: np.ndarray) -> Any:
        return _product_of_slopes(part, right) if part.dtype == object else part @ sizes_of(y)

    def from_right(part: np.ndarray) -> Any:
        return _product_of_slopes(left, part) if part.dtype == object else sizes_of(x) @ part

    return add_slopes(
        product(left, right),
        _map_slopes(x, from_left, -2 if joined else None),
        _map_slopes(y, from_right, -1 if joined else None),
    )


_are_zero = np.frompyfunc(arb.is_zero, 1, 1)


def _product_of_slopes(x: np.ndarray, y: np.ndarray) -> Any:
    """Multiply balls, of which the right or the left ones may be directions: 0 but for a few."""
    if x.ndim == y.ndim == 2:
        for matrix, other, transposed in ((y, x, False), (x.T, y.T, True)):
            row, column = np.nonzero(~_are_zero(matrix).astype(bool))
            if len(row) * FEW <= matrix.size:
                found = zeros((len(other), matrix.shape[1]), like=other)
                for i, j in zip(row.tolist(), column.tolist(), strict=True):
                    budget.expect()
                    found[:, j] = found[:, j] + other[:, i] * matrix[i, j]
                return found.T if transposed else found
    return product(x, y)


def _map_slopes(
    factor: Any, function: Callable[[np.ndarray], Any], axis: int | None
) -> list[Slope | None] | None:
    """Apply a linear function to the slopes of a jet, laid side by side along an axis, if any.

    None for what is no jet.
    """
    if not isinstance(factor, ArrayJet):
        return None
    moving = [slope for slope in factor.slopes if slope is not None]
    if not moving:
        return factor.slopes
    if axis is None:
        mapped = [slope.apply(function) for slope in moving]
    else:
        parts = [np.concatenate(part, axis=axis) for part in zip(*moving, strict=True)]
        split = [np.split(np.asarray(function(part)), len(moving), axis) for part in parts]
        mapped = list(itertools.starmap(Slope, zip(*split, strict=True)))
    found = iter(mapped)
    return [None if slope is None else next(found) for slope in factor.slopes]


def _to_matrix(x: np.ndarray) -> arb_mat:
    return arb_mat(*x.shape, x.ravel().tolist())


def _from_matrix(matrix: arb_mat) -> np.ndarray:
    found = np.empty(matrix.nrows() * matrix.ncols(), dtype=object)
    found[:] = matrix.entries()
    return found.reshape(matrix.nrows(), matrix.ncols())


def each_matrix(function: Callable[..., Any], *arrays: Any) -> Any:
    """Apply a function of square matrices to each of a batch of them."""
    if arrays[0].ndim == 2:
        return function(*arrays)
    found = zeros(arrays[0].shape, like=arrays[0])
    for place in np.ndindex(arrays[0].shape[:-2]):
        found[place] = function(*(array[place] for array in arrays))
    return found


# --- Cholesky factors -----------------------------------------------------------------------------


def cholesky(x: Any) -> Any:
    """Factor (x + xᵀ)/2 = L Lᵀ by the Cholesky-Banachiewicz algorithm, column by column."""
    return each_matrix(_cholesky, (x + swap(x)) / 2)


def _cholesky(a: Any) -> Any:
    factor = zeros(a.shape, like=a)
    for j in range(len(a)):
        rest = a[j:, j] - product(factor[j:, :j], factor[j, :j])
        factor[j, j] = np.sqrt(rest[0])
        factor[j + 1 :, j] = rest[1:] / factor[j, j]
    return factor


def cholesky_adjoint(factor: Any, adjoint: Any) -> Any:
    """Turn the adjoint of L into that of the matrix: L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, made symmetric.

    Φ keeps the lower triangle, with half the diagonal (Murray, "Differentiation of the Cholesky
    decomposition", arXiv:1602.07527).
    """
    return each_matrix(_cholesky_adjoint, factor, adjoint)


def _cholesky_adjoint(factor: Any, adjoint: Any) -> Any:
    inner = _halved(product(factor.T, _lower(adjoint)))
    left = _substitute(factor.T, inner)
    both = _substitute(factor.T, left.T).T
    return (both + both.T) / 2


def cholesky_sizes(factor: np.ndarray, adjoint: np.ndarray) -> Any:
    """Bound the terms of `cholesky_adjoint`, for an adjoint of sizes and a factor in floats."""
    return each_matrix(_cholesky_sizes, factor, adjoint)


def _cholesky_sizes(factor: np.ndarray, adjoint: np.ndarray) -> np.ndarray:
    inner = _halved(np.abs(factor.T) @ np.tril(adjoint))
    inverse = np.abs(np.linalg.inv(factor))
    both = inverse.T @ inner @ inverse
    return np.asarray((both + both.T) / 2)


def _lower(x: Any) -> Any:
    return np.where(np.tri(*x.shape) > 0, x, zeros((), like=x))


def _halved(x: Any) -> Any:
    """Keep the lower triangle, with half the diagonal."""
    found = _lower(x)
    diagonal = np.arange(len(x))
    found[diagonal, diagonal] = found[diagonal, diagonal] / 2
    return found


# --- systems of equations -------------------------------------------------------------------------


def solve(a: Any, b: Any) -> Any:
    """Solve a x = b, for a matrix b, by elimination and back substitution."""
    if isinstance(a, ArrayJet) or isinstance(b, ArrayJet):
        return _solve_jets(a, b)
    if isinstance(a, Rounded) or natural.chosen():
        upper, right, _ = _eliminate(a, b)
        return _substitute(upper, right)
    budget.expect(seconds=len(a) ** 3 / 3 * QUICK_STEP)
    return _from_matrix(_to_matrix(a).solve(_to_matrix(b)))


def _solve_jets(a: Any, b: Any) -> ArrayJet:
    """Solve for jets: the slopes of x solve a dx = db − da x."""
    matrix = primal(a)
    x = solve(matrix, primal(b))
    inverse = np.abs(np.linalg.inv(matrix.astype(np.float64)))

    def solved(right: np.ndarray) -> Any:
        return solve(matrix, right) if right.dtype == object else inverse @ right

    right = (b if isinstance(b, ArrayJet) else 0) - product(a, x)
    return add_slopes(x, _map_slopes(right, solved, -1))


def log_determinant(a: Any) -> tuple[int, Any]:
    """Compute the sign and log |det a|, from the pivots."""
    upper, _, sign = _eliminate(a, zeros((len(a), 1), like=a))
    pivots = np.diagonal(upper)
    signs = np.sign(pivots.astype(np.float64))
    logs = np.add.reduce(np.log(pivots * signs), 0)
    return sign * int(np.prod(signs)), logs


def _eliminate(a: Any, b: Any) -> tuple[Any, Any, int]:
    """Eliminate below the diagonal: (upper triangle, right side, sign of the row exchanges)."""
    # Any pivot gives a true enclosure; a large one gives a narrow one. So it is chosen by midpoint,
    # and no comparison of balls has to be decided.
    a, b, sign = a.copy(), b.copy(), 1
    for k in range(len(a)):
        budget.expect()
        pivot = k + int(np.argmax(np.abs(a[k:, k].astype(np.float64))))
        if pivot != k:
            a[[k, pivot]], b[[k, pivot]], sign = a[[pivot, k]], b[[pivot, k]], -sign
        factors = (a[k + 1 :, k] / a[k, k])[:, None]
        a[k + 1 :, k + 1 :] = a[k + 1 :, k + 1 :] - factors * a[k, k + 1 :]
        b[k + 1 :] = b[k + 1 :] - factors * b[k]
    return a, b, sign


def _substitute(upper: Any, right: Any) -> Any:
    """Solve for a matrix on the right, where only the upper triangle of the left one counts."""
    x = right.copy()
    for i in reversed(range(len(upper))):
        x[i] = (right[i] - product(upper[i, i + 1 :], x[i + 1 :])) / upper[i, i]
    return x
