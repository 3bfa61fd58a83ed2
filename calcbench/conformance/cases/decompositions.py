"""Decompositions, of which no value depends on the sign of a vector: mpmath's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.conformance.case import CLOSE_LINALG, Table
from calcbench.conformance.exact import entries, matrix, mp
from calcbench.conformance.points import V

case = Table(CLOSE_LINALG)

THREE = [[0.5, -1.25, 2.0], [1.5, 0.75, -0.25], [-1.0, 2.0, 0.25]]
TALL = [*THREE, [0.25, 0.5, -0.75]]
WIDE = [list(row) for row in zip(*TALL, strict=True)]
NARROW = [[0.5, -1.25], [1.5, 0.75]]
"""A square of two rows, the largest whose eigenvalues SymPy writes out."""


def eigen(x: Any) -> tuple[Any, Any]:
    """Eigenvalues and eigenvectors of (x + xᵀ)/2."""
    values, vectors = mp.eigsy(matrix((x + x.T) / 2))
    return entries(values)[:, 0], entries(vectors)


def singular(x: Any) -> tuple[Any, Any, Any]:
    """The thin decomposition."""
    u, s, v = mp.svd_r(matrix(x), full_matrices=False)
    return entries(u), entries(s)[:, 0], entries(v)


def orthonormal(x: Any) -> tuple[Any, Any]:
    """The factors of a matrix of no more columns than rows; of a wider one, Qᵀx is the other."""
    rows = len(x)
    q = entries(mp.qr(matrix(x[:, :rows]), mode="skinny")[0])
    return q, q.T.dot(x)


for at in (NARROW, THREE):
    case("linalg.eigvalsh", lambda xp, x: xp.linalg.eigvalsh(x), [at], lambda x: eigen(x)[0])
    case("linalg.eigh", lambda xp, x: xp.linalg.eigh(x)[0], [at], lambda x: eigen(x)[0])
    case("linalg.eigh", lambda xp, x: xp.linalg.eigh(x)[1] ** 2, [at], lambda x: eigen(x)[1] ** 2)
BATCHED = [NARROW, [[2.0, 0.25], [-0.5, 0.75]]]
case(
    "linalg.eigvalsh",
    lambda xp, x: xp.linalg.eigvalsh(x),
    [BATCHED],
    lambda x: [eigen(each)[0] for each in x],
)
case("linalg.eigh", lambda xp, x: xp.linalg.eigh(x)[0], [[[-1.5]]], lambda x: x[0])

for at in ([[-1.5]], THREE, TALL, WIDE):
    case("linalg.svdvals", lambda xp, x: xp.linalg.svdvals(x), [at], lambda x: singular(x)[1])
    case(
        "linalg.svd",
        lambda xp, x: xp.linalg.svd(x, full_matrices=False)[1],
        [at],
        lambda x: singular(x)[1],
    )
    case(
        "linalg.svd",
        lambda xp, x: xp.linalg.svd(x, full_matrices=False)[0] ** 2,
        [at],
        lambda x: singular(x)[0] ** 2,
    )
    case(
        "linalg.svd",
        lambda xp, x: xp.linalg.svd(x, full_matrices=False)[2] ** 2,
        [at],
        lambda x: singular(x)[2] ** 2,
    )
case("linalg.svd", lambda xp, x: xp.linalg.svd(x)[1], [NARROW], lambda x: singular(x)[1])

for at in ([[-1.5]], NARROW, THREE, TALL, WIDE):
    case(
        "linalg.qr",
        lambda xp, x: xp.linalg.qr(x)[0] ** 2,
        [at],
        lambda x: orthonormal(x)[0] ** 2,
    )
    case(
        "linalg.qr",
        lambda xp, x: xp.linalg.qr(x)[1] ** 2,
        [at],
        lambda x: np.triu(orthonormal(x)[1]) ** 2,
    )

for at, factor in (
    ([[-1.5]], 1),
    (NARROW, 1),
    (THREE, 0.25),
    (THREE, 2),
    ([[400.0]], 1),  # the square of its exponential overflows
    ([[0.0, 1.0], [0.0, 0.0]], 1),
):
    case(
        "linalg.expm",
        lambda xp, x, factor=factor: xp.linalg.expm(factor * x),
        [at],
        lambda x, factor=factor: entries(mp.expm(matrix(factor * x))),
    )

for lower in (False, True):
    keep = np.tril if lower else np.triu
    for right in (V, [[1.0, 0.5], [-0.5, 2.0], [0.25, -1.0]]):
        case(
            "linalg.solve_triangular",
            lambda xp, a, b, lower=lower: xp.linalg.solve_triangular(a, b, lower=lower),
            [THREE, right],
            lambda a, b, keep=keep: entries(matrix(keep(a)) ** -1 * matrix(b)).reshape(b.shape),
        )
