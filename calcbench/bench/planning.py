"""Planning: how long a matrix will take, by its settings. Bounds, not a promise."""

from __future__ import annotations

from collections.abc import Sequence

from calcbench.bench.cells import Group
from calcbench.bench.rounds import Settings

IMPORT = 3.0
"""Seconds for a process to start and import its framework: from 0.5 (NumPy) to 8 (TensorFlow)."""

CELL = 0.5
"""Seconds to set up a cell and check its result, where nothing heavy is compiled."""


def estimate(groups: Sequence[Group], settings: Settings) -> tuple[float, float]:
    """Estimate the seconds at least (the fewest rounds) and at most (every group's whole budget).

    Compiling is not included, nor are calls that take longer than a burst.
    """
    processes = {(b.selector, group.threads) for group in groups for b in group.backends}
    cells = sum(len(group.backends) for group in groups)
    ready = IMPORT * len(processes) + CELL * cells
    # A burst of the operator and half of one of the cost: 1.5 bursts per cell and round.
    least = sum(
        min(settings.budget, settings.rounds * 1.5 * settings.burst * len(group.backends))
        for group in groups
    )
    return ready + least, ready + settings.budget * len(groups)
