"""Kinks: between which slopes a partial may be chosen where a cost has no derivative.

Frameworks give a number there all the same: 0 for relu at 0, 1/2 for either of two that tie for the
maximum. One between the slopes on both sides is a subgradient, and as good as any other (Clarke,
Optimization and Nonsmooth Analysis, chapter 2); another is none.

A component that decides its ties alone has two sides, along its own axis. Where several decide a
tie together, or meet in 0·∞ as in the norm of 0, there may be many: they are looked for along lines
drawn at random, and given up if more of these still find slopes beyond those that are known.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified import balls, budget
from calcbench.certified.balls import Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.certificate import gradient_noise
from calcbench.certified.evaluation import NotCertified, evaluate
from calcbench.certified.one_sided import approach, first_limit, settling_deadline
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point

BITS = 128
"""The precision at which slopes are taken."""

LINES = 8
"""Lines drawn at random, and as many again that must find no new slope."""


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

    Position → kink; those are left out of which the slopes are not known, or not all of them.
    """
    deadline = settling_deadline(time.thread_time() + seconds)
    try:
        noise = flatten(gradient_noise(point, dtype).values())
        with balls.precision(BITS), budget.limit(deadline):
            slopes = _find_slopes(point, positions, deadline)
    except (NotCertified, Undecided, TooSlow):
        return {}
    return {
        k: Kink(float(min(found, key=float)), float(max(found, key=float)), float(noise[k]))
        for k, found in slopes.items()
        if found
    }


def _find_slopes(point: Point, positions: Sequence[int], deadline: float) -> dict[int, list[arb]]:
    run = evaluate(point, deadline)
    value = run.outputs[0].value
    shared = {k for group in run.ties if len(group) > 1 for k in group}
    alone = [k for k in positions if run.tied[k] and k not in shared]
    several = [k for k in positions if k not in alone]
    found = _along(point, _axes(point, alone), alone, value, deadline) if alone else {}
    for k in several:
        found |= _along(point, _axes(point, [k]), [k], value, deadline)
    return found | _add_lines(point, several, found, value, deadline)


def _axes(point: Point, positions: Sequence[int]) -> np.ndarray:
    """Make the line along which some components move."""
    line = np.zeros(point.size)
    line[list(positions)] = 1.0
    return line


def _along(
    point: Point, line: np.ndarray, positions: Sequence[int], value: arb, deadline: float
) -> dict[int, list[arb]]:
    """Take the slopes on both sides along a line, by each of some components.

    Those are left out that are not known, and those of a cost that jumps.
    """
    (sides,) = approach(point, line, [[(0, arb(1))]], 0, deadline)
    single = np.count_nonzero(line) == 1
    limits = {k: [first_limit(side, k, own_line=single) for side in sides] for k in positions}
    return {
        k: [limit.slope for limit in both]
        for k, both in limits.items()
        if all(limit.is_known() and limit.start.overlaps(value) for limit in both)
    }


def _add_lines(
    point: Point,
    several: Sequence[int],
    own: Mapping[int, list[arb]],
    value: arb,
    deadline: float,
) -> dict[int, list[arb]]:
    """Add the slopes along lines between the axes of components; [] where they find no end."""
    rng = np.random.default_rng(0)
    found = {k: own.get(k, []) for k in several}
    for number in range(2 * LINES if several else 0):
        line = np.zeros(point.size)
        line[several] = rng.choice((-1.0, 1.0), len(several)) * rng.uniform(0.5, 1, len(several))
        more = _along(point, line, several, value, deadline)
        for k, slopes in found.items():
            new = more.get(k, [])
            beyond = number >= LINES and not all(_is_between(slope, slopes) for slope in new)
            found[k] = slopes + new if slopes and new and not beyond else []
    return found


def _is_between(slope: arb, known: Sequence[arb]) -> bool:
    """Tell whether a slope may be between known ones."""
    return not (all(slope < one for one in known) or all(slope > one for one in known))
