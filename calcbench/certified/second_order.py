"""Second derivatives in balls: the reverse sweep on jets, along many directions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.evaluation import SweepResult, evaluate, influence, range_fault
from calcbench.certified.jets import primal, slope_magnitudes, slopes
from calcbench.certified.sums import Sums
from calcbench.operators.colouring import compress
from calcbench.operators.entries import Entries, Product, Term
from calcbench.problem.point import Point

DIRECTIONS_PER_SWEEP = 64
"""Directions in one sweep, to bound the memory: every intermediate result has a slope for each, and
its partials too. More would gain little."""


@dataclass(frozen=True)
class Products:
    """The Hessian times directions, which are the columns of a matrix (components, k)."""

    values: np.ndarray
    """(components, k): balls."""
    magnitudes: np.ndarray
    """(components, k): Σ |terms| that each number is the sum of."""
    tied: np.ndarray
    """(components,): whether a comparison that ties depends on each."""
    cost: arb
    cost_magnitude: float
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
    columns = _Columns(point) if any(isinstance(term, Entries) for term in terms) else None
    along = [point.seed_vector] if any(isinstance(term, Product) for term in terms) else []
    directions = np.array([*along, *(columns.directions if columns else ())]).T
    found = products(point, directions, dtype, deadline)
    if columns:
        columns.read(found, first=len(along))
    sums = Sums(size)
    for term in terms:
        if isinstance(term, Product):
            _add_product(sums, point.seed_vector, found)
        else:
            assert columns is not None
            _add_entries(sums, term, point, found, columns)
    return SweepResult(
        sums.values,
        sums.magnitudes,
        sums.rough,
        found.cost,
        found.cost_magnitude,
        found.range_fault,
    )


def products(point: Point, directions: np.ndarray, dtype: str, deadline: float) -> Products:
    """Multiply the Hessian by every column of `directions` (components, k), some at a time."""
    parts = [
        _sweep(point, directions[:, start : start + DIRECTIONS_PER_SWEEP], dtype, deadline)
        for start in range(0, directions.shape[1], DIRECTIONS_PER_SWEEP)
    ]
    values = np.concatenate([part.values for part in parts], axis=1)
    magnitudes = np.concatenate([part.magnitudes for part in parts], axis=1)
    first = parts[0]
    return Products(
        values, magnitudes, first.tied, first.cost, first.cost_magnitude, first.range_fault
    )


def _sweep(point: Point, directions: np.ndarray, dtype: str, deadline: float) -> Products:
    """Multiply the Hessian by a few directions: one evaluation on jets, one reverse sweep."""
    run = evaluate(point, deadline, directions)
    (output,) = run.outputs
    order = list(reversed(run.tape))
    balls.reverse([(output, arb(1))], order, slope_magnitudes)
    count = directions.shape[1]
    values = np.empty(directions.shape, dtype=object)
    magnitudes = np.empty(directions.shape)
    for k, leaf in enumerate(run.leaves):
        values[k] = slopes(leaf.adjoint, count)
        magnitudes[k] = leaf.magnitude
    cost = primal(output.value)
    fault = range_fault(order, abs(cost), dtype)
    return Products(values, magnitudes, run.tied, cost, influence(order), fault)


class _Columns:
    """The directions that give all entries of a Hessian, and where each stands in the products."""

    def __init__(self, point: Point) -> None:
        """Choose the directions: a unit vector for every component, or one for every colour.

        Columns of one colour have no row in common, so that their sum shows the entries of each.
        """
        self.point = point
        self.column = np.arange(point.size)
        """Component → the direction that its column is read from."""
        self.directions = np.eye(point.size)
        self.stored: set[tuple[int, int]] | None = None
        if point.sparse(2):
            row, column = point.pattern(2)
            compression = compress((row, column), point.size)
            self.column[column] = compression.colour
            # An entry that the declared structure lacks would be added to another one, unnoticed. A
            # product with random numbers shows it: the stored entries do not add up to that.
            self.check = np.random.default_rng(0).uniform(-1, 1, point.size)
            self.directions = np.concatenate([compression.vectors, self.check[None]])
            self.stored = set(zip(row.tolist(), column.tolist(), strict=True))

    def read(self, found: Products, first: int) -> None:
        """Take the products with these directions, which begin at column `first`.

        Raises `ProblemError` where the stored entries times a vector are not H times it.
        """
        self.values, self.magnitudes = found.values[:, first:], found.magnitudes[:, first:]
        if self.stored is None:
            return
        totals = [arb(0)] * self.point.size
        for i, j in sorted(self.stored):
            totals[i] = totals[i] + self.values[i, self.column[j]] * arb(float(self.check[j]))
        for i, total in enumerate(totals):
            if not total.overlaps(self.values[i, -1]):
                raise self.point.lacks_entry(f"in the row of {self.point.component(i)}")

    def entry(self, i: int, j: int) -> tuple[arb, float]:
        """Return entry (i, j) and its Σ |terms|; 0 and 0 for one that is not stored."""
        if self.stored is not None and (i, j) not in self.stored:
            return arb(0), 0.0
        return self.values[i, self.column[j]], float(self.magnitudes[i, self.column[j]])


def _add_entries(
    sums: Sums, term: Entries, point: Point, found: Products, columns: _Columns
) -> None:
    """Add single second partials, each times its weight."""
    out, row, column = term.places
    weights = term.weights(point.seed_vector)
    for k, i, j, weight in zip(
        out.tolist(), row.tolist(), column.tolist(), weights.tolist(), strict=True
    ):
        value, magnitude = columns.entry(i, j)
        sums.add(k, value, magnitude, bool(found.tied[i] or found.tied[j]), weight)


def _add_product(sums: Sums, seed: np.ndarray, found: Products) -> None:
    """Add H·v. Where v moves a component that ties, no number of the product is known to exist."""
    moves = bool(np.any(found.tied & (seed != 0)))
    for k in range(len(seed)):
        rough = bool(found.tied[k]) or moves
        sums.add(k, found.values[k, 0], float(found.magnitudes[k, 0]), rough, 1.0)
