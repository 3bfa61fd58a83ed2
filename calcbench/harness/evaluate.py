"""One operator by one backend: what the public functions `gradient`, `hessian`, … return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.catalogue.selection import (
    BackendSelector,
    ProblemSelector,
    find_backend,
    find_problem,
)
from calcbench.errors import SelectorError, Unsupported
from calcbench.judge.runner import InProcess
from calcbench.judge.structure import check_structure
from calcbench.operators import Operator, find_operator
from calcbench.operators.hessian import Hessian
from calcbench.operators.jacobian import Jacobian
from calcbench.operators.matrix import LARGEST
from calcbench.operators.operator import highest_order
from calcbench.problem.arguments import yes_or_no
from calcbench.problem.faults import EXITS, blamed_on
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Arrays
from calcbench.problem.structure import Pattern


def evaluate(
    operator: str | Operator,
    problem: ProblemSelector,
    backend: BackendSelector,
    at: Mapping[str, Any] | None,
    size: int | None,
    seed: int,
    direction: Mapping[str, Any] | None = None,
) -> Arrays:
    """Evaluate an operator of a problem's cost by one backend: the result in its layout.

    Raises `SelectorError` for bad input, `NotInstalled`, `Unsupported` or `ProblemError` as
    `Backend.prepare` does.
    """
    chosen = find_problem(problem)
    engine = find_backend(backend)
    point = own_point(chosen, size, seed, at)
    wanted = find_operator(operator).resolve(point)
    if wanted.seeded:
        if direction is None:
            raise SelectorError(f"{wanted.name} needs a direction: a dict of name → values")
        point = wanted.seed_point(point, np.random.default_rng(seed), direction)
    with blamed_on(chosen.name, EXITS):
        return engine.prepare(point, wanted).evaluate(point)


def evaluate_matrix(
    operator: Jacobian | Hessian,
    problem: ProblemSelector,
    backend: BackendSelector,
    at: Mapping[str, Any] | None,
    size: int | None,
    seed: int,
    sparse: bool,
) -> Any:
    """Evaluate a Jacobian or Hessian, as a dense array or a `scipy.sparse.csr_array`.

    A declared structure is checked by a product that needs no matrix. Raises what `evaluate`
    raises, and `Unsupported` for a matrix that is too large to be dense.
    """
    sparse = yes_or_no("sparse", sparse)
    chosen = find_problem(problem)
    point = own_point(chosen, size, seed, at)
    operator.resolve(point)
    order = highest_order(operator.terms(point))
    rows, columns = point.extent(order)
    if not sparse and rows * columns > LARGEST:
        raise Unsupported(
            f"the {operator.name} of problem {chosen.name!r} has {rows:,} × {columns:,} entries: "
            "ask for sparse=True"
        )
    engine = find_backend(backend)
    (found,) = evaluate(operator, chosen, engine, at, size, seed).values()
    if point.sparse(order):
        check_structure(operator, point, found, [engine], InProcess())
    if sparse:
        return _sparse_array(found.ravel(), point.pattern(order), (rows, columns))
    if not point.sparse(order):
        return found
    dense = np.zeros((rows, columns), found.dtype)
    dense[point.pattern(order)] = found
    return dense


def _sparse_array(entries: np.ndarray, pattern: Pattern, extent: tuple[int, int]) -> Any:
    """Make a SciPy array of the stored entries."""
    from scipy.sparse import csr_array

    return csr_array((entries, pattern), shape=extent)
