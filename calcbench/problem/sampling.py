"""Points other than the problem's own, at which agreement is checked.

Parameters are drawn at several scales, inside the problem's domain. Data are never changed number
by number, for that could make data that the problem cannot have: labels that are no longer ±1, a
matrix that is no longer symmetric. They are drawn again, or resampled by rows, or left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from calcbench.errors import CalcbenchError
from calcbench.problem.flat import same_numbers
from calcbench.problem.inputs import draw_point
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays

UNITS = 2.0
"""The unit scale: parameters without a domain are drawn from −2 to 2."""

NEARBY = 0.1
"""How far a parameter moves around its own value, relative to it."""

ATTEMPTS = 40
"""Draws of a point inside a domain that is a function, before it is given up."""

HALVED = 5
"""Draws after which the step from the own point is halved."""


def sample_points(own: Point, seed: int = 0) -> dict[str, Point]:
    """Name the points at which to check agreement: the given one, zeros, and random ones.

    `random-1` is at the unit scale (or drawn from the domain), `random-2` around the own values.
    Data move there if they can be moved (`move_data`), so that data baked into a preparation show.
    Points outside the problem's domain are left out, and zeros where the own ones are.
    """
    found = {"own": own}
    zeros = own.with_values({n: np.zeros_like(a) for n, a in own.parameters.items()})
    if any(np.any(a) for a in own.parameters.values()) and own.problem.contains(zeros.values):
        found["zeros"] = zeros
    rng = np.random.default_rng([seed, 1])
    for number, draw in enumerate((draw_units, draw_nearby), 1):
        moved = draw_inside(move_data(own, rng), draw, rng)
        if moved is not None:
            found[f"random-{number}"] = moved
    return found


def thin(point: Point, rows: int) -> Point:
    """Keep about `rows` evenly spaced rows of the data, if there are more."""
    step = point.row_count // rows
    if step < 2:
        return point
    return point.with_values({name: point[name][::step].copy() for name in point.row_names})


# --- parameters -----------------------------------------------------------------------------------


def draw_units(own: Point, rng: np.random.Generator, scale: float = UNITS) -> Arrays:
    """Draw parameters from −`scale` to `scale`, or from as much of their domain."""
    return {
        name: np.asarray(rng.uniform(*_piece(own, name, scale), array.shape))
        for name, array in own.parameters.items()
    }


def draw_nearby(own: Point, rng: np.random.Generator) -> Arrays:
    """Draw parameters around their own values; a 0 moves with the largest of its array."""
    found = {}
    for name, array in own.parameters.items():
        largest = np.max(np.abs(array), initial=0.0) or 1.0
        size = np.where(array == 0, largest, np.abs(array))
        found[name] = np.asarray(array + NEARBY * size * rng.uniform(-1.0, 1.0, array.shape))
    return found


def draw_inside(
    point: Point, draw: Callable[[Point, np.random.Generator], Arrays], rng: np.random.Generator
) -> Point | None:
    """Draw parameters until they lie inside the domain; None if they never do.

    What lies outside is drawn again, and later on nearer and nearer to the own point.
    """
    for attempt in range(ATTEMPTS):
        step = 0.5 ** (attempt // HALVED)
        drawn = draw(point, rng)
        found = point.with_values(
            {n: a + step * (drawn[n] - a) for n, a in point.parameters.items()}
            if step < 1
            else drawn
        )
        if point.problem.contains(found.values):
            return found
    return None


def _piece(own: Point, name: str, scale: float) -> tuple[float, float]:
    """Choose a bounded piece of a possibly unbounded interval, away from its ends."""
    low, high = own.problem.interval(name)
    if np.isinf(low) and np.isinf(high):
        return -scale, scale
    if np.isinf(high):
        return low + 0.05 * scale, low + 2 * scale
    if np.isinf(low):
        return high - 2 * scale, high - 0.05 * scale
    margin = 0.05 * (high - low)
    return low + margin, high - margin


# --- data -----------------------------------------------------------------------------------------


def move_data(own: Point, rng: np.random.Generator) -> Point:
    """Return the point with other data that the problem could have, or as it is if none are known.

    Data are drawn again, where `inputs` draws others for another seed; else rows, declared or
    found, are drawn from the own ones, with repetition and in their order.
    """
    return _redraw(own, rng) or _resample(own, rng) or own


def describe_data(where: Mapping[str, Point]) -> str:
    """Say what the data are at the points that calcbench chose; "" for a problem without data."""
    own = where["own"]
    if not own.problem.data:
        return ""
    moved = [point for point in where.values() if _other_data(own, point)]
    if not moved:
        return "the own ones at every point (inputs draws no others, and no rows are known)"
    if any(point.drawn != own.drawn for point in moved):
        return "drawn again at the random points"
    return "rows resampled at the random points"


def _redraw(own: Point, rng: np.random.Generator) -> Point | None:
    """Draw the data again with another seed; None where that gives no others of the same form.

    Index data that differ make another problem, for which backends would have to prepare again.
    """
    if own.drawn is None or not own.problem.data:
        return None
    size, _ = own.drawn
    seed = int(rng.integers(2**32))
    try:
        other = draw_point(own.problem, size, seed)
    except CalcbenchError:  # whatever `inputs` cannot do with this seed
        return None
    data = {name: other[name] for name in own.problem.data}
    if any(data[name].shape != own[name].shape for name in data):
        return None
    if any(own[n].dtype.kind in "iO" and not np.array_equal(own[n], data[n]) for n in data):
        return None
    found = replace(own.with_values(data), drawn=other.drawn)
    return found if _other_data(own, found) else None


def _resample(own: Point, rng: np.random.Generator) -> Point | None:
    """Draw rows from the own ones, with repetition; None where that changes nothing."""
    if not own.row_names:
        return None
    chosen = np.sort(rng.integers(0, own.row_count, own.row_count))
    found = own.with_values({name: own[name][chosen] for name in own.row_names})
    return found if _other_data(own, found) else None


def _other_data(own: Point, other: Point) -> bool:
    """Tell whether any data differ between two points."""
    return any(not same_numbers(own[name], other[name]) for name in own.problem.data)
