"""A first timing: enough to see an order of magnitude, not to settle an argument."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable
from typing import Any

ROUNDS = 5
ROUND_SECONDS = 0.005


def first_timing(run: Callable[[Any], Any], native: Any) -> float:
    """Median seconds of one prepared call, over a few rounds of many calls each."""
    once = timeit.timeit(lambda: run(native), number=1)
    calls = max(1, int(ROUND_SECONDS / max(once, 1e-9)))
    rounds = timeit.repeat(lambda: run(native), number=calls, repeat=ROUNDS if once < 0.5 else 1)
    return statistics.median(rounds) / calls
