"""The tasks that a backend's process runs, one at a time.

`set_up` prepares a cell and measures what that takes; `burst` times a few calls; `evidence` runs
the operator at all points, for the judge. Between the tasks this module holds the cell.
"""

from __future__ import annotations

import os
import time
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import cloudpickle
import numpy as np
import psutil

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.bench.fingerprint import digest
from calcbench.bench.numbers import Numbers, points_of
from calcbench.errors import Unsupported
from calcbench.judge import contract, runner
from calcbench.judge.points import LeftOut
from calcbench.operators import Operator
from calcbench.operators.operator import highest_order
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem
from calcbench.problem.size import SizeLike
from calcbench.problem.whereabouts import NOWHERE, Place
from calcbench.record.record import Status
from calcbench.workers.memory import free_memory, peak, reset_peak, resident

T = TypeVar("T")

BUSY = 0.1
"""CPU time of a thread, relative to the busiest one's, from which it counts as used."""

LOOP = timeit.Timer("for _ in range(4000): total += _", "total = 0")
"""Work that is always the same, to measure how fast the machine is."""

CONVERSIONS = 3
"""Conversions timed, of which the median counts."""


@dataclass(frozen=True)
class SetUp:
    """What setting up a cell took, and how many calls make a burst."""

    seconds: dict[str, float]
    """Step (`import`, `prepare`, `compile`, `load`, `first`, `unload`) → seconds."""
    memory: dict[str, int]
    """`imported`: bytes with the framework loaded; `peak`: bytes that setting up added at most."""
    calls: int
    """Calls of the operator in a burst."""
    cost_calls: int | None
    """Calls of the cost in a burst; None where the backend has no cost of its own."""
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
    """The failure of a task: the status and the reason for the record."""

    status: Status
    reason: str
    place: Place = NOWHERE
    """Where users' code was being run, if that ended the process."""


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
    setup: SetUp
    ticks: dict[int, float]
    """Thread → its CPU seconds before the first burst."""


_cell: Cell | None = None
_import: tuple[dict[str, float], int] | None = None
"""Seconds and resident bytes of importing the framework, which happens once per process."""


def set_up(
    problem: bytes,
    backend: bytes,
    operator: Operator,
    size: SizeLike | None,
    seed: int,
    burst_seconds: float,
    left_out: LeftOut,
) -> SetUp | Failure:
    """Import, prepare, convert and call once; then find how many calls fill a burst.

    Problem and backend are pickled by cloudpickle; the seconds are those of a burst. Nothing is run
    at points that are `left_out`.
    """
    return _catch_failure(
        lambda: _set_up(
            cloudpickle.loads(problem),
            cloudpickle.loads(backend),
            operator,
            size,
            seed,
            burst_seconds,
            left_out,
        )
    )


def burst() -> Burst | Failure:
    """Time one burst of the operator, and one of the cost."""
    return _catch_failure(_burst)


def threads_busy() -> int | Failure | None:
    """Count the threads that used CPU time in the bursts; None where it is too little to tell."""
    return _catch_failure(lambda: _busy(_current_cell().ticks, _thread_seconds()))


def evidence() -> dict[str, Any] | Failure:
    """Run the operator at all points, twice at each: a run, packed (`judge.contract.pack`)."""
    return _catch_failure(lambda: _own_evidence(_current_cell()))


def run_points(where: Mapping[str, Numbers], operator: Operator) -> dict[str, Any] | Failure:
    """Run an operator at other points; it is prepared anew: a run, packed."""
    return _catch_failure(lambda: _evidence(_points(where), operator, None))


def sensitivities(where: Mapping[str, Numbers], seed: int) -> dict[str, np.ndarray] | Failure:
    """Measure κ as `judge.runner.sensitivities`, for the cell's problem and backend."""
    return _catch_failure(lambda: _sensitivities(_current_cell(), where, seed))


def release() -> None:
    """Drop the cell, and return its memory to the system."""
    global _cell
    _cell = None
    free_memory()


def _sensitivities(cell: Cell, where: Mapping[str, Numbers], seed: int) -> dict[str, np.ndarray]:
    return runner.sensitivities(cell.backend, _points(where), seed, cell.operator)


def _burst() -> Burst:
    cell = _current_cell()
    before = _loop_seconds()
    call = _timed(cell.call, cell.setup.calls)
    cost_calls = cell.setup.cost_calls
    cost = _timed(cell.cost, cost_calls) if cell.cost and cost_calls else None
    # The slower of two loops: what slowed the machine on either side may have done so in between.
    return Burst(call, cost, max(before, _loop_seconds()))


def _set_up(
    problem: Problem,
    backend: Backend,
    operator: Operator,
    size: SizeLike | None,
    seed: int,
    burst_seconds: float,
    left_out: LeftOut,
) -> SetUp:
    """Set up a cell, and keep it in this module."""
    global _cell
    release()
    own = own_point(problem, size, seed)
    contract.check_limit(backend, own)
    where = left_out.keep(points_for(own, operator, seed))
    import_seconds, imported = _import_framework(backend)
    # The peak is that of this cell: memory that earlier ones have left free was returned above.
    before, peak_reset = resident(), reset_peak()
    prepared, native, seconds = _prepare(backend, where, operator, left_out)
    top = peak() if peak_reset else None
    call, cost = _timer(prepared, native), _cost(backend, where, operator, left_out)
    setup = SetUp(
        {**import_seconds, **seconds},
        {"imported": imported} | ({} if top is None else {"peak": max(0, top - before)}),
        count_calls(call, burst_seconds),
        count_calls(cost, burst_seconds / 2) if cost else None,
        digest(where["own"].values),
    )
    # Last, after all calls that make a cell ready: threads are counted by what they do in bursts.
    _cell = Cell(problem, backend, where, operator, prepared, call, cost, setup, _thread_seconds())
    return setup


