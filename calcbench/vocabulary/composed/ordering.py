"""Arrays in order: sorting, the places of extremes, and what holds of all or any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcbench.vocabulary.array import Array, Axes, Condition

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def sort(
    xp: Vocabulary, x: Array, axis: int = -1, descending: bool = False, stable: bool = True
) -> Array:
    """Put numbers in order along an axis, the smallest first or, if `descending`, the largest."""
    order = xp.argsort(x, axis=axis, descending=descending, stable=stable)
    return xp.take_along_axis(x, order, axis)


def argmax(xp: Vocabulary, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Find where the largest is, the first of equals: its place along an axis, or in all of x."""
    lanes, along = (xp.reshape(x, (-1,)), 0) if axis is None else (x, axis % len(x.shape))
    order = xp.argsort(lanes, axis=along, descending=True)
    first = order[(*((slice(None),) * along), 0)]
    if not keepdims:
        return first
    kept = [1 if axis is None or k == along else n for k, n in enumerate(x.shape)]
    return xp.reshape(first, tuple(kept))


def argmin(xp: Vocabulary, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Find where the smallest is, the first of equals: its place along an axis, or in all of x."""
    return xp.argmax(-x, axis=axis, keepdims=keepdims)


def top_k(xp: Vocabulary, x: Array, k: int, axis: int = -1) -> tuple[Array, Array]:
    """Find the k largest along an axis: (values, indices), the largest first."""
    along = axis % len(x.shape)
    order = xp.argsort(x, axis=along, descending=True)
    indices = order[(*((slice(None),) * along), slice(0, k))]
    return xp.take_along_axis(x, indices, along), indices


def median(xp: Vocabulary, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Find the number in the middle; of an even number of them, the mean of the middle two."""
    lanes, along = (xp.reshape(x, (-1,)), 0) if axis is None else (x, axis % len(x.shape))
    ordered, count = xp.sort(lanes, axis=along), lanes.shape[along]
    before = (slice(None),) * along
    middle = ordered[(*before, count // 2)]
    if count % 2 == 0:
        middle = 0.5 * (ordered[(*before, count // 2 - 1)] + middle)
    if not keepdims:
        return middle
    kept = [1 if axis is None or k == along else n for k, n in enumerate(x.shape)]
    return xp.reshape(xp.stack([middle]), tuple(kept))


def all(xp: Vocabulary, p: Condition, axis: Axes = None, keepdims: bool = False) -> Array:
    """Tell whether all conditions hold: of numbers, where they are not 0."""
    return xp.min(xp.where(p, 1.0, 0.0), axis=axis, keepdims=keepdims) > 0.5


def any(xp: Vocabulary, p: Condition, axis: Axes = None, keepdims: bool = False) -> Array:
    """Tell whether any of the conditions holds: of numbers, where they are not 0."""
    return xp.max(xp.where(p, 1.0, 0.0), axis=axis, keepdims=keepdims) > 0.5


def isnan(xp: Vocabulary, x: Array) -> Array:
    """Tell where x is not a number."""
    return xp.logical_not(x <= xp.inf)


def isfinite(xp: Vocabulary, x: Array) -> Array:
    """Tell where x is a number, and not infinite."""
    return xp.abs(x) < xp.inf
