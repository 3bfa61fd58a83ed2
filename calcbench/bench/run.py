"""The benchmark: set every cell of a matrix up, time them in rounds, judge their results.

Wrong results are timed too, and the record says so: what is fast and wrong is worth knowing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import cloudpickle
import numpy as np

from calcbench.backend.backend import Backend
from calcbench.bench import intervals, worker
from calcbench.bench.cells import Group
from calcbench.bench.environment import versions
from calcbench.bench.fingerprint import digest, fingerprint
from calcbench.bench.rounds import Pace, RunningCell, Settings, visit
from calcbench.catalogue.files import FILE_MODULE
from calcbench.errors import CalcbenchError
from calcbench.harness.compare import component_labels, reference_value
from calcbench.judge.contract import Run, classify_error
from calcbench.judge.judge import Outcome, judge
from calcbench.operators import Operator
from calcbench.operators.points import points_for
from calcbench.problem.function import FunctionProblem
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem
from calcbench.problem.sampling import describe_data
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record, Status
from calcbench.record.samples import Timing
from calcbench.workers.isolation import Worker

SMALL_RESULT = 64
"""Numbers up to which a record holds the result itself, its reference and its bound."""


def bench(
    groups: Sequence[Group],
    settings: Settings,
    run: str,
    *,
    witnesses: Sequence[Backend] = (),
    progress: Progress = silent,
) -> Iterator[Record]:
    """Time every cell of every group, and yield each record as soon as it is there.

    `run` is the id of the environment that the records name; `witnesses` are backends to run where
    the others contradict each other, or are few. Whatever a backend or a problem does wrong is a
    record.
    """
    processes: dict[str, Worker] = {}
    pace = Pace()
    confinement: tuple[str, int] | None = None
    try:
        for number, group in enumerate(groups):
            # Groups of one dtype and thread count come one after the other (`cells.groups`): no
            # later one needs these processes.
            if confinement != (group.dtype, group.threads):
                _stop(processes)
                confinement = (group.dtype, group.threads)
            cells = [
                RunningCell(
                    b, processes.setdefault(b.selector, Worker(group.threads, settings.memory))
                )
                for b in group.backends
            ]
            batch = f"{run}-{number}"
            for record in _bench_group(group, cells, batch, settings, pace, witnesses, progress):
                yield replace(record, run=run)
    finally:
        _stop(processes)


def due(groups: Sequence[Group], finished: Collection[Record]) -> list[Group]:
    """Leave out the cells that are finished, and the groups that have no others.

    A finished record whose source or library versions have changed since is due again.
    """
    by_key = {record.key: record for record in finished}
    remaining = [
        replace(
            group,
            backends=tuple(
                b for b in group.backends if not _current(by_key.get(group.key(b)), group, b)
            ),
        )
        for group in groups
    ]
    return [group for group in remaining if group.backends]


def _current(record: Record | None, group: Group, backend: Backend) -> bool:
    """Tell whether a record is of the same source and versions as its cell would be now."""
    return (
        record is not None
        and record.source == _sources(group.problem, backend)
        and record.versions == _versions(group.problem, backend)
    )


def _sources(problem: Problem, backend: Backend) -> dict[str, str]:
    """Return the fingerprints of a cell's problem and backend."""
    return {"problem": fingerprint(problem), "backend": fingerprint(backend)}


def _versions(problem: Problem, backend: Backend) -> dict[str, str]:
    """Return the versions of the libraries that a cell uses."""
    return versions((*backend.requires, *problem.requires))


def _stop(processes: dict[str, Worker]) -> None:
    """Stop all processes, and leave none in the dictionary."""
    while processes:
        processes.popitem()[1].stop()


def _bench_group(
    group: Group,
    cells: Sequence[RunningCell],
    batch: str,
    settings: Settings,
    pace: Pace,
    witnesses: Sequence[Backend],
    progress: Progress,
) -> Iterator[Record]:
    """Time one group's cells, and yield their records: first those that could not be set up."""
    try:
        own = own_point(group.problem, group.size, group.seed)
        # `partial` without a component is resolved to the first of the problem at hand.
        operator = group.operator.resolve(own)
        where = points_for(own, operator, group.seed)
        own = where["own"]
    except CalcbenchError as error:
        for cell in cells:
            yield _cell_record(group, cell, None, *classify_error(error))
        return
    for cell in cells:
        progress(f"{group.title} · {cell.backend.selector} · setting up")
        _set_up(cell, group, operator, own, settings)
        if cell.failure is not None:
            yield _cell_record(group, cell, own, cell.failure.status, cell.failure.reason)
    running = [cell for cell in cells if cell.failure is None]
    visit(running, settings, group.seed, pace, lambda text: progress(f"{group.title} · {text}"))
    # Before the check of the results, whose work is not a call's: it would count as busy threads.
    busy = [
        cell.ask(worker.threads_busy, timeout=settings.timeout) if cell.failure is None else None
        for cell in running
    ]
    progress(f"{group.title} · checking the results")
    verdicts = _judge_cells(group, operator, running, where, settings, witnesses)
    for cell, verdict, threads in zip(running, verdicts, busy, strict=True):
        yield _measured_record(group, cell, own, verdict, batch, pace, threads)
        if cell.failure is None:
            cell.ask(worker.release, timeout=settings.timeout)


