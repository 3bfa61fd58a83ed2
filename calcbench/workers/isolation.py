"""Worker: a process for users' code, kept from task to task, replaced when it dies.

A task that takes too long is ended with its whole process group, which holds what the process has
started too (compilers). That breaks the pipe to it, so that nothing ever waits for a process that
has died, hangs or was stopped: neither for its answer nor for its reading what is sent to it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from calcbench.errors import SelectorError
from calcbench.problem.whereabouts import NOWHERE, Place
from calcbench.record.record import Status
from calcbench.workers.serving import Reply, load, serve

START = 60.0
"""Seconds that a process may take to start, on a busy machine."""

FAREWELL = 5.0
"""Seconds until a process that has closed its pipe must have ended."""


class WorkerDied(Exception):
    """Raised by a task whose process died or was killed, or that ended as no result does.

    The message is the reason.
    """

    def __init__(self, status: Status, reason: str, place: Place = NOWHERE) -> None:
        """Take the status and the reason for the record, and where users' code was being run."""
        super().__init__(reason)
        self.status, self.reason, self.place = status, reason, place


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Turn the end of a worker that imports what is selected into a `SelectorError`."""
    try:
        yield
    except WorkerDied as fate:
        what = fate.place.name or "what is selected"
        raise SelectorError(f"{what} does not import: {fate.reason}") from fate


def no_answer(question: Any) -> Any:
    """Answer no question: for tasks that ask none."""
    raise ValueError(f"nobody answers {question!r}")


class Worker:
    """A process of its own, confined to some threads and some memory.

    It is started by the first task, and again by the first one after its death.
    """

    def __init__(
        self,
        threads: int | None,
        memory: int | None,
        start: str = "spawn",
        daemon: bool = True,
    ) -> None:
        """Take the limits: processors, and bytes, each or None. Nothing is started yet.

        `start` is the start method of multiprocessing. A daemon ends when this process ends,
        whatever happens, but may have no workers of its own.
        """
        self.threads, self.memory, self.start, self.daemon = threads, memory, start, daemon
        self.process: BaseProcess | None = None
        self.pipe: Connection | None = None
        self._place = NOWHERE

    @property
    def alive(self) -> bool:
        """Whether the process that ran the last task is there for the next one."""
        return self.process is not None and self.process.is_alive()

    def load(self, module: str) -> None:
        """Start the process, and import a module of tasks there, before any task has its time."""
        self.ask(load, module, timeout=START)

    def ask(
        self,
        task: Callable[..., Any],
        *arguments: Any,
        timeout: float,
        answer: Callable[[Any], Any] = no_answer,
    ) -> Any:
        """Run a task in the process, and return its result.

        Questions that the task puts (`serving.consult`) are answered here; the time that takes is
        not the task's. Raises `WorkerDied` where the process dies, or takes longer than `timeout`
        seconds, and what else the task raises.
        """
        message = pickle.dumps((task, arguments))
        if self.process is None:
            self._start()
        return self._converse(message, timeout, timeout, answer)

    def _converse(
        self, message: bytes, left: float, timeout: float, answer: Callable[[Any], Any]
    ) -> Any:
        """Send a message, if there is one, and receive until there is a result."""
        self._place = NOWHERE
        while True:
            started = time.monotonic()
            reply = self._exchange(message, left, timeout)
            left = max(0.0, left - (time.monotonic() - started))
            if reply.kind == "place":
                self._place, message = reply.content, b""
            elif reply.kind == "question":
                message = pickle.dumps(answer(reply.content))
            else:
                return _unwrap(reply)

    def begin(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Start a small task without waiting for its result: `finish` does, and must come next."""
        message = pickle.dumps((task, arguments))
        if self.process is None:
            self._start()
        assert self.pipe is not None
        with contextlib.suppress(OSError):  # it has died: `finish` says how
            self.pipe.send_bytes(message)

    def finish(self, left: float, timeout: float) -> Any:
        """Wait for the task that was begun, as `ask` does: `left` seconds of `timeout`."""
        with contextlib.suppress(OSError):
            if self.pipe is not None and self.pipe.poll():
                left = timeout  # the result has been there in time
        return self._converse(b"", left, timeout, no_answer)

    def _start(self) -> None:
        """Start the process, and wait until it has confined itself."""
        context = multiprocessing.get_context(self.start)
        self.pipe, end = context.Pipe()
        limits = (self.threads, self.memory)
        process = context.Process(target=serve, args=(end, *limits), daemon=self.daemon)  # type: ignore[attr-defined]
        with _without_main(), _interrupts_held_back(), warnings.catch_warnings():
            # Python 3.12 warns of threads in a process that is forked. NumPy's are OpenBLAS's,
            # which starts new ones in the child (pthread_atfork); `starting` looks for others.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
            self.process = process
        end.close()  # so that the pipe breaks when the process ends
        self._exchange(b"", START, START)

    def _exchange(self, message: bytes, left: float, timeout: float) -> Reply:
        """Send a message, if there is one, and receive what comes back, in the seconds `left`."""
        assert self.pipe is not None
        overdue = threading.Event()
        watchdog = threading.Timer(min(left, threading.TIMEOUT_MAX), self._end, [overdue])
        watchdog.daemon = True
        watchdog.start()
        try:
            if message:
                self.pipe.send_bytes(message)
            received = self.pipe.recv_bytes()
        except (EOFError, OSError):
            received = None
        finally:
            watchdog.cancel()
        watchdog.join()  # either it does nothing any more, or it has ended the process by now
        if received is not None and not overdue.is_set():
            reply: Reply = pickle.loads(received)
            return reply
        raise self._bury(overdue.is_set(), timeout)

    def _end(self, overdue: threading.Event) -> None:
        """End a process that takes too long; it may be stopped, or busy for ever."""
        overdue.set()
        self.kill()

    def _bury(self, overdue: bool, timeout: float) -> WorkerDied:
        """Clear away a process that has ended, and say how it did."""
        assert self.process is not None
        if not overdue:
            self.process.join(FAREWELL)
        code = self.process.exitcode
        self.stop()
        if overdue:
            return WorkerDied(Status.TIMEOUT, f"timeout {timeout:g} s", self._place)
        reason = f"crash {_exit_name(code)}{self._memory_hint(code)}"
        return WorkerDied(Status.CRASH, reason, self._place)

    def _memory_hint(self, code: int | None) -> str:
        """Add that memory may be the cause, where a library aborted as on std::bad_alloc."""
        if self.memory is None or code != -signal.SIGABRT:
            return ""
        return f" (perhaps for want of memory: it may take {self.memory / 2**20:,.0f} MiB)"

    @property
    def stopped(self) -> bool:
        """Whether the process was stopped, as by SIGSTOP or a debugger."""
        with contextlib.suppress(psutil.Error, AttributeError):
            status = psutil.Process(self.process.pid).status()  # type: ignore[union-attr]
            return status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        return False

    def stop(self) -> None:
        """End the process and whatever it started; the next task starts another one."""
        self.kill()
        if self.process is not None:
            self.process.join()
            self.process.close()
        if self.pipe is not None:
            self.pipe.close()
        self.process = self.pipe = None

    def kill(self) -> None:
        """Kill the process and its group, also where the process itself is gone already."""
        if self.process is None or self.process.pid is None:
            return
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()  # it may not have had the time to form a group


def _unwrap(reply: Reply) -> Any:
    """Return a result; raise what a task has raised."""
    if reply.kind == "raised":
        raise reply.content
    if reply.kind == "failed":
        raise WorkerDied(Status.ERROR, reply.content)
    return reply.content


def _exit_name(code: int | None) -> str:
    """Name the end of a process by its exit code: `SIGSEGV`, or `exit status 3`."""
    if code is None:
        return "with its pipe closed"
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit status {code}"


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Keep Ctrl-C from a process that is started in the block, until it can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
