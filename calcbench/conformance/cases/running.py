"""Running totals and products."""

from __future__ import annotations

import itertools
import operator
from typing import Any

from calcbench.conformance.case import CLOSE_COMPOSED, Table
from calcbench.conformance.exact import along
from calcbench.conformance.points import BATCH, M, V

case = Table()


def totals(items: list[Any]) -> list[Any]:
    return [*itertools.accumulate(items)]


def products(items: list[Any]) -> list[Any]:
    return [*itertools.accumulate(items, operator.mul)]


case("cumulative_sum", lambda xp, x: xp.cumulative_sum(x), [V], totals)
for at, axis in ((V, 0), (M, 0), (M, 1), (M, -1), (BATCH, 1), (BATCH, -3)):
    case(
        "cumulative_sum",
        lambda xp, x, axis=axis: xp.cumulative_sum(x * x, axis=axis),
        [at],
        lambda x, axis=axis: along(totals, axis)(x * x),
    )

for at, axis in ((V, 0), (M, 0), (M, -1), (BATCH, 1)):
    case(
        "cumulative_prod",
        lambda xp, x, axis=axis: xp.cumulative_prod(x, axis=axis),
        [at],
        along(products, axis),
        close=CLOSE_COMPOSED,
    )
for at in ([0.5, 0.0, 2.0], [0.0, -1.25, 0.0, 3.0], V):  # slopes are products of the others
    case(
        "cumulative_prod",
        lambda xp, x: xp.cumulative_prod(x),
        [at],
        products,
        close=CLOSE_COMPOSED,
    )
