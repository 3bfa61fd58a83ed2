"""Running totals, as `cumulative_sum` of the Python array API standard."""

from __future__ import annotations

from typing import Any


def cumulative_sum(xp: Any, x: Any, axis: int | None = None) -> Any:
    """Add up the slices of x one by one along an axis; every total is a slice of the result.

    Of a vector alone the axis may be left out: `ValueError` for any other array.
    """
    axis = running_axis(x, axis)
    before = (slice(None),) * (axis % len(x.shape))
    totals = [x[(*before, k)] for k in range(x.shape[axis])]
    for k in range(1, len(totals)):
        totals[k] = totals[k - 1] + totals[k]
    return xp.stack(totals, axis=axis) if totals else x


def running_axis(x: Any, axis: int | None) -> int:
    """Return the axis that the totals run along: without one, that of a vector."""
    if axis is not None:
        return axis
    if len(x.shape) != 1:
        raise ValueError(f"cumulative_sum of an array of shape {tuple(x.shape)} needs an axis")
    return 0
