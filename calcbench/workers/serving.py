"""What a worker process does: run one task after the other, and send back what each gives.

This file imports the standard library alone, so that the limits are set before NumPy is imported.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import sys
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from calcbench.errors import first_line
from calcbench.problem import whereabouts
from calcbench.problem.whereabouts import Place
from calcbench.workers import limits
from calcbench.workers.printing import end_line


class Reply(NamedTuple):
    """A message from a worker."""

    kind: str
    """`result`, `raised` (an exception that the harness knows), `failed`, `question` or `place`."""
    content: Any


_harness: Connection | None = None
"""The way to the process that started this one; None where this process is no worker."""


def serve(harness: Connection, threads: int | None, memory: int | None) -> None:
    """Confine this process, say so, and run tasks until nobody sends any."""
    global _harness
    _harness = harness
    limits.restrict(threads, memory)
    whereabouts.listen(_tell_place)
    with contextlib.suppress(EOFError, OSError):  # the harness is gone
        harness.send_bytes(pickle.dumps(Reply("result", os.getpid())))
        while True:
            harness.send_bytes(run_task(harness.recv_bytes()))
    os._exit(1)  # at once: a thread of the user's would keep the process


def load(module: str) -> None:
    """Import a module of tasks: no task is then the one that waits for what it imports."""
    importlib.import_module(module)


def run_task(message: bytes) -> bytes:
    """Run the task of a message, and pickle its result, or what it raised."""
    try:
        task, arguments = pickle.loads(message)
        return pickle.dumps(Reply("result", task(*arguments)))
    except BaseException as error:  # SystemExit too: a task must not end the process quietly
        return pickle.dumps(_as_reply(error))
    finally:
        end_line(sys.stdout)


def consult(question: Any) -> Any:
    """Put a question to the process that runs this task, and wait for the answer."""
    assert _harness is not None, "only a worker has somebody to consult"
    _harness.send_bytes(pickle.dumps(Reply("question", question)))
    return pickle.loads(_harness.recv_bytes())


def _tell_place(place: Place) -> None:
    """Tell the harness where users' code is being run."""
    assert _harness is not None
    with contextlib.suppress(OSError):  # the harness is gone, and this process is about to be
        _harness.send_bytes(pickle.dumps(Reply("place", place)))


def _as_reply(error: BaseException) -> Reply:
    """Turn an exception into a message; one of a user's own type, which may not exist there, as
    text.
    """
    known = type(error).__module__.partition(".")[0] in ("builtins", "calcbench")
    if known and isinstance(error, Exception):
        with contextlib.suppress(Exception):
            pickle.loads(pickle.dumps(error))
            return Reply("raised", error)
    return Reply("failed", f"{type(error).__name__}: {first_line(error)}")
