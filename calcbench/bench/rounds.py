"""Interleaved rounds: all backends' prepared cells are visited in turn, a short burst each.

A machine that drifts, or is shared, then slows all alike, and ratios taken within a round cancel
the drift. The order is shuffled in every round, so that no backend always follows the one that
heats the processor or empties its caches.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.bench import intervals, worker
from calcbench.errors import SelectorError, short_repr
from calcbench.record.record import Status
from calcbench.record.samples import Samples
from calcbench.workers.isolation import Worker, WorkerDied

BEYOND_REASON = 2**60
"""No setting reaches this, in seconds or bytes: it is a number that every system takes."""


@dataclass(frozen=True)
class Settings:
    """How long and how closely to measure. All times in seconds."""

    burst: float = 0.01
    """One burst of the operator; the cost's takes half of it."""
    rounds: int = 12
    """Undisturbed rounds at least, unless the budget is spent before."""
    budget: float = 20.0
    """The rounds of one problem and size take this long at most, over all its backends."""
    precision: float = 0.02
    """Half-width of the 95 % interval, relative to the median, at which measuring may end."""
    timeout: float = 120.0
    """The limit of any single step of a cell: setting it up, a burst, the check of its results."""
    memory: int | None = None
    """Bytes that one process may take; if None, three quarters of what is free at the start."""

    def __post_init__(self) -> None:
        """Raise `SelectorError` for a setting that is no positive number, or one beyond reason."""
        for name, value in vars(self).items():
            if name == "memory" and value is None:
                continue
            if (
                not isinstance(value, (int, float, np.number))
                or isinstance(value, bool)
                or not value > 0
            ):
                raise SelectorError(f"settings: {name} must be above 0, got {short_repr(value)}")
            if value >= BEYOND_REASON:
                raise SelectorError(f"settings: {name} is beyond reason: {short_repr(value)}")


QUICK = Settings(burst=0.005, rounds=6, budget=2.0, precision=0.05, timeout=60.0)
"""Settings for a first look, in about a tenth of the time."""


@dataclass
class RunningCell:
    """A cell in its process: how it was set up, its bursts so far, and its failure, if any."""

    backend: Backend
    process: Worker
    setup: worker.SetUp | None = None
    bursts: list[tuple[int, worker.Burst]] = field(default_factory=list)
    """(round, what was measured in it), in order."""
    failure: worker.Failure | None = None
    elapsed: float = 0.0
    """Seconds spent on this cell so far, including the start of its process."""

    def ask(self, task: Callable[..., Any], *arguments: Any, timeout: float) -> Any:
        """Run a task in the cell's process; None if it failed, and then `failure` is set."""
        started = time.monotonic()
        try:
            found = self.process.ask(task, *arguments, timeout=timeout)
        except WorkerDied as fate:
            found = worker.Failure(fate.status, fate.reason, fate.place)
        self.elapsed += time.monotonic() - started
        if isinstance(found, worker.Failure):
            self.failure = found
            if found.status is Status.OUT_OF_MEMORY:
                self.process.stop()  # it is in no known state; the next task starts another
            return None
        return found

    def samples(self, pace: Pace) -> tuple[Samples, Samples | None]:
        """Return the bursts of the operator, and those of the cost where the backend has one."""
        assert self.setup is not None
        costs = [(number, burst.cost, burst.loop) for number, burst in self.bursts if burst.cost]
        calls = self.setup.cost_calls
        return (
            _columns(
                self.setup.calls,
                [(number, burst.call, burst.loop) for number, burst in self.bursts],
                pace,
            ),
            _columns(calls, costs, pace) if calls is not None and costs else None,
        )


@dataclass
class Pace:
    """The machine's best speed in this run, by a fixed loop; a burst's pace is relative to it.

    The best is not known beforehand: it is found while the bursts are run. So a burst keeps the
    seconds of its own loop, and its pace is computed when its samples are read.
    """

    best: float = math.inf
    """Seconds of the fixed loop (`worker.Burst.loop`)."""

    def see(self, loop: float) -> None:
        """Take into account how long the loop took around one burst."""
        self.best = min(self.best, loop)


def visit(
    cells: Sequence[RunningCell],
    settings: Settings,
    seed: int,
    pace: Pace,
    progress: Callable[[str], None],
) -> None:
    """Visit the cells round by round, until every time is precise or the budget is spent.

    A cell that fails keeps its failure, and the others go on; the time that it took, perhaps
    to hang, is not taken from theirs.
    """
    order = random.Random(seed)
    started, lost = time.monotonic(), 0.0
    number, next_check = 0, settings.rounds
    while running := [cell for cell in cells if cell.failure is None]:
        # The first round is always run, however small the budget: a record needs a time.
        if number and time.monotonic() - started - lost >= settings.budget:
            break
        if number >= next_check:
            if _all_precise(running, settings, pace):
                break
            # Sorting all samples takes time too, ever more of it: check ever more rarely.
            next_check = number + max(1, number // 10)
        progress(f"round {number + 1}")
        order.shuffle(running)
        for cell in running:
            began = time.monotonic()
            found = cell.ask(worker.burst, timeout=settings.timeout)
            if found is not None:
                cell.bursts.append((number, found))
                pace.see(found.loop)
            if cell.failure is not None:
                lost += time.monotonic() - began
        number += 1


def _all_precise(cells: Sequence[RunningCell], settings: Settings, pace: Pace) -> bool:
    """Tell whether every time is as precise as the settings ask, from enough calm bursts."""
    times = [intervals.time(s) for cell in cells for s in cell.samples(pace) if s is not None]
    return all(t.calm and t.used >= settings.rounds for t in times) and all(
        t.spread <= settings.precision for t in times
    )


def _columns(
    calls: int, bursts: Sequence[tuple[int, tuple[float, float], float]], pace: Pace
) -> Samples:
    """Turn (round, (wall, CPU) seconds, loop seconds) of bursts into columns."""
    return Samples(
        calls,
        tuple(number for number, _, _ in bursts),
        tuple(wall for _, (wall, _), _ in bursts),
        tuple(cpu for _, (_, cpu), _ in bursts),
        tuple(pace.best / loop for _, _, loop in bursts),
    )
