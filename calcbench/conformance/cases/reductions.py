"""Sums, means, the largest and logsumexp, along an axis or over all."""

from __future__ import annotations

from typing import Any

from calcbench.conformance.case import Table
from calcbench.conformance.exact import log_sum, reduced
from calcbench.conformance.points import BATCH, M

case = Table()


def log_sum_of(items: list[Any]) -> Any:
    return log_sum(*items)


REDUCTIONS = {
    "sum": sum,
    "mean": lambda items: sum(items) / len(items),
    "max": max,
    "logsumexp": log_sum_of,
}
THOUSANDS = [[1000.0, 1000.5, 999.0], [-1000.0, -1001.0, -1000.0], [1000.0, -1000.0, 0.0]]
for axis in (-1, None):
    case(
        "logsumexp",
        lambda xp, x, axis=axis: xp.logsumexp(x, axis=axis),
        [THOUSANDS],
        reduced(REDUCTIONS["logsumexp"], axis, False),
        scale=1000.0,  # as for logaddexp
    )
case("logsumexp", lambda xp, x: xp.logsumexp(x), [[0.0] * 3], reduced(log_sum_of, None, False))
case("max", lambda xp, x: xp.max(x), [[-800.0, 1e-100, 0.0]], reduced(max, None, False))

for name, function in REDUCTIONS.items():
    for at, axis, keepdims in ((M, 0, False), (M, -1, True), (BATCH, 1, False)):

        def call(xp, x, name=name, axis=axis, keepdims=keepdims):
            return getattr(xp, name)(x, axis=axis, keepdims=keepdims)

        case(name, call, [at], reduced(function, axis, keepdims))

    def keep(xp, x, name=name):
        return getattr(xp, name)(x, keepdims=True)

    def plain(xp, x, name=name):
        return getattr(xp, name)(x)

    case(name, keep, [M], reduced(function, None, True))
    for at in (M, 0.5):
        case(name, plain, [at], reduced(function, None, False))
