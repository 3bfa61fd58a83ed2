"""A worker for what is shown: users' files and costs never run in the process that prints."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from calcbench.errors import ProblemError
from calcbench.show import guest
from calcbench.workers.isolation import Worker, WorkerDied
from calcbench.workers.memory import memory_limit


@contextlib.contextmanager
def open_worker(subject: str, timeout: float, start: str) -> Iterator[Callable[..., Any]]:
    """Open a worker, and give the function that runs a task in it.

    A task raises `ProblemError` about the `subject` where it takes longer than `timeout` seconds,
    or ends the worker, and what else it raises.
    """
    worker = Worker(None, memory_limit(), start)

    def ask(task: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return worker.ask(task, *arguments, timeout=timeout)
        except WorkerDied as fate:
            raise ProblemError(f"{subject}: {fate.reason}") from fate

    try:
        worker.load(guest.__name__)
        yield ask
    finally:
        worker.stop()
