"""One problem on its way through the backends of a comparison."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from calcbench.harness import apart, guest
from calcbench.harness.apart import first_ready
from calcbench.harness.guest import Begun, Contender, Plan
from calcbench.harness.host import Host
from calcbench.judge.points import LeftOut
from calcbench.record.entrant import start_record
from calcbench.record.progress import Progress
from calcbench.record.record import Record, Status
from calcbench.workers.isolation import WorkerDied

PATIENCE = 2
"""Backends that may take too long for one problem. Then it is the cost that does, and the others
are not tried."""

DRAFT_SECONDS = 0.1
"""Seconds between two drafts of a table."""

Draft = Callable[[Sequence[Record], bool], None]
"""A function that takes the records of a problem so far, and whether they are judged."""


class Trial:
    """One problem on its way through the backends."""

    def __init__(
        self, host: Host, plan: Plan, number: int, progress: Progress, draft: Draft | None = None
    ) -> None:
        """Take the problem's number in the plan."""
        self.host, self.plan, self.number = host, plan, number
        self.progress, self.draft = progress, draft
        self.size = host.request.size or 1
        self.read_from = ""
        self.late = 0
        """Backends that took too long."""
        self.sent = b""
        """The question, for workers of frameworks."""
        self.refused: dict[int, str] = {}
        """Backends of whose framework there is no cost, each with why."""
        self.left_out = LeftOut()
        self.runs: dict[int, dict[str, Any]] = {}
        """Backend → what it gave."""
        self.drafted = -math.inf
        """When the last draft was shown."""
        self.fate: WorkerDied | None = None
        """How the worker of the judge has ended, if it has."""

    @property
    def name(self) -> str:
        """The problem's name."""
        return self.plan.problems[self.number]

    def records(self) -> list[Record]:
        """Run every backend, and judge the results: a record for each backend."""
        try:
            begun: Begun = self.host.ask(guest.begin, self.number)
        except WorkerDied as fate:
            return self._failures(fate, "while the inputs were drawn")
        self.size, self.sent, self.refused = begun.size, begun.sent, begun.refused
        self.read_from = begun.read_from
        if begun.skipped:
            return begun.skipped
        if self.sent:
            self.host.begin_imports(self.plan.backends[number] for number in self._apart)
        for backend in self._here:
            self.runs[backend] = self._run(backend)
            self._draft_answers()
        proof = self._prove()
        waiting = self._apart
        while waiting:
            self._draft_verdicts(proof)
            backend = self._next(waiting)
            waiting.remove(backend)
            self.runs[backend] = self._run(backend)
        found = self._judge(proof)
        return self._unjudged(self.fate) if self.fate else found

    @property
    def _here(self) -> list[int]:
        """The backends that run beside the judge, those first that import nothing."""
        numbers = [n for n in range(len(self.plan.backends)) if not self._is_apart(n)]
        return sorted(numbers, key=lambda number: self.plan.backends[number].framework != "")

    @property
    def _apart(self) -> list[int]:
        """The backends that run in the workers of their frameworks."""
        return [n for n in range(len(self.plan.backends)) if self._is_apart(n)]

    def _is_apart(self, backend: int) -> bool:
        return bool(self.sent and self.plan.backends[backend].sent) and backend not in self.refused

    def _next(self, waiting: Sequence[int]) -> int:
        """Choose the backend whose framework is imported first; wait for that."""
        workers = {b: self.host.apart[self.plan.backends[b].framework] for b in waiting}
        done = [b for b, worker in workers.items() if not worker.importing]
        if done:
            return done[0]
        names = ", ".join(self.plan.backends[b].selector for b in waiting)
        self.progress(f"{self.name} · importing {names}")
        ready = first_ready(list(dict.fromkeys(workers.values())))  # one may be for several modes
        return next(b for b, worker in workers.items() if worker is ready)

    def _run(self, backend: int) -> dict[str, Any]:
        """Run one backend; the end of its worker is the end of its run."""
        entrant = self.plan.backends[backend]
        self.progress(f"{self.name} · {entrant.selector}")
        if backend in self.refused:
            return {"status": Status.SKIPPED, "reason": self.refused[backend]}
        if self.late >= PATIENCE:
            reason = f"not tried: {PATIENCE} backends took longer than {self.host.timeout:g} s"
            return {"status": Status.TIMEOUT, "reason": reason}
        here = not self._is_apart(backend)
        try:
            run = self._run_here(backend, entrant) if here else self._run_apart(entrant)
        except WorkerDied as fate:
            self.late += fate.status is Status.TIMEOUT
            return {"status": fate.status, "reason": fate.reason}
        if run["status"] is Status.OUT_OF_MEMORY:
            # It is in no known state; the next step starts another.
            (self.host if here else self.host.apart[entrant.framework]).worker.stop()
        return run

    def _run_here(self, backend: int, entrant: Contender) -> dict[str, Any]:
        """Run a backend beside the judge."""
        imported = self.host.import_here(backend, entrant)
        ask = partial(self.host.ask, guest.run, self.number, self.left_out, backend)
        return _add_import(self._without_ends(ask), imported)

    def _run_apart(self, entrant: Contender) -> dict[str, Any]:
        """Run a backend in the worker of its framework."""
        imported = self.host.import_apart(entrant)

        def ask() -> Any:
            self.host.import_apart(entrant)  # anew, after an end
            self.host.send_apart(entrant, self.sent)
            timed = self.host.request.timed
            arguments = (self.left_out, entrant.sent, timed)
            return self.host.ask_apart(entrant, apart.run, *arguments)

        return _add_import(self._without_ends(ask), imported)

    def _without_ends(self, ask: Callable[[], Any]) -> Any:
        """Run something at the points; again without one that calcbench chose, where that ends it.

        Raises `WorkerDied` where the problem's own point does.
        """
        while True:
            try:
                return ask()
            except WorkerDied as fate:
                if not self.left_out.add(fate.place, fate.reason):
                    raise

    def _draft_answers(self) -> None:
        """Show what there is before it is judged, unless that was done just now."""
        if not (self.draft and self.sent and time.monotonic() > self.drafted + DRAFT_SECONDS):
            return
        with contextlib.suppress(WorkerDied):  # it will die again where that is told
            records = self.host.ask(guest.describe_runs, self.number, self.runs)
            self.draft(records, False)
            self.drafted = time.monotonic()

    def _draft_verdicts(self, proof: str) -> None:
        """Show what there is, judged, while frameworks are imported."""
        if self.draft and self.runs and self.host.importing and (found := self._judge(proof)):
            self.draft(found, True)

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

    def _judge(self, proof: str) -> list[Record]:
        """Judge what there is; none where that has ended the worker, now or before."""
        if self.fate:
            return []
        self.progress(f"{self.name} · certifying the {self.plan.operator}")
        selectors = [self.plan.backends[b].selector for b in self._apart]
        arguments = (self.number, self.left_out, self.runs, proof, selectors)
        judge = partial(self.host.ask, guest.judge_runs, *arguments, answer=self._answer)
        try:
            found: list[Record] = self._without_ends(judge)
        except WorkerDied as fate:
            self.fate = fate
            return []
        return found

    def _answer(self, question: tuple[Any, ...]) -> Any:
        """Have a backend run what the judge wants to know of it, where its framework is."""
        selector, task, *arguments = question
        entrant = next(e for e in self.plan.backends if e.selector == selector)
        try:
            return self.host.ask_apart(entrant, task, entrant.sent, *arguments)
        except WorkerDied as fate:
            if fate.place.chosen:
                self.host.worker.stop()  # the judge begins anew, without that point
                raise
            return _nothing(task, fate)

    def _unjudged(self, fate: WorkerDied) -> list[Record]:
        """Make the records where the cost ended the worker of the judge; failed runs stay so."""
        unjudged = self._failures(fate, "while the results were judged")
        runs = [self.runs[number] for number in range(len(unjudged))]
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
                read_from=self.read_from,
            )
            for entrant in self.plan.backends
        ]


def _add_import(run: dict[str, Any], seconds: float | None) -> dict[str, Any]:
    """Add to a packed run the seconds that importing its framework took, if it was imported now."""
    if seconds is None:
        return run
    return {**run, "seconds": {"import": seconds, **run["seconds"]}}


def _nothing(task: Callable[..., Any], fate: WorkerDied) -> Any:
    """Make the answer of a backend whose worker has ended over it."""
    if task is apart.run_points:
        return {"status": fate.status, "reason": fate.reason}
    return "" if task is apart.departure else {}


def _fate_of(run: dict[str, Any]) -> dict[str, Any]:
    """Select how a run ended."""
    return {name: run[name] for name in ("status", "reason")}
