"""Second derivatives in balls: the reverse sweep on jets, along many directions at once.

On arrays of balls (`array_sweep`), if they can. Single numbers take over where arrays give none: at
ties and where the chain rule gives 0·∞, which are settled beside the point, number by number; and
for costs that do with their arrays what those have not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.array_sweep import DIRECTIONS_PER_SWEEP, sweep_products
from calcbench.certified.directions import Directions
from calcbench.certified.evaluation import SweepResult, evaluate, range_fault
from calcbench.certified.first_order import NONE, Row, cost_row
from calcbench.certified.jets import make_jet, primal, slope_magnitudes, slopes
from calcbench.certified.one_sided import (
    TIE,
    Limit,
    approach,
    is_past,
    second_limit,
    settle,
    settling_deadline,
)
from calcbench.certified.row_blocks import Swept
from calcbench.certified.sums import Partial, Sums
from calcbench.operators.entries import Entries, Product, Term
from calcbench.problem.point import Point


@dataclass(frozen=True)
class Products:
    """The Hessian times directions, which are the columns of a matrix (components, k)."""

    partials: np.ndarray
    """(components, k): an object array of `Partial`."""
    tied: np.ndarray
    """(components,): whether a comparison that ties depends on each."""
    ties: list[list[int]]
    """For each comparison that ties, the positions of the components that it depends on."""
    cost: arb
    range_fault: str


def second_order(
    point: Point, terms: tuple[Term, ...], size: int, dtype: str, deadline: float
) -> SweepResult:
    """Evaluate terms of second partials in balls, at the current precision.

    A product with the Hessian takes one direction, the seed; single entries take one for every
    component, or for every colour of a sparse Hessian. `size` is that of the flat result,
    `deadline` is in seconds of `time.thread_time()`. Raises as `evaluate`; `TooSlow` past the
    deadline, `ProblemError` for a declared structure that leaves out an entry that is not 0.
    """
    directions = _directions(point) if any(isinstance(t, Entries) for t in terms) else None
    along = [point.seed_vector] if any(isinstance(term, Product) for term in terms) else []
    vectors = np.array([*along, *(directions.vectors if directions else ())]).T
    swept = sweep_products(point, vectors, dtype)
    if swept is not None:
        return _sum_swept(point, terms, size, swept, directions)
    found = products(point, vectors, dtype, deadline)
    columns = _Columns(point, directions, found, len(along)) if directions else None
    if columns is None or columns.stored is None:
        # A colour of a sparse Hessian has many columns, and shows no derivative along one of them.
        _settle_products(point, vectors, found, dtype, deadline)
    sums = Sums(size)
    for term in terms:
        if isinstance(term, Product):
            _add_product(sums, found, term.start)
        else:
            assert columns is not None
            _add_entries(sums, term, point, columns)
    return sums.result(
        cost=found.cost,
        range_fault=found.range_fault,
    )


def _directions(point: Point) -> Directions:
    """Choose what gives all entries: a unit vector for each component, or one for each colour."""
    if point.sparse(2):
        return Directions.coloured(point.pattern(2), point.size)
    return Directions.units(np.arange(point.size), point.size)


def _sum_swept(
    point: Point, terms: tuple[Term, ...], size: int, swept: Swept, directions: Directions | None
) -> SweepResult:
    """Add up terms of products that arrays gave: along the seed first, if one of them needs it."""
    sums = Sums(size)
    for term in terms:
        if isinstance(term, Product):
            out, ones = term.places(point), np.ones(point.size)
            sums.add_all(out, swept.partials[:, 0], swept.magnitudes[:, 0], ones)
            continue
        assert directions is not None
        count = len(directions.vectors)
        values, magnitudes = swept.partials[:, -count:], swept.magnitudes[:, -count:]
        _check_structure(point, directions, values)
        out, row, column = term.places
        kept = directions.holds(row, column)
        place = row[kept], directions.place[column[kept]]
        weights = term.weights(point.seed_vector)[kept]
        sums.add_all(out[kept], values[place], magnitudes[place], weights)
    return sums.result(cost=swept.value, range_fault=swept.range_fault)


def products(point: Point, directions: np.ndarray, dtype: str, deadline: float) -> Products:
    """Multiply the Hessian by every column of `directions` (components, k), some at a time."""
    parts = [
        _sweep(point, directions[:, start : start + DIRECTIONS_PER_SWEEP], dtype, deadline)
        for start in range(0, directions.shape[1], DIRECTIONS_PER_SWEEP)
    ]
    return replace(parts[0], partials=np.concatenate([part.partials for part in parts], axis=1))


def _sweep(point: Point, directions: np.ndarray, dtype: str, deadline: float) -> Products:
    """Multiply the Hessian by a few directions: one evaluation on jets, one reverse sweep.

    What ties, or is not finite, is open. Where a direction moves what ties, no number of the
    product is known to exist.
    """
    run = evaluate(point, deadline, lambda value, k: make_jet(value, directions[k]))
    (output,) = run.outputs
    order = list(reversed(run.tape))
    with np.errstate(invalid="ignore"):  # 0·∞ shows in what it gives
        balls.reverse([(output, arb(1))], order, slope_magnitudes)
    count = directions.shape[1]
    moves = np.any(run.tied[:, None] & (directions != 0), axis=0)
    partials = np.empty(directions.shape, dtype=object)
    endless = balls.endless_operation(run.tape)
    for i, leaf in enumerate(run.leaves):
        sizes = np.broadcast_to(leaf.magnitude, count)
        for k, slope in enumerate(slopes(leaf.adjoint, count)):
            partials[i, k] = partial = Partial(slope, float(sizes[k]))
            if run.tied[i] or moves[k]:
                partials[i, k] = partial.leave_open(TIE)
            elif not slope.is_finite():
                partials[i, k] = partial.leave_open(endless)
    cost = primal(output.value)
    fault = range_fault(order, abs(cost), dtype)
    return Products(partials, run.tied, run.ties, cost, fault)


def _settle_products(
    point: Point, directions: np.ndarray, found: Products, dtype: str, deadline: float
) -> None:
    """Settle, beside the point, the products where a comparison ties or 0·∞ turns up."""
    unclear = np.array([[p.open for p in row] for row in found.partials])
    if not unclear.any() or not found.cost.is_finite():
        return
    row = cost_row(point, dtype, deadline)
    deadline = settling_deadline(deadline)
    for k in np.flatnonzero(unclear.any(axis=0)).tolist():
        along = directions[:, k]
        (both,) = approach(point, along, [row.weights], 1, deadline)
        for i in np.flatnonzero(unclear[:, k]).tolist():
            if is_past(deadline):
                break
            first, plain = row.partials.get(i, NONE), found.partials[i, k]
            limits = [second_limit(side, i, along) for side in both]
            if not all(limit.is_known() for limit in limits):
                # What ties or is 0·∞ at the point may be so all along the line.
                limits = _limits_aside(point, along, row, i, deadline)
            found.partials[i, k] = _settle_product(first, plain, limits)
    _spread_kinks(row, directions, found)


def _settle_product(first: Partial, plain: Partial, limits: Sequence[Limit]) -> Partial:
    """Settle the slope of a partial, which there is only where there is the partial."""
    if first.rough or first.open:
        return plain._replace(rough=first.rough, open=first.open, reason=first.reason)
    if not first.value.is_finite():
        return plain._replace(open=False)
    return settle(limits, first.value, plain)


def _spread_kinks(row: Row, directions: np.ndarray, found: Products) -> None:
    """Mark what is beside a kink as rough: programs that pick a side there may do so differently.

    Where a partial does not exist, or jumps, no second derivative is judged that has to do with the
    components of the same comparison.
    """
    kinks = [i for i, first in row.partials.items() if first.rough]
    groups = [*found.ties, *([i] for i in kinks)]
    for group in groups:
        moving = np.any(directions[group] != 0, axis=0)
        inside = np.zeros(found.partials.shape, dtype=bool)
        inside[np.ix_(np.array(group), np.flatnonzero(moving))] = True
        if not set(group).isdisjoint(kinks):
            inside[group] = inside[:, moving] = True
        elif not any(partial.rough for partial in found.partials[inside]):
            continue
        for place in zip(*np.nonzero(inside), strict=True):
            found.partials[place] = found.partials[place]._replace(rough=True, open=False)


def _limits_aside(
    point: Point, along: np.ndarray, row: Row, component: int, deadline: float
) -> list[Limit]:
    """Approach along a line moved a little along the component, to either side."""
    limits = []
    for sign in (1.0, -1.0):
        aside = np.zeros(point.size)
        aside[component] = sign
        (both,) = approach(point, along, [row.weights], 1, deadline, aside)
        limits += [second_limit(side, component, along) for side in both]
    return limits


class _Columns:
    """The entries of a Hessian, read off its products with some directions."""

    def __init__(self, point: Point, directions: Directions, found: Products, first: int) -> None:
        """Take the products with these directions, which begin at column `first`."""
        self.partials, self.tied = found.partials[:, first:], found.tied
        self.directions = directions
        self.stored: set[tuple[int, int]] | None = None
        if directions.pattern is not None:
            row, column = directions.pattern
            self.stored = set(zip(row.tolist(), column.tolist(), strict=True))
            values = np.frompyfunc(lambda partial: partial.value, 1, 1)(self.partials)
            _check_structure(point, directions, np.asarray(values))

    def entry(self, i: int, j: int) -> Partial:
        """Return entry (i, j): 0 for one that is not stored."""
        place = i, self.directions.place[j]
        if self.stored is None:
            found: Partial = self.partials[place]
            return found
        tied = bool(self.tied[i] or self.tied[j])
        known = (i, j) in self.stored
        stored: Partial = self.partials[place] if known else NONE
        if tied:
            return stored.leave_open(TIE)
        return stored._replace(open=not stored.value.is_finite())


def _check_structure(point: Point, directions: Directions, values: np.ndarray) -> None:
    """Raise `ProblemError` for a declared structure that leaves out an entry that is not 0."""
    lacking = directions.row_that_lacks_an_entry(values)
    if lacking is not None:
        raise point.lacks_entry(f"in the row of {point.component(lacking)}")


def _add_entries(sums: Sums, term: Entries, point: Point, columns: _Columns) -> None:
    """Add single second partials, each times its weight."""
    out, row, column = term.places
    weights = term.weights(point.seed_vector)
    for k, i, j, weight in zip(
        out.tolist(), row.tolist(), column.tolist(), weights.tolist(), strict=True
    ):
        sums.add(k, columns.entry(i, j), weight)


def _add_product(sums: Sums, found: Products, start: int) -> None:
    """Add H·v to the numbers from `start` on."""
    for k, partial in enumerate(found.partials[:, 0], start):
        sums.add(k, partial, 1.0)
