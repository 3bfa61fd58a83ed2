"""From a matrix to records: set every cell up, visit them in rounds, judge their results.

Wrong results are timed too, and say so: what is fast and wrong is worth knowing.
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
from calcbench.judge.judge import judge
from calcbench.operators import Operator
from calcbench.operators.points import points_for
from calcbench.problem.function import FunctionProblem
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record, Status
from calcbench.record.samples import Timing
from calcbench.workers.isolation import Worker

SMALL_RESULT = 64
"""Numbers up to which a record holds the result itself, the reference and the bound."""


def bench(
    groups: Sequence[Group],
    settings: Settings,
    run: str,
    *,
    witnesses: Sequence[Backend] = (),
    progress: Progress = silent,
) -> Iterator[Record]:
    """Time every cell of every group; each record as soon as it is there.

    `run` is the id of the environment that the records name.
    """
    processes: dict[str, Worker] = {}
    pace = Pace()
    confined: tuple[str, int] | None = None
    try:
        for number, group in enumerate(groups):
            if confined != (group.dtype, group.threads):
                _stop(processes)  # other threads, other options: none of them will be used again
                confined = (group.dtype, group.threads)
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
    """The groups without the cells that are finished; none without a cell.

    A finished record whose source or library versions have changed since is due again.
    """
    known = {record.key: record for record in finished}
    wanted = [
        replace(
            group,
            backends=tuple(
                b for b in group.backends if not _current(known.get(group.key(b)), group, b)
            ),
        )
        for group in groups
    ]
    return [group for group in wanted if group.backends]


def _current(record: Record | None, group: Group, backend: Backend) -> bool:
    """Whether a record still says what running its cell would say."""
    return (
        record is not None
        and record.source == _sources(group.problem, backend)
        and record.versions == _versions(group.problem, backend)
    )


def _sources(problem: Problem, backend: Backend) -> dict[str, str]:
    return {"problem": fingerprint(problem), "backend": fingerprint(backend)}


def _versions(problem: Problem, backend: Backend) -> dict[str, str]:
    return versions((*backend.requires, *problem.requires))


def _stop(processes: dict[str, Worker]) -> None:
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
    """The records of one group's cells: those that could not be set up first."""
    try:
        own = own_point(group.problem, group.size, group.seed)
        # A partial whose component nobody named is of one problem's first.
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
    busy = [
        cell.ask(worker.threads_busy, timeout=settings.timeout) if cell.failure is None else None
        for cell in running
    ]
    progress(f"{group.title} · checking the results")
    verdicts = _verdicts(group, operator, running, where, settings, witnesses)
    for cell, verdict, threads in zip(running, verdicts, busy, strict=True):
        yield _measured_record(group, cell, own, verdict, batch, pace, threads)
        if cell.failure is None:
            cell.ask(worker.release, timeout=settings.timeout)


def _set_up(
    cell: RunningCell, group: Group, operator: Operator, own: Point, settings: Settings
) -> None:
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
    """Pickle a problem or backend; what came from a path or a notebook travels as its code."""
    kind: Any = part._function if isinstance(part, FunctionProblem) else type(part)
    module = sys.modules.get(kind.__module__)
    if module is None or not kind.__module__.startswith(FILE_MODULE):
        return cloudpickle.dumps(part)
    cloudpickle.register_pickle_by_value(module)
    try:
        return cloudpickle.dumps(part)
    finally:
        cloudpickle.unregister_pickle_by_value(module)


# --- the verdicts --------------------------------------------------------------------------


class ProcessLost(CalcbenchError):
    """A backend's process ended while the judge was asking it."""


class InWorkers:
    """Asks each backend in its own process, for the judge."""

    def __init__(self, cells: Sequence[RunningCell], timeout: float) -> None:
        """Take the cells that are set up."""
        self.cells = {cell.backend.selector: cell for cell in cells}
        self.timeout = timeout

    def run_points(self, backend: Backend, where: Mapping[str, Point], operator: Operator) -> Run:
        """Run at other points than the cell's, prepared anew."""
        cell = self.cells[backend.selector]
        return _run(cell, worker.run_points, _numbers(where), operator, timeout=self.timeout)

    def sensitivities(
        self, backend: Backend, where: Mapping[str, Point], seed: int, operator: Operator
    ) -> dict[str, np.ndarray]:
        """Measure κ with this backend. Raises `ProcessLost` where its process ends meanwhile."""
        cell = self.cells[backend.selector]
        found = cell.ask(worker.sensitivities, _numbers(where), seed, timeout=self.timeout)
        if found is None:
            raise ProcessLost(backend.selector)
        return found


