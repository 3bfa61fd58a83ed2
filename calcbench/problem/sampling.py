"""Points other than the problem's own, at which agreement is checked."""

from __future__ import annotations

import numpy as np

from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays, Problem

RANDOM_POINTS = 2

EVERYWHERE = (-2.0, 2.0)
"""Where random parameters are drawn if the problem names no domain: the unit scale, both signs."""


def sample_points(own: Point, seed: int = 0) -> dict[str, Point]:
    """Name the points at which to check agreement: the given one, zeros, and random ones.

    Zeros are left out where the problem's domain does not contain them. At random points the
    float data move too, by up to a tenth, so that data baked into a preparation show.
    """
    found = {"own": own}
    if all(low < 0 < high for low, high in _domains(own.problem).values()):
        found["zeros"] = own.with_values({n: np.zeros_like(a) for n, a in own.parameters.items()})
    rng = np.random.default_rng([seed, 1])
    for number in range(1, RANDOM_POINTS + 1):
        data = {name: _nudge(own[name], rng) for name in own.problem.data}
        found[f"random-{number}"] = own.with_values({**_draw_parameters(own, rng), **data})
    return found


def thin(point: Point, rows: int) -> Point:
    """Keep about `rows` evenly spaced rows of the data, if there are more."""
    step = point.row_count // rows
    if step < 2:
        return point
    return point.with_values({name: point[name][::step].copy() for name in point.row_names})


def _domains(problem: Problem) -> dict[str, tuple[float, float]]:
    return {name: problem.intervals.get(name, EVERYWHERE) for name in problem.parameters}


def _draw_parameters(own: Point, rng: np.random.Generator) -> Arrays:
    return {
        name: np.asarray(rng.uniform(*_bounded(low, high), own[name].shape))
        for name, (low, high) in _domains(own.problem).items()
    }


def _nudge(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change each number of float data by up to a tenth of itself; leave indices."""
    if array.dtype.kind != "f":
        return array
    return np.asarray(array * rng.uniform(0.9, 1.1, array.shape))


def _bounded(low: float, high: float) -> tuple[float, float]:
    """Choose a bounded piece of a possibly unbounded interval, away from its ends."""
    if np.isinf(low) and np.isinf(high):
        return EVERYWHERE
    if np.isinf(high):
        return low + 0.1, low + 4.0
    if np.isinf(low):
        return high - 4.0, high - 0.1
    margin = 0.05 * (high - low)
    return low + margin, high - margin
