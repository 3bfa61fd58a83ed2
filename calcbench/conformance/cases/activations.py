"""Activation functions of neural networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.conformance.case import CLOSE_COMPOSED, Table
from calcbench.conformance.exact import along, elementwise, mp
from calcbench.conformance.points import BATCH, NEAR, ORDINARY, M, V

case = Table(CLOSE_COMPOSED)

case.elementary("relu", lambda x: max(x, mp.mpf(0)), ORDINARY)
case.elementary("leaky_relu", lambda x: x if x > 0 else mp.mpf("0.25") * x, ORDINARY, 0.25)
case.elementary("elu", lambda x: x if x > 0 else mp.expm1(x), [*ORDINARY, *NEAR, -800.0])
case.elementary("elu", lambda x: x if x > 0 else 2 * mp.expm1(x), ORDINARY, 2.0)
case.elementary("silu", lambda x: x / (1 + mp.exp(-x)), [*ORDINARY, *NEAR, -40.0, 40.0])
case.elementary("log_sigmoid", lambda x: -mp.log(1 + mp.exp(-x)), [*ORDINARY, *NEAR, -800.0, 800.0])
MASKED = [0.5, -1e9, 2.0, -0.3]
case(
    "softmax",
    lambda xp, x: xp.softmax(x),
    [MASKED],
    lambda x: elementwise(mp.exp)(x) / np.sum(elementwise(mp.exp)(x)),
)
case(
    "log_softmax",
    lambda xp, x: xp.log_softmax(x),
    [MASKED],
    lambda x: x - mp.log(np.sum(elementwise(mp.exp)(x))),
)


def exact_softmax(items: list[Any]) -> list[Any]:
    whole = sum(map(mp.exp, items))
    return [mp.exp(x) / whole for x in items]


def exact_log_softmax(items: list[Any]) -> list[Any]:
    return [mp.log(x) for x in exact_softmax(items)]


for name, exact in {"softmax": exact_softmax, "log_softmax": exact_log_softmax}.items():
    for at, axis in ((V, 0), (M, 0), (M, -1), (BATCH, 1)):
        case(
            name,
            lambda xp, x, name=name, axis=axis: getattr(xp, name)(x, axis=axis),
            [at],
            along(exact, axis),
        )
case("softmax", lambda xp, x: xp.softmax(x), [M], along(exact_softmax, None))
