"""The workers of a comparison: one for what is selected, and one for each framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from calcbench.errors import CalcbenchError, NotInstalled
from calcbench.harness import apart, guest
from calcbench.harness.apart import Apart
from calcbench.harness.guest import Contender, Plan
from calcbench.harness.request import Request
from calcbench.judge.contract import classify_error
from calcbench.workers.isolation import START, Worker, WorkerDied, importing, no_answer
from calcbench.workers.memory import memory_limit


class Host:
    """A worker in which a request is selected, and one for each framework.

    Where one has died, there is another one when it is needed next.
    """

    def __init__(self, request: Request, timeout: float, start: str) -> None:
        """Take the request, the seconds of a step, and the start method."""
        self.request, self.timeout, self.start = request, timeout, start
        self.worker = Worker(None, memory_limit(), start)
        self.apart: dict[str, Apart] = {}
        """Framework → its worker."""
        self.refusal: NotInstalled | None = None
        """Why a backend that was asked for by name cannot be had."""

    def select(self) -> Plan:
        """Start a worker, and import there what the request names.

        Raises `SelectorError` where that does not end, or ends the worker.
        """
        with importing():
            return self._select()

    def begin_imports(self, entrants: Iterable[Contender]) -> None:
        """Begin to import each framework in a worker of its own, if that is still to be done."""
        for entrant in entrants:
            if entrant.sent and entrant.framework not in self.apart:
                worker = Apart(self.start, entrant.sent, self._import_time)
                self.apart[entrant.framework] = worker

    def _select(self) -> Plan:
        """Select in a new worker: what calcbench imports, the user's files."""
        self.worker.load(guest.__name__)
        self.worker.ask(guest.select_problems, self.request, timeout=self.timeout)
        plan: Plan = self.worker.ask(guest.select_backends, timeout=self._import_time)
        return plan

    def ask(
        self,
        task: Callable[..., Any],
        *arguments: Any,
        timeout: float | None = None,
        answer: Callable[[Any], Any] = no_answer,
    ) -> Any:
        """Run a task. Raises `WorkerDied` for one that ends the worker, or ends as no result does.

        And `CalcbenchError`, as the task does.
        """
        if not self.worker.alive:
            self.worker.stop()
            self._select()
        return self._ask(self.worker, task, *arguments, timeout=timeout, answer=answer)

    def ask_apart(self, entrant: Contender, task: Callable[..., Any], *arguments: Any) -> Any:
        """Run a task in the worker of a framework, which is imported by then."""
        return self._ask(self.apart[entrant.framework].worker, task, *arguments)

    def send_apart(self, entrant: Contender, question: bytes) -> None:
        """Send a question to the worker of a framework, where its code may import as much again."""
        self._ask(
            self.apart[entrant.framework].worker,
            apart.receive,
            question,
            timeout=self._import_time,
        )

    def _ask(
        self,
        worker: Worker,
        task: Callable[..., Any],
        *arguments: Any,
        timeout: float | None = None,
        answer: Callable[[Any], Any] = no_answer,
    ) -> Any:
        try:
            return worker.ask(task, *arguments, timeout=timeout or self.timeout, answer=answer)
        except (CalcbenchError, WorkerDied):
            raise
        except Exception as error:  # whatever a user's code raises where nothing is expected
            raise WorkerDied(*classify_error(error)) from error

    def import_here(self, number: int, entrant: Contender) -> float | None:
        """Import a backend's framework beside the judge, if it is not yet: the seconds.

        That is slow, and not the user's fault. Raises `NotInstalled` where one that was asked for
        by name does not import; of the others, running it says so.
        """
        task = partial(self.ask, guest.import_framework, number, timeout=self._import_time)
        return self._refuse_broken(entrant, task)

    def import_apart(self, entrant: Contender) -> float | None:
        """Import a backend's framework in its worker, as `import_here`."""
        return self._refuse_broken(entrant, self.apart[entrant.framework].finish_import)

    def _refuse_broken(
        self, entrant: Contender, importing: Callable[[], float | None]
    ) -> float | None:
        try:
            return importing()
        except NotInstalled as error:
            if entrant.named:
                self.refusal = error
                raise
            return None

    @property
    def importing(self) -> bool:
        """Whether a framework is still being imported."""
        return any(worker.importing for worker in self.apart.values())

    @property
    def _import_time(self) -> float:
        return max(self.timeout, START)

    def stop(self) -> None:
        """End the workers."""
        self.worker.stop()
        for each in self.apart.values():
            each.worker.stop()
