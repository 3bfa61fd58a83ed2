"""Kinks: between which slopes a partial may be chosen where a cost has no derivative.

Frameworks give a number there all the same: 0 for relu at 0, 1/2 for either of two that tie for the
maximum. One between the slopes on both sides is a subgradient, and as good as any other (Clarke,
Optimization and Nonsmooth Analysis, chapter 2); another is none.

A component whose ties depend on no other one has two sides, and two slopes. Beside the point the
cost is smooth between the kinks, and continuous across them; so no partial changes across a kink of
which the equation lacks its component: all gradients beside the point have one of the two slopes
there, whatever the others have, and any number between them goes with any choice for the others
(Clarke's theorem 2.5.1). That asks for ties of max, min and |x| alone, which are continuous, and
depend on the operand that is left aside too (`balls.select`): the outer tie of
relu(y − relu(x)) at 0 depends on x. A comparison of the user's own may lead anywhere.

Where several components decide together, or meet in 0·∞ as in the norm of 0, there may be any
number, and a line says nothing of the others: none is given. The slope of |x + y| − |x − y| at 0 is
0 along both axes, and ±2 beside them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls, budget
from calcbench.certified.balls import Ball, Undecided
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

    Position → kink, of each that decides its ties alone, if its slopes are known, and the cost does
    not jump there.
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
    """Take the slopes on both sides of the components that decide alone: on one line, for all."""
    run = evaluate(point, deadline)
    moving = sorted(_decide_alone(run).intersection(positions))
    if not moving:
        return {}
    line = np.zeros(point.size)
    line[moving] = 1.0
    (sides,) = approach(point, line, [[(0, arb(1))]], 0, deadline)
    value = run.outputs[0].value
    found = {}
    for k in moving:
        limits = [first_limit(side, k, own_line=len(moving) == 1) for side in sides]
        if all(limit.is_known() and limit.start.overlaps(value) for limit in limits):
            found[k] = [limit.slope for limit in limits]
    return found


def _decide_alone(run: Evaluation) -> set[int]:
    """Return the components that tie alone, or with nothing else, and meet no 0·∞."""
    tied = {k for group in run.ties for k in group}
    if len(tied) > 1:
        if run.tape.kinks < len(run.tape.ties):  # a branch of the user's own
            return set()
        tied -= {k for group in run.ties if len(group) > 1 for k in group}
    balls.reverse([(run.outputs[0], arb(1))], list(reversed(run.tape)))
    if not all(_is_finite(ball) for ball in run.tape if balls.leaves_aside(ball)):
        return set()
    return {k for k in tied if _is_finite(run.leaves[k])}


def _is_finite(ball: Ball) -> bool:
    """Tell whether a ball's adjoint is finite, if it has one."""
    return ball.adjoint is None or bool(ball.adjoint.is_finite())
