"""One operator by one backend: what `gradient`, `hessian`, … return, once or prepared for many."""

from __future__ import annotations

import functools
import inspect
import keyword
from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.catalogue.selection import (
    BackendSelector,
    ProblemSelector,
    find_backend,
    find_problem,
)
from calcbench.errors import SelectorError, short_repr
from calcbench.judge.runner import InProcess
from calcbench.judge.structure import check_structure
from calcbench.operators import Operator, find_operator
from calcbench.operators.matrix import require_dense
from calcbench.operators.operator import VALUE, highest_order, single, stored_order
from calcbench.problem.arguments import yes_or_no
from calcbench.problem.faults import EXITS, blamed_on
from calcbench.problem.inputs import own_point, read_data, read_parameters
from calcbench.problem.point import Point, same_integers
from calcbench.problem.problem import Arrays
from calcbench.problem.size import SizeLike

MATRICES = ("jacobian", "hessian")
"""Operators that may be given sparse."""

KEPT = 16
"""For how many other static data what was prepared for them is kept."""


class Evaluator:
    """An operator of a problem's cost by one backend, prepared once: call it at any point.

    The point is given by names, as `at` has it: parameters that are left out keep the problem's own
    values, and data by name take the place of the problem's. All keep the shapes that were prepared
    for. An operator that takes a direction (or a cotangent) takes it first.

        >>> slope = calcbench.prepare("batch_regression", "jax")
        >>> slope(m=0.9, b=0.1)
        {'m': array(36.305), 'b': array(6.265)}
        >>> calcbench.prepare("saddle", "jax", "hvp")({"x": 1, "y": 1}, x=3, y=2)
        {'x': array(2.), 'y': array(-2.)}
    """

    def __init__(self, point: Point, backend: Backend, operator: Operator, sparse: bool) -> None:
        """Prepare for points of the same shapes as this one; raises what `Backend.prepare` does."""
        self.point, self.backend, self.operator, self.sparse = point, backend, operator, sparse
        with blamed_on(point.problem.name, EXITS):
            self.prepared = backend.prepare(point, operator)
        self.others: list[tuple[Point, Prepared]] = []
        """Points with other static data than the problem's own, and what is prepared for them."""
        self.__signature__ = _signature(point, operator)

    def __call__(self, direction: Any = None, /, **values: Any) -> Any:
        """Evaluate at a point, given by names: what the function of the operator's name returns."""
        return self.evaluate(self._point(direction, values))

    def evaluate(self, point: Point) -> Any:
        """Evaluate at a `Point` of the same problem, whose direction is its `seed`."""
        if not isinstance(point, Point):
            raise SelectorError(
                f"{self.operator.selector} is evaluated at a calcbench.Point, and not at "
                f"{short_repr(point)}: call it with the values by name"
            )
        return self._present(self._run(point), point)

    def evaluate_checked(self) -> Any:
        """Evaluate at the point that was prepared for, and check a declared structure there.

        Raises `ProblemError` where it leaves out an entry that is not 0.
        """
        found = self._run(self.point)
        if self.operator.name in MATRICES:
            with blamed_on(self.point.problem.name, EXITS):
                entries = single(found)
                check_structure(self.operator, self.point, entries, [self.backend], InProcess())
        return self._present(found, self.point)

    def _run(self, point: Point) -> Arrays:
        with blamed_on(point.problem.name, EXITS):
            return self._prepared_for(point).evaluate(point)

    def _prepared_for(self, point: Point) -> Prepared:
        """Return what is prepared for the static data of a point; for others than the own, anew.

        Of a sparse matrix also for its integer data, which its structure may be made of.
        """
        known = [(self.point, self.prepared), *self.others]
        found = next((prepared for other, prepared in known if self._alike(point, other)), None)
        if found is None:
            found = self.backend.prepare(point, self.operator)
            self.others[:-KEPT] = []
            self.others.append((point, found))
        return found

    def _alike(self, point: Point, other: Point) -> bool:
        """Tell whether what is prepared at one point holds at the other."""
        if point.statics != other.statics:
            return False
        return same_integers(point, other) or not self._structured

    @functools.cached_property
    def _structured(self) -> bool:
        """Whether the result is the stored entries of a sparse matrix."""
        return stored_order(self.operator, self.point) is not None

    def _present(self, found: Arrays, point: Point) -> Any:
        return self.operator.present(point, found, self.sparse)

    def _point(self, direction: Any, values: Mapping[str, Any]) -> Point:
        """Make the point that a call is given. Raises `SelectorError` for one that does not fit."""
        what = f"{self.operator.selector} of {self.point.problem.name}"
        if isinstance(direction, Mapping) and not self.operator.seeded:
            raise SelectorError(
                f"{what}: the point is given by names, such as {_example(self.point)}, or **at"
            )
        data = {name: values[name] for name in self.point.problem.data if name in values}
        parameters = {name: value for name, value in values.items() if name not in data}
        point = self.point
        if parameters:
            point = point.with_values(read_parameters(self.point, parameters, what))
        if data:
            point = point.with_values(read_data(self.point, data, what))
        return _with_seed(point, self.operator, direction)

    def __repr__(self) -> str:
        """Say what is computed, of what, by whom and how."""
        problem = self.point.problem
        arguments = "; ".join(filter(None, map(", ".join, (problem.parameters, problem.data))))
        method = f": {self.prepared.method}" if self.prepared.method else ""
        what = f"{self.operator.selector} of {problem.name}({arguments})"
        return f"<{what}, {self.backend.selector}{method}>"


