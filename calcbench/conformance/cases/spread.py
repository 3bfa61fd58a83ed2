"""The smallest, products and variances, and reductions over several axes."""

from __future__ import annotations

import math
from typing import Any

from calcbench.conformance.case import CLOSE_COMPOSED, Table
from calcbench.conformance.exact import mp, reduced
from calcbench.conformance.points import BATCH, M, V

from .reductions import REDUCTIONS

case = Table(CLOSE_COMPOSED)


def exact_var(correction: int) -> Any:
    def exact(items: list[Any]) -> Any:
        mean = sum(items) / len(items)
        return sum((x - mean) ** 2 for x in items) / (len(items) - correction)

    return exact


AXES = ((M, None, False), (M, 0, False), (M, -1, True), (BATCH, 1, False), (V, 0, True))
for at, axis, keepdims in AXES:
    options = {"axis": axis, "keepdims": keepdims}
    for name, exact in {"min": min, "prod": math.prod, "var": exact_var(0)}.items():
        case(
            name,
            lambda xp, x, name=name, options=options: getattr(xp, name)(x, **options),
            [at],
            reduced(exact, axis, keepdims),
        )
    case(
        "var",
        lambda xp, x, options=options: xp.var(x, correction=1, **options),
        [at],
        reduced(exact_var(1), axis, keepdims),
    )
    case(
        "std",
        lambda xp, x, options=options: xp.std(x, **options),
        [at],
        reduced(lambda items: mp.sqrt(exact_var(0)(items)), axis, keepdims),
    )


def over_pairs(function: Any) -> Any:
    """A reduction over the first and the last axis together."""
    return lambda x: reduced(function, -1, False)(x.transpose(1, 0, 2).reshape(x.shape[1], -1))


for name, exact in {**REDUCTIONS, "min": min, "var": exact_var(0)}.items():
    case(
        name,
        lambda xp, x, name=name: getattr(xp, name)(x, axis=(0, -1)),
        [BATCH],
        over_pairs(exact),
    )
    case(
        name,
        lambda xp, x, name=name: getattr(xp, name)(x, axis=(0, 2), keepdims=True),
        [BATCH],
        lambda x, exact=exact: over_pairs(exact)(x)[None, :, None],
    )

for zeros in ([0.5, 0.0, 2.0], [0.0, -1.25, 0.0, 3.0]):  # slopes are products of the others
    case("prod", lambda xp, x: xp.prod(x), [zeros], lambda x: math.prod(x))
