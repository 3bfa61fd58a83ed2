"""The check of a declared sparsity structure, where no certificate has checked it.

A structure that leaves out an entry which is not 0 spoils other entries, and alike on all backends
that use the same colours: no vote would notice. So the stored entries times a random vector are
compared with a product that a backend computes without the matrix.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.judge.runner import Runner
from calcbench.operators import Operator, find_operator
from calcbench.operators.evaluation import add_up
from calcbench.operators.operator import stored_order
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.record.record import Status

PRODUCT = {1: "pushforward", 2: "hvp"}
"""Order of the partials → the operator that multiplies their matrix by a vector without it."""


def check_structure(
    operator: Operator,
    point: Point,
    entries: np.ndarray,
    backends: Iterable[Backend],
    runner: Runner,
) -> None:
    """Compare stored entries with a product, by the first of the backends that has it.

    To half of the digits of its floats: an entry that was left out is no matter of rounding. Raises
    `ProblemError` where they differ.
    """
    order = stored_order(operator, point)
    if order is None:
        return
    product = find_operator(PRODUCT[order])
    seeded = product.seed_point(point, np.random.default_rng(0))
    for backend in backends:
        run = runner.run_points(backend, {"own": seeded}, product)
        if run.status is Status.OK:
            whole = flatten(run.results["own"].values(), np.float64)
            tolerance = float(np.sqrt(np.finfo(backend.dtype).eps))
            _compare(seeded, order, entries.ravel(), whole, tolerance)
            return


def _compare(
    point: Point, order: int, entries: np.ndarray, whole: np.ndarray, tolerance: float
) -> None:
    """Raise `ProblemError` where the stored entries times the seed are not `whole`."""
    row, column = point.pattern(order)
    terms = entries * point.seed_vector[column]
    difference = np.abs(add_up(row, terms, len(whole)) - whole)
    scale = add_up(row, np.abs(terms), len(whole)) + np.abs(whole)
    wrong = np.flatnonzero(difference > tolerance * scale)
    if len(wrong):
        first = int(wrong[0])
        row_name = f"{point.problem.letter}[{first}]" if order == 1 else point.component(first)
        raise point.lacks_entry(f"in the row of {row_name}")
