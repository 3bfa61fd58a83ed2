"""The check of a declared structure where no certificate has checked it.

A structure that leaves out an entry which is not 0 spoils others, alike on all backends that go by
the same colours: no vote would notice. So the stored entries times a random vector are held against
a product that a backend takes without the matrix.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.errors import ProblemError
from calcbench.judge.asking import Asking
from calcbench.operators import Operator, named
from calcbench.operators.jacobian import Jacobian
from calcbench.operators.operator import component, parameter_shapes
from calcbench.problem.flat import flatten
from calcbench.problem.problem import Arrays, Problem
from calcbench.record.record import Status

PRODUCT = {"hessian": "hvp", "jacobian": "pushforward"}
"""The operator → the product with its matrix that needs no matrix."""


def check_structure(
    problem: Problem,
    operator: Operator,
    inputs: Arrays,
    entries: np.ndarray,
    backends: Iterable[Backend],
    ask: Asking,
) -> None:
    """Hold stored entries against the first of the backends that has the product.

    To half of the digits of its floats: an entry that was left out is no matter of rounding. Raises
    `ProblemError` where they differ.
    """
    if operator.name not in PRODUCT or not problem.structure(inputs).sparse:
        return
    product = named(PRODUCT[operator.name])
    seeded = product.seeded_at(problem, inputs, np.random.default_rng(0))
    along = np.concatenate([seeded[name].ravel() for name in product.seeds(problem, inputs)])
    for backend in backends:
        run = ask.run_points(problem, backend, {"own": seeded}, product)
        if run.status is Status.OK:
            whole = flatten(run.results["own"])
            tolerance = float(np.sqrt(np.finfo(backend.dtype).eps))
            _compare(problem, operator, inputs, entries.ravel(), along, whole, tolerance)
            return


def _compare(
    problem: Problem,
    operator: Operator,
    inputs: Arrays,
    entries: np.ndarray,
    along: np.ndarray,
    whole: np.ndarray,
    tolerance: float,
) -> None:
    rows = len(whole)
    row, column = problem.structure(inputs).pattern(rows, len(along))
    terms = entries * along[column]
    difference = np.abs(np.bincount(row, terms, rows) - whole)
    scale = np.bincount(row, np.abs(terms), rows) + np.abs(whole)
    wrong = np.flatnonzero(difference > tolerance * scale)
    if len(wrong):
        first = int(wrong[0])
        shapes = parameter_shapes(problem, inputs)
        told = f"C[{first}]" if operator.name == Jacobian.name else component(shapes, first)
        raise ProblemError(
            f"problem {problem.name!r}: the declared structure leaves out an entry that is not 0, "
            f"in the row of {told}"
        )
