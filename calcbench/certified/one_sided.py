"""One-sided derivatives: what a partial is where a comparison ties, or the chain rule gives 0·∞.

The cost is evaluated beside the point, on either side along a line, on germs (`certified.germs`),
where no comparison ties and nothing is divided by 0. If it is continuous at the point, and its
partial there has the same limit from both sides, that limit is the partial, by the mean value
theorem. If the limits differ, there is none: the cost is not smooth there. At the edge of its
domain, such as √x³ at 0, there is one side alone.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.balls import Ball, Number, Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.evaluation import Evaluation, NotCertified, evaluate
from calcbench.certified.germs import UNDEFINED, as_germ, beside, expansion
from calcbench.certified.sums import Partial
from calcbench.problem.point import Point

SECONDS = 0.5
"""The longest that looking beside the point may take: it is two evaluations for every component."""

NEGLIGIBLE = 64
"""The power of t by which a line is moved aside: none that matters is as high."""

TIE = "a comparison ties"
"""Why a derivative is not what the chain rule gives, where that is not 0·∞."""

EDGE = ", at the edge of the domain"
"""What is added to that where there is one side alone."""

BESIDE = ", and beside the point "
"""What is before the reason for which the lines beside the point say nothing either."""

Weights = Sequence[tuple[int, arb]]
"""What is differentiated: the sum of (output, weight) products."""


@dataclass(frozen=True)
class Side:
    """A weighted sum of outputs, and its partials, beside a point, as germs."""

    sign: int
    """1 for ahead along the line, −1 for behind."""
    value: Number
    adjoints: list[Number]
    magnitudes: list[float]
    """For each component, Σ |terms| of the coefficient that is asked for."""
    tied: np.ndarray
    """For each component, whether it takes part in a comparison that ties all along the line."""
    fault: str
    """What has no expansion in powers of the distance, if anything has none."""
    undefined: bool
    """Whether the cost is no real number on this side, as √x below 0."""


class Limit(NamedTuple):
    """What a number tends to on one side of a point, and its slope there; NaN if not known."""

    start: arb
    slope: arb
    magnitude: float
    fault: str
    """Why it is not known, if it is not."""
    undefined: bool = False
    """Whether it is none, because the cost is not defined there."""

    def is_known(self) -> bool:
        """Tell whether there is a limit, and a slope, which may be infinite."""
        return bool(self.start.is_finite() and not self.slope.is_nan())


def settling_deadline(deadline: float) -> float:
    """Return until when to look beside the point: what is not settled by then stays unjudged.

    That is a quarter of what is left, where somebody allows more than is usual.
    """
    now = time.thread_time()
    share = (deadline - now) / 4 if math.isfinite(deadline) else 0.0
    return min(deadline, now + max(SECONDS, share))


def is_past(deadline: float) -> bool:
    """Tell whether a deadline, in seconds of `time.thread_time()`, is over."""
    return time.thread_time() > deadline


def approach(
    point: Point,
    direction: np.ndarray,
    rows: Sequence[Weights],
    degree: int,
    deadline: float,
    aside: np.ndarray | None = None,
) -> list[list[Side | str]]:
    """Evaluate beside a point, ahead and behind along `direction`: for each row, both sides.

    Instead of a side there is the reason where the cost is not defined on it, or not known.
    `degree` is that of the coefficient of the partials that is wanted. `aside` is added to the
    line, at a distance that is negligible beside every power of t that counts.
    """
    sides = [
        _evaluate_beside(point, sign, direction, rows, degree, deadline, aside) for sign in (1, -1)
    ]
    return [
        [side if isinstance(side, str) else side[k] for side in sides] for k in range(len(rows))
    ]


def _evaluate_beside(
    point: Point,
    sign: int,
    direction: np.ndarray,
    rows: Sequence[Weights],
    degree: int,
    deadline: float,
    aside: np.ndarray | None,
) -> list[Side] | str:
    """Evaluate on one side, and sweep back once for every row; or say why that cannot be done."""

    def lift(value: arb, k: int) -> Number:
        moved = beside(value, sign * float(direction[k]))
        return moved if aside is None else beside(moved, float(aside[k]), NEGLIGIBLE)

    try:
        run = evaluate(point, deadline, lift)
        return [_sweep(run, sign, weights, degree) for weights in rows]
    except TooSlow:
        return "it would take too long"
    except NotCertified as error:
        return str(error)
    except Undecided as error:
        return f"a comparison is not decided: {error}"


def _sweep(run: Evaluation, sign: int, weights: Weights, degree: int) -> Side:
    """Differentiate one weighted sum of outputs beside the point."""
    outputs = [(run.outputs[i], weight) for i, weight in weights]
    order: list[Ball] = list(reversed(run.tape))
    balls.reverse(outputs, order, _coefficient_size(degree))
    value = sum((output.value * weight for output, weight in outputs), arb(0))
    adjoints = [arb(0) if leaf.adjoint is None else leaf.adjoint for leaf in run.leaves]
    magnitudes = [float(leaf.magnitude) for leaf in run.leaves]
    balls.reset_adjoints([output for output, _ in outputs], order)
    undefined = any(map(_is_undefined, (output for output, _ in outputs)))
    return Side(sign, value, adjoints, magnitudes, run.tied, _unexpanded(run), undefined)


def _is_undefined(output: Ball) -> bool:
    """Tell whether an output is made from the root or logarithm of what is below 0."""
    if not as_germ(output.value).is_nan():
        return False
    return any(ball.value is UNDEFINED for ball in balls.recorded_ancestors(output))


def _unexpanded(run: Evaluation) -> str:
    """Say which operation first has no expansion beside the point; "" if all have one."""
    for ball in run.tape:
        if as_germ(ball.value).is_nan():
            return f"{ball.operation or 'an operation'} has no series"
    return ""


def _coefficient_size(degree: int) -> Callable[[Number, Number], float]:
    """Measure what an edge adds to the coefficient of t^degree of a partial."""

    def measure(adjoint: Number, partial: Number) -> float:
        coefficient = (as_germ(adjoint) * partial).terms.get(degree, arb(0))
        return abs(float(coefficient.mid()))

    return measure


def first_limit(side: Side | str, component: int, own_line: bool = True) -> Limit:
    """Return what the sum of outputs tends to, and the limit of its partial along the line.

    `own_line` says that the line is the component's axis.
    """
    if isinstance(side, str):
        return _unknown(side)
    (start,), (slope,) = expansion(side.value, 0), expansion(side.adjoints[component], 0)
    if slope.is_nan() and own_line:  # 0·∞ all along the line, in what does not change along it
        slope = line_slope(side)
    return Limit(start, slope, side.magnitudes[component], side.fault, side.undefined)


def _unknown(reason: str) -> Limit:
    return Limit(arb.nan(), arb.nan(), 0.0, reason)


def line_slope(side: Side) -> arb:
    """Return the slope of the sum of outputs along the line, from its value."""
    _, rise = expansion(side.value, 1)
    return side.sign * rise


def second_limit(side: Side | str, component: int, along: np.ndarray) -> Limit:
    """Return what a partial tends to, and its slope along the line, the direction `along`."""
    if isinstance(side, str):
        return _unknown(side)
    if side.tied[component]:
        return _unknown("another one does")
    start, slope = expansion(side.adjoints[component], 1)
    if start.is_nan() and np.array_equal(np.flatnonzero(along), [component]):
        step = arb(side.sign * float(along[component]))  # along its own line, the value says it too
        _, rise, bend = expansion(side.value, 2)
        start, slope = rise / step, 2 * bend / step
    magnitude = side.magnitudes[component]
    return Limit(start, side.sign * slope, magnitude, side.fault, side.undefined)


def settle(limits: Sequence[Limit], here: arb, plain: Partial) -> Partial:
    """Say what a derivative is, from its limits on all sides.

    `here` is what the number, whose slope it is, is at the point itself; `plain` is what the chain
    rule gives there, and says why it is not the answer. It stays open where a limit is not known.
    """
    known = [limit for limit in limits if limit.is_known()]
    none = plain._replace(rough=True, open=False)
    if any(not limit.start.overlaps(here) for limit in known):
        return none  # it jumps
    steep = [limit.slope for limit in known if not limit.slope.is_finite()]
    if steep:
        # Both to +∞, or √x at 0, the edge of its domain: infinite, rather than not there.
        same = all(limit.slope == steep[0] for limit in known)
        return plain._replace(value=steep[0], open=False) if same else none
    one = known[0].slope if known else arb(0)
    if not all(one.overlaps(limit.slope) for limit in known):
        return none
    # At the edge of the domain, the limit from inside is the derivative.
    unknown = next((x for x in limits if not (x.is_known() or (known and x.undefined))), None)
    if unknown is not None:
        first, _, told = plain.reason.partition(BESIDE)  # of another line, which came before
        fault = unknown.fault or told
        return plain._replace(reason=first + BESIDE + fault if fault else first)
    # A program runs at the point itself, where the chain rule goes another way: rounding is that of
    # all of them.
    value = functools.reduce(arb.union, [limit.slope for limit in known])
    around = arb(0, plain.value.rad()) if plain.value.is_finite() else arb(0)
    sizes = (plain.magnitude, abs(float(value)), *(limit.magnitude for limit in known))
    size = max(size for size in sizes if np.isfinite(size))
    edge = "" if len(known) == len(limits) else EDGE
    return Partial(value + around, size, beside=True, reason=plain.reason + edge)