def _numbers(where: Mapping[str, Point]) -> dict[str, worker.Numbers]:
    """Take the numbers of points, which can be sent to a process; it has the problem already."""
    return {name: (point.values, point.seed) for name, point in where.items()}


def _run(cell: RunningCell, task: Callable[..., Any], *arguments: Any, timeout: float) -> Run:
    """Run a task of the cell's process: what it gave at some points, or what ended it."""
    found = cell.ask(task, *arguments, timeout=timeout) if cell.failure is None else None
    if found is None:
        assert cell.failure is not None
        return Run(cell.backend, cell.failure.status, cell.failure.reason)
    return Run(cell.backend, found.status, found.reason, found.method, found.results, found.bounds)


def _verdicts(
    group: Group,
    operator: Operator,
    cells: Sequence[RunningCell],
    where: Mapping[str, Point],
    settings: Settings,
    witnesses: Sequence[Backend],
) -> list[Record]:
    """Judge the results of the cells; again without those that end while they are asked."""
    runs = [_run(cell, worker.evidence, timeout=settings.timeout) for cell in cells]
    while True:
        try:
            ask = InWorkers(cells, settings.timeout)
            decided = judge(runs, where, group.seed, witnesses, operator, ask)
        except ProcessLost:
            runs = [
                run if cell.failure is None else _run(cell, worker.evidence, timeout=0.0)
                for run, cell in zip(runs, cells, strict=True)
            ]
        except Exception as error:  # a fault of the problem's, perhaps; the others go on
            status, reason = classify_error(error)
            return [_cell_record(group, cell, None, status, reason) for cell in cells]
        else:
            truth = decided.certificate.truth if decided.certificate else None
            labels = component_labels(operator.layout(where["own"]))
            return [
                replace(
                    record,
                    direction=where["own"].seed,
                    value=run.results.get("own"),
                    labels=labels,
                    reference=reference_value(truth) if truth else None,
                    certified_digits=truth.digits if truth else None,
                    judged=decided.note,
                    condition=decided.condition,
                )
                for run, record in zip(runs, decided.records, strict=True)
            ]


# --- the records ---------------------------------------------------------------------------


def _cell_record(
    group: Group,
    cell: RunningCell,
    own: Point | None,
    status: Status,
    reason: str,
    verdict: Record | None = None,
) -> Record:
    """The record of a cell: what was asked for, what ran it, and how it ended."""
    backend = cell.backend
    record = verdict or Record(
        problem=group.problem.name,
        backend=backend.selector,
        operator=group.operator.selector,
        dtype=backend.dtype,
        status=status,
    )
    components = own.size if own else 0
    few = components <= SMALL_RESULT
    small = record.value is not None and sum(a.size for a in record.value.values()) <= SMALL_RESULT
    return replace(
        record,
        operator=group.operator.selector,  # as it was asked for: `partial`, not `partial[m]`
        status=status,
        reason=reason,
        size=group.size,
        seed=group.seed,
        components=components or None,
        at=own.parameters if own and few else {},
        direction=record.direction if few else {},
        value=record.value if small else None,
        reference=record.reference if small else None,
        bound=record.bound if small else None,
        labels=record.labels if small else (),
        threads=group.threads,
        source=_sources(group.problem, backend),
        versions=_versions(group.problem, backend),
        seconds={"total": cell.elapsed},
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
    """The record of a cell that was set up: its verdict, and what was measured of it."""
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
    """How well a time is known that is not known well."""
    rounds = f"{estimate.used} round{'s' if estimate.used > 1 else ''}"
    if not np.isfinite(estimate.spread):
        return f"no interval from {rounds}; {intervals.FEWEST} are needed: raise the budget"
    return f"known to ±{estimate.spread:.0%} after {rounds}"
