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


def first_timing(run: Callable[[Any], Any], native: Any) -> float:
    """Return the median seconds of one prepared call, over a few rounds of many calls each."""
    once = timeit.timeit(lambda: run(native), number=1)
    calls = max(1, int(ROUND_SECONDS / max(once, 1e-9)))
    rounds = timeit.repeat(lambda: run(native), number=calls, repeat=_rounds(once))
    return statistics.median(rounds) / calls


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
