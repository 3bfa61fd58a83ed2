"""Comparisons in a worker: users' files, costs and plugins never run in the process that prints.

One worker serves all problems and backends, so that frameworks are loaded once. Where a step ends
it (it exits, crashes, hangs, or eats all memory), that is a record, and another one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from calcbench.errors import CalcbenchError
from calcbench.harness import guest
from calcbench.harness.every_problem import record_failure
from calcbench.harness.guest import Plan
from calcbench.harness.request import Request
from calcbench.judge.contract import classify_error
from calcbench.judge.points import LeftOut
from calcbench.record.entrant import start_record
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record, Status
from calcbench.workers.isolation import START, Worker, WorkerDied, importing
from calcbench.workers.memory import memory_limit

PATIENCE = 2
"""Backends that may take too long for one problem. Then it is the cost that does, and the others
are not tried."""


def compare_in_worker(
    request: Request, timeout: float, start: str = "spawn", progress: Progress = silent
) -> Iterator[list[Record]]:
    """Compare as `compare_each`, in a worker; `start` is its start method.

    A step of a problem may take `timeout` seconds: its inputs, one backend, the proof, the
    verdicts. Raises what `calcbench.compare` raises.
    """
    host = Host(request, timeout, start)
    try:
        plan = host.select()
        for number, name in enumerate(plan.problems):
            trial = Trial(host, plan, number, progress)
            try:
                yield trial.records()
            except CalcbenchError as error:
                if plan.single:
                    raise
                yield [replace(record_failure(name, error), operator=plan.operator)]
    finally:
        host.stop()


class Host:
    """A worker in which a request is selected; in another one again, when it has died."""

    def __init__(self, request: Request, timeout: float, start: str) -> None:
        """Take the request, the seconds of a step, and the start method."""
        self.request, self.timeout = request, timeout
        self.worker = Worker(None, memory_limit(), start)

    def select(self) -> Plan:
        """Start a worker, and import there what the request names.

        Raises `SelectorError` where that does not end, or ends the worker.
        """
        with importing():
            return self._select()

    def _select(self) -> Plan:
        """Select in a new worker: what calcbench imports, the user's files, the frameworks."""
        self.worker.load(guest.__name__)
        self.worker.ask(guest.select_problems, self.request, timeout=self.timeout)
        plan: Plan = self.worker.ask(guest.select_backends, timeout=self._import_time)
        return plan

    def ask(self, task: Callable[..., Any], *arguments: Any, timeout: float | None = None) -> Any:
        """Run a task. Raises `WorkerDied` for one that ends the worker, or ends as no result does.

        And `CalcbenchError`, as the task does.
        """
        if not self.worker.alive:
            self.worker.stop()
            self._select()
        try:
            return self.worker.ask(task, *arguments, timeout=timeout or self.timeout)
        except (CalcbenchError, WorkerDied):
            raise
        except Exception as error:  # whatever a user's code raises where nothing is expected
            raise WorkerDied(*classify_error(error)) from error

    def import_framework(self, backend: int) -> None:
        """Import a backend's framework: slow, and not the user's fault."""
        self.ask(guest.import_framework, backend, timeout=self._import_time)

    @property
    def _import_time(self) -> float:
        return max(self.timeout, START)

    def stop(self) -> None:
        """End the worker."""
        self.worker.stop()


class Trial:
    """One problem on its way through the backends."""

    def __init__(self, host: Host, plan: Plan, number: int, progress: Progress) -> None:
        """Take the problem's number in the plan."""
        self.host, self.plan, self.number, self.progress = host, plan, number, progress
        self.size = host.request.size or 1
        self.late = 0
        """Backends that took too long."""
        self.left_out = LeftOut()

    @property
    def name(self) -> str:
        """The problem's name."""
        return self.plan.problems[self.number]

    def records(self) -> list[Record]:
        """Run every backend, and judge the results: a record for each backend."""
        skipped: list[Record]
        try:
            self.size, skipped = self.host.ask(guest.begin, self.number)
        except WorkerDied as fate:
            return self._failures(fate, "while the inputs were drawn")
        if skipped:
            return skipped
        runs = [self._run(backend) for backend in range(len(self.plan.backends))]
        proof = self._prove()
        self.progress(f"{self.name} · certifying the {self.plan.operator}")
        try:
            found: list[Record] = self._ask_at_points(guest.judge_runs, runs, proof)
        except WorkerDied as fate:
            return self._unjudged(runs, fate)
        return found

    def _run(self, backend: int) -> dict[str, Any]:
        """Run one backend; the end of the worker is the end of its run."""
        self.progress(f"{self.name} · {self.plan.backends[backend].selector}")
        if self.late >= PATIENCE:
            reason = f"not tried: {PATIENCE} backends took longer than {self.host.timeout:g} s"
            return {"status": Status.TIMEOUT, "reason": reason}
        try:
            self.host.import_framework(backend)
            run: dict[str, Any] = self._ask_at_points(guest.run, backend)
        except WorkerDied as fate:
            self.late += fate.status is Status.TIMEOUT
            return {"status": fate.status, "reason": fate.reason}
        if run["status"] is Status.OUT_OF_MEMORY:
            self.host.stop()  # it is in no known state; the next step starts another
        return run

    def _ask_at_points(self, task: Callable[..., Any], *arguments: Any) -> Any:
        """Run a task at the points; again without one that calcbench chose, where that ends it.

        Raises `WorkerDied` where the problem's own point does.
        """
        while True:
            try:
                return self.host.ask(task, self.number, self.left_out, *arguments)
            except WorkerDied as fate:
                if not self.left_out.add(fate.place, fate.reason):
                    raise

    def _prove(self) -> str:
        """Have the hand-derived formula proved, if there is one, unless the cost takes too long."""
        self.progress(f"{self.name} · proving the hand-derived formula")
        if self.late >= PATIENCE:
            return ""
        try:
            proof: str = self.host.ask(guest.prove, self.number)
        except WorkerDied as fate:
            return f"not proved: {fate.reason}"
        return proof

    def _unjudged(self, runs: list[dict[str, Any]], fate: WorkerDied) -> list[Record]:
        """Make the records where the cost ended the worker of the judge; failed runs stay so."""
        unjudged = self._failures(fate, "while the results were judged")
        return [
            record if run["status"] is Status.OK else replace(record, **_fate_of(run))
            for record, run in zip(unjudged, runs, strict=True)
        ]

    def _failures(self, fate: WorkerDied, when: str) -> list[Record]:
        """Make a record for every backend of what happened to all of them."""
        return [
            start_record(
                self.name,
                entrant,
                self.plan.operator,
                fate.status,
                f"{fate.reason}, {when}",
                size=self.size,
                seed=self.host.request.seed,
            )
            for entrant in self.plan.backends
        ]


def _fate_of(run: dict[str, Any]) -> dict[str, Any]:
    """Select how a run ended."""
    return {name: run[name] for name in ("status", "reason")}
