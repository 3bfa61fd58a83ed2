"""The calls that a contender's process times: calcbench's, or those of a Python tool of GradBench.

These are the tasks of a worker: between them this module holds what is timed.
"""

from __future__ import annotations

import importlib
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

from calcbench.catalogue.selection import select_backends, select_problems
from calcbench.errors import Unsupported
from calcbench.operators import find_operator
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point


@dataclass
class Timed:
    """A call that is made over and over, and its result as one vector."""

    call: timeit.Timer
    result: np.ndarray


_calls: dict[str, Timed] = {}
"""`derivative` and `cost`."""


def pin(core: int) -> None:
    """Run this process, and every thread that it starts from now on, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def draw(race: Race) -> Point:
    """Draw the problem's numbers at the race's size, with a direction of ones where it has one."""
    (problem,) = select_problems([race.problem])
    operator, point = find_operator(race.operator), own_point(problem, race.size)
    ones = {name: np.ones(shape) for name, shape in operator.seed_shapes(point).items()}
    return point.with_seed(ones) if ones else point


def set_up_ours(race: Race, selector: str, core: int) -> str:
    """Prepare calcbench's derivative and cost on a backend; "" or the reason why there is none."""
    pin(core)
    _calls.clear()
    point, (backend,) = draw(race), select_backends([selector])
    try:
        _calls["derivative"] = _prepare(backend, point, race.operator, race.combine)
    except Unsupported as error:
        return str(error)
    _calls["cost"] = _prepare(backend, point, "cost", list)
    return ""


def _prepare(backend: Any, point: Point, operator: str, combine: Callable[..., Any]) -> Timed:
    prepared = backend.prepare(point, operator)
    native = prepared.load(point)
    found = prepared.unload(prepared.run(native))
    timer = timeit.Timer("run(native)", globals={"run": prepared.run, "native": native})
    return Timed(timer, _flat(combine(list(found.values()))))


def set_up_peer(race: Race, tool: str, checkout: Path, core: int) -> str:
    """Prepare a Python tool of GradBench, on the same numbers; "" or why there is none."""
    pin(core)
    _calls.clear()
    _stand_in_for_wrap(checkout)
    try:
        module = importlib.import_module(f"gradbench.tools.{tool}.{race.problem}")
    except ModuleNotFoundError as error:
        return f"{error}"
    message = race.message(draw(race).values)
    for what, name in (("derivative", race.derivative), ("cost", race.cost)):
        _calls[what] = _time_peer(getattr(module, name), message, race.keys)
    return ""


@dataclass
class Wrapped:
    """A function of a tool, with what comes before and after the timed call."""

    function: Callable[[Any], Any]
    pre: Callable[[Any], Any]
    post: Callable[[Any], Any]


def _stand_in_for_wrap(checkout: Path) -> None:
    """Import the peer's package, with decorators of ours: its own time by the wall clock."""
    sys.path.insert(0, str(checkout / "python" / "gradbench"))
    package: Any = importlib.import_module("gradbench")

    def keep(*, pre: Any, post: Any, **_: Any) -> Any:
        return lambda function: Wrapped(function, pre, post)

    module: Any = types.ModuleType("gradbench.wrap")
    module.function, module.multiple_runs, module.Wrapped = keep, keep, Wrapped
    sys.modules["gradbench.wrap"] = package.wrap = module


def _time_peer(wrapped: Wrapped, message: dict[str, Any], keys: tuple[str, ...]) -> Timed:
    given = wrapped.pre(message)
    wait = _waiter()
    result = flatten_answer(wrapped.post(wait(wrapped.function(given))), keys)
    names = {"function": wrapped.function, "given": given, "wait": wait}
    return Timed(timeit.Timer("wait(function(given))", globals=names), result)


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


def result() -> np.ndarray:
    """Return the derivative, as one vector."""
    return _calls["derivative"].result


def burst(what: str, calls: int) -> float:
    """Make some calls, and return the seconds of processor time that they took."""
    started = time.process_time()
    _calls[what].call.timeit(calls)
    return time.process_time() - started
