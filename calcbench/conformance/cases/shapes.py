"""Arrays in other shapes and orders, and gathered."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.conformance.case import CLOSE_COMPOSED, Table
from calcbench.conformance.exact import mp
from calcbench.conformance.points import BATCH, SQUARE, M, U, V

case = Table()

case("matrix_transpose", lambda xp, x: xp.matrix_transpose(x), [M], lambda x: x.T)
case("matrix_transpose", lambda xp, x: xp.matrix_transpose(x), [BATCH], lambda x: x.swapaxes(1, 2))

case(
    "reshape",
    lambda xp, x: xp.reshape(x, (3, 2)),
    [M],
    lambda x: [x.flat[:2], x.flat[2:4], x.flat[4:]],
)
case("reshape", lambda xp, x: xp.reshape(x, (-1,)), [BATCH], lambda x: list(x.flat))
case("reshape", lambda xp, x: xp.reshape(x, (-1, 1)), [V], lambda x: [[a] for a in x])
case("reshape", lambda xp, x: xp.reshape(x, ()), [[[2.5]]], lambda x: x[0, 0])
case("reshape", lambda xp, x: xp.reshape(x, (1, 1)), [2.5], lambda x: [[x[()]]])

case("concat", lambda xp, x, y: xp.concat([x, y]), [V, U[:2]], lambda x, y: [*x, *y])
case("concat", lambda xp, x: xp.concat((x, x * x)), [V], lambda x: [*x, *x * x])
case("concat", lambda xp, x: xp.concat([x[1:], x[:1]], axis=0), [M], lambda x: [x[1], x[0]])
case(
    "concat",
    lambda xp, x, y: xp.concat([x, y], axis=1),
    [M, [[7.0], [8.0]]],
    lambda x, y: [[*a, *b] for a, b in zip(x, y, strict=True)],
)
case(
    "concat",
    lambda xp, x, y: xp.concat([x, y], axis=-1),
    [M, [[7.0], [8.0]]],
    lambda x, y: [[*a, *b] for a, b in zip(x, y, strict=True)],
)

case("stack", lambda xp, x, y: xp.stack([x, y]), [V, U], lambda x, y: [x, y])
case(
    "stack",
    lambda xp, x, y: xp.stack((x, y), axis=1),
    [V, U],
    lambda x, y: [*zip(x, y, strict=True)],
)
case(
    "stack",
    lambda xp, x, y: xp.stack([x, y], axis=-1),
    [V, U],
    lambda x, y: [*zip(x, y, strict=True)],
)
case("stack", lambda xp, x: xp.stack([x[1], x[0] * x[1]]), [V], lambda x: [x[1], x[0] * x[1]])
# Numbers may stand among scalars, wherever they stand. (0.1 is not exact in float32.)
case(
    "stack",
    lambda xp, x: xp.stack([x, 0.1, x * x]),
    [1.5],
    lambda x: [x[()], mp.mpf(0.1), x[()] ** 2],
)
case("stack", lambda xp, x: xp.stack([0.1, x[0], 2]), [V], lambda x: [mp.mpf(0.1), x[0], 2])

# Gathering. Indices are data: integer arrays.


def gather(name: str, call: Any, at: Any, index: Any, exact: Any) -> None:
    """A case with one integer array, under a name of its own among the data."""
    key = f"index{len(case.cases.get(name, ()))}_"
    case(
        name,
        lambda xp, x, **data: call(xp, x, data[key]),
        [at],
        lambda x, **data: exact(x, data[key]),
        data={key: np.array(index)},
    )


gather("take", lambda xp, x, i: xp.take(x, i), V, [2, 0, 2], lambda x, i: x[i])
gather("take", lambda xp, x, i: xp.take(x, i), V, [[2, 0], [2, 1]], lambda x, i: x[i])
gather("take", lambda xp, x, i: xp.take(x, i), M, [1, 1, 0], lambda x, i: x[i])
gather("take", lambda xp, x, i: xp.take(x, i), M, [[1, 0], [1, 1]], lambda x, i: x[i])
gather("take", lambda xp, x, i: xp.take(x, i, axis=1), M, [2, 0], lambda x, i: x[:, i])
gather("take", lambda xp, x, i: xp.take(x, i, axis=-1), M, [2, 0], lambda x, i: x[:, i])
gather("take", lambda xp, x, i: xp.take(x, i, axis=1), M, [[2, 0], [0, 0]], lambda x, i: x[:, i])
gather("take", lambda xp, x, i: xp.take(x, i, axis=-1), BATCH, [[2], [0]], lambda x, i: x[..., i])
case("take", lambda xp, x: xp.take(x, np.array([2, 0])), [V], lambda x: [x[2], x[0]])

gather(
    "take_along_axis",
    lambda xp, x, i: xp.take_along_axis(x, i, axis=0),
    V,
    [2, 2, 0, 1],
    lambda x, i: x[i],
)
for axis in (1, -1):
    gather(
        "take_along_axis",
        lambda xp, x, i, axis=axis: xp.take_along_axis(x, i, axis=axis),
        M,
        [[2], [0]],
        lambda x, i: [[x[0, 2]], [x[1, 0]]],
    )
gather(
    "take_along_axis",
    lambda xp, x, i: xp.take_along_axis(x, i, 0),
    M,
    [[1, 0, 1], [1, 1, 0], [0, 0, 0]],
    lambda x, i: [[x[i[r, c], c] for c in range(3)] for r in range(3)],
)
gather(
    "take_along_axis",
    lambda xp, x, i: xp.take_along_axis(x, i, axis=1),
    BATCH,
    [[[1, 0, 1]], [[0, 0, 1]]],
    lambda x, i: [[[x[b, i[b, 0, c], c] for c in range(3)]] for b in range(2)],
)

for name, call, at, exact in (
    ("expand_dims", lambda xp, x: xp.expand_dims(x), V, lambda x: x[None]),
    ("expand_dims", lambda xp, x: xp.expand_dims(x, axis=1), M, lambda x: x[:, None]),
    ("expand_dims", lambda xp, x: xp.expand_dims(x, axis=-1), M, lambda x: x[..., None]),
    ("squeeze", lambda xp, x: xp.squeeze(x, axis=0), [V], lambda x: x[0]),
    ("squeeze", lambda xp, x: xp.squeeze(x[:, None], axis=-1), V, lambda x: x),
    (
        "permute_dims",
        lambda xp, x: xp.permute_dims(x, (2, 0, 1)),
        BATCH,
        lambda x: x.transpose(2, 0, 1),
    ),
    ("moveaxis", lambda xp, x: xp.moveaxis(x, 0, -1), BATCH, lambda x: np.moveaxis(x, 0, -1)),
    ("moveaxis", lambda xp, x: xp.moveaxis(x, -1, 1), BATCH, lambda x: np.moveaxis(x, -1, 1)),
    ("unstack", lambda xp, x: xp.unstack(x)[1], M, lambda x: x[1]),
    ("unstack", lambda xp, x: xp.unstack(x, axis=-1)[0], M, lambda x: x[:, 0]),
    ("flip", lambda xp, x: xp.flip(x), V, lambda x: x[::-1]),
    ("flip", lambda xp, x: xp.flip(x, axis=1), M, lambda x: x[:, ::-1]),
    ("roll", lambda xp, x: xp.roll(x, 1), V, lambda x: np.roll(x, 1)),
    ("roll", lambda xp, x: xp.roll(x, -1, axis=1), M, lambda x: np.roll(x, -1, axis=1)),
    (
        "broadcast_to",
        lambda xp, x: xp.broadcast_to(x, (2, 3)),
        V,
        lambda x: np.broadcast_to(x, (2, 3)),
    ),
    ("repeat", lambda xp, x: xp.repeat(x, 2), V, lambda x: np.repeat(x, 2)),
    ("repeat", lambda xp, x: xp.repeat(x, 2, axis=1), M, lambda x: np.repeat(x, 2, axis=1)),
    ("tile", lambda xp, x: xp.tile(x, (2,)), V, lambda x: np.tile(x, 2)),
    ("tile", lambda xp, x: xp.tile(x, (1, 2)), M, lambda x: np.tile(x, (1, 2))),
    ("pad", lambda xp, x: xp.pad(x, [(1, 2)]), V, lambda x: [0, *x, 0, 0]),
    (
        "pad",
        lambda xp, x: xp.pad(x, [(0, 0), (0, 1)], constant_values=0.5),
        M,
        lambda x: [[*row, mp.mpf(0.5)] for row in x],
    ),
    ("tril", lambda xp, x: xp.tril(x), SQUARE, lambda x: np.tril(x)),
    ("triu", lambda xp, x: xp.triu(x, k=1), SQUARE, lambda x: np.triu(x, 1)),
    ("flip", lambda xp, x: xp.flip(x), M, lambda x: x[::-1, ::-1]),
    ("roll", lambda xp, x: xp.roll(x, 1), M, lambda x: np.roll(x, 1)),
    ("repeat", lambda xp, x: xp.repeat(x, 2), M, lambda x: np.repeat(x, 2)),
    ("tile", lambda xp, x: xp.tile(x, (2, 1, 2)), M, lambda x: np.tile(x, (2, 1, 2))),
    ("pad", lambda xp, x: xp.pad(x, [(1, 0), (0, 2)]), M, lambda x: np.pad(x, [(1, 0), (0, 2)])),
):
    case(name, call, [at], exact, close=CLOSE_COMPOSED)
