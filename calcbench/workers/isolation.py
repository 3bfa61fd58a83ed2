"""Worker: a process of its own for each backend, kept for all its cells, replaced when it dies.

pebble tells which task a process was at when it died or hung. The whole process group is killed,
which holds what that process has started too (compilers).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from pebble import ProcessExpired, ProcessPool

from calcbench.record.record import Status
from calcbench.workers import limits


class WorkerDied(Exception):
    """Raised by a task whose process died or was killed; the message is the reason."""

    def __init__(self, status: Status, reason: str) -> None:
        """Take the status and the reason for the record."""
        super().__init__(reason)
        self.status, self.reason = status, reason


class Worker:
    """A process of its own, confined to some threads and some memory.

    It is started by the first task, and again by the first one after its death.
    """

    def __init__(self, threads: int, memory: int | None) -> None:
        """Take the limits: processors, and bytes or None. Nothing is started yet."""
        self.threads, self.memory = threads, memory
        self.pool: ProcessPool | None = None
        self.pid: int | None = None

    def ask(self, task: Callable[..., Any], *arguments: Any, timeout: float) -> Any:
        """Run a task in the process, and return its result.

        Raises `WorkerDied` where the process dies, or takes longer than `timeout` seconds, and
        whatever else the task raises.
        """
        if self.pid is None:
            self.pid = self._ask(limits.restrict, self.threads, self.memory, timeout=60.0)
        return self._ask(task, *arguments, timeout=timeout)

    def _ask(self, task: Callable[..., Any], *arguments: Any, timeout: float) -> Any:
        """Run a task, in a new process if there is none; the first task sets its limits."""
        with _without_main():
            if self.pool is None:
                context = multiprocessing.get_context("spawn")
                self.pool = ProcessPool(max_workers=1, context=context)
            try:
                call = (self.pid, task, *arguments)
                return self.pool.schedule(
                    limits.run_if_restricted, args=call, timeout=timeout
                ).result()
            except TimeoutError:
                fate = WorkerDied(Status.TIMEOUT, f"timeout {timeout:g} s")
            except ProcessExpired as death:
                fate = WorkerDied(
                    Status.CRASH, f"crash {_exit_name(death.exitcode)}{self._memory_hint(death)}"
                )
            except RuntimeError:  # pebble's, for a process that ended while it had nothing to do
                fate = WorkerDied(Status.CRASH, "crash between two steps")
            # At once, while the main module is hidden: pebble starts another process by itself.
            self.stop()
            raise fate

    def _memory_hint(self, death: ProcessExpired) -> str:
        """Add that memory may be the cause, where a library aborted as on std::bad_alloc."""
        if self.memory is None or death.exitcode != -signal.SIGABRT:
            return ""
        return f" (perhaps for want of memory: it may take {self.memory / 2**20:,.0f} MiB)"

    def stop(self) -> None:
        """End the process and whatever it started; the next task starts another one."""
        if self.pool is not None:
            stop: Callable[[], None] = self.pool.stop  # which pebble does not annotate
            stop()
            self.pool.join()
            self.pool = None
        if self.pid is not None and hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self.pid = None


def _exit_name(code: int | None) -> str:
    """Name the end of a process by its exit code: `SIGSEGV`, or `exit status 3`."""
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit status {code}"


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Hide the main module's file from processes that are started in the block.

    They would run it again, as multiprocessing does: a script that calls `cb.benchmark` without
    `if __name__ == "__main__"` would run itself without end. Nothing in a worker needs it:
    problems and backends travel by value (cloudpickle).
    """
    main = sys.modules["__main__"]
    hidden = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    for name in hidden:
        setattr(main, name, None)
    try:
        yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)
