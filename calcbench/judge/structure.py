"""The check of a declared sparsity structure, where no certificate has checked it.

A structure that leaves out an entry which is not 0 spoils other entries, and alike on all backends
that use the same colours: no vote would notice. So the stored entries times a random vector are
compared with a product that a backend computes without the matrix.

What is between the two may be no entry: the error of a difference quotient, or the rounding of
terms that cancel, which no size of the row tells. The one lies within the bounds that the method
states. The other comes out otherwise wherever the numbers are rounded otherwise, which takes only a
few last digits. An entry that was left out stays nearly what it is, even close to a place where it
is 0: by moving so little, it changes by half only if it is no larger than what rounding the
parameters makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.judge.contract import Run
from calcbench.judge.runner import Runner
from calcbench.judge.sensitivity import perturb
from calcbench.operators import Operator, find_operator
from calcbench.operators.evaluation import add_up
from calcbench.operators.operator import stored_order
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.record.record import Status

PRODUCT = {1: "pushforward", 2: "hvp"}
"""Order of the partials → the operator that multiplies their matrix by a vector without it."""

TRIES = 16
"""Points nearby at which an entry must show again; rounding may repeat at one of them by chance."""

LAST_DIGITS = 0.75
"""The power of a dtype's rounding by which numbers move to those points, relative to themselves:
its last quarter of digits, half of those in which a row is suspected. So the low digits of all that
is computed are others, by some ten or thousand units."""


@dataclass(frozen=True)
class _Rows:
    """What the rows of a matrix give times the seed: by stored entries, and without the matrix."""

    gap: np.ndarray
    """The one less the other."""
    scale: np.ndarray
    """What the one and the other add up, without signs."""


def check_structure(
    operator: Operator,
    point: Point,
    entries: np.ndarray,
    backends: Iterable[Backend],
    runner: Runner,
) -> None:
    """Compare stored entries with a product, by the first of the backends that has it.

    `entries` are those of the first backend. To half of the digits of its floats: an entry that was
    left out is no matter of rounding. Raises `ProblemError` where they differ by more, and neither
    the methods' own errors nor terms that cancel can be why.
    """
    order = stored_order(operator, point)
    if order is None:
        return
    product = find_operator(PRODUCT[order])
    seeded = product.seed_point(point, np.random.default_rng(0))
    first, *others = backends
    for backend in (first, *others):
        run = runner.run_points(backend, {"own": seeded}, product)
        if run.status is Status.OK:
            rows = _multiply(seeded, order, entries.ravel(), _vector(run, "own"))
            tolerance = float(np.sqrt(np.finfo(backend.dtype).eps))
            suspected = np.abs(rows.gap) > tolerance * rows.scale
            doubt = _Doubt(runner, order, first, operator, backend, product)
            lacking = np.flatnonzero(doubt.leave(seeded, run, rows, suspected))
            if len(lacking):
                raise _lacks_entry(point, order, int(lacking[0]))
            return


def _lacks_entry(point: Point, order: int, row: int) -> Exception:
    name = f"{point.problem.letter}[{row}]" if order == 1 else point.component(row)
    return point.lacks_entry(f"in the row of {name}")


def _vector(run: Run, name: str) -> np.ndarray:
    return flatten(run.results[name].values(), np.float64)


def _multiply(point: Point, order: int, entries: np.ndarray, whole: np.ndarray) -> _Rows:
    """Multiply stored entries by the seed of a point, beside the product `whole`."""
    row, column = point.pattern(order)
    terms = entries * point.seed_vector[column]
    scale = add_up(row, np.abs(terms), len(whole)) + np.abs(whole)
    return _Rows(add_up(row, terms, len(whole)) - whole, scale)


@dataclass(frozen=True)
class _Doubt:
    """What else rows may differ by than an entry that they lack; both backends are asked again."""

    runner: Runner
    order: int
    storing: Backend
    """Whose entries they are."""
    operator: Operator
    multiplying: Backend
    """Whose product it is."""
    product: Operator

    def leave(self, seeded: Point, run: Run, rows: _Rows, suspected: np.ndarray) -> np.ndarray:
        """Leave of the suspected rows those that can only lack an entry."""
        if suspected.any():
            suspected = suspected & ~(np.abs(rows.gap) <= self._own_error(seeded, run))
        if suspected.any():
            suspected = suspected & self._shows_again(seeded, rows)
        return suspected

    def _own_error(self, seeded: Point, run: Run) -> np.ndarray:
        """Bound what the methods' own errors may do to each row: 0 for exact ones."""
        count, _ = seeded.extent(self.order)
        bound = _bound(run, count)
        if self.storing.kind == "approximate":
            plain = {"own": seeded.with_seed({})}
            row, column = seeded.pattern(self.order)
            stored = _bound(self.runner.run_points(self.storing, plain, self.operator), len(row))
            bound = bound + add_up(row, stored * np.abs(seeded.seed_vector[column]), count)
        return bound

    def _shows_again(self, seeded: Point, rows: _Rows) -> np.ndarray:
        """Tell of each row whether its gap is nearly the same at every point nearby.

        Where it has no number there, nothing is known against it.
        """
        again = np.ones(len(rows.gap), dtype=bool)
        near = _nearby(seeded, self.order, self._last_digits())
        near["own"] = seeded  # the last, where backends prepare
        plain = {name: point.with_seed({}) for name, point in near.items()}
        stored = self.runner.run_points(self.storing, plain, self.operator)
        multiplied = self.runner.run_points(self.multiplying, near, self.product)
        for name in near.keys() & stored.results.keys() & multiplied.results.keys():
            there = _multiply(
                near[name], self.order, _vector(stored, name), _vector(multiplied, name)
            )
            again &= ~(np.abs(there.gap - rows.gap) > np.abs(rows.gap) / 2)
        return again

    def _last_digits(self) -> float:
        """Return the relative change that leaves all but the last digits of the coarser dtype."""
        units = [float(np.finfo(b.dtype).eps) for b in (self.storing, self.multiplying)]
        return float(max(units) ** LAST_DIGITS)


def _bound(run: Run, count: int) -> np.ndarray:
    """Return the method's own bound at the own point: 0 for an exact one."""
    stated = run.bounds.get("own")
    return np.zeros(count) if stated is None else flatten(stated.values(), np.float64)


def _nearby(seeded: Point, order: int, relative: float) -> dict[str, Point]:
    """Move parameters and direction by this part of them; data stay, for others may be impossible.

    Points outside of the domain are left out, and those where another structure is declared.
    """
    rng = np.random.default_rng(1)
    row, column = seeded.pattern(order)
    found = {}
    for k in range(TRIES):
        values, seed = (
            {name: perturb(array, rng, relative) for name, array in arrays.items()}
            for arrays in (seeded.parameters, seeded.seed)
        )
        moved = seeded.with_values(values).with_seed(seed)
        there = moved.pattern(order)
        alike = np.array_equal(there[0], row) and np.array_equal(there[1], column)
        if alike and moved.problem.contains(moved.values):
            found[f"near-{k + 1}"] = moved
    return found
