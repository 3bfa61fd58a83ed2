"""What one process does for its backend. Runs in that process, one task at a time.

`set_up` makes a cell ready and tells what that took; `burst` times a few calls; `evidence` runs
the operator at all points, for the judge. The cell lives in this module between the tasks.
"""

from __future__ import annotations

import os
import time
import timeit
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cloudpickle
import numpy as np
import psutil

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.bench.fingerprint import digest
from calcbench.errors import Unsupported
from calcbench.judge import contract, runner
from calcbench.operators import Operator
from calcbench.operators.operator import highest_order
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays, Problem
from calcbench.record.record import Status
from calcbench.workers.memory import free_memory, peak, reset_peak, resident

BUSY = 0.1
"""CPU time of a thread, relative to the busiest one's, from which it counts as used."""

LOOP = timeit.Timer("for _ in range(4000): total += _", "total = 0")
"""Work that is always the same."""

CONVERSIONS = 3
"""Conversions timed; the median is peak_reset."""


@dataclass(frozen=True)
class SetUp:
    """What making a cell ready took, and how many calls make a burst."""

    seconds: dict[str, float]
    memory: dict[str, int]
    calls: int
    """Of the operator."""
    cost_calls: int | None
    """None where the backend has no cost of its own."""
    inputs: str
    """A hash of the problem's inputs, which must be the same in every process."""


@dataclass(frozen=True)
class Burst:
    """Seconds per call, by the wall clock and of CPU time; no `cost` where there is none."""

    call: tuple[float, float]
    cost: tuple[float, float] | None
    loop: float
    """Seconds that a fixed loop took, around them: how fast the machine was."""


@dataclass(frozen=True)
class Failure:
    """A task that could not be done, and what the record is to say of it."""

    status: Status
    reason: str


@dataclass(frozen=True)
class Evidence:
    """What `Run` holds, but for the backend."""

    status: Status
    reason: str
    method: str
    results: dict[str, Arrays]
    bounds: dict[str, Arrays | None]


@dataclass
class Cell:
    """The cell that is set up: its calls, as `timeit` timers."""

    problem: Problem
    backend: Backend
    where: Mapping[str, Point]
    operator: Operator
    prepared: Prepared
    call: timeit.Timer
    cost: timeit.Timer | None
    setup: SetUp | None = None
    ticks: dict[int, float] = field(default_factory=dict)
    """Thread → its CPU seconds before the first burst."""


Numbers = tuple[Arrays, Arrays]
"""What a point is sent as: its values, and its direction or cotangent."""

_cell: Cell | None = None
_import_seconds: float | None = None
_imported_bytes: int | None = None


def set_up(
    problem: bytes,
    backend: bytes,
    operator: Operator,
    size: int | None,
    seed: int,
    burst_seconds: float,
) -> SetUp | Failure:
    """Import, convert, prepare and call once; then find how many calls fill a burst."""
    return _catch_failure(
        lambda: _set_up(
            cloudpickle.loads(problem),
            cloudpickle.loads(backend),
            operator,
            size,
            seed,
            burst_seconds,
        )
    )


def burst() -> Burst | Failure:
    """Time one burst of the operator, and one of the cost."""

    def both() -> Burst:
        cell = _current_cell()
        assert cell.setup is not None
        before = _loop_seconds()
        call = _timed(cell.call, cell.setup.calls)
        cost = (
            _timed(cell.cost, cell.setup.cost_calls)
            if cell.cost and cell.setup.cost_calls
            else None
        )
        return Burst(call, cost, max(before, _loop_seconds()))

    return _catch_failure(both)


def threads_busy() -> int | Failure | None:
    """How many threads burned CPU time in the bursts; None where it is too little to tell."""
    return _catch_failure(lambda: _busy(_current_cell().ticks, _thread_seconds()))


def evidence() -> Evidence | Failure:
    """Run the operator at all points, twice at each (`judge.contract.run_points`)."""
    return _catch_failure(
        lambda: _evidence(_current_cell().where, _current_cell().operator, _current_cell().prepared)
    )


def run_points(where: Mapping[str, Numbers], operator: Operator) -> Evidence | Failure:
    """Run an operator at other points, prepared anew."""
    return _catch_failure(lambda: _evidence(_points(where), operator, None))


def sensitivities(where: Mapping[str, Numbers], seed: int) -> dict[str, np.ndarray] | Failure:
    """As `judge.runner.sensitivities`, for the cell's problem and backend."""
    return _catch_failure(lambda: _sensitivities(_current_cell(), where, seed))


def release() -> None:
    """Forget the cell, and give its memory back."""
    global _cell
    _cell = None
    free_memory()


def _sensitivities(cell: Cell, where: Mapping[str, Numbers], seed: int) -> dict[str, np.ndarray]:
    return runner.sensitivities(cell.backend, _points(where), seed, cell.operator)


