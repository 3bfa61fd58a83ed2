"""The public functions: `gradient`, `reference`, `compare`, `verify`, `benchmark`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcbench import harness, plugins, points
from calcbench.errors import CalcbenchError, NotInstalled, SelectorError
from calcbench.harness import Progress, silent
from calcbench.interfaces import Backend, Problem
from calcbench.interfaces.problem import Arrays
from calcbench.record import Record, Status

if TYPE_CHECKING:
    from calcbench.bench.rounds import Settings
    from calcbench.bench.saved import SavedRun
    from calcbench.bench.session import Session
    from calcbench.certified.reference import Reference
    from calcbench.operators import Operator

ProblemSelector = str | Problem
BackendSelector = str | Backend


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
        from calcbench import tables

        return tables.as_text(self.records)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from calcbench import tables

        return tables.as_html(self.records)


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
    chosen = one_problem(problem)
    (engine,) = plugins.select_backends([backend])
    inputs = points.inputs(chosen, size, seed, at)
    prepared = engine.prepare(chosen, inputs)
    return prepared.unload(prepared.run(prepared.load(inputs)))


def reference(
    problem: ProblemSelector,
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
) -> Reference:
    """The certified gradient of a problem's cost: partials with rigorous error radii.

    Ball arithmetic on the cost itself, to 30 digits or more (`calcbench.certified`).

        >>> calcbench.reference("cylinder_volume", at={"r": 3, "l": 5})
        C = [141.371669411540695730818952248 +/- 4.23e-28]
        ∂C/∂r = [94.2477796076937971538793014984 +/- 1.50e-29]
        ∂C/∂l = [28.2743338823081391461637904495 +/- 1.56e-29]

    A partial that has no derivative at this point says so. Raises `NotCertified` where the cost
    leaves the array vocabulary, is not a number, or has a branch that no precision decides, and
    what `gradient` raises for bad input.
    """
    from calcbench.certified.reference import reference as certified

    chosen = one_problem(problem)
    return certified(chosen, points.inputs(chosen, size, seed, at))


def compare(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
    timed: bool = True,
    progress: Progress = silent,
) -> Comparison:
    """Differentiate problems by backends; judge who agrees, to how many digits; time one call.

    Without `problems`, all of them; without `backends`, all of them in their default modes.
    `at` needs a single problem. A missing framework is an error if its backend was asked for
    by name, and a record (`not_installed`) otherwise. `dtype` applies to every backend.

    Raises what `gradient` raises, for bad input; what a backend gets wrong is a record.
    """
    records: list[Record] = []
    for batch in compare_each(
        problems,
        backends,
        at,
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
    size: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
    timed: bool = True,
    progress: Progress = silent,
) -> Iterable[list[Record]]:
    """As `compare`, giving the records of each problem as soon as they are there."""
    named = _many(problems, "problem")
    chosen = plugins.select_problems(named) if named is not None else None
    if at is not None and (chosen is None or len(chosen) != 1):
        raise SelectorError("at: name the one problem whose parameters these are")
    engines = chosen_backends(backends, dtype)
    witnesses = _witnesses()
    for problem in chosen if chosen is not None else _every_problem(progress):
        if isinstance(problem, Record):
            yield [problem]
            continue
        alone = chosen is not None and len(chosen) == 1
        try:
            yield harness.compare(
                problem,
                engines,
                size=size if alone or len(problem.sizes) > 1 else None,
                seed=seed,
                at=at,
                timed=timed,
                witnesses=witnesses,
                progress=progress,
            )
        except CalcbenchError as error:
            if alone:
                raise
            yield [_refused(problem.name, error)]


def benchmark(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    sizes: int | Iterable[int] | None = None,
    *,
    dtypes: str | Iterable[str] | None = None,
    threads: int | Iterable[int] = 1,
    seed: int = 0,
    settings: Settings | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> SavedRun:
    """Time problems × backends × sizes × dtypes × threads; one process per backend, interleaved.

    Without `problems`, `backends` or `sizes`: all problems, all backends in their default modes,
    the sizes that each problem declares. `settings` say how closely (`cb.Settings`, `cb.QUICK`).
    With `output`, every cell is written to that file as it ends; with `resume`, those that the
    file holds already are not run again, unless they failed or their source or library versions
    have changed.

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
        dtypes=dtypes,
        threads=threads,
        seed=seed,
        settings=settings,
        output=output,
        resume=resume,
    )
    for record in begun.records(progress):
        progress(f"{record.problem} · {record.backend} · {record.status.value}")
    return begun.run()


