"""Second derivatives in balls: the reverse sweep on jets, along many directions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.evaluation import Found, evaluate, influence, range_fault
from calcbench.certified.jets import primal, slope_terms, slopes
from calcbench.certified.sums import Sums
from calcbench.errors import ProblemError
from calcbench.operators.colouring import compress
from calcbench.operators.entries import Entries, Product, Term
from calcbench.problem.point import Point

AT_ONCE = 64
"""Directions in one sweep. More would gain little, and every intermediate result has as many
slopes, twice over: a bound on memory."""


@dataclass(frozen=True)
class Products:
    """H·S for the directions S, the columns of a matrix (components, k)."""

    values: np.ndarray
    """(components, k): balls."""
    magnitudes: np.ndarray
    """(components, k): Σ |terms|."""
    tied: np.ndarray
    cost: arb
    cost_magnitude: float
    range_fault: str


def second_order(
    point: Point, terms: tuple[Term, ...], size: int, dtype: str, deadline: float
) -> Found:
    """Evaluate terms of second partials in balls, at the working precision.

    What is a product takes one direction, the seed; what picks entries takes one for every
    component, or every colour of a sparse Hessian. Raises as `evaluate`; `TooSlow` past the
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
    return Found(
        sums.values,
        sums.magnitudes,
        sums.rough,
        found.cost,
        found.cost_magnitude,
        found.range_fault,
    )


def products(point: Point, directions: np.ndarray, dtype: str, deadline: float) -> Products:
    """Multiply the Hessian by every column of `directions` (components, k)."""
    parts = [
        _sweep(point, directions[:, start : start + AT_ONCE], dtype, deadline)
        for start in range(0, directions.shape[1], AT_ONCE)
    ]
    values = np.concatenate([part.values for part in parts], axis=1)
    magnitudes = np.concatenate([part.magnitudes for part in parts], axis=1)
    first = parts[0]
    return Products(
        values, magnitudes, first.tied, first.cost, first.cost_magnitude, first.range_fault
    )


def _sweep(point: Point, directions: np.ndarray, dtype: str, deadline: float) -> Products:
    """Evaluate once on jets, and sweep back once."""
    run = evaluate(point, deadline, directions)
    (output,) = run.outputs
    order = list(reversed(run.tape))
    balls.reverse([(output, arb(1))], order, slope_terms)
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
    """Where each entry of a Hessian stands in its products with some directions."""

    def __init__(self, point: Point) -> None:
        """Choose the directions: a unit vector for every component, or one for every colour.

        Of a sparse Hessian there is one more, to check its structure by.
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
            self.check = np.random.default_rng(0).uniform(-1, 1, point.size)
            self.directions = np.concatenate([compression.seeds, self.check[None]])
            self.stored = set(zip(row.tolist(), column.tolist(), strict=True))

    def read(self, found: Products, first: int) -> None:
        """Take the products, of which the first of these directions is number `first`.

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
                raise ProblemError(
                    f"problem {self.point.problem.name!r}: the declared structure leaves out an "
                    f"entry that is not 0, in the row of {self.point.component(i)}"
                )

    def entry(self, i: int, j: int) -> tuple[arb, float]:
        """Return an entry and its Σ |terms|; 0 for one that is not stored."""
        if self.stored is not None and (i, j) not in self.stored:
            return arb(0), 0.0
        return self.values[i, self.column[j]], float(self.magnitudes[i, self.column[j]])


def _add_entries(
    sums: Sums, term: Entries, point: Point, found: Products, columns: _Columns
) -> None:
    out, row, column = term.places
    weights = term.weights(point.seed_vector)
    for k, i, j, weight in zip(
        out.tolist(), row.tolist(), column.tolist(), weights.tolist(), strict=True
    ):
        value, magnitude = columns.entry(i, j)
        sums.add(k, value, magnitude, bool(found.tied[i] or found.tied[j]), weight)


def _add_product(sums: Sums, seed: np.ndarray, found: Products) -> None:
    """Add H·v. Where v moves what ties, no component is known to have a derivative along it."""
    moves = bool(np.any(found.tied & (seed != 0)))
    for k in range(len(seed)):
        rough = bool(found.tied[k]) or moves
        sums.add(k, found.values[k, 0], float(found.magnitudes[k, 0]), rough, 1.0)
