"""Operators, slices and shapes: what an array can do without `xp`."""

from __future__ import annotations

from typing import Any

from calcbench.conformance.case import Table
from calcbench.conformance.exact import choose, elementwise, mp
from calcbench.conformance.points import BATCH, M, U, V

case = Table()

POSITIVE = [0.5, 1.25, 2.0]

for at in (V, 0.5):
    case("plus", lambda xp, x: x + 2.5, [at], lambda x: x + 2.5)
    case("plus", lambda xp, x: 2 + x, [at], lambda x: x + 2)
    case("minus", lambda xp, x: x - 2.5, [at], lambda x: x - 2.5)
    case("minus", lambda xp, x: 2 - x, [at], lambda x: 2 - x)
    case("minus", lambda xp, x: -x, [at], lambda x: -x)
    case("times", lambda xp, x: x * 0.1, [at], lambda x: x * mp.mpf(0.1))
    case("times", lambda xp, x: 3 * x, [at], lambda x: 3 * x)
    case("divide", lambda xp, x: x / 3, [at], lambda x: x / 3)
    case("divide", lambda xp, x: 1 / x, [at], lambda x: 1 / x, scale=0.0)
    case("divide", lambda xp, x: 0.1 / x, [at], lambda x: mp.mpf(0.1) / x, scale=0.0)
for one, two in ((V, U), (0.5, -2.0), (M, V), (0.25, V), ([[0.5], [2.0]], V)):
    case("plus", lambda xp, x, y: x + y, [one, two], lambda x, y: x + y)
    case("minus", lambda xp, x, y: x - y, [one, two], lambda x, y: x - y)
    case("times", lambda xp, x, y: x * y, [one, two], lambda x, y: x * y)
    case("divide", lambda xp, x, y: x / y, [one, two], lambda x, y: x / y)

POWERS = [
    (0, [-1.5, 2.0]),
    (1, [-1.5, 0.0, 2.0]),
    (2, [-1.5, 0.0, 2.0, 1e-8, -1e-8, 1e100]),
    (2.0, [-1.5, 0.0, 2.0]),
    (3, [-1.5, 0.0, 2.0, 1e-8]),
    (0.5, [0.25, 2.0, 1e-8]),
    (1.5, [0.25, 2.0, 1e-8]),
    (2.5, [0.0, 0.25, 2.0]),
    (1 / 3, [0.25, 2.0]),
    (-1, [-1.5, 2.0, 1e-8]),
    (-2, [-1.5, 2.0, 1e8]),
    (-0.5, [0.25, 2.0]),
    (-1.5, [0.25, 2.0]),
]
for power, at in POWERS:

    def slope(x: Any, power: int | float = power) -> Any:
        return mp.mpf(power) * x ** (mp.mpf(power) - 1) if power else mp.mpf(0)

    for point in (at, at[0]) if power in (2, 2.5, -1) else (at,):
        case(
            "power",
            lambda xp, x, power=power: x**power,
            [point],
            lambda x, power=power: x ** mp.mpf(power),
            slope=slope,
            scale=0.0,
        )
for at in (V, 0.5):
    case("power", lambda xp, x: 2.5**x, [at], lambda x: mp.mpf(2.5) ** x)
    case("power", lambda xp, x: 2**x, [at], lambda x: mp.mpf(2) ** x)
for one, two in ((POSITIVE, V), (2.5, 0.5), (POSITIVE, 0.5)):
    case("power", lambda xp, x, y: x**y, [one, two], elementwise(lambda x, y: x**y))

for at in (V,):
    case(
        "less",
        lambda xp, x: xp.where(x < 0.25, x, x * x),
        [at],
        choose(lambda x: x < 0.25, lambda x: x, lambda x: x * x),
    )
    case(
        "less",
        lambda xp, x: xp.where(0.25 < x, x, x * x),  # noqa: SIM300
        [at],
        choose(lambda x: x > 0.25, lambda x: x, lambda x: x * x),
    )
    case(
        "less",
        lambda xp, x: xp.where(x <= 1, x, x * x),
        [at],
        choose(lambda x: x <= 1, lambda x: x, lambda x: x * x),
    )
    case(
        "greater",
        lambda xp, x: xp.where(x > 0.25, x, x * x),
        [at],
        choose(lambda x: x > 0.25, lambda x: x, lambda x: x * x),
    )
    case(
        "greater",
        lambda xp, x: xp.where(1 >= x, x, x * x),  # noqa: SIM300
        [at],
        choose(lambda x: x <= 1, lambda x: x, lambda x: x * x),
    )
for one, two in ((V, U), (0.5, 0.25)):
    case(
        "less",
        lambda xp, x, y: xp.where(x * y < y, x, y),
        [one, two],
        choose(lambda x, y: x * y < y, lambda x, y: x, lambda x, y: y),
    )
    case(
        "greater",
        lambda xp, x, y: xp.where(x > y, x, y * y),
        [one, two],
        choose(lambda x, y: x > y, lambda x, y: x, lambda x, y: y * y),
    )

case("slice", lambda xp, x: x[0], [V], lambda x: x[0])
case("slice", lambda xp, x: x[-1] * x[0], [V], lambda x: x[-1] * x[0])
case("slice", lambda xp, x: x[1:], [V], lambda x: [x[1], x[2]])
case("slice", lambda xp, x: x[:-1] - x[1:], [V], lambda x: [x[0] - x[1], x[1] - x[2]])
case("slice", lambda xp, x: x[::2], [V], lambda x: [x[0], x[2]])
case("slice", lambda xp, x: x[:, None], [V], lambda x: [[x[0]], [x[1]], [x[2]]])
case("slice", lambda xp, x: x[None, :], [V], lambda x: [[*x]])
case("slice", lambda xp, x: x[:, None] * x[None, :], [V], lambda x: [[a * b for b in x] for a in x])
case("slice", lambda xp, x: x[0], [M], lambda x: list(x[0]))
case("slice", lambda xp, x: x[:, 0], [M], lambda x: [x[0, 0], x[1, 0]])
case("slice", lambda xp, x: x[1, 2], [M], lambda x: x[1, 2])
case("slice", lambda xp, x: x[..., 1], [BATCH], lambda x: x[:, :, 1])
case("slice", lambda xp, x: x[:, 1:], [M], lambda x: x[:, [1, 2]])

case("shape", lambda xp, x: x / x.shape[0], [V], lambda x: x / 3)
case("shape", lambda xp, x: x * x.shape[-1] - x.shape[0], [M], lambda x: x * 3 - 2)
case("shape", lambda xp, x: xp.reshape(x, (x.shape[0] * x.shape[1],)), [M], lambda x: list(x.flat))
case("shape", lambda xp, x: (x * x) / (x * x).shape[0], [V], lambda x: x * x / 3)
