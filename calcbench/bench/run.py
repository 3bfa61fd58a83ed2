"""The benchmark: set every cell of a matrix up, time them in rounds, judge their results.

Wrong results are timed too, and the record says so: what is fast and wrong is worth knowing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.bench import intervals, judging, worker
from calcbench.bench.cells import Group
from calcbench.bench.environment import versions
from calcbench.bench.fingerprint import digest, fingerprint
from calcbench.bench.rounds import Pace, RunningCell, Settings, visit
from calcbench.harness.sending import pickle_with_code
from calcbench.judge.contract import classify_error
from calcbench.judge.points import LeftOut
from calcbench.operators import Operator
from calcbench.problem.faults import RAISED
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem
from calcbench.record.entrant import start_record
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record, Status
from calcbench.record.samples import Timing
from calcbench.workers.isolation import Worker, WorkerDied

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
    judge = Worker(None, settings.memory)
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
            bench_group = BenchGroup(group, cells, judge, settings, witnesses, progress)
            for record in bench_group.records(f"{run}-{number}", pace):
                yield replace(record, run=run)
    finally:
        _stop(processes)
        judge.stop()


def due(groups: Sequence[Group], finished: Collection[Record]) -> list[Group]:
    """Leave out the cells that are finished, and the groups that have no others.

    A finished record whose source or library versions have changed since is due again.
    """
    by_key = {record.key: record for record in finished}
    remaining = [replace(group, backends=_due_backends(group, by_key)) for group in groups]
    return [group for group in remaining if group.backends]


def _due_backends(group: Group, finished: Mapping[Any, Record]) -> tuple[Backend, ...]:
    """Leave out the backends of a group whose cells are finished."""
    records = {backend: finished.get(group.key(backend)) for backend in group.backends}
    own = _read_files(group) if any(records.values()) else None
    return tuple(b for b, record in records.items() if not _current(record, group, b, own))


def _read_files(group: Group) -> Point | None:
    """Read what a problem reads from files, which may have changed; None where it reads none."""
    if not group.problem.read_from:
        return None
    with contextlib.suppress(*RAISED):  # a file that is not there any more, say
        return own_point(group.problem, group.size, group.seed)
    return None


def _current(record: Record | None, group: Group, backend: Backend, own: Point | None) -> bool:
    """Tell whether a record is of the same source and versions as its cell would be now."""
    return (
        record is not None
        and record.source == _sources(group.problem, backend, own)
        and record.versions == _versions(group.problem, backend)
    )


def _sources(problem: Problem, backend: Backend, own: Point | None) -> dict[str, str]:
    """Return the fingerprints of a cell's problem and backend, and of data read from files."""
    read = {"data": digest(own.values)} if own and problem.read_from else {}
    return {"problem": fingerprint(problem), "backend": fingerprint(backend), **read}


def _versions(problem: Problem, backend: Backend) -> dict[str, str]:
    """Return the versions of the libraries that a cell uses."""
    return versions((*backend.requires, *problem.requires))


def _stop(processes: dict[str, Worker]) -> None:
    """Stop all processes, and leave none in the dictionary."""
    while processes:
        processes.popitem()[1].stop()


