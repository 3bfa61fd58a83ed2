"""The calls that a contender's process times: calcbench's, or those of a Python tool of GradBench.

These are the tasks of a worker: between them this module holds what is timed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import timeit
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from races import Race

from calcbench.catalogue.selection import select_backends
from calcbench.errors import NotInstalled, Unsupported
from calcbench.gradbench.evaluations import EVALUATIONS


@dataclass
class Timed:
    """A call that is made over and over, and its result."""

    call: timeit.Timer
    answer: Any
    """What the protocol would be told."""


_calls: dict[str, Timed] = {}
"""`derivative` and `cost`."""


def pin(core: int) -> None:
    """Run this process, and every thread that it starts from now on, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def set_up_ours(race: Race, file: Path, selector: str, core: int) -> str:
    """Prepare calcbench's derivative and cost on a backend; "" or the reason why there is none.

    They are those of `calcbench gradbench --tool`, without the protocol around them.
    """
    pin(core)
    _calls.clear()
    (backend,), given = select_backends([selector]), read(file)
    for what, name in (("derivative", race.derivative), ("cost", race.cost)):
        evaluation = EVALUATIONS[race.problem][name]
        try:
            evaluation.check(backend)
            task = evaluation.prepare(backend, given)
        except (NotInstalled, Unsupported) as error:
            return str(error)
        timer = timeit.Timer("run()", globals={"run": task.run})
        _calls[what] = Timed(timer, task.finish(task.run()))
    return ""


def read(file: Path) -> Any:
    """Read the input of the protocol that all contenders get."""
    return json.loads(file.read_text("utf-8"))


def set_up_peer(
    race: Race, file: Path, tool: str, double: bool | None, checkout: Path, core: int
) -> str:
    """Prepare a Python tool of GradBench, on the same numbers; "" or why there is none.

    JAX is in float64 where `double` says so, or, if that is None, where GradBench has it so.
    """
    pin(core)
    _calls.clear()
    _stand_in_for_wrap(checkout)
    try:
        module = importlib.import_module(f"gradbench.tools.{tool}.{race.problem}")
    except ModuleNotFoundError as error:
        return f"{error}"
    if tool == "jax":
        importlib.import_module("jax").config.update("jax_enable_x64", double or race.double)
    message = read(file)
    try:
        for what, name in (("derivative", race.derivative), ("cost", race.cost)):
            _calls[what] = _time_peer(getattr(module, name), message)
    except Exception as error:  # a tool may refuse what would take it minutes
        return f"{type(error).__name__}: {error}"
    return ""


@dataclass
class Wrapped:
    """A function of a tool, with what comes before and after the timed call."""

    function: Callable[[Any], Any]
    pre: Callable[[Any], Any]
    post: Callable[[Any], Any]

    def __call__(self, *given: Any) -> Any:
        """Call the function itself, as other functions of the tool do."""
        return self.function(*given)


def _stand_in_for_wrap(checkout: Path) -> None:
    """Import the peer's package, with decorators of ours: its own time by the wall clock."""
    sys.path.insert(0, str(checkout / "python" / "gradbench"))
    package: Any = importlib.import_module("gradbench")

    def keep(*, pre: Any, post: Any, **_: Any) -> Any:
        return lambda function: Wrapped(function, pre, post)

    module: Any = types.ModuleType("gradbench.wrap")
    module.function, module.multiple_runs, module.Wrapped = keep, keep, Wrapped
    sys.modules["gradbench.wrap"] = package.wrap = module


def _time_peer(wrapped: Wrapped, message: Any) -> Timed:
    given = wrapped.pre(message)
    wait = _waiter()
    answer = wrapped.post(wait(wrapped.function(given)))
    names = {"function": wrapped.function, "given": given, "wait": wait}
    return Timed(timeit.Timer("wait(function(given))", globals=names), answer)


def _waiter() -> Callable[[Any], Any]:
    """Wait for what JAX has begun, as calcbench does; others return when they are done."""
    jax = sys.modules.get("jax")
    return jax.block_until_ready if jax is not None else lambda result: result


def flatten_answer(answer: Any, keys: tuple[str, ...]) -> np.ndarray:
    """Put the parts of an answer in the protocol's form end to end."""
    parts = [answer[key] for key in keys] if isinstance(answer, dict) and keys else [answer]
    return _flat(parts)


def _flat(parts: Any) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in parts])


def result(keys: tuple[str, ...]) -> np.ndarray:
    """Return the derivative, as one vector."""
    return flatten_answer(_calls["derivative"].answer, keys)


def burst(what: str, calls: int) -> float:
    """Make some calls, and return the seconds of processor time that they took."""
    started = time.process_time()
    _calls[what].call.timeit(calls)
    return time.process_time() - started
