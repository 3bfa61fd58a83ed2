"""The numbers of points, as they are sent between processes that have the problem already."""

from __future__ import annotations

from collections.abc import Mapping

from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays, Problem

Numbers = tuple[Arrays, Arrays]
"""The values at a point, and its direction or cotangent."""


def numbers_of(where: Mapping[str, Point]) -> dict[str, Numbers]:
    """Take the numbers of points."""
    return {name: (point.values, point.seed) for name, point in where.items()}


def points_of(problem: Problem, numbers: Mapping[str, Numbers]) -> dict[str, Point]:
    """Make points of a problem of the numbers that were sent."""
    return {name: Point(problem, values, seed) for name, (values, seed) in numbers.items()}
