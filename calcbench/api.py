"""The public functions: the operators, `reference`, `compare`, `verify`, `benchmark`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from calcbench import operators
from calcbench.backend.backend import Backend
from calcbench.bench import cells
from calcbench.bench.rounds import Settings
from calcbench.bench.session import Session
from calcbench.catalogue.available import free_witnesses
from calcbench.catalogue.door import problems
from calcbench.catalogue.selection import (
    BackendSelector,
    ProblemSelector,
    as_list,
    chosen_backends,
    one_backend,
    one_problem,
    select_problems,
)
from calcbench.certified.reference import Reference
from calcbench.certified.reference import reference as certified
from calcbench.errors import CalcbenchError, NotInstalled, SelectorError, Unsupported, missing
from calcbench.harness.compare import compare_problem
from calcbench.judge.runner import InProcess
from calcbench.judge.structure import check_structure
from calcbench.operators import Operator
from calcbench.operators.hessian import Hessian
from calcbench.operators.jacobian import Jacobian
from calcbench.operators.matrix import LARGEST
from calcbench.operators.operator import highest_order
from calcbench.operators.partial import Partial
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.structure import Pattern
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record, Status
from calcbench.report.comparison import as_html, as_text
from calcbench.report.run import Run
from calcbench.workers.limits import processors


@dataclass(frozen=True)
class Comparison:
    """The records of a comparison. It prints as tables, in a terminal and in a notebook."""

    records: tuple[Record, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing disagreed and nothing failed."""
        return not any(record.status.failed for record in self.records)

    def __str__(self) -> str:
        """The tables as plain text."""

        return as_text(self.records)

    __repr__ = __str__

    def _repr_html_(self) -> str:

        return as_html(self.records)