def session(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    sizes: int | Iterable[int] | None = None,
    *,
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
    from calcbench.bench import cells
    from calcbench.bench.limits import processors
    from calcbench.bench.session import Session

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
    )
    if shard is not None:
        groups = cells.shard(groups, shard)
    path = None if output is None else Path(output)
    return Session(groups, settings, path, resume, _witnesses())


def _all_or_named(problems: Any) -> Iterable[Problem]:
    """The problems asked for, or all that can be run here."""
    named = _many(problems, "problem")
    if named is not None:
        return plugins.select_problems(named)
    return [found for found in _every_problem(silent) if isinstance(found, Problem)]


def _in_dtypes(backends: Any, dtypes: str | Iterable[str] | None) -> list[Backend]:
    """The backends asked for, in every dtype that they are asked for in, each once."""
    chosen = [dtypes] if dtypes is None or isinstance(dtypes, str) else list(dtypes)
    found = [engine for dtype in chosen for engine in chosen_backends(backends, dtype, load=False)]
    return list({engine.selector: engine for engine in found}.values())


def chosen_backends(
    backends: BackendSelector | Iterable[BackendSelector] | None,
    dtype: str | None = None,
    load: bool = True,
) -> list[Backend]:
    """The backends asked for, or all of them in their default modes.

    Raises `NotInstalled` where one asked for by name is missing or, with `load`, does not import.
    """
    options = {} if dtype is None else {"dtype": dtype}
    named = _many(backends, "backend")
    if named is None:
        return [_available(name, options) for name in plugins.backends()]
    engines = plugins.select_backends(named, **options)
    for engine in engines:
        reason = engine.missing()
        if reason:
            raise NotInstalled(f"backend {engine.name!r}: {reason}")
        if engine.requires and load:
            engine.framework()
    return engines


def _every_problem(progress: Progress) -> Iterable[Problem | Record]:
    """All problems; one whose file does not import is a record, and the others run."""
    catalogue = plugins.problems()
    for name in catalogue:
        try:
            yield catalogue[name]
        except CalcbenchError as error:
            yield _refused(name, error)


def _refused(name: str, error: CalcbenchError) -> Record:
    """The record of a problem that could not be run on any backend."""
    status = Status.NOT_INSTALLED if isinstance(error, NotInstalled) else Status.ERROR
    return Record(
        problem=name, backend="", operator="gradient", dtype="", status=status, reason=str(error)
    )


class BrokenPlugin(CalcbenchError):
    """A backend that is there but cannot be loaded: a fault, not something to install."""


@dataclass(frozen=True)
class Unavailable(Backend):
    """Stands in for a backend whose plugin cannot be loaded, so that its row says why."""

    name = "unavailable"
    kind = "exact"

    label: str = ""
    error: CalcbenchError = field(default_factory=CalcbenchError)

    @property
    def selector(self) -> str:
        """The name of the backend that is not there."""
        return self.label

    def prepare(
        self, problem: Problem, inputs: Arrays, operator: str | Operator = "gradient"
    ) -> Any:
        """Raise the error that says why."""
        raise self.error

    namespace = convert = prepare  # type: ignore[assignment]


def _available(name: str, options: dict[str, Any]) -> Backend:
    try:
        return plugins.backends()[name](**options)
    except SelectorError:
        raise
    except CalcbenchError as error:
        card = plugins.backends().cards[name]
        if card.missing and not card.broken:
            return Unavailable(label=name, error=NotInstalled(card.missing))
        return Unavailable(label=name, error=BrokenPlugin(str(error)))


def _witnesses() -> list[Backend]:
    """The witnesses of every backend that can be used here without installing anything."""
    catalogue = plugins.backends()
    free = [name for name, card in catalogue.cards.items() if not card.declared.get("requires")]
    return [witness for name in free for witness in _available(name, {}).witnesses()]


def one_problem(problem: ProblemSelector) -> Problem:
    """The one problem that is selected. Raises `SelectorError` for a file or theme of several."""
    found = plugins.select_problems([problem])
    if len(found) != 1:
        names = ", ".join(p.name for p in found)
        raise SelectorError(f"{problem!r} is {len(found)} problems ({names}): name one")
    return found[0]


def _many(selectors: Any, noun: str) -> list[Any] | None:
    """None, one selector or several, as a list; None stays None and means all."""
    if selectors is None:
        return None
    if isinstance(selectors, (str, Problem, Backend)):
        return [selectors]
    many = list(selectors)
    if not many:
        raise SelectorError(f"no {noun} is selected; leave the selection out for all of them")
    return many
