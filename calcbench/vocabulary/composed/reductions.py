"""Sums, products and extremes along axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from calcbench.vocabulary.array import Array, Axes
from calcbench.vocabulary.axes import running_axis

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def mean(xp: Vocabulary, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """Compute the mean of all numbers, or along axes."""
    return xp.sum(x, axis=axis, keepdims=keepdims) / _count(x, axis)


def _shape(x: Array) -> tuple[int, ...]:
    """Return the shape; a number that has been calculated with may be a bare one, without any."""
    return tuple(getattr(x, "shape", ()))


def _axes(x: Array, axis: Axes) -> list[int]:
    """List axes, counted from the first; `None` is all."""
    rank = len(_shape(x))
    return [*range(rank)] if axis is None else [int(a) % rank for a in np.atleast_1d(axis)]


def _count(x: Array, axis: Axes) -> float:
    """Return how many numbers there are along axes."""
    return float(math.prod(_shape(x)[a] for a in _axes(x, axis)))


def logsumexp(xp: Vocabulary, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """log Σ eˣ of all numbers, or along axes, without overflow.

    Of nothing but −∞ it is −∞, with the slopes 0.
    """
    top = xp.max(x, axis=axis, keepdims=True)
    some = top > -xp.inf
    total = xp.sum(xp.exp(x - xp.where(some, top, 0.0)), axis=axis, keepdims=True)
    found = xp.log(xp.where(some, total, 1.0)) + top
    if keepdims:
        return found
    return xp.reshape(found, tuple(n for k, n in enumerate(_shape(x)) if k not in _axes(x, axis)))


def min(xp: Vocabulary, x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """Find the smallest."""
    return -xp.max(-x, axis=axis, keepdims=keepdims)


def var(
    xp: Vocabulary, x: Array, axis: Axes = None, correction: float = 0.0, keepdims: bool = False
) -> Array:
    """Compute the mean squared distance from the mean (over n − correction, not n numbers)."""
    apart = x - xp.mean(x, axis=axis, keepdims=True)
    squares = xp.sum(apart * apart, axis=axis, keepdims=keepdims)
    return squares / (_count(x, axis) - correction)


def std(
    xp: Vocabulary, x: Array, axis: Axes = None, correction: float = 0.0, keepdims: bool = False
) -> Array:
    """Compute the square root of `var`."""
    return xp.sqrt(xp.var(x, axis=axis, correction=correction, keepdims=keepdims))


def prod(xp: Vocabulary, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Multiply all numbers, or those along one axis."""
    last = xp.reshape(x, (-1,)) if axis is None else xp.moveaxis(x, axis, -1)
    product = last[..., 0]
    for k in range(1, last.shape[-1]):
        product = product * last[..., k]
    if not keepdims:
        return product
    kept = [1 if axis is None or k == axis % len(x.shape) else n for k, n in enumerate(x.shape)]
    return xp.reshape(xp.stack([product]), tuple(kept))


def cumulative_sum(xp: Vocabulary, x: Array, axis: int | None = None) -> Array:
    """Compute running totals along an axis; only a vector needs none."""
    axis = running_axis(x, axis)
    before = (slice(None),) * (axis % len(x.shape))
    totals = [x[(*before, k)] for k in range(x.shape[axis])]
    for k in range(1, len(totals)):
        totals[k] = totals[k - 1] + totals[k]
    return xp.stack(totals, axis=axis) if totals else x


def cumulative_prod(xp: Vocabulary, x: Array, axis: int | None = None) -> Array:
    """Compute running products along an axis; only a vector needs none."""
    axis = running_axis(x, axis)
    before = (slice(None),) * (axis % len(x.shape))
    products = [x[(*before, k)] for k in range(x.shape[axis])]
    for k in range(1, len(products)):
        products[k] = products[k - 1] * products[k]
    return xp.stack(products, axis=axis) if products else x
