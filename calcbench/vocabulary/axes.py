"""Axes: which one a function of an array runs along."""

from __future__ import annotations

from typing import Any


def running_axis(x: Any, axis: int | None) -> int:
    """Return the axis that running totals run along: without one, that of a vector.

    Raises `ValueError` for any other array without one, as in the array API standard: libraries
    themselves would flatten it, or raise errors of their own.
    """
    if axis is not None:
        return axis
    if len(x.shape) != 1:
        raise ValueError(f"running along an array of shape {tuple(x.shape)} needs an axis")
    return 0
