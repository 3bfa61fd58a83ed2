"""A deadline for SymPy, which may simplify for hours and has no limit of its own."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator

from calcbench.errors import Unsupported


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `Unsupported` in this thread if the block takes longer than `seconds`.

    A timer asks the interpreter to raise an exception here, between two steps of Python: what is a
    single step, such as the product of two numbers, is finished first.
    """

    class TimeIsUp(BaseException):
        """Raised for this deadline and no other; an `Exception` SymPy would catch in places."""

    thread, lock, running = threading.get_ident(), threading.Lock(), [True]

    def interrupt() -> None:
        with lock:  # or the exception might come when the block is done
            if running:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread), ctypes.py_object(TimeIsUp)
                )

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    try:
        try:
            timer.start()
            yield
        finally:
            timer.cancel()
            with lock:
                running.clear()
    except TimeIsUp:
        raise Unsupported(f"it takes longer than {seconds:.0f} seconds") from None
