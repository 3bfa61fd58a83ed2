"""Kinks: between which slopes a partial may be chosen where a cost has no derivative.

Frameworks give a number there all the same: 0 for relu at 0, 1/2 for either of two that tie for the
maximum. One between the slopes on both sides is a subgradient, and as good as any other (Clarke,
Optimization and Nonsmooth Analysis, chapter 2); another is none.

A component that decides alone has two sides, and their slopes are all that there are. Where several
decide, or meet in 0·∞ as in the norm of 0, there may be any number, and a line says nothing of the
others: none is given. The slope of |x + y| − |x − y| at 0 is 0 along both axes, and ±2 beside them.
Whether several tie each for itself is not seen: that the outer tie of relu(y − relu(x)) depends on
x, by the side that is not taken, is not on the tape.
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

    Position → kink, of the one that decides all ties alone, if one does, and if its slopes are
    known, and the cost does not jump there.
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
    """Take the slopes on both sides of the component that decides alone, along its axis."""
    run = evaluate(point, deadline)
    k = _decides_alone(run)
    if k not in positions:
        return {}
    line = np.zeros(point.size)
    line[k] = 1.0
    (sides,) = approach(point, line, [[(0, arb(1))]], 0, deadline)
    value = run.outputs[0].value
    limits = [first_limit(side, k) for side in sides]
    known = all(limit.is_known() and limit.start.overlaps(value) for limit in limits)
    return {k: [limit.slope for limit in limits]} if known else {}


def _decides_alone(run: Evaluation) -> int:
    """Return the position of the only component that ties, if it meets no 0·∞; or else −1."""
    tied = np.flatnonzero(run.tied).tolist()
    if len(tied) != 1:
        return -1
    balls.reverse([(run.outputs[0], arb(1))], list(reversed(run.tape)))
    adjoint = run.leaves[tied[0]].adjoint
    return tied[0] if adjoint is None or adjoint.is_finite() else -1