def evaluate(
    operator: str | Operator,
    problem: ProblemSelector,
    backend: BackendSelector,
    at: Mapping[str, Any] | None,
    size: SizeLike | None,
    seed: int,
    direction: Any = None,
    sparse: bool = False,
) -> Any:
    """Evaluate an operator of a problem's cost by one backend, once.

    A declared structure is checked by a product that needs no matrix. Raises `SelectorError` for
    bad input, `NotInstalled`, `Unsupported` or `ProblemError` as `Backend.prepare` does.
    """
    engine, point, wanted = _choose(operator, problem, backend, at, size, seed, sparse)
    seeded = _with_seed(point, wanted, direction)
    return Evaluator(seeded, engine, wanted, bool(sparse)).evaluate_checked()


def prepare(
    operator: str | Operator,
    problem: ProblemSelector,
    backend: BackendSelector,
    size: SizeLike | None,
    seed: int,
    sparse: bool = False,
) -> Evaluator:
    """Prepare an operator of a problem's cost on a backend. Raises what `evaluate` raises."""
    engine, point, wanted = _choose(operator, problem, backend, None, size, seed, sparse)
    drawn = wanted.seed_point(point, np.random.default_rng(seed))
    evaluator = Evaluator(drawn, engine, wanted, bool(sparse))
    if wanted.name in MATRICES and point.structure.sparse:
        evaluator.evaluate_checked()
    return evaluator


def _choose(
    operator: str | Operator,
    problem: ProblemSelector,
    backend: BackendSelector,
    at: Mapping[str, Any] | None,
    size: SizeLike | None,
    seed: int,
    sparse: bool,
) -> tuple[Backend, Point, Operator]:
    """Find what is asked for. Raises `Unsupported` for a dense matrix that is too large."""
    sparse = yes_or_no("sparse", sparse)
    chosen, engine = find_problem(problem), find_backend(backend)
    point = own_point(chosen, size, seed, at)
    wanted = find_operator(operator).resolve(point)
    if sparse and wanted.name not in MATRICES:
        raise SelectorError(f"sparse: only {' and '.join(MATRICES)} are matrices")
    if wanted.name in MATRICES and not sparse:
        require_dense(point, highest_order(wanted.terms(point)), wanted.name)
    return engine, point, wanted


def _with_seed(point: Point, operator: Operator, direction: Any) -> Point:
    """Take a direction or cotangent to a point. Raises `SelectorError` where it does not fit."""
    if direction is None and not operator.seeded:
        return point
    if direction is None:
        raise SelectorError(f"{operator.name} needs a {operator.seeded}: a dict of name → values")
    if operator.seeded == "cotangent" and not isinstance(direction, Mapping):
        direction = {VALUE: direction}
    return operator.seed_point(point, np.random.default_rng(0), direction)


def _signature(point: Point, operator: Operator) -> inspect.Signature:
    """List the arguments of an evaluator by name: what `help` and editors show."""
    names = (*point.problem.parameters, *point.problem.data)
    plain = [name for name in names if name.isidentifier() and not keyword.iskeyword(name)]
    by_name = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in plain]
    if len(plain) < len(names):  # `layers.0.weight`, which ** gives
        by_name.append(
            inspect.Parameter(
                "others" if "others" not in plain else "others_", inspect.Parameter.VAR_KEYWORD
            )
        )
    if not operator.seeded:
        return inspect.Signature(by_name)
    first = f"{operator.seeded}_" if operator.seeded in names else operator.seeded
    return inspect.Signature(
        [inspect.Parameter(first, inspect.Parameter.POSITIONAL_ONLY), *by_name]
    )


def _example(point: Point) -> str:
    """Write the parameters as a call gives them: `m=…, b=…`."""
    return ", ".join(f"{name}=…" for name in point.problem.parameters)
