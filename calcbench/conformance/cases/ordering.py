"""Orders: sorting, places of extremes, and conditions of all or any."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.conformance.case import CLOSE_COMPOSED, Table
from calcbench.conformance.exact import along, choose, reduced
from calcbench.conformance.points import BATCH, M, V

case = Table(CLOSE_COMPOSED)

LONG = [0.75, -1.25, 2.0, 0.5, -0.25]
LANES = ((V, -1), (M, 0), (M, -1), (BATCH, 1))


def order(items: list[Any], descending: bool = False) -> list[int]:
    """The indices that sort a list; of equals, the first comes first."""
    return sorted(range(len(items)), key=lambda k: -items[k] if descending else items[k])


def middle(items: list[Any]) -> Any:
    ordered, half = sorted(items), len(items) // 2
    return ordered[half] if len(items) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _holds(function: Callable[[list[bool]], bool]) -> Callable[[list[Any]], int]:
    return lambda items: 2 if function([item > 0 for item in items]) else 3


def _scaled(factors: Callable[[Any], Any], x: Any) -> Any:
    return np.sum(x) * factors(x)


for at, axis in LANES:
    for options in ({}, {"descending": True}):
        options = {**options, "axis": axis}
        down = "descending" in options
        case(
            "sort",
            lambda xp, x, options=options: xp.sort(x, **options),
            [at],
            along(lambda items, down=down: [items[k] for k in order(items, down)], axis),
        )
        case(  # the indices, as what they take of other numbers
            "argsort",
            lambda xp, x, options=options: xp.take_along_axis(
                x * x, xp.argsort(x, **options), options["axis"]
            ),
            [at],
            along(lambda items, down=down: [items[k] ** 2 for k in order(items, down)], axis),
        )
    case(
        "top_k",
        lambda xp, x, axis=axis: xp.top_k(x, 2, axis=axis)[0],
        [at],
        along(lambda items: sorted(items, reverse=True)[:2], axis),
    )
    case(
        "top_k",
        lambda xp, x, axis=axis: xp.take_along_axis(x * x, xp.top_k(x, 1, axis=axis)[1], axis),
        [at],
        along(lambda items: [max(items) ** 2], axis),
    )
for at, axis, keepdims in (
    (V, None, False),
    (LONG, 0, False),
    (LONG[:4], 0, True),
    (M, None, True),
    (M, 0, False),
    (M, -1, True),
    (BATCH, 1, False),
):
    case(
        "median",
        lambda xp, x, options={"axis": axis, "keepdims": keepdims}: xp.median(x, **options),
        [at],
        reduced(middle, axis, keepdims),
    )
for name, best in {"argmax": max, "argmin": min}.items():
    case(
        name,
        lambda xp, x, name=name: xp.take(x * x, getattr(xp, name)(x)),
        [LONG],
        reduced(lambda items, best=best: best(items) ** 2, None, False),
    )
    for at, axis in ((M, 0), (M, -1), (BATCH, 1)):
        case(
            name,
            lambda xp, x, name=name, axis=axis: xp.take_along_axis(
                x * x, getattr(xp, name)(x, axis=axis, keepdims=True), axis
            ),
            [at],
            reduced(lambda items, best=best: best(items) ** 2, axis, True),
        )
    case(
        name,
        lambda xp, x, name=name: xp.one_hot(getattr(xp, name)(x, axis=1), 3) * x,
        [M],
        along(lambda items, best=best: [a if a == best(items) else 0 * a for a in items], -1),
    )
    case(
        name,
        lambda xp, x, name=name: x * xp.where(getattr(xp, name)(x, keepdims=True) > 2, 2.0, 3.0),
        [M],
        lambda x, best=best: x * (2 if order([*x.flat])[-1 if best is max else 0] > 2 else 3),
    )
for name, holds in {"all": all, "any": any}.items():
    for at, axis, keepdims in ((V, None, False), (M, 0, False), (M, -1, True), (M, None, True)):
        case(
            name,
            lambda xp, x, name=name, options={"axis": axis, "keepdims": keepdims}: (
                xp.sum(x) * xp.where(getattr(xp, name)(x > 0, **options), 2.0, 3.0)
            ),
            [at],
            functools.partial(_scaled, reduced(_holds(holds), axis, keepdims)),
        )
for name, number in {"isfinite": 1, "isnan": 0}.items():
    case(
        name,
        lambda xp, x, name=name: xp.where(getattr(xp, name)(x), x, x * x),
        [V],
        choose(lambda x, number=number: number, lambda x: x, lambda x: x * x),
    )
    case(
        name,
        lambda xp, x, name=name: xp.where(getattr(xp, name)(x), x, x * x),
        [0.5],
        choose(lambda x, number=number: number, lambda x: x, lambda x: x * x),
    )
