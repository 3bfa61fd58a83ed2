"""Linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.conformance.case import CLOSE_COMPOSED, CLOSE_LINALG, Table
from calcbench.conformance.exact import elementwise, entries, matrix, mp
from calcbench.conformance.points import SQUARE, M, U, V

case = Table()


def definite(xp, x, eye):
    """A Aᵀ + n I: a symmetric positive definite matrix from any n² numbers."""
    a = xp.reshape(x, eye.shape)
    return xp.matmul(a, xp.matrix_transpose(a)) + eye.shape[0] * eye


def exact_definite(x: Any, eye: np.ndarray) -> Any:
    a = matrix(np.reshape(x, eye.shape))
    return a * a.T + len(eye) * mp.eye(len(eye))


FOUR, NINE = [0.5, -1.25, 1.5, 0.75], np.ravel(SQUARE)
EYE = {"data": {"eye": np.eye(2)}}
SWAP = [[0.0, 2.0, 0.5], [1.0, 0.0, -0.5], [0.25, 1.0, 3.0]]
"""Needs pivoting: its first entry is 0."""

LINALG = {"close": CLOSE_LINALG, "scale": 1.0}
case(
    "linalg.cholesky",
    lambda xp, x, eye: xp.linalg.cholesky(definite(xp, x, eye)),
    [NINE],
    lambda x, eye: entries(mp.cholesky(exact_definite(x, eye))),
    data={"eye": np.eye(3)},
    **LINALG,
)
case(
    "linalg.cholesky",
    lambda xp, x: xp.linalg.cholesky(xp.reshape(x * x, (1, 1))),
    [1.5],
    lambda x: [[x[()]]],
    **LINALG,
)


def exact_factor(x: Any) -> Any:
    """The Cholesky factor of (x + xᵀ)/2, of one matrix or a batch of them."""
    if x.ndim > 2:
        return np.stack([exact_factor(each) for each in x])
    return entries(mp.cholesky(matrix((x + x.T) / 2)))


LOPSIDED = [[4.0, 1.5, -0.5], [0.25, 3.0, 1.0], [0.75, -0.5, 2.5]]
for at in (LOPSIDED, [[[4.0, 1.5], [0.25, 3.0]], [[2.0, -0.5], [1.5, 3.5]]]):
    case(
        "linalg.cholesky",  # both triangles count alike
        lambda xp, x: xp.linalg.cholesky(x),
        [at],
        exact_factor,
        **LINALG,
    )
for a, b in ((SWAP, V), ([[0.0, 1.0], [2.0, 0.5]], M), ([[2.0]], [3.0])):
    case(
        "linalg.solve",
        lambda xp, a, b: xp.linalg.solve(a, b),
        [a, b],
        lambda a, b: entries(matrix(a) ** -1 * matrix(b)).reshape(b.shape),
        **LINALG,
    )
case(
    "linalg.solve",
    lambda xp, x, b, eye: xp.linalg.solve(definite(xp, x, eye), b),
    [FOUR, [3.0, 4.0]],
    lambda x, b, eye: entries(exact_definite(x, eye) ** -1 * matrix(b)).reshape(b.shape),
    **LINALG,
    **EYE,
)
MIRROR = [SQUARE[1], SQUARE[0], SQUARE[2]]  # the determinant of the other sign
for at in (SQUARE, MIRROR, [[0.0, 1.0], [2.0, 0.0]], [[-1e-8]]):
    case(
        "linalg.slogdet",
        lambda xp, x: xp.stack(xp.linalg.slogdet(x)),
        [at],
        lambda x: [mp.sign(mp.det(matrix(x))), mp.log(abs(mp.det(matrix(x))))],
        **LINALG,
    )


def sign_and_log(xp, x, eye):
    sign, logdet = xp.linalg.slogdet(definite(xp, x, eye))
    return sign * logdet


case(
    "linalg.slogdet",
    sign_and_log,
    [FOUR],
    lambda x, eye: mp.log(mp.det(exact_definite(x, eye))),
    **LINALG,
    **EYE,
)

for name, call, at, exact in (
    (
        "linalg.trace",
        lambda xp, x: xp.linalg.trace(x),
        SQUARE,
        lambda x: x[0, 0] + x[1, 1] + x[2, 2],
    ),
    ("linalg.diagonal", lambda xp, x: xp.linalg.diagonal(x), SQUARE, lambda x: np.diagonal(x)),
    (
        "linalg.matrix_norm",
        lambda xp, x: xp.linalg.matrix_norm(x),
        M,
        lambda x: mp.sqrt(np.sum(x * x)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x),
        V,
        lambda x: mp.sqrt(np.sum(x * x)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x, axis=0),
        M,
        lambda x: elementwise(mp.sqrt)(np.sum(x * x, axis=0)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x, ord=1),
        V,
        lambda x: np.sum(abs(x)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x, ord=xp.inf),
        V,
        lambda x: max(abs(x)),
    ),
    (
        "linalg.vector_norm",
        lambda xp, x: xp.linalg.vector_norm(x, ord=3),
        V,
        lambda x: np.sum(abs(x) ** 3) ** (mp.mpf(1) / 3),
    ),
    ("linalg.det", lambda xp, x: xp.linalg.det(x), SQUARE, lambda x: mp.det(matrix(x))),
    (
        "linalg.matrix_power",
        lambda xp, x: xp.linalg.matrix_power(x, 3),
        SQUARE,
        lambda x: x.dot(x).dot(x),
    ),
    (
        "linalg.matrix_power",
        lambda xp, x: xp.linalg.matrix_power(x, 0) + x,
        SQUARE,
        lambda x: x + np.eye(3, dtype=int),
    ),
):
    case(name, call, [at], exact, close=CLOSE_LINALG)
case(
    "linalg.norm",
    lambda xp, x: xp.linalg.norm(x),
    [M],
    lambda x: mp.sqrt(np.sum(x * x)),
    close=CLOSE_COMPOSED,
)
case(
    "linalg.norm",
    lambda xp, x: xp.linalg.norm(x, axis=-1, keepdims=True),
    [M],
    lambda x: elementwise(mp.sqrt)(np.sum(x * x, axis=-1, keepdims=True)),
    close=CLOSE_COMPOSED,
)
case(
    "linalg.cross",
    lambda xp, x, y: xp.linalg.cross(x, y),
    [M, M[::-1]],
    lambda x, y: np.array([np.cross(a, b) for a, b in zip(x, y, strict=True)]),
)


def exact_inverse(x: Any) -> Any:
    return np.array((matrix(x) ** -1).tolist(), dtype=object)


case("linalg.inv", lambda xp, x: xp.linalg.inv(x), [SQUARE], exact_inverse, close=1e-12)
case(
    "linalg.matrix_power",
    lambda xp, x: xp.linalg.matrix_power(x, -1),
    [SQUARE],
    exact_inverse,
    close=1e-12,
)
case("linalg.outer", lambda xp, x, y: xp.linalg.outer(x, y), [V, U], lambda x, y: np.outer(x, y))
case("linalg.cross", lambda xp, x, y: xp.linalg.cross(x, y), [V, U], lambda x, y: np.cross(x, y))
