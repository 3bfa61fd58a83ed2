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

Of a pullback Jᵀu the choices are those of the one function u·f: between its slopes on both sides,
as one choice for all outputs makes them. Programs that decide each output by a comparison of its
own may choose for each: Σᵢ uᵢ·∂fᵢ is between the sums of the lower and of the higher products
then, which may be farther apart. What is between these alone is no choice for f, and is left open;
but where a single comparison decides, as for a component of x in W·relu(x), it is wrong.
Of a pushforward J·v each number is held against its own slopes: its partials times v. Components
that decide alone may choose each for itself, and so may outputs with kinks by different ones. What
outputs have by the same component is one choice in common, as in W·relu(x): a number outside of its
slopes is wrong then too, but whether those between are one choice is left open.

Rounding is bounded on both sides, since a program may take terms of either, and of both.
"""

from __future__ import annotations

import time
from collections import Counter
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


class Slopes(NamedTuple):
    """The sums of all outputs' slopes on both sides, `Kink.slack` and `Kink.shared`."""

    lowest: float
    highest: float
    slack: float = 0.0
    shared: bool = False


BITS = 128
"""The precision at which slopes are taken."""


class Kink(NamedTuple):
    """The lowest and the highest slope beside a point, and how far rounding may carry one."""

    lowest: float
    highest: float
    allowed: float
    slack: float = 0.0
    """How far beyond the slopes a number may be that several outputs chose each for itself."""
    shared: bool = False
    """Whether another output has slopes by the same component: these have one choice in common."""

    def misses(self, number: float) -> float:
        """Measure how far a number is from being between the slopes: 0 for one that is."""
        below, above = self.lowest - self.allowed - number, number - self.highest - self.allowed
        return float(max(below, above, 0.0))

    def refutes(self, number: float) -> bool:
        """Tell whether a number is none that could have been chosen."""
        return self.misses(number) > self.slack

    def allows(self, number: float) -> bool:
        """Tell whether a number is a valid choice, whatever is chosen for others."""
        return not self.shared and self.misses(number) == 0


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

    def find(run: Evaluation, deadline: float) -> dict[int, Slopes]:
        return _find_slopes(point, run, positions, weights, deadline)

    return _find(point, dtype, seconds, operator, find)


def find_kinks_along(
    point: Point, positions: Sequence[int], dtype: str, seconds: float, operator: Operator
) -> dict[int, Kink]:
    """Find the slopes beside a point, of outputs along the direction that the point has.

    `operator` is the pushforward. Position of an output → kink, if each component that ties decides
    alone, the output's slopes by it are known, and the output does not jump there.
    """

    def find(run: Evaluation, deadline: float) -> dict[int, Slopes]:
        return _find_slopes_along(point, run, positions, deadline)

    return _find(point, dtype, seconds, operator, find)


def _find(
    point: Point,
    dtype: str,
    seconds: float,
    operator: Operator,
    find: Callable[[Evaluation, float], dict[int, Slopes]],
) -> dict[int, Kink]:
    """Find slopes until a deadline, and how far rounding may carry each; {} where one fails."""
    deadline = settling_deadline(time.thread_time() + seconds)
    try:
        with balls.precision(BITS), budget.limit(deadline):
            run = evaluate(point, deadline)
            slopes, tied = find(run, deadline), np.flatnonzero(run.tied).tolist()
        noise = _bound_rounding(point, dtype, operator, tied) if slopes else np.empty(0)
    except (NotCertified, Undecided, TooSlow):
        return {}
    return {
        k: Kink(found.lowest, found.highest, float(noise[k]), found.slack, found.shared)
        for k, found in slopes.items()
    }


def _bound_rounding(
    point: Point, dtype: str, operator: Operator, tied: Sequence[int]
) -> np.ndarray:
    """Bound what rounding does to terms that are on one side of ties, and to those on the other."""
    sides = [gradient_noise(point, dtype, operator, below) for below in ((), tied)]
    both: np.ndarray = np.sum([flatten(side.values()) for side in sides], axis=0)
    return both