def _set_up(
    cell: RunningCell, group: Group, operator: Operator, own: Point, settings: Settings
) -> None:
    """Set a cell up in its process; where that cannot be done, give it a failure."""
    reason = cell.backend.missing()
    if reason:
        reason = f"backend {cell.backend.name!r}: {reason}"
        cell.failure = worker.Failure(Status.NOT_INSTALLED, reason)
        return
    try:
        parts = _pickle(group.problem), _pickle(cell.backend)
    except Exception as error:  # whatever an object of a plugin's raises that cannot be pickled
        reason = f"cannot be sent to a process of its own: {type(error).__name__}: {error}"
        cell.failure = worker.Failure(Status.ERROR, reason)
        return
    cell.setup = cell.ask(
        worker.set_up,
        *parts,
        operator,
        group.size,
        group.seed,
        settings.burst,
        timeout=settings.timeout,
    )
    if cell.setup is not None and cell.setup.inputs != digest(own.values):
        reason = (
            f"problem {group.problem.name!r}: inputs() gives other values in another process: "
            "draw from rng alone"
        )
        cell.failure = worker.Failure(Status.ERROR, reason)


def _pickle(part: Problem | Backend) -> bytes:
    """Pickle a problem or backend; one that came from a file or a notebook with its code.

    The process could not import the module that defines it.
    """
    kind: Any = part._function if isinstance(part, FunctionProblem) else type(part)
    module = sys.modules.get(kind.__module__)
    if module is None or not kind.__module__.startswith(FILE_MODULE):
        return bytes(cloudpickle.dumps(part))
    cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(part))
    finally:
        cloudpickle.unregister_pickle_by_value(module)


# --- the verdicts --------------------------------------------------------------------------


class ProcessLost(CalcbenchError):
    """Raised where a backend's process ends while it runs something for the judge."""


class InWorkers:
    """The judge's runner (`judge.runner.Runner`) that runs each backend in its own process."""

    def __init__(self, cells: Sequence[RunningCell], timeout: float) -> None:
        """Take the cells that are set up."""
        self.cells = {cell.backend.selector: cell for cell in cells}
        self.timeout = timeout

    def run_points(self, backend: Backend, where: Mapping[str, Point], operator: Operator) -> Run:
        """Run at other points than the cell's; the operator is prepared anew."""
        cell = self.cells[backend.selector]
        return _run(cell, worker.run_points, _numbers(where), operator, timeout=self.timeout)

    def sensitivities(
        self, backend: Backend, where: Mapping[str, Point], seed: int, operator: Operator
    ) -> dict[str, np.ndarray]:
        """Measure κ with this backend. Raises `ProcessLost` where its process ends meanwhile."""
        cell = self.cells[backend.selector]
        found: dict[str, np.ndarray] | None = cell.ask(
            worker.sensitivities, _numbers(where), seed, timeout=self.timeout
        )
        if found is None:
            raise ProcessLost(backend.selector)
        return found


def _numbers(where: Mapping[str, Point]) -> dict[str, worker.Numbers]:
    """Take the numbers of points, to be sent to a process that has the problem already."""
    return {name: (point.values, point.seed) for name, point in where.items()}


def _run(cell: RunningCell, task: Callable[..., Any], *arguments: Any, timeout: float) -> Run:
    """Run a task that gives `worker.Evidence`, and make a `Run` of it, or of the cell's failure."""
    found = cell.ask(task, *arguments, timeout=timeout) if cell.failure is None else None
    if found is None:
        assert cell.failure is not None
        return Run(cell.backend, cell.failure.status, cell.failure.reason)
    return Run(
        cell.backend,
        found.status,
        found.reason,
        found.method,
        found.results,
        found.bounds,
        found.failures,
    )


