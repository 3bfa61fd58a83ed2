"""Running a task as often and as long as GradBench asks for, each run timed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, TypeVar

from calcbench.errors import SelectorError, short_repr

T = TypeVar("T")


def read_runs(given: Any) -> tuple[int, float]:
    """Read (least number of runs, least seconds) off an input; one that asks for none has 1, 0.

    No runs or seconds, 0, are allowed: there is one run then. Raises `SelectorError` for what is no
    number, or a negative one, for NaN and infinity, which have no end, and for a part of a run.
    """
    asked = given if isinstance(given, dict) else {}
    runs, seconds = asked.get("min_runs", 1), asked.get("min_seconds", 0)
    for name, number in (("min_runs", runs), ("min_seconds", seconds)):
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise SelectorError(f"{name} must be a number, got {short_repr(number)}")
        if not math.isfinite(number):
            raise SelectorError(f"{name} must be finite, got {number}")
        if number < 0:
            raise SelectorError(f"{name} must be at least 0, got {number}")
    if runs != int(runs):
        raise SelectorError(f"min_runs must be a whole number, got {runs}")
    return max(1, int(runs)), float(seconds)


def repeat(run: Callable[[], T], runs: int, seconds: float) -> tuple[T, list[int]]:
    """Run until there are `runs` runs that took `seconds` together: the result, and nanoseconds."""
    times: list[int] = []
    total = 0
    while len(times) < runs or total < seconds * 1e9:
        started = time.perf_counter_ns()
        result = run()
        times.append(time.perf_counter_ns() - started)
        total += times[-1]
    return result, times
