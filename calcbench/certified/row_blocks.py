"""Blocks of rows: a gradient over more rows than memory holds numbers for, some at a time.

Let F(S) be the cost on the rows S where it is a sum over rows, and |S| times it where it is a mean.
The rows of a problem are such that F(A) + F(B) − F(A ∪ B) = R for all A and B, a term that no row
enters (`problem.rows`). Over k blocks the F add up to F of all rows, and k − 1 times R.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import budget
from calcbench.problem.point import Point

FITTING_ROWS = 4096
"""Rows that fit into memory: up to so many, nobody asks how much they take."""

TRIALS = (16, 64)
"""Rows from which the memory of one is estimated."""

BLOCK = 250_000_000
"""Bytes of numbers in a block of rows."""


class Swept(NamedTuple):
    """What one sweep gives, as flat vectors in the order of the components."""

    value: arb
    """The cost, or the weighted sum of outputs."""
    partials: np.ndarray
    """An object array of balls."""
    magnitudes: np.ndarray
    """Σ |terms| of every partial."""
    influence: float
    """Σ |∂value/∂v · v| over all intermediate results v."""
    range_fault: str

    def plus(self, other: Swept) -> Swept:
        """Add another one; a fault of either is one."""
        return Swept(
            self.value + other.value,
            self.partials + other.partials,
            self.magnitudes + other.magnitudes,
            self.influence + other.influence,
            self.range_fault or other.range_fault,
        )

    def times(self, factor: int | arb) -> Swept:
        """Multiply by a number: by a negative one to take away, of what cancels too."""
        size = float(factor)
        return self._replace(
            value=self.value * factor,
            partials=self.partials * factor,
            magnitudes=self.magnitudes * size,
            influence=self.influence * size,
        )


Sweep = Callable[[Point], Swept | None]
"""A sweep over all rows of a point at once; None where it takes single balls."""


def rows_per_block(point: Point, sweep: Sweep) -> int:
    """Return how many rows fit into a block, by the memory that a few take."""
    few, more = (_measure(point.with_rows(slice(0, rows)), sweep) for rows in TRIALS)
    per_row = (more - few) / (TRIALS[1] - TRIALS[0])
    return max(TRIALS[0], int(BLOCK / max(per_row, 1.0)))


def _measure(point: Point, sweep: Sweep) -> int:
    with budget.measure() as taken, budget.limit(float("inf")):
        sweep(point)
    return max(taken)


def sweep_in_blocks(point: Point, size: int, sweep: Sweep) -> Swept | None:
    """Differentiate the cost, `size` rows at a time; None where a block takes single balls.

    None too where two pairs of rows do not have the same R: then rows do not add up.
    """
    one, two = (_constant_part(point, first, sweep) for first in (0, point.row_count - 2))
    if one is None or two is None or not _overlap(one, two):
        return None
    total, blocks = None, range(0, point.row_count, size)
    for start in blocks:
        with budget.passing():
            found = _scaled(point.with_rows(slice(start, start + size)), sweep)
        if found is None:
            return None
        total = found if total is None else total.plus(found)
    assert total is not None
    whole = total.plus(one.times(1 - len(blocks)))
    return whole.times(1 / arb(point.row_count)) if point.rows.reduction == "mean" else whole


def _scaled(point: Point, sweep: Sweep) -> Swept | None:
    """Compute F, and its derivatives."""
    found = sweep(point)
    if found is None or point.rows.reduction == "sum":
        return found
    return found.times(point.row_count)


def _constant_part(point: Point, first: int, sweep: Sweep) -> Swept | None:
    """Compute R from two neighbouring rows."""
    a, b, both = (
        _scaled(point.with_rows(slice(start, end)), sweep)
        for start, end in ((first, first + 1), (first + 1, first + 2), (first, first + 2))
    )
    if a is None or b is None or both is None:
        return None
    part = a.plus(b).plus(both.times(-1))
    return part._replace(influence=0.0)  # which does not add up: it is counted in every block


def _overlap(one: Swept, two: Swept) -> bool:
    pairs = zip((one.value, *one.partials.flat), (two.value, *two.partials.flat), strict=True)
    return all(a.overlaps(b) for a, b in pairs)
