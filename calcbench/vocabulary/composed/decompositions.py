"""Linear algebra by decompositions.

Of eigenvectors and singular vectors, and of the columns of Q, the signs are a library's own. A cost
whose value depends on them is not the same function on every backend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from calcbench.vocabulary.array import Array
from calcbench.vocabulary.axes import require_thin

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def solve_triangular(xp: Vocabulary, a: Array, b: Array, lower: bool = False) -> Array:
    """Solve a x = b, of a no more than the upper (or the lower) triangle is read."""
    return xp.linalg.solve(xp.tril(a) if lower else xp.triu(a), b)


def eigvalsh(xp: Vocabulary, x: Array) -> Array:
    """Compute the eigenvalues of (x + xᵀ)/2, the smallest first."""
    return xp.linalg.eigh(x)[0]


def qr(xp: Vocabulary, x: Array) -> tuple[Array, Array]:
    """Factor x = Q R: orthonormal columns, no more than x has rows or columns, and a triangle."""
    # Gram and Schmidt's method; what is left of a column is made orthogonal a second time, for the
    # digits that it lost the first time (Parlett: twice is enough).
    columns: list[Any] = []
    for k in range(min(x.shape[-2:])):
        left = x[..., k]
        for _ in range(2 if columns else 0):
            q = xp.stack(columns, axis=-1)
            parts = xp.matmul(xp.matrix_transpose(q), left[..., None])
            left = left - xp.matmul(q, parts)[..., 0]
        columns.append(left / xp.sqrt(xp.sum(left * left, axis=-1, keepdims=True)))
    q = xp.stack(columns, axis=-1)
    return q, xp.triu(xp.matmul(xp.matrix_transpose(q), x))


def svd(xp: Vocabulary, x: Array, full_matrices: bool = True) -> tuple[Array, Array, Array]:
    """Factor x = U diag(s) Vᵀ, the largest first; of no square, with full_matrices=False."""
    require_thin(x.shape, full_matrices)
    rows, columns = x.shape[-2:]
    if rows < columns:
        q, r = xp.linalg.qr(xp.matrix_transpose(x))
        u, s, v = _svd_of_square(xp, xp.matrix_transpose(r))
        return u, s, xp.matmul(v, xp.matrix_transpose(q))
    if rows > columns:
        q, r = xp.linalg.qr(x)
        u, s, v = _svd_of_square(xp, r)
        return xp.matmul(q, u), s, v
    return _svd_of_square(xp, x)


def _svd_of_square(xp: Vocabulary, x: Array) -> tuple[Array, Array, Array]:
    """Find singular values by eigenvalues, without the digits that would be lost in xᵀx.

    The matrix [0 x; xᵀ 0] has the eigenvalues ±s and the eigenvectors (u, ±v)/√2 (Jordan and
    Wielandt: Golub & Van Loan, Matrix Computations, 4th ed., § 8.6).
    """
    n, none = x.shape[-1], x * 0.0
    upper = xp.concat([none, x], axis=-1)
    lower = xp.concat([xp.matrix_transpose(x), none], axis=-1)
    values, vectors = xp.linalg.eigh(xp.concat([upper, lower], axis=-2))
    largest = np.arange(2 * n)[::-1][:n].copy()
    vectors = xp.take(vectors, largest, axis=-1) * xp.sqrt(xp.asarray(2.0))
    u, v = vectors[..., :n, :], vectors[..., n:, :]
    return u, xp.take(values, largest, axis=-1), xp.matrix_transpose(v)


def svdvals(xp: Vocabulary, x: Array) -> Array:
    """Compute the singular values, the largest first."""
    return xp.linalg.svd(x, full_matrices=False)[1]


def expm(xp: Vocabulary, x: Array) -> Array:
    """Compute the exponential I + x + x²/2! + … of a square matrix."""
    # Scaling and squaring: e^x is the square of e^(x/2). How often that is done depends on x, so
    # that it is done as often as it may be needed, and each time kept or not.
    most = 20
    size = xp.max(xp.sum(xp.abs(x), axis=-1, keepdims=True), axis=-2, keepdims=True)
    halvings = -xp.floor(-xp.log(xp.maximum(size, 1e-30)) / xp.log(xp.asarray(2.0)))
    halvings = xp.minimum(xp.maximum(halvings, 0.0), most)
    scaled = x * 2.0**-halvings
    one = xp.eye(x.shape[-1])
    power = one + scaled / 18.0
    for k in reversed(range(1, 18)):
        power = one + xp.matmul(scaled, power) / k
    for k in range(most):
        kept = xp.where(halvings > k, power, one)  # no overflow where it is not needed
        power = xp.where(halvings > k, xp.matmul(kept, kept), power)
    return xp.where(size < 2.0**most, power, float("nan"))
