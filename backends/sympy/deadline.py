"""A deadline for SymPy, which may simplify for hours and has no limit of its own."""

from __future__ import annotations

import contextlib
import ctypes
import threading
import time
from collections.abc import Callable, Iterator

from calcbench.errors import Unsupported


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `Unsupported` in this thread if the block takes longer than `seconds`.

    A second thread asks the interpreter to raise an exception in this one, between two steps of
    Python: what is a single step, such as the product of two numbers, is finished first.
    """

    class TimeIsUp(BaseException):
        """Raised for this deadline and no other; an `Exception` SymPy would catch in places."""

    thread, lock, done = threading.get_ident(), threading.Lock(), threading.Event()
    now = _processor_clock(thread)
    end = now() + seconds

    def watch() -> None:
        while not done.wait(max(end - now(), 0.001)):
            with lock:  # or the exception might come when the block is done
                if now() >= end and not done.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(thread), ctypes.py_object(TimeIsUp)
                    )
                    return

    try:
        try:
            threading.Thread(target=watch, daemon=True).start()
            yield
        finally:
            with lock:
                done.set()
    except TimeIsUp:
        raise Unsupported(f"it takes longer than {seconds:.0f} seconds") from None


def _processor_clock(thread: int) -> Callable[[], float]:
    """Return a clock of a thread's own processor time, so that a busy machine proves no less.

    Of the time that passes, where the system has no such clock.
    """
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)
