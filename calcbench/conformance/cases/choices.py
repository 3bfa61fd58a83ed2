"""Constants, the larger of two, conditions, and what they choose."""

from __future__ import annotations

import numpy as np

from calcbench.conformance.case import Table
from calcbench.conformance.exact import choose, elementwise, log_sum, mp
from calcbench.conformance.points import M, U, V

case = Table()

case("pi", lambda xp, x: xp.pi * x, [V], lambda x: mp.pi * x)
case("pi", lambda xp, x: xp.sin(xp.pi * x), [0.25], elementwise(lambda x: mp.sin(mp.pi * x)))

# Two arguments. Ties of maximum and minimum are kinks (test_kinks). Those of logaddexp are smooth.
PAIRS = (
    [1.5, -0.5, 1000.0, -1000.0, 1000.0, -800.0, 1e-8, 1e-300],
    [0.5, 0.25, -1000.0, 1000.0, 1000.5, 800.0, -1e-8, 0.25],
)
for name, exact in {"maximum": max, "minimum": min}.items():

    def call(xp, x, y, name=name):
        return getattr(xp, name)(x, y)

    def with_number(xp, x, name=name):
        return getattr(xp, name)(x, 0.25)

    def number_first(xp, x, name=name):
        return getattr(xp, name)(0.25, x)

    quarter = elementwise(lambda x, exact=exact: exact(x, mp.mpf("0.25")))
    case(name, call, PAIRS, elementwise(exact))
    case(name, call, [0.5, 1.0], elementwise(exact))
    case(name, call, [M, [0.25, 0.5, -1.0]], elementwise(exact))
    for at in (PAIRS[0], 0.5):
        case(name, with_number, [at], quarter)
    case(name, number_first, [M], quarter)
    case(
        name, lambda xp, x, call=call: call(xp, x, 0), [M], elementwise(lambda x, e=exact: e(x, 0))
    )


def call_logaddexp(xp, x, y):
    return xp.logaddexp(x, y)


case(
    "logaddexp",  # ties
    call_logaddexp,
    [[0.0, 1.0, -40.0, 1e-300], [0.0, 1.0, -40.0, 1e-300]],
    elementwise(log_sum),
    scale=0.0,
)
# The partials are exp(x − logaddexp): with x in the thousands, its last place is worth 1e-13.
case(
    "logaddexp",
    call_logaddexp,
    [[1000.0, 1000.0, -1000.0, 1000.0, -800.0], [1000.0, -1000.0, 1000.0, 1000.5, -800.0]],
    elementwise(log_sum),
    scale=1000.0,
)
case("logaddexp", call_logaddexp, [[0.5, -1.0, 3.0], [0.25, 2.0, -40.0]], elementwise(log_sum))
case("logaddexp", call_logaddexp, [0.5, 0.25], elementwise(log_sum))
case("logaddexp", call_logaddexp, [M, V], elementwise(log_sum))
for at in (V, 0.0):
    case(
        "logaddexp", lambda xp, x: xp.logaddexp(x, 0.0), [at], elementwise(lambda x: log_sum(x, 0))
    )
    case("logaddexp", lambda xp, x: xp.logaddexp(0, x), [at], elementwise(lambda x: log_sum(x, 0)))

for at in (V, 0.5):
    case(
        "where",
        lambda xp, x: xp.where(x > 0, x**2, -3 * x),
        [at],
        choose(lambda x: x > 0, lambda x: x**2, lambda x: -3 * x),
    )
    case(
        "where",
        lambda xp, x: xp.where(x > 0.3, x, 2.0),
        [at],
        choose(lambda x: x > 0.3, lambda x: x, lambda x: mp.mpf(2)),
    )
    case(
        "where",
        lambda xp, x: xp.where(x <= 0.3, 0, x**3),
        [at],
        choose(lambda x: x <= 0.3, lambda x: mp.mpf(0), lambda x: x**3),
    )
    case(
        "where",  # two numbers, neither of them exact in float32
        lambda xp, x: x * xp.where(x < 0.3, 0.1, 0.7),
        [at],
        choose(lambda x: x < 0.3, lambda x: x * mp.mpf(0.1), lambda x: x * mp.mpf(0.7)),
    )
case(
    "where",
    lambda xp, x, y: xp.where(x >= y, x * y, y),
    [V, U],
    choose(lambda x, y: x >= y, lambda x, y: x * y, lambda x, y: y),
)
case(
    "where",  # broadcast: the condition is a vector, the choices a matrix and a scalar
    lambda xp, x, y, z: xp.where(x > 0, y, z),
    [V, M, 0.25],
    choose(lambda x, y, z: x > 0, lambda x, y, z: y, lambda x, y, z: z),
)

case("e", lambda xp, x: xp.e * x, [V], lambda x: mp.e * x)
case(
    "inf",
    lambda xp, x: xp.where(x < xp.inf, x, 0.0),
    [V],
    lambda x: x,
)
for name, choose_by in {
    "logical_and": lambda x: x > 0 and x < 1,
    "logical_or": lambda x: x > 0 or x < 1,
}.items():
    case(
        name,
        lambda xp, x, name=name: xp.where(getattr(xp, name)(x > 0, x < 1), x, x * x),
        [V],
        choose(choose_by, lambda x: x, lambda x: x * x),
    )
case(
    "logical_not",
    lambda xp, x: xp.where(xp.logical_not(x > 0), x, x * x),
    [V],
    choose(lambda x: not x > 0, lambda x: x, lambda x: x * x),
)
INDICES = np.array([0.0, 1.0, 2.0])
for name, unequal in {"equal": False, "not_equal": True}.items():
    case(
        name,
        lambda xp, x, k, name=name: xp.where(getattr(xp, name)(k, 1.0), x, x * x),
        [V],
        lambda x, k, unequal=unequal: [
            a if (b == 1) != unequal else a * a for a, b in zip(x, k, strict=True)
        ],
        data={"k": INDICES},
    )
