"""Costs over rows, evaluated block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.problem.point import Point

BLOCK = 1 << 16
"""Rows evaluated at once: large enough to amortise the calls, small enough to stay in cache."""

CHECKED_ROWS = 16
"""Rows on which the declared `rows` and `reduction` are compared with the whole."""

SAME = 1e-6
"""What the two may differ by, relative to the largest element: far above what float32 rounds."""


def add_blocks(function: Callable[[slice], list[Any]], rows: int, length: int = BLOCK) -> list[Any]:
    """Add up, item by item, what `function(block)` lists for each block of rows."""
    totals = function(slice(0, min(length, rows)))
    for start in range(length, rows, length):
        parts = function(slice(start, min(start + length, rows)))
        totals = [total + part for total, part in zip(totals, parts, strict=True)]
    return totals


def splits_into_blocks(point: Point, function: Callable[..., list[Any]]) -> bool:
    """Whether a function of many rows may be evaluated block by block; tried on a few rows.

    Never for up to `BLOCK` rows, and not where the declared `rows` and `reduction` are not true
    of it: then it is evaluated as it stands.
    """
    if point.row_count <= BLOCK:
        return False
    parameters, data = point.problem.split(point.with_rows(slice(CHECKED_ROWS)).values)
    blocks = blockwise(point, function, CHECKED_ROWS, length=5)
    try:
        whole, blocked = function(*parameters, **data), blocks((parameters, data))
    except Exception:  # whatever a formula for one number of rows raises at another
        return False
    return all(_same(one, other) for one, other in zip(whole, blocked, strict=True))


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    scale = np.max(np.abs(one), initial=0.0, where=np.isfinite(one))
    return np.allclose(one, other, rtol=0, atol=SAME * scale, equal_nan=True)


def blockwise(
    point: Point, function: Callable[..., list[Any]], rows: int, length: int = BLOCK
) -> Callable[[Any], list[Any]]:
    """Evaluate a function of many rows block by block, as (parameters, data) → its sums or means.

    `function(*parameters, **data)` lists arrays that are sums, or means, over the rows.
    """
    names, mean = point.row_names, point.rows.reduction == "mean"

    def run(native: Any) -> list[Any]:
        parameters, data = native

        def weighted(block: slice) -> list[Any]:
            columns = {name: data[name][block] for name in names}
            weight = block.stop - block.start if mean else 1
            return [weight * part for part in function(*parameters, **{**data, **columns})]

        totals = add_blocks(weighted, rows, length)
        return [total / rows for total in totals] if mean else totals

    return run