def gradient(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> Arrays:
    """The gradient of a problem's cost by one backend: parameter name → array of its shape.

    `at` gives every parameter a value; without it the problem's own values are used. Data come
    from the problem, at `size` and `seed`.

        >>> calcbench.gradient("batch_regression", backend="torch", at={"m": 0.9, "b": 0.1})
        {'m': array(36.305), 'b': array(6.265)}

    Raises `SelectorError` for an unknown name or a bad `at`, `NotInstalled` where a framework is
    missing, `Unsupported` where the backend cannot do this problem, `ProblemError` where the
    problem breaks its contract.
    """
    return _result(problem, backend, at, "gradient", size, seed)


def value_and_gradient(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, Arrays]:
    """The cost and its gradient, sharing their work: (C, parameter name → array of its shape).

        >>> calcbench.value_and_gradient("saddle", "jax")
        (array(5.), {'x': array(6.), 'y': array(-4.)})

    Raises what `gradient` raises.
    """
    found = _result(problem, backend, at, "value_and_gradient", size, seed)
    name, *_ = found  # the value comes first
    return found.pop(name), found


def partial(
    problem: ProblemSelector,
    component: str = "",
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The partial derivative by one component, `m` or `w[3]` (or the first): an array of shape ().

    Of a vector-valued problem, the partials of all its outputs, shape (m,).

        >>> calcbench.partial("saddle", "y", "torch")
        array(-4.)

    Raises what `gradient` raises, and `SelectorError` for a component that there is not.
    """
    return _result(problem, backend, at, Partial(component), size, seed)["C"]


def pushforward(
    problem: ProblemSelector,
    direction: Mapping[str, Any],
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The derivative along a direction, J·v: of a cost ∇C·v, shape (); of a vector, shape (m,).

    `direction` gives every parameter an array of its shape.

        >>> calcbench.pushforward("saddle", {"x": 1, "y": 2}, "jax")
        array(-2.)

    Raises what `gradient` raises, and `SelectorError` for a direction that does not fit.
    """
    return _result(problem, backend, at, "pushforward", size, seed, direction)["C"]


def pullback(
    problem: ProblemSelector,
    cotangent: Any,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> Arrays:
    """A cotangent times the Jacobian, Jᵀu: parameter name → array of its shape.

    `cotangent` has the shape of the value: a number for a cost, (m,) for a vector; or is a dict
    with that as `C`.

        >>> calcbench.pullback("saddle", 10, "jax")
        {'x': array(60.), 'y': array(-40.)}

    Raises what `gradient` raises, and `SelectorError` for a cotangent that does not fit.
    """
    given = cotangent if isinstance(cotangent, Mapping) else {"C": cotangent}
    return _result(problem, backend, at, "pullback", size, seed, given)


def jacobian(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
    sparse: bool = False,
) -> Any:
    """The Jacobian of a vector-valued problem: a row per output, a column per component.

    The components are those of all parameters, in order, end to end. With `sparse`, a
    `scipy.sparse.csr_array` of the entries that the problem's `structure` stores.

    Raises what `gradient` raises, and `Unsupported` for a cost (it has a gradient), or for a
    matrix that is too large to be given dense.
    """
    return _matrix(problem, backend, at, Jacobian(), size, seed, sparse)


def hvp(
    problem: ProblemSelector,
    direction: Mapping[str, Any],
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> Arrays:
    """The Hessian times a direction, without the Hessian: parameter name → array of its shape.

        >>> calcbench.hvp("saddle", {"x": 1, "y": 1}, "jax")
        {'x': array(2.), 'y': array(-2.)}

    Raises what `gradient` raises, and `SelectorError` for a direction that does not fit.
    """
    return _result(problem, backend, at, "hvp", size, seed, direction)


def hessian(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
    sparse: bool = False,
) -> Any:
    """The Hessian of a problem's cost: a square matrix over the components of all parameters.

    They stand in order, end to end. With `sparse`, a `scipy.sparse.csr_array` of the entries
    that the problem's `structure` stores.

        >>> calcbench.hessian("saddle", "torch")
        array([[ 2.,  0.],
               [ 0., -2.]])

    Raises what `gradient` raises, and `Unsupported` for a vector-valued problem, or for a matrix
    that is too large to be given dense.
    """
    return _matrix(problem, backend, at, Hessian(), size, seed, sparse)


def second_derivative(
    problem: ProblemSelector,
    backend: BackendSelector = "by_hand",
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """d²C/dx² of a cost of a single number: an array of the parameter's shape.

        >>> calcbench.second_derivative("square", "sympy")
        array(2.)

    Raises what `gradient` raises, and `Unsupported` for a problem of several numbers.
    """
    (found,) = _result(problem, backend, at, "second_derivative", size, seed).values()
    return found


def _result(
    problem: ProblemSelector,
    backend: BackendSelector,
    at: Mapping[str, Any] | None,
    operator: str | Operator,
    size: int | None,
    seed: int,
    direction: Mapping[str, Any] | None = None,
) -> Arrays:
    """What one backend gives for an operator, in its layout."""
    chosen = one_problem(problem)
    engine = one_backend(backend)
    point = own_point(chosen, size, seed, at)
    wanted = operators.find_operator(operator).resolve(point)
    if wanted.seeded:
        if direction is None:
            raise SelectorError(f"{wanted.name} needs a direction: a dict of name → values")
        point = wanted.seed_point(point, np.random.default_rng(seed), direction)
    return engine.prepare(point, wanted).evaluate(point)


def _matrix(
    problem: ProblemSelector,
    backend: BackendSelector,
    at: Mapping[str, Any] | None,
    operator: Jacobian | Hessian,
    size: int | None,
    seed: int,
    sparse: bool,
) -> Any:
    """A matrix, dense or sparse, from its entries or from its stored ones."""
    chosen = one_problem(problem)
    point = own_point(chosen, size, seed, at)
    operator.resolve(point)
    order = highest_order(operator.terms(point))
    rows, columns = point.extent(order)
    if not sparse and rows * columns > LARGEST:
        raise Unsupported(
            f"the {operator.name} of problem {chosen.name!r} has {rows:,} × {columns:,} entries: "
            "ask for sparse=True"
        )
    engine = one_backend(backend)
    (found,) = _result(chosen, engine, at, operator, size, seed).values()
    if point.sparse(order):
        check_structure(operator, point, found, [engine], InProcess())
    if sparse:
        return _csr(found.ravel(), point.pattern(order), (rows, columns))
    if not point.sparse(order):
        return found
    dense = np.zeros((rows, columns), found.dtype)
    dense[point.pattern(order)] = found
    return dense


def _csr(entries: np.ndarray, pattern: Pattern, extent: tuple[int, int]) -> Any:
    reason = missing(("scipy",), "python -m pip install scipy")
    if reason:
        raise NotInstalled(f"sparse=True: {reason}")
    from scipy.sparse import csr_array

    return csr_array((entries, pattern), shape=extent)


def reference(
    problem: ProblemSelector,
    at: Mapping[str, Any] | None = None,
    *,
    operator: str | Operator = "gradient",
    direction: Mapping[str, Any] | None = None,
    size: int | None = None,
    seed: int = 0,
) -> Reference:
    """The certified gradient of a problem's cost, or another operator, with rigorous error radii.

    Ball arithmetic on the cost itself, to 30 digits or more (`calcbench.certified`).

        >>> calcbench.reference("cylinder_volume", at={"r": 3, "l": 5})
        C = [141.371669411540695730818952248 +/- 4.23e-28]
        ∂C/∂r = [94.2477796076937971538793014984 +/- 1.50e-29]
        ∂C/∂l = [28.2743338823081391461637904495 +/- 1.56e-29]

    A number that does not exist because a comparison ties here says so. Without `direction`, a
    product is taken with a random one. Raises `NotCertified` where the cost leaves the array
    vocabulary, is not a number, or has a branch that no precision decides, and what `gradient`
    raises for bad input.
    """

    chosen = one_problem(problem)
    point = own_point(chosen, size, seed, at)
    wanted = operators.find_operator(operator).resolve(point)
    rng = np.random.default_rng([seed, 3])
    return certified(wanted.seed_point(point, rng, direction), wanted)


def compare(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    operator: str | Operator = "gradient",
    direction: Mapping[str, Any] | None = None,
    size: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
    timed: bool = True,
    progress: Progress = silent,
) -> Comparison:
    """Differentiate problems by backends; judge who agrees, to how many digits; time one call.

    Without `problems`, all of them; without `backends`, the default ones in their default modes;
    `"all"` is every backend that there is. `at` needs a single problem. A missing framework is an
    error if its backend was asked for by name, and a record (`not_installed`) otherwise. `dtype`
    applies to every backend. `operator` asks for something else than the gradient, such as
    `"hessian"` (see `calcbench.operators`); where a problem or backend has none, its record is
    `skipped`. Products are taken with `direction` (a single problem's), or with a random one.

    Raises what `gradient` raises, for bad input; what a backend gets wrong is a record.
    """
    records: list[Record] = []
    for batch in compare_each(
        problems,
        backends,
        at,
        operator=operator,
        direction=direction,
        size=size,
        seed=seed,
        dtype=dtype,
        timed=timed,
        progress=progress,
    ):
        records.extend(batch)
    return Comparison(tuple(records))


def verify(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    **options: Any,
) -> Comparison:
    """`compare` without the timing: agreement alone. `.ok` tells whether all is well."""
    return compare(problems, backends, at, timed=False, **options)


def compare_each(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    operator: str | Operator = "gradient",
    direction: Mapping[str, Any] | None = None,
    size: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
    timed: bool = True,
    progress: Progress = silent,
) -> Iterable[list[Record]]:
    """As `compare`, giving the records of each problem as soon as they are there."""
    named = as_list(problems, "problem")
    chosen = select_problems(named) if named is not None else None
    if at is not None and (chosen is None or len(chosen) != 1):
        raise SelectorError("at: name the one problem whose parameters these are")
    if direction is not None and (chosen is None or len(chosen) != 1):
        raise SelectorError("direction: name the one problem whose parameters these are")
    asked = operators.find_operator(operator)
    engines = chosen_backends(backends, dtype)
    witnesses = free_witnesses()
    for problem in chosen if chosen is not None else _every_problem(progress):
        if isinstance(problem, Record):
            yield [replace(problem, operator=asked.selector)]
            continue
        alone = chosen is not None and len(chosen) == 1
        try:
            yield compare_problem(
                problem,
                engines,
                size=size if alone or len(problem.sizes) > 1 else None,
                seed=seed,
                at=at,
                operator=asked,
                direction=direction,
                timed=timed,
                witnesses=witnesses,
                progress=progress,
            )
        except CalcbenchError as error:
            if alone:
                raise
            yield [replace(_refused(problem.name, error), operator=asked.selector)]


def benchmark(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    sizes: int | Iterable[int] | None = None,
    *,
    operator: str | Operator = "gradient",
    dtypes: str | Iterable[str] | None = None,
    threads: int | Iterable[int] = 1,
    seed: int = 0,
    settings: Settings | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> Run:
    """Time problems × backends × sizes × dtypes × threads; one process per backend, interleaved.

    Without `problems`, `backends` or `sizes`: all problems, the default backends in their default
    modes (`"all"`: every backend), the sizes that each problem declares. `operator` asks for
    something else than the gradient. `settings` say how closely (`cb.Settings`, `cb.QUICK`). With
    `output`, every cell is written to that file as it ends; with `resume`, those that the file
    holds already are not run again, unless they failed or their source or library versions have
    changed.

        >>> run = calcbench.benchmark("batch_regression", "torch", settings=calcbench.QUICK)
        >>> run.records[0].seconds["call"]      # seconds of one gradient, steady state
        4.6e-05

    Raises `SelectorError` for a bad selection and `NotInstalled` where a backend asked for by
    name is missing. Whatever a backend does wrong, be it a crash or a hang, is a record.
    """
    begun = session(
        problems,
        backends,
        sizes,
        operator=operator,
        dtypes=dtypes,
        threads=threads,
        seed=seed,
        settings=settings,
        output=output,
        resume=resume,
    )
    for record in begun.records(progress):
        progress(f"{record.problem} · {record.backend} · {record.status.value}")
    return Run.of(begun.run())


def session(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    sizes: int | Iterable[int] | None = None,
    *,
    operator: str | Operator = "gradient",
    dtypes: str | Iterable[str] | None = None,
    threads: int | Iterable[int] = 1,
    seed: int = 0,
    shard: str | None = None,
    settings: Settings | None = None,
    output: str | Path | None = None,
    resume: bool = False,
) -> Session:
    """What `benchmark` does, not yet begun: it tells its cells, and gives record by record.

    `shard` takes a part of the matrix: `1/4` is the first of four.
    """

    numbers = [threads] if isinstance(threads, int) else list(threads)
    for number in numbers:
        if not 1 <= number <= processors():
            raise SelectorError(f"threads must be from 1 to {processors()} here, got {number}")
    groups = cells.groups(
        list(_all_or_named(problems)),
        _in_dtypes(backends, dtypes),
        [sizes] if isinstance(sizes, int) else None if sizes is None else list(sizes),
        numbers,
        seed,
        operators.find_operator(operator),
    )
    if shard is not None:
        groups = cells.shard(groups, shard)
    path = None if output is None else Path(output)
    return Session(groups, settings, path, resume, free_witnesses())


def _all_or_named(problems: Any) -> Iterable[Problem]:
    """The problems asked for, or all that can be run here."""
    named = as_list(problems, "problem")
    if named is not None:
        return select_problems(named)
    return [found for found in _every_problem(silent) if isinstance(found, Problem)]


def _in_dtypes(backends: Any, dtypes: str | Iterable[str] | None) -> list[Backend]:
    """The backends asked for, in every dtype that they are asked for in, each once."""
    chosen = [dtypes] if dtypes is None or isinstance(dtypes, str) else list(dtypes)
    found = [engine for dtype in chosen for engine in chosen_backends(backends, dtype, load=False)]
    return list({engine.selector: engine for engine in found}.values())


def _every_problem(progress: Progress) -> Iterable[Problem | Record]:
    """All problems; one whose file does not import is a record, and the others run."""
    catalogue = problems()
    for name in catalogue:
        try:
            yield catalogue[name]
        except CalcbenchError as error:
            yield _refused(name, error)


def _refused(name: str, error: CalcbenchError) -> Record:
    """The record of a problem that could not be run on any backend."""
    status = Status.NOT_INSTALLED if isinstance(error, NotInstalled) else Status.ERROR
    if isinstance(error, SelectorError):  # a component that this one of several does not have
        status = Status.SKIPPED
    return Record(
        problem=name, backend="", operator="gradient", dtype="", status=status, reason=str(error)
    )