@dataclass
class BenchGroup:
    """One group on its way: its cells in their processes, and the process that judges them."""

    group: Group
    cells: Sequence[RunningCell]
    judge: Worker
    settings: Settings
    witnesses: Sequence[Backend]
    progress: Progress
    left_out: LeftOut = field(default_factory=LeftOut)

    def records(self, batch: str, pace: Pace) -> Iterator[Record]:
        """Time the cells, and yield their records: first those that could not be set up."""
        group, settings = self.group, self.settings
        try:
            posed = self._pose()
            own = Point(group.problem, *posed.where["own"])
        except Exception as error:  # whatever a user's code raises; other groups go on
            fate = error if isinstance(error, WorkerDied) else WorkerDied(*classify_error(error))
            for cell in self.cells:
                yield _cell_record(group, cell, None, fate.status, fate.reason)
            return
        for cell in self.cells:
            self._tell(f"{cell.backend.selector} · setting up")
            self._set_up(cell, posed.operator, own)
            if cell.failure is not None:
                yield _cell_record(group, cell, own, cell.failure.status, cell.failure.reason)
        running = [cell for cell in self.cells if cell.failure is None]
        visit(running, settings, group.seed, pace, self._tell)
        # Before the check of the results, whose work is not a call's: it would count as busy
        # threads.
        busy = [
            cell.ask(worker.threads_busy, timeout=settings.timeout) if not cell.failure else None
            for cell in running
        ]
        self._tell("checking the results")
        verdicts = self._judge(running, posed.operator, own)
        for cell, verdict, threads in zip(running, verdicts, busy, strict=True):
            yield _measured_record(group, cell, own, verdict, batch, pace, threads)
            if cell.failure is None:
                cell.ask(worker.release, timeout=settings.timeout)

    def _tell(self, text: str) -> None:
        """Show what is being done."""
        self.progress(f"{self.group.title} · {text}")

    def _pose(self) -> judging.Posed:
        """Have the inputs drawn and the points chosen, in the process that judges."""
        group = self.group
        try:
            posed: judging.Posed = self.judge.ask(
                judging.pose,
                pickle_with_code(group.problem),
                group.operator,
                group.size,
                group.seed,
                timeout=self.settings.timeout,
            )
        except WorkerDied as fate:
            reason = f"{fate.reason}, while the inputs were drawn"
            raise WorkerDied(fate.status, reason) from fate
        return posed

    def _set_up(self, cell: RunningCell, operator: Operator, own: Point) -> None:
        """Set a cell up, without points that calcbench chose and that end its process."""
        before = cell.setup
        while True:
            _set_up(cell, self.group, operator, own, self.settings, self.left_out)
            if not self._leave_out(cell):
                break
        if before is not None and cell.failure is None:
            cell.setup = before  # the bursts are of the calls that it counted

    def _leave_out(self, cell: RunningCell) -> bool:
        """Forgive a cell what ended its process at a point that calcbench chose; tell whether."""
        failure = cell.failure
        if failure is None or not self.left_out.add(failure.place, failure.reason):
            return False
        cell.failure = None
        return True

    def _judge(self, cells: Sequence[RunningCell], operator: Operator, own: Point) -> list[Record]:
        """Have the results of the cells judged: one record for each, in their order."""

        def forgive(cell: RunningCell) -> bool:
            if not self._leave_out(cell):
                return False
            self._set_up(cell, operator, own)
            return True

        answer, posed = Answers(cells, self.settings.timeout, forgive), True
        while True:
            try:
                if not posed:  # in a new process, for the last one has ended
                    self._pose()
                    posed = True
                found: list[Record] = self.judge.ask(
                    judging.judge_cells,
                    [pickle_with_code(cell.backend) for cell in cells],
                    [answer.evidence(cell) for cell in cells],
                    operator,
                    self.group.seed,
                    self.witnesses,
                    self.left_out,
                    timeout=self.settings.timeout,
                    answer=answer,
                )
            except judging.ProcessLost:
                # The judge begins anew, with the failure of that cell in place of its result, or
                # without the point: at most once for each.
                continue
            except WorkerDied as fate:
                if self.left_out.add(fate.place, fate.reason):
                    posed = False
                    continue
                reason = f"{fate.reason}, while the results were judged"
                return self._unjudged(cells, fate.status, reason)
            except Exception as error:  # a fault of the problem's, perhaps; other groups go on
                return self._unjudged(cells, *classify_error(error))
            return found

    def _unjudged(self, cells: Sequence[RunningCell], status: Status, reason: str) -> list[Record]:
        """Make the records of cells that have no verdict, for one reason."""
        return [_cell_record(self.group, cell, None, status, reason) for cell in cells]


def _set_up(
    cell: RunningCell,
    group: Group,
    operator: Operator,
    own: Point,
    settings: Settings,
    left_out: LeftOut,
) -> None:
    """Set a cell up in its process; where that cannot be done, give it a failure."""
    reason = cell.backend.missing()
    if reason:
        reason = f"backend {cell.backend.name!r}: {reason}"
        cell.failure = worker.Failure(Status.NOT_INSTALLED, reason)
        return
    try:
        parts = pickle_with_code(group.problem), pickle_with_code(cell.backend)
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
        left_out,
        timeout=settings.timeout,
    )
    if cell.setup is not None and cell.setup.inputs != digest(own.values):
        reason = (
            f"problem {group.problem.name!r}: inputs() gives other values in another process: "
            "draw from rng alone"
        )
        cell.failure = worker.Failure(Status.ERROR, reason)


# --- the verdicts --------------------------------------------------------------------------


class Answers:
    """Answers to what the judge wants to know of the backends, which have their own processes."""

    def __init__(
        self,
        cells: Sequence[RunningCell],
        timeout: float,
        forgive: Callable[[RunningCell], bool],
    ) -> None:
        """Take the cells that are set up.

        `forgive` sets a cell up again that failed at a point that calcbench chose, and tells
        whether it did.
        """
        self.cells = {cell.backend.selector: cell for cell in cells}
        self.timeout, self.forgive = timeout, forgive
        self.given: dict[str, dict[str, Any]] = {}

    def __call__(self, question: judging.RunPoints | judging.Sensitivities) -> Any:
        """Have the backend's process run what the judge asks for.

        None where that ends it, and the judge is to begin anew.
        """
        cell = self.cells[question.selector]
        if isinstance(question, judging.RunPoints):
            found = self._run(cell, worker.run_points, question.where, question.operator)
        else:
            task = worker.sensitivities
            found = cell.ask(task, question.where, question.seed, timeout=self.timeout)
        return None if self.forgive(cell) else found

    def evidence(self, cell: RunningCell) -> dict[str, Any]:
        """Run a cell at all points, once: its run, packed, or its failure."""
        name = cell.backend.selector
        if name not in self.given or cell.failure is not None:
            self.given[name] = self._run(cell, worker.evidence)
            while self.forgive(cell):
                self.given[name] = self._run(cell, worker.evidence)
        return self.given[name]

    def _run(self, cell: RunningCell, task: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """Run a task that gives a packed run."""
        found: dict[str, Any] | None = None
        if cell.failure is None:
            found = cell.ask(task, *arguments, timeout=self.timeout)
        if found is None:
            assert cell.failure is not None
            return {"status": cell.failure.status, "reason": cell.failure.reason}
        return found


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
    record = verdict or start_record(group.problem.name, backend, group.operator.selector, status)
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
        read_from=group.problem.read_from,
        source=_sources(group.problem, backend, own),
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
