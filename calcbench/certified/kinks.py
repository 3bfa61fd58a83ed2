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

Of a pullback Jᵀu the rows of J are chosen one by one: each partial of an output lies between its
own slopes, and Σᵢ uᵢ·∂fᵢ between the sums of the lower and of the higher products. Of a pushforward
J·v each number is that of one row: its partials times v, each between its own slopes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls, budget
from calcbench.certified.balls import Ball, Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.certificate import gradient_noise
from calcbench.certified.evaluation import Evaluation, NotCertified, evaluate
from calcbench.certified.one_sided import Side, Weights, approach, first_limit, settling_deadline
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point

Slopes = tuple[arb, arb]
"""The lower and the higher one."""

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
    point: Point,
    positions: Sequence[int],
    dtype: str,
    seconds: float,
    operator: Operator = GRADIENT,
) -> dict[int, Kink]:
    """Find the slopes beside a point, of a cost by components that have no derivative there.

    Or of the products of a pullback, whose cotangent the point has. Position → kink, of each that
    decides its ties alone, if its slopes are known, and nothing jumps there.
    """
    cotangent = flatten(point.seed.values()) if point.seed else np.ones(1)
    weights = [(i, arb(float(u))) for i, u in enumerate(cotangent)]

    def find(deadline: float) -> dict[int, Slopes]:
        return _find_slopes(point, positions, weights, deadline)

    return _find(point, dtype, seconds, operator, find)


def find_kinks_along(
    point: Point, positions: Sequence[int], dtype: str, seconds: float, operator: Operator
) -> dict[int, Kink]:
    """Find the slopes beside a point, of outputs along the direction that the point has.

    `operator` is the pushforward. Position of an output → kink, if each component that ties decides
    alone, the output's slopes by it are known, and the output does not jump there.
    """

    def find(deadline: float) -> dict[int, Slopes]:
        return _find_slopes_along(point, positions, deadline)

    return _find(point, dtype, seconds, operator, find)


def _find(
    point: Point,
    dtype: str,
    seconds: float,
    operator: Operator,
    find: Callable[[float], dict[int, Slopes]],
) -> dict[int, Kink]:
    """Find slopes until a deadline, and how far rounding may carry each; {} where one fails."""
    deadline = settling_deadline(time.thread_time() + seconds)
    try:
        noise = flatten(gradient_noise(point, dtype, operator).values())
        with balls.precision(BITS), budget.limit(deadline):
            slopes = find(deadline)
    except (NotCertified, Undecided, TooSlow):
        return {}
    return {
        k: Kink(float(lowest), float(highest), float(noise[k]))
        for k, (lowest, highest) in slopes.items()
    }


def _find_slopes(
    point: Point, positions: Sequence[int], weights: Weights, deadline: float
) -> dict[int, Slopes]:
    """Take the slopes on both sides of the components that decide alone: on one line, for all."""
    run = evaluate(point, deadline)
    moving = sorted(_decide_alone(run, weights).intersection(positions))
    if not moving:
        return {}
    line = np.zeros(point.size)
    line[moving] = 1.0
    outputs = approach(point, line, [[each] for each in weights], 0, deadline)
    values = [run.outputs[i].value * weight for i, weight in weights]
    rows = list(zip(outputs, values, strict=True))
    slopes = {k: _sum_slopes(rows, k, own_line=len(moving) == 1) for k in moving}
    return {k: both for k, both in slopes.items() if not any(slope.is_nan() for slope in both)}


def _find_slopes_along(
    point: Point, positions: Sequence[int], deadline: float
) -> dict[int, Slopes]:
    """Take the slopes of outputs along a direction: the partials of each, times the direction.

    One by a component that decides alone is between its own slopes, any other what it is at the
    point. None where a component decides with others.
    """
    run, along = evaluate(point, deadline), [arb(float(v)) for v in point.seed_vector]
    weights = [(i, arb(1)) for i in positions]
    alone = sorted(_decide_alone(run, weights))
    if not alone or alone != np.flatnonzero(run.tied).tolist():
        return {}
    line = np.zeros(point.size)
    line[alone] = 1.0
    outputs = approach(point, line, [[each] for each in weights], 0, deadline)
    slopes = {}
    for i, sides in zip(positions, outputs, strict=True):
        lowest = highest = _product_of_others(run, i, alone, along)
        for k in alone:
            both = _sum_slopes([(sides, run.outputs[i].value)], k, own_line=len(alone) == 1)
            low, high = sorted((along[k] * slope for slope in both), key=float)
            lowest, highest = lowest + low, highest + high
        if lowest.is_finite() and highest.is_finite():
            slopes[i] = (lowest, highest)
    return slopes


def _product_of_others(run: Evaluation, i: int, alone: Sequence[int], along: Sequence[arb]) -> arb:
    """Multiply an output's partials by the direction, but for those by components that decide."""
    order = list(reversed(run.tape))
    balls.reset_adjoints(run.outputs, order)
    balls.reverse([(run.outputs[i], arb(1))], order)
    terms = [
        leaf.adjoint * along[k]
        for k, leaf in enumerate(run.leaves)
        if k not in alone and leaf.adjoint is not None
    ]
    return sum(terms, arb(0))


def _sum_slopes(rows: Sequence[tuple[Sequence[Side | str], arb]], k: int, own_line: bool) -> Slopes:
    """Add up the lower and the higher slope by a component of each output, times its weight.

    `rows` are both sides of an output, and its value at the point. NaN if one is not known.
    """
    lowest = highest = arb(0)
    for sides, value in rows:
        limits = [first_limit(side, k, own_line) for side in sides]
        if not all(limit.is_known() and limit.start.overlaps(value) for limit in limits):
            return arb.nan(), arb.nan()
        both = [limit.slope for limit in limits]
        lowest, highest = lowest + min(both, key=float), highest + max(both, key=float)
    return lowest, highest


def _decide_alone(run: Evaluation, weights: Weights) -> set[int]:
    """Return the components that tie alone, or with nothing else, and meet no 0·∞."""
    tied = {k for group in run.ties for k in group}
    if len(tied) > 1:
        if run.tape.kinks < len(run.tape.ties):  # a branch of the user's own
            return set()
        tied -= {k for group in run.ties if len(group) > 1 for k in group}
    outputs = [(run.outputs[i], weight) for i, weight in weights]
    balls.reverse(outputs, list(reversed(run.tape)))
    if not all(_is_finite(ball) for ball in run.tape if balls.leaves_aside(ball)):
        return set()
    return {k for k in tied if _is_finite(run.leaves[k])}


def _is_finite(ball: Ball) -> bool:
    """Tell whether a ball's adjoint is finite, if it has one."""
    return ball.adjoint is None or bool(ball.adjoint.is_finite())
