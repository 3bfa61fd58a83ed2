"""Interleaved rounds: all backends' prepared cells are visited in turn, a short burst each.

A machine that drifts, or is shared, then hurts all alike, and ratios taken within a round
cancel the drift. The order is shuffled in every round, so that nobody always follows the one
that heats the processor or empties its caches.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from calcbench.bench import intervals, worker
from calcbench.bench.isolation import Fate, Worker
from calcbench.interfaces import Backend
from calcbench.record import Samples


@dataclass(frozen=True)
class Settings:
    """How long and how closely to measure. All times in seconds."""

    burst: float = 0.02
    """One burst of one gradient; the cost's takes half of it."""
    rounds: int = 12
    """Rounds at least, unless the budget ends before."""
    budget: float = 20.0
    """Rounds of one problem and size, over all its backends, at most."""
    precision: float = 0.02
    """Half-width of the 95 % interval, relative to the median, at which a time is known."""
    timeout: float = 120.0
    """Any single step of a cell: setting it up, a burst, the check of its gradient."""
    memory: int | None = None
    """Bytes that one process may take; if None, three quarters of what is free at the start."""


QUICK = Settings(burst=0.005, rounds=6, budget=2.0, precision=0.05, timeout=60.0)
"""For a first look: about a tenth of the time."""


@dataclass
class Live:
    """A cell in its process: how it was set up, the bursts that it has run, what ended it."""

    backend: Backend
    process: Worker
    setup: worker.SetUp | None = None
    gradient: list[tuple[int, float, float]] = field(default_factory=list)
    """(round, wall seconds, CPU seconds) per call."""
    cost: list[tuple[int, float, float]] = field(default_factory=list)
    failure: worker.Failure | None = None
    elapsed: float = 0.0
    """Seconds spent on this cell so far, waiting for its process included."""

    def ask(self, task: Callable[..., Any], *arguments: Any, timeout: float) -> Any:
        """The task's result in the cell's process; None if it failed, and then `failure` is set."""
        started = time.monotonic()
        try:
            found = self.process.ask(task, *arguments, timeout=timeout)
        except Fate as fate:
            found = worker.Failure(fate.status, fate.reason)
        self.elapsed += time.monotonic() - started
        if isinstance(found, worker.Failure):
            self.failure = found
            return None
        return found

    def samples(self) -> tuple[Samples, Samples | None]:
        """The bursts of the gradient, and of the cost where the backend has one."""
        assert self.setup is not None
        calls = self.setup.cost_calls
        cost = _columns(calls, self.cost) if calls is not None and self.cost else None
        return _columns(self.setup.gradient_calls, self.gradient), cost


def visit(
    cells: Sequence[Live], settings: Settings, seed: int, progress: Callable[[str], None]
) -> None:
    """Visit the cells round by round, until every time is known or the budget is spent.

    A cell that fails keeps its failure, and the others go on; the time that it took, perhaps
    to hang, is not taken from theirs.
    """
    order = random.Random(seed)
    spent, number = 0.0, 0
    while living := [cell for cell in cells if cell.failure is None]:
        if number and (spent >= settings.budget or _known(living, number, settings)):
            break
        progress(f"round {number + 1}")
        order.shuffle(living)
        for cell in living:
            before = cell.elapsed
            _burst(cell, number, settings.timeout)
            spent += cell.elapsed - before if cell.failure is None else 0.0
        number += 1


def _known(cells: Sequence[Live], rounds: int, settings: Settings) -> bool:
    if rounds < settings.rounds:
        return False
    return all(
        intervals.time(samples).spread <= settings.precision
        for cell in cells
        for samples in cell.samples()
        if samples is not None
    )


def _burst(cell: Live, number: int, timeout: float) -> None:
    found = cell.ask(worker.burst, timeout=timeout)
    if found is not None:
        cell.gradient.append((number, *found.gradient))
        if found.cost is not None:
            cell.cost.append((number, *found.cost))


def _columns(calls: int, bursts: Sequence[tuple[int, float, float]]) -> Samples:
    numbers, seconds, cpu = zip(*bursts, strict=True) if bursts else ((), (), ())
    return Samples(calls, numbers, seconds, cpu)
