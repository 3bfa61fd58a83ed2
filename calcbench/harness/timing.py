"""A first timing: enough for an order of magnitude; `bench` measures closely."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.judge.contract import Run, classify_error
from calcbench.problem.faults import RAISED
from calcbench.problem.point import Point
from calcbench.record.record import Status

ROUND_SECONDS = 0.001
"""Seconds that the calls of a round take together, about: less than a system's time slice, so that
what else runs (the frameworks of other backends are imported meanwhile) disturbs few rounds."""

ROUNDS = 15
"""Rounds that the median is of, where a call is as short as that."""

FEW_ROUNDS = 5
"""Rounds of a longer call; one that takes half a second or more is timed once."""

SLICE = 0.02
"""Seconds of a round above which the system hardly ever lets one run to its end undisturbed."""

AGAIN = 3
"""How many times as many rounds are run, at most, for as many that nothing has disturbed."""


def first_timing(run: Callable[[Any], Any], native: Any) -> float:
    """Return the median seconds of one prepared call, over a few rounds of many calls each.

    Rounds in which the system took the processor away do not count: while frameworks are imported,
    a call of a millisecond took ten in most. Where fewer than half as many as wanted are left, all
    count, for a median of one or two says little.
    """
    once = timeit.timeit(lambda: run(native), number=1)
    calls = max(1, int(ROUND_SECONDS / max(once, 1e-9)))
    wanted = _rounds(once)
    every, undisturbed = list[float](), list[float]()
    for done in range(AGAIN * wanted):
        if len(undisturbed) == wanted or (done >= wanted and min(every) > SLICE):
            break
        before = interruptions()
        every.append(timeit.timeit(lambda: run(native), number=calls))
        if interruptions() == before:
            undisturbed.append(every[-1])
    enough = 2 * len(undisturbed) >= wanted
    return statistics.median(undisturbed if enough else every) / calls


def interruptions() -> int:
    """Count how often the system took the processor away from this thread; 0 if it does not tell.

    From this process, where threads are not told apart. Other threads of a framework may wait for
    each other, or for work, and are interrupted in every round.
    """
    try:
        import resource  # Unix alone has it
    except ImportError:
        return 0
    whose = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)  # Linux and FreeBSD have it
    return resource.getrusage(whose).ru_nivcsw


def _rounds(once: float) -> int:
    if once < ROUND_SECONDS:
        return ROUNDS
    return FEW_ROUNDS if once < 0.5 else 1


def time_call(run: Run, own: Point) -> None:
    """Add a first timing to a run that is `ok`; a call that raises changes its status."""
    if run.status is not Status.OK or run.prepared is None:
        return
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result
            run.seconds["call"] = first_timing(run.prepared.run, run.prepared.load(own))
    except RAISED as error:  # whatever a cost or a framework raises becomes a record
        run.status, run.reason = classify_error(error)
