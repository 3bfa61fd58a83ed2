"""Decompositions of matrices: eigenvectors, singular vectors, Q and R, triangles of an elimination.

Vectors have any sign. Those here have the signs of native ones, which the framework computed.
Where there is a batch of matrices, each of them is decomposed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native.comparing import choose
from calcbench.native.products import each_matrix
from calcbench.native.values import Numbers, boxed, is_certified, lift, midpoints


def eigh(xp: Any, x: Any, native: np.ndarray) -> tuple[Numbers, Numbers]:
    """Compute eigenvalues of symmetric matrices, and vectors with the signs of native ones."""
    values, vectors = _each(xp, xp.linalg.eigh, x)
    return values, _signed(xp, vectors, _signs_like(vectors, native))


def eigenvalues(xp: Any, x: Any) -> Numbers:
    """Compute the eigenvalues of symmetric matrices."""
    return each_matrix(xp, lambda m: boxed(xp.linalg.eigh(m)[0]), x)


def svd(xp: Any, x: Any, native: np.ndarray) -> tuple[Numbers, Numbers, Numbers]:
    """Decompose x = U diag(s) Vᵀ as (U, s, Vᵀ); `native` is U as the framework has it."""
    u, s, v = _each(xp, functools.partial(xp.linalg.svd, full_matrices=False), x)
    signs = _signs_like(u, native)
    return _signed(xp, u, signs), s, _signed(xp, v, np.swapaxes(signs, -2, -1))


def singular_values(xp: Any, x: Any) -> Numbers:
    """Compute the singular values."""
    return each_matrix(xp, lambda m: boxed(xp.linalg.svdvals(m)), x)


def qr(xp: Any, x: Any, native: np.ndarray) -> tuple[Numbers, Numbers]:
    """Factor x = Q R of matrices that are not wider than high; `native` is Q."""
    q, r = _each(xp, xp.linalg.qr, x)
    signs = _signs_like(q, native)
    return _signed(xp, q, signs), _signed(xp, r, np.swapaxes(signs, -2, -1))


def lu(xp: Any, x: Any) -> list[Any]:
    """Factor into a lower and an upper triangle, in one matrix, with rows in another order.

    Gives also the pivot of each step, and where each row was. Which row comes next is a matter of
    size, and of no slope: any order gives true factors.
    """
    return _each(xp, functools.partial(_eliminate, xp), x)


# --- signs ----------------------------------------------------------------------------------------


def _signs_like(columns: Numbers, native: np.ndarray) -> np.ndarray:
    """Tell for each column whether it is the native one (1) or its opposite (−1), as rows."""
    along = np.sum(midpoints(columns) * native, axis=-2, keepdims=True)
    return np.where(along < 0, -1.0, 1.0)


def _signed(xp: Any, x: Numbers, signs: np.ndarray) -> Numbers:
    """Multiply by signs that broadcast; what is negated loses no bit."""
    return choose(xp, np.broadcast_to(signs > 0, x.shape), x, -x)


# --- one matrix after the other -------------------------------------------------------------------


def _each(xp: Any, function: Callable[[Numbers], Any], x: Any) -> list[Any]:
    """Apply a function of a matrix, which gives several results, to each of a batch."""
    x = lift(xp, x)
    if x.ndim == 2:
        return list(function(x))
    parts = [_each(xp, function, boxed(x[k])) for k in range(x.shape[0])]
    return [_stack(xp, part) for part in zip(*parts, strict=True)]


def _stack(xp: Any, parts: Any) -> Any:
    return boxed(xp.stack(list(parts))) if is_certified(parts[0]) else np.stack(parts)


def _eliminate(xp: Any, a: Numbers) -> tuple[Numbers, np.ndarray, np.ndarray]:
    """Eliminate below the diagonal of one matrix, with the largest pivot of each column."""
    m, n = a.shape
    rows = [boxed(a[i]) for i in range(m)]
    order, pivots = np.arange(m), []
    for k in range(min(m, n)):
        pivot = max(range(k, m), key=lambda i: abs(float(midpoints(boxed(rows[i][k])))))
        pivots.append(pivot)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        order[[k, pivot]] = order[[pivot, k]]
        for i in range(k + 1, m):
            rows[i] = _eliminate_from(xp, rows[i], rows[k], k)
    return boxed(xp.stack(rows)), np.array(pivots, np.int32), order.astype(np.int32)


def _eliminate_from(xp: Any, row: Numbers, by: Numbers, k: int) -> Numbers:
    """Eliminate the k-th number of a row, and put the factor in its place."""
    factor = boxed(row[k : k + 1]) / boxed(by[k : k + 1])
    rest = row[k + 1 :] - factor * by[k + 1 :]
    return boxed(xp.concat([row[:k], factor, rest]))
