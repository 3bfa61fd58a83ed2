"""Evenly spaced rows of long data, for what would take too long on all of them."""

from __future__ import annotations

from calcbench.problem.point import Point


def sample_rows(point: Point, most: int) -> tuple[Point, str]:
    """Take at most so many rows of the data, and say which; all of them if there are no more."""
    if point.row_count <= most:
        return point, ""
    every = -(-point.row_count // most)
    sampled = point.with_rows(slice(None, None, every))
    return sampled, f"on {sampled.row_count:,} of {point.row_count:,} rows, evenly spaced"