def _judge_cells(
    group: Group,
    operator: Operator,
    cells: Sequence[RunningCell],
    where: Mapping[str, Point],
    settings: Settings,
    witnesses: Sequence[Backend],
) -> list[Record]:
    """Judge the results of the cells: one record for each, in their order."""
    runs = [_run(cell, worker.evidence, timeout=settings.timeout) for cell in cells]
    while True:
        try:
            runner = InWorkers(cells, settings.timeout)
            decided = judge(runs, where, group.seed, witnesses, operator, runner)
        except ProcessLost:
            # The judge begins anew, with the failure of that cell in place of its result: at most
            # once for each cell.
            runs = [
                run if cell.failure is None else _run(cell, worker.evidence, timeout=0.0)
                for run, cell in zip(runs, cells, strict=True)
            ]
        except Exception as error:  # a fault of the problem's, perhaps; other groups go on
            status, reason = classify_error(error)
            return [_cell_record(group, cell, None, status, reason) for cell in cells]
        else:
            labels = component_labels(operator.layout(where["own"]))
            return [
                _complete(record, run, where, decided, labels)
                for run, record in zip(runs, decided.records, strict=True)
            ]


def _complete(
    record: Record,
    run: Run,
    where: Mapping[str, Point],
    decided: Outcome,
    labels: tuple[str, ...],
) -> Record:
    """Add to a verdict the result, and what it was compared with."""
    truth = decided.certificate.truth if decided.certificate else None
    return replace(
        record,
        direction=where["own"].seed,
        value=run.results.get("own"),
        labels=labels,
        reference=reference_value(truth) if truth else None,
        certified_digits=truth.digits if truth else None,
        judged=decided.note,
        data=describe_data(where),
        condition=decided.condition,
    )


# --- the records ---------------------------------------------------------------------------


def _cell_record(
    group: Group,
    cell: RunningCell,
    own: Point | None,
    status: Status,
    reason: str,
    verdict: Record | None = None,
) -> Record:
    """Make the record of a cell: what was to be run, by what source and versions, and its end.

    `verdict` is the judge's record, if there is one. Numbers are left out of large results.
    """
    backend = cell.backend
    record = verdict or _unjudged(group, backend, status)
    components = own.size if own else 0
    small_point = components <= SMALL_RESULT
    small_result = (
        record.value is not None and sum(a.size for a in record.value.values()) <= SMALL_RESULT
    )
    return replace(
        record,
        operator=group.operator.selector,  # as it was selected: `partial`, not `partial[m]`
        status=status,
        reason=reason,
        size=group.size,
        seed=group.seed,
        components=components or None,
        at=own.parameters if own and small_point else {},
        direction=record.direction if small_point else {},
        value=record.value if small_result else None,
        reference=record.reference if small_result else None,
        bound=record.bound if small_result else None,
        labels=record.labels if small_result else (),
        threads=group.threads,
        source=_sources(group.problem, backend),
        versions=_versions(group.problem, backend),
        seconds={"total": cell.elapsed},
    )


def _unjudged(group: Group, backend: Backend, status: Status) -> Record:
    """Start the record of a cell that has no verdict."""
    return Record(
        problem=group.problem.name,
        backend=backend.selector,
        operator=group.operator.selector,
        dtype=backend.dtype,
        status=status,
    )


def _measured_record(
    group: Group,
    cell: RunningCell,
    own: Point,
    verdict: Record,
    batch: str,
    pace: Pace,
    threads: int | None,
) -> Record:
    """Make the record of a cell that was set up: its verdict, and what was measured."""
    assert cell.setup is not None
    status, reason = verdict.status, verdict.reason
    if cell.failure is not None:
        status, reason = cell.failure.status, cell.failure.reason
    record = _cell_record(group, cell, own, status, reason, verdict)
    call, cost = cell.samples(pace)
    seconds = {**record.seconds, **cell.setup.seconds}
    if not call.seconds:
        return replace(record, seconds=seconds)
    estimate = intervals.time(call)
    seconds["call"] = estimate.median
    if cost is not None:
        seconds["cost"] = intervals.time(cost).median
    if status is Status.OK and estimate.noisy:
        record = replace(record, status=Status.NOISY, reason=_precision_note(estimate))
    timing = Timing(batch, call, cost, cell.setup.memory, threads)
    return replace(record, seconds=seconds, timing=timing)


def _precision_note(estimate: intervals.Estimate) -> str:
    """Say how precise a time is that is `noisy`."""
    rounds = f"{estimate.used} round{'s' if estimate.used > 1 else ''}"
    if not np.isfinite(estimate.spread):
        return f"no interval from {rounds}; {intervals.FEWEST} are needed: raise the budget"
    return f"known to ±{estimate.spread:.0%} after {rounds}"