def _find_slopes(
    point: Point, run: Evaluation, positions: Sequence[int], weights: Weights, deadline: float
) -> dict[int, Slopes]:
    """Take the slopes on both sides of the components that decide alone: on one line, for all."""
    moving = sorted(_decide_alone(run, weights).intersection(positions))
    if not moving:
        return {}
    outputs = _approach_together(point, moving, weights, deadline)
    values = [run.outputs[i].value * weight for i, weight in weights]
    rows = list(zip(outputs, values, strict=True))
    found = {}
    for k in moving:
        slopes = _slopes_of_rows(rows, k, own_line=len(moving) == 1)
        if not any(slope.is_nan() for both in slopes for slope in both):
            found[k] = _sum_slopes(slopes, as_one=run.tie_counts[k,] == 1)
    return found


def _approach_together(
    point: Point, moving: Sequence[int], weights: Weights, deadline: float
) -> list[list[Side | str]]:
    """Evaluate each output times its weight on both sides, along all of some components at once."""
    line = np.zeros(point.size)
    line[list(moving)] = 1.0
    return approach(point, line, [[each] for each in weights], 0, deadline)


def _find_slopes_along(
    point: Point, run: Evaluation, positions: Sequence[int], deadline: float
) -> dict[int, Slopes]:
    """Take the slopes of outputs along a direction: the partials of each, times the direction.

    One by a component that decides alone is between its own slopes, any other what it is at the
    point. None where a component decides with others.
    """
    along = [arb(float(v)) for v in point.seed_vector]
    weights = [(i, arb(1)) for i in positions]
    alone = sorted(_decide_alone(run, weights))
    if not alone or alone != np.flatnonzero(run.tied).tolist():
        return {}
    found: dict[int, Slopes] = {}
    kinked: dict[int, set[int]] = {}
    outputs = _approach_together(point, alone, weights, deadline)
    for i, sides in zip(positions, outputs, strict=True):
        lowest = highest = _product_of_others(run, i, alone, along)
        kinked[i] = set()
        for k in alone:
            row = [(sides, run.outputs[i].value)]
            ((ahead, behind),) = _slopes_of_rows(row, k, own_line=len(alone) == 1)
            low, high = sorted((along[k] * ahead, along[k] * behind), key=float)
            lowest, highest = lowest + low, highest + high
            if not low.overlaps(high):
                kinked[i].add(k)
        if lowest.is_finite() and highest.is_finite():
            found[i] = Slopes(float(lowest), float(highest))
    return _mark_shared(found, kinked)


def _mark_shared(found: dict[int, Slopes], kinked: dict[int, set[int]]) -> dict[int, Slopes]:
    """Mark the outputs that have a kink by the same component as another one.

    `kinked` has the components by which each output's slopes differ.
    """
    count = Counter(k for i in found for k in kinked[i])
    return {
        i: slopes._replace(shared=any(count[k] > 1 for k in kinked[i]))
        for i, slopes in found.items()
    }


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


def _slopes_of_rows(
    rows: Sequence[tuple[Sequence[Side | str], arb]], k: int, own_line: bool
) -> list[tuple[arb, arb]]:
    """Take the slopes by a component, ahead and behind, of each output times its weight.

    `rows` are both sides of an output, and its value at the point. NaN where one is not known.
    """
    found = []
    for sides, value in rows:
        ahead, behind = (first_limit(side, k, own_line) for side in sides)
        known = all(x.is_known() and x.start.overlaps(value) for x in (ahead, behind))
        found.append((ahead.slope, behind.slope) if known else (arb.nan(), arb.nan()))
    return found


def _sum_slopes(slopes: Sequence[tuple[arb, arb]], as_one: bool) -> Slopes:
    """Add up the slopes of all outputs; `as_one` says that these have one choice in common."""
    ahead, behind = (sum(side, arb(0)) for side in zip(*slopes, strict=True))
    lowest, highest = sorted((float(ahead), float(behind)))
    if as_one or len(slopes) == 1:
        return Slopes(lowest, highest)
    apart = sum((abs(one - other) for one, other in slopes), arb(0))
    return Slopes(lowest, highest, float(apart - abs(ahead - behind)) / 2)


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