def _set_up(
    problem: Problem,
    backend: Backend,
    operator: Operator,
    size: int | None,
    seed: int,
    burst_seconds: float,
) -> SetUp:
    global _cell, _import_seconds, _imported_bytes
    release()
    own = own_point(problem, size, seed)
    contract.check_limit(backend, own)
    where = points_for(own, operator, seed)
    own = where["own"]
    if _imported_bytes is None:
        _import_seconds = contract.timed_import(backend)
        _imported_bytes = resident()
    seconds = {} if _import_seconds is None else {"import": _import_seconds}
    before = resident()
    peak_reset = reset_peak()
    started = time.perf_counter()
    prepared = backend.prepare(contract.preparation_point(where), operator)
    seconds["prepare"] = time.perf_counter() - started
    if prepared.compile_seconds is not None:
        seconds["compile"] = prepared.compile_seconds
    native, seconds["load"] = _median_time(lambda: prepared.load(own))
    started = time.perf_counter()
    result = prepared.run(native)
    seconds["first"] = time.perf_counter() - started
    _, seconds["unload"] = _median_time(lambda: prepared.unload(result))
    top = peak() if peak_reset else None
    cell = Cell(
        problem,
        backend,
        where,
        operator,
        prepared,
        _timer(prepared, native),
        _cost(backend, where, operator),
    )
    cell.setup = SetUp(
        seconds,
        {"imported": _imported_bytes} | ({} if top is None else {"peak": max(0, top - before)}),
        _calls(cell.call, burst_seconds),
        _calls(cell.cost, burst_seconds / 2) if cell.cost else None,
        digest(own.values),
    )
    cell.ticks = _thread_seconds()
    _cell = cell
    return cell.setup


def _cost(backend: Backend, where: Mapping[str, Point], operator: Operator) -> timeit.Timer | None:
    """Prepare the cost alone; None where the backend has none of its own, or it is what is timed."""
    if highest_order(operator.terms(where["own"])) == 0:
        return None
    try:
        prepared = backend.prepare(contract.preparation_point(where), "cost")
    except Unsupported:
        return None
    native = prepared.load(where["own"])
    prepared.run(native)
    return _timer(prepared, native)


def _timer(prepared: Prepared, native: Any) -> timeit.Timer:
    # A statement, not a function: a call more would be 50 ns of 3 µs.
    return timeit.Timer("run(native)", globals={"run": prepared.run, "native": native})


def _calls(timer: timeit.Timer, burst_seconds: float) -> int:
    """How many calls take about `burst_seconds`, found by doubling."""
    calls = 1
    while True:
        took = timer.timeit(calls)
        if took >= burst_seconds / 2:
            return max(1, round(calls * burst_seconds / took))
        calls *= 2


def _timed(timer: timeit.Timer, calls: int) -> tuple[float, float]:
    """Wall-clock and CPU seconds of one call: of `calls` calls, after one that warms the caches."""
    if calls > 1:
        timer.timeit(1)
    cpu = time.process_time()
    wall = timer.timeit(calls)
    return wall / calls, (time.process_time() - cpu) / calls


def _loop_seconds() -> float:
    """Seconds of a fixed loop, about 0.2 ms: the better of two, for an interrupt is no pace."""
    return min(LOOP.repeat(repeat=2, number=1))


def _median_time(function: Any) -> tuple[Any, float]:
    """The result of a function, and the median seconds of a few calls."""
    took = []
    for _ in range(CONVERSIONS):
        started = time.perf_counter()
        result = function()
        took.append(time.perf_counter() - started)
    return result, sorted(took)[len(took) // 2]


def _points(where: Mapping[str, Numbers]) -> dict[str, Point]:
    """Put numbers that were sent here into the cell's problem."""
    problem = _current_cell().problem
    return {name: Point(problem, values, seed) for name, (values, seed) in where.items()}


def _evidence(
    where: Mapping[str, Point], operator: Operator, prepared: Prepared | None
) -> Evidence:
    run = contract.run_points(_current_cell().backend, where, operator, prepared=prepared)
    return Evidence(run.status, run.reason, run.method, run.results, run.bounds)


def _thread_seconds() -> dict[int, float]:
    return {thread.id: thread.user_time + thread.system_time for thread in _threads()}


def _threads() -> Any:
    try:
        return psutil.Process(os.getpid()).threads()
    except psutil.Error:
        return []


def _busy(before: Mapping[int, float], after: Mapping[int, float]) -> int | None:
    burned = [seconds - before.get(thread, 0.0) for thread, seconds in after.items()]
    top = max(burned, default=0.0)
    if top < 0.05:  # a few ticks of the kernel's clock
        return None
    return sum(seconds >= BUSY * top for seconds in burned)


def _current_cell() -> Cell:
    if _cell is None:
        raise RuntimeError("no cell is set up in this process")
    return _cell


def _catch_failure(task: Any) -> Any:
    """The task's result, or the failure that it ends in. Only Python's own end gets through."""
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result, and is judged there
            return task()
    except BaseException as error:  # SystemExit too: a backend must not end the process quietly
        return Failure(*contract.classify_error(error))