def _import_framework(backend: Backend) -> tuple[dict[str, float], int]:
    """Import the framework if this process has not: `import` → seconds, and resident bytes.

    All cells of a process report what its only import took.
    """
    global _import
    if _import is None:
        seconds = contract.timed_import(backend)
        _import = {} if seconds is None else {"import": seconds}, resident()
    return _import


def _prepare(
    backend: Backend, where: Mapping[str, Point], operator: Operator, left_out: LeftOut
) -> tuple[Prepared, Any, dict[str, float]]:
    """Prepare and call once: what was prepared, the native inputs, and the seconds of each step."""
    seconds: dict[str, float] = {}
    prepared, seconds["prepare"] = contract.prepare_away(backend, where, operator, left_out)
    if prepared.compile_seconds is not None:
        seconds["compile"] = prepared.compile_seconds
    native, seconds["load"] = _median_time(lambda: prepared.load(where["own"]))
    started = time.perf_counter()
    result = prepared.run(native)
    seconds["first"] = time.perf_counter() - started
    _, seconds["unload"] = _median_time(lambda: prepared.unload(result))
    return prepared, native, seconds


def _cost(
    backend: Backend, where: Mapping[str, Point], operator: Operator, left_out: LeftOut
) -> timeit.Timer | None:
    """Prepare the cost alone, to be timed beside the operator.

    None where the backend has no cost of its own, or the operator is the cost.
    """
    if highest_order(operator.terms(where["own"])) == 0:
        return None
    try:
        prepared, _ = contract.prepare_away(backend, where, "cost", left_out)
    except Unsupported:
        return None
    native = prepared.load(where["own"])
    prepared.run(native)
    return _timer(prepared, native)


def _timer(prepared: Prepared, native: Any) -> timeit.Timer:
    """Make a timer of prepared calls with the same inputs."""
    # A statement, not a function: a call more would be 50 ns of 3 µs.
    return timeit.Timer("run(native)", globals={"run": prepared.run, "native": native})


INTERRUPT = 0.1
"""Seconds up to which a call may have been kept waiting for the processor."""


def count_calls(timer: timeit.Timer, burst_seconds: float) -> int:
    """Find by doubling how many calls take about `burst_seconds`.

    What is quick counts by the best of three: after an interrupt, a burst would be one call.
    """
    calls = 1
    while True:
        took = timer.timeit(calls)
        if burst_seconds / 2 <= took < INTERRUPT:
            took = min(took, *timer.repeat(2, calls))
        if took >= burst_seconds / 2:
            return max(1, round(calls * burst_seconds / took))
        calls *= 2


def _timed(timer: timeit.Timer, calls: int) -> tuple[float, float]:
    """Time `calls` calls after one that warms the caches: wall-clock and CPU seconds of each."""
    if calls > 1:
        timer.timeit(1)
    cpu = time.process_time()
    wall = timer.timeit(calls)
    return wall / calls, (time.process_time() - cpu) / calls


def _loop_seconds() -> float:
    """Time a fixed loop of about 0.2 ms: the better of two, in case of an interrupt."""
    return min(LOOP.repeat(repeat=2, number=1))


def _median_time(function: Callable[[], T]) -> tuple[T, float]:
    """Call a function a few times; return its last result and the median seconds."""
    took = []
    for _ in range(CONVERSIONS):
        started = time.perf_counter()
        result = function()
        took.append(time.perf_counter() - started)
    return result, sorted(took)[len(took) // 2]


def _points(where: Mapping[str, Numbers]) -> dict[str, Point]:
    """Make points of the cell's problem."""
    return points_of(_current_cell().problem, where)


def _own_evidence(cell: Cell) -> dict[str, Any]:
    return _evidence(cell.where, cell.operator, cell.prepared)


def _evidence(
    where: Mapping[str, Point], operator: Operator, prepared: Prepared | None
) -> dict[str, Any]:
    """Run the cell's backend at some points, and take what can be sent."""
    backend = _current_cell().backend
    return contract.pack(contract.run_points(backend, where, operator, prepared=prepared))


def _thread_seconds() -> dict[int, float]:
    """Return the CPU seconds of each thread so far, by its id."""
    return {thread.id: thread.user_time + thread.system_time for thread in _threads()}


def _threads() -> Any:
    """List the threads of this process; none where the system does not tell."""
    try:
        return psutil.Process(os.getpid()).threads()
    except psutil.Error:
        return []


def _busy(before: Mapping[int, float], after: Mapping[int, float]) -> int | None:
    """Count the threads that used at least `BUSY` of what the busiest one did."""
    used = [seconds - before.get(thread, 0.0) for thread, seconds in after.items()]
    top = max(used, default=0.0)
    if top < 0.05:  # a few ticks of the kernel's clock
        return None
    return sum(seconds >= BUSY * top for seconds in used)


def _current_cell() -> Cell:
    """Return the cell that is set up. Raises `RuntimeError` where none is."""
    if _cell is None:
        raise RuntimeError("no cell is set up in this process")
    return _cell


def _catch_failure(task: Callable[[], T]) -> T | Failure:
    """Run a task; return its result, or as a `Failure` whatever it raises."""
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result, and is judged there
            return task()
    except BaseException as error:  # SystemExit too: a backend must not end the process quietly
        return Failure(*contract.classify_error(error))
