"""Kinks: between which slopes a partial may be chosen where a cost has no derivative.

Frameworks give a number there all the same: 0 for relu at 0, 1/2 for either of two that tie for the
maximum. One between the slopes on both sides is a subgradient, and as good as any other (Clarke,
Optimization and Nonsmooth Analysis, chapter 2); another is none.

A component that decides its ties alone has two sides, whatever the others do, and their slopes are
all that there are. Where several decide a tie together, or meet in 0·∞ as in the norm of 0, there
may be any number, and a line says nothing of the others: none is given. The slope of
|x + y| − |x − y| at 0 is 0 along both axes, and ±2 beside them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls, budget
from calcbench.certified.balls import Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.certificate import gradient_noise
from calcbench.certified.evaluation import Evaluation, NotCertified, evaluate
from calcbench.certified.one_sided import approach, first_limit, settling_deadline
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point

BITS = 128
"""The precision at which slopes are taken."""


class Kink(NamedTuple):
    """The lowest and the highest slope beside a point, and how far rounding may carry one."""

    lowest: float
    highest: float
    allowed: float

    def misses(self, number: float) -> float:
        """Measure how far a number is from being between the slopes: 0 for one that is."""
        below, above = self.lowest - self.allowed - number, number - self.highest - self.allowed
        return float(max(below, above, 0.0))


def find_kinks(
    point: Point, positions: Sequence[int], dtype: str, seconds: float
) -> dict[int, Kink]:
    """Find the slopes beside a point, of a cost by components that have no derivative there.

    Position → kink, of those that decide their ties alone. Left out are also those of which the
    slopes are not known, and those of a cost that jumps.
    """
    deadline = settling_deadline(time.thread_time() + seconds)
    try:
        noise = flatten(gradient_noise(point, dtype).values())
        with balls.precision(BITS), budget.limit(deadline):
            slopes = _find_slopes(point, positions, deadline)
    except (NotCertified, Undecided, TooSlow):
        return {}
    return {
        k: Kink(float(min(both, key=float)), float(max(both, key=float)), float(noise[k]))
        for k, both in slopes.items()
    }


def _find_slopes(point: Point, positions: Sequence[int], deadline: float) -> dict[int, list[arb]]:
    """Take the slopes on both sides along a line on which all move that decide alone."""
    run = evaluate(point, deadline)
    alone = _decide_alone(run, positions)
    if not alone:
        return {}
    line = np.zeros(point.size)
    line[alone] = 1.0
    (sides,) = approach(point, line, [[(0, arb(1))]], 0, deadline)
    value = run.outputs[0].value
    limits = {k: [first_limit(side, k, own_line=len(alone) == 1) for side in sides] for k in alone}
    return {
        k: [limit.slope for limit in both]
        for k, both in limits.items()
        if all(limit.is_known() and limit.start.overlaps(value) for limit in both)
    }


def _decide_alone(run: Evaluation, positions: Sequence[int]) -> list[int]:
    """Return the positions whose ties depend on nothing else, and that meet no 0·∞."""
    shared = {k for group in run.ties if len(group) > 1 for k in group}
    balls.reverse([(run.outputs[0], arb(1))], list(reversed(run.tape)))
    adjoints = {k: run.leaves[k].adjoint for k in positions if run.tied[k] and k not in shared}
    return [k for k, adjoint in adjoints.items() if adjoint is None or adjoint.is_finite()]
