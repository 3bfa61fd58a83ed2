"""Products of arrays: the exact ones are sums written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.conformance.case import Table
from calcbench.conformance.points import BATCH, SQUARE, M, N, U, V

case = Table()


def dot(x: Any, y: Any) -> Any:
    return sum(a * b for a, b in zip(x, y, strict=True))


def call_matmul(xp, x, y):
    return xp.matmul(x, y)


case("matmul", call_matmul, [V, U], dot)
case("matmul", call_matmul, [M, V], lambda x, y: [dot(row, y) for row in x])
case("matmul", call_matmul, [V, N], lambda x, y: [dot(x, column) for column in y.T])
case(
    "matmul", call_matmul, [M, N], lambda x, y: [[dot(row, column) for column in y.T] for row in x]
)
case(
    "matmul",
    call_matmul,
    [BATCH, N],
    lambda x, y: [[[dot(row, column) for column in y.T] for row in m] for m in x],
)

EINSUMS: list[tuple[str, list[Any], Callable[..., Any]]] = [
    ("i,i->", [V, U], dot),
    ("i,j->ij", [V, U], lambda x, y: [[a * b for b in y] for a in x]),
    ("ij->ji", [M], lambda x: x.T),
    ("ij->j", [M], lambda x: [sum(column) for column in x.T]),
    ("ij,j->i", [M, V], lambda x, y: [dot(row, y) for row in x]),
    ("ij,ij->", [M, M[::-1]], lambda x, y: dot(x.flat, y.flat)),
    ("ij,ij->i", [M, M[::-1]], lambda x, y: [dot(a, b) for a, b in zip(x, y, strict=True)]),
    ("ij,jk->ik", [M, N], lambda x, y: [[dot(row, column) for column in y.T] for row in x]),
    (
        "i,ij,j->",
        [[1.5, -0.25], M, V],
        lambda x, y, z: sum(x[i] * y[i, j] * z[j] for i in range(2) for j in range(3)),
    ),
    (
        "bij,bkj->bik",
        [BATCH, BATCH[::-1]],
        lambda x, y: [[[dot(a, b) for b in m] for a in n] for n, m in zip(x, y, strict=True)],
    ),
    ("ii->", [SQUARE], lambda x: x[0, 0] + x[1, 1] + x[2, 2]),
    ("ii->i", [SQUARE], lambda x: [x[0, 0], x[1, 1], x[2, 2]]),
]
for subscripts, at, exact in EINSUMS:

    def call(xp, *arrays, subscripts=subscripts):
        return xp.einsum(subscripts, *arrays)

    case("einsum", call, at, exact)

for axes in (1, ([1], [0])):
    case(
        "tensordot",
        lambda xp, x, y, axes=axes: xp.tensordot(x, y, axes=axes),
        [M, N],
        lambda x, y: x.dot(y),
    )
case(
    "tensordot",
    lambda xp, x, y: xp.tensordot(x, y),
    [BATCH, M],
    lambda x, y: np.sum(x * y, axis=(1, 2)),
)
case("vecdot", lambda xp, x, y: xp.vecdot(x, y), [M, V], lambda x, y: x.dot(y))
case(
    "vecdot",
    lambda xp, x, y: xp.vecdot(x, y, axis=0),
    [N, N],
    lambda x, y: np.sum(x * y, axis=0),
)
