"""Kinks: between which slopes a partial may be chosen where a cost has no derivative.

Frameworks give a number there all the same: 0 for relu at 0, 1/2 for either of two that tie for the
maximum. One between the slopes on both sides is a subgradient, and as good as any other (Clarke,
Optimization and Nonsmooth Analysis, chapter 2); another is none.

A component that decides alone has two sides, and their slopes are all that there are. Where several
decide, or meet in 0·∞ as in the norm of 0, there may be any number, and a line says nothing of the
others: none is given. The slope of |x + y| − |x − y| at 0 is 0 along both axes, and ±2 beside them.
Whether several tie each for itself is not seen: that the outer tie of relu(y − relu(x)) depends on
x, by the side that is not taken, is not on the tape.

Of a pullback Jᵀu the rows of J are chosen one by one: each partial of an output lies between its
own slopes, and Σᵢ uᵢ·∂fᵢ between the sums of the lower and of the higher products. Of a pushforward
J·v each number is that of one row: its partials times v, of which one lies between two slopes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls, budget
from calcbench.certified.balls import Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.certificate import gradient_noise
from calcbench.certified.evaluation import Evaluation, NotCertified, evaluate
from calcbench.certified.one_sided import Weights, approach, first_limit, settling_deadline
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

    Or of the products of a pullback, whose cotangent the point has. Position → kink, of the one
    that decides all ties alone, if one does, and if its slopes are known, and nothing jumps there.
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

    `operator` is the pushforward. Position of an output → kink, if one component decides all ties
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
    """Take the slopes on both sides of the component that decides alone, along its axis.

    The lower and the higher one of each output, times its weight, summed.
    """
    run = evaluate(point, deadline)
    k = _decides_alone(run, weights)
    if k not in positions:
        return {}
    found = _slopes_by(run, point, k, weights, deadline)
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return {}
    lowest, highest = (sum(ends, arb(0)) for ends in zip(*known, strict=True))
    return {} if lowest.is_nan() or highest.is_nan() else {k: (lowest, highest)}  # as of ∞ − ∞


def _find_slopes_along(
    point: Point, positions: Sequence[int], deadline: float
) -> dict[int, Slopes]:
    """Take the slopes of outputs along a direction, by the component that decides alone.

    What the other components add is the same on both sides: their partials at the point itself.
    """
    run, along = evaluate(point, deadline), [arb(float(v)) for v in point.seed_vector]
    k = _decides_alone(run, [(i, arb(1)) for i in positions])
    if k < 0:
        return {}
    found = _slopes_by(run, point, k, [(i, arb(1)) for i in positions], deadline)
    slopes = {}
    for i, each in zip(positions, found, strict=True):
        others = _product_of_others(run, i, k, along)
        if each is not None and others.is_finite() and all(end.is_finite() for end in each):
            low, high = sorted((others + along[k] * end for end in each), key=float)
            slopes[i] = (low, high)
    return slopes


def _product_of_others(run: Evaluation, i: int, k: int, along: Sequence[arb]) -> arb:
    """Multiply the partials of an output by the direction, all but that by the component k."""
    order = list(reversed(run.tape))
    balls.reset_adjoints(run.outputs, order)
    balls.reverse([(run.outputs[i], arb(1))], order)
    parts = [(leaf.adjoint, v) for leaf, v in zip(run.leaves, along, strict=True)]
    return sum((a * v for j, (a, v) in enumerate(parts) if j != k and a is not None), arb(0))


def _slopes_by(
    run: Evaluation, point: Point, k: int, weights: Weights, deadline: float
) -> list[Slopes | None]:
    """Take the lower and the higher slope of each output, times its weight, on an axis.

    None where one is not known, or the output jumps.
    """
    line = np.zeros(point.size)
    line[k] = 1.0
    found = approach(point, line, [[each] for each in weights], 0, deadline)
    slopes: list[Slopes | None] = []
    for (i, weight), sides in zip(weights, found, strict=True):
        limits = [first_limit(side, k) for side in sides]
        value = run.outputs[i].value * weight
        known = all(limit.is_known() and limit.start.overlaps(value) for limit in limits)
        low, high = sorted((limit.slope for limit in limits), key=float)
        slopes.append((low, high) if known else None)
    return slopes


def _decides_alone(run: Evaluation, weights: Weights) -> int:
    """Return the position of the only component that ties, if it meets no 0·∞; or else −1."""
    tied = np.flatnonzero(run.tied).tolist()
    if len(tied) != 1:
        return -1
    outputs = [(run.outputs[i], weight) for i, weight in weights]
    balls.reverse(outputs, list(reversed(run.tape)))
    adjoint = run.leaves[tied[0]].adjoint
    return tied[0] if adjoint is None or adjoint.is_finite() else -1
