"""Sums, products and extremes along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.vocabulary.axes import running_axis


def min(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Find the smallest."""
    return -xp.max(-x, axis=axis, keepdims=keepdims)


def var(xp: Any, x: Any, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Compute the mean squared distance from the mean (over n − correction, not n numbers)."""
    apart = x - xp.mean(x, axis=axis, keepdims=True)
    axes = tuple(range(len(x.shape))) if axis is None else axis
    count = float(np.prod([x.shape[a] for a in np.atleast_1d(axes)]))
    return xp.sum(apart * apart, axis=axis, keepdims=keepdims) / (count - correction)


def std(xp: Any, x: Any, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Compute the square root of `var`."""
    return xp.sqrt(xp.var(x, axis=axis, correction=correction, keepdims=keepdims))


def prod(xp: Any, x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Multiply all numbers, or those along one axis."""
    last = xp.reshape(x, (-1,)) if axis is None else xp.moveaxis(x, axis, -1)
    product = last[..., 0]
    for k in range(1, last.shape[-1]):
        product = product * last[..., k]
    if not keepdims:
        return product
    kept = [1 if axis is None or k == axis % len(x.shape) else n for k, n in enumerate(x.shape)]
    return xp.reshape(xp.stack([product]), tuple(kept))


def cumulative_sum(xp: Any, x: Any, axis: int | None = None) -> Any:
    """Compute running totals along an axis; only a vector needs none."""
    axis = running_axis(x, axis)
    before = (slice(None),) * (axis % len(x.shape))
    totals = [x[(*before, k)] for k in range(x.shape[axis])]
    for k in range(1, len(totals)):
        totals[k] = totals[k - 1] + totals[k]
    return xp.stack(totals, axis=axis) if totals else x


def cumulative_prod(xp: Any, x: Any, axis: int | None = None) -> Any:
    """Compute running products along an axis; only a vector needs none."""
    axis = running_axis(x, axis)
    before = (slice(None),) * (axis % len(x.shape))
    products = [x[(*before, k)] for k in range(x.shape[axis])]
    for k in range(1, len(products)):
        products[k] = products[k - 1] * products[k]
    return xp.stack(products, axis=axis) if products else x
