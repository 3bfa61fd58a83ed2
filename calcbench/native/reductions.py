"""Sums, products and largest numbers along axes, and running ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native.elementwise import elementwise
from calcbench.native.movement import transpose
from calcbench.native.values import Numbers, boxed, lift

Axes = Any
"""One axis, a sequence of axes, or None for all."""


def reduce(xp: Any, name: str, x: Any, axes: Axes = None, keepdims: bool = False) -> Numbers:
    """Reduce along axes: `sum`, `mean`, `max`, `min`, `prod` or `logsumexp`."""
    x = lift(xp, x)
    kept, gone = _split(x.ndim, axes)
    if not gone:
        return x
    if name == "prod":
        return _product(xp, x, kept, gone, keepdims)
    return boxed(getattr(xp, name)(x, axis=gone, keepdims=keepdims))


def accumulate(xp: Any, name: str, x: Any, axis: int, reverse: bool = False) -> Numbers:
    """Combine along an axis, keeping what there is so far: `add`, `multiply`, `maximum`, …"""
    x = lift(xp, x)
    if reverse:
        return _flip(xp, accumulate(xp, name, _flip(xp, x, axis), axis), axis)
    if name == "add":
        return boxed(xp.cumulative_sum(x, axis=axis))
    before = (slice(None),) * (axis % x.ndim)
    parts = [boxed(x[(*before, k)]) for k in range(x.shape[axis])]
    for k in range(1, len(parts)):
        parts[k] = elementwise(xp, name, parts[k - 1], parts[k])
    return boxed(xp.stack(parts, axis=axis % x.ndim)) if parts else x


def scan(xp: Any, function: Callable[[Any, Any], Any], x: Any) -> Any:
    """Reduce along the first axis by a function of two slices."""
    x = lift(xp, x)
    found = boxed(x[0])
    for k in range(1, x.shape[0]):
        found = function(found, boxed(x[k]))
    return found


def _split(ndim: int, axes: Axes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Split the axes into those that are kept and those that are not."""
    if axes is None:
        wanted = set(range(ndim))
    else:
        wanted = {int(a) % ndim for a in (axes if isinstance(axes, (tuple, list)) else [axes])}
    kept = tuple(a for a in range(ndim) if a not in wanted)
    return kept, tuple(sorted(wanted))


def _product(
    xp: Any, x: Numbers, kept: tuple[int, ...], gone: tuple[int, ...], keepdims: bool
) -> Numbers:
    """Multiply along axes, one after the other: of zeros there are derivatives, too."""
    count = math.prod(x.shape[a] for a in gone)
    shape = tuple(x.shape[a] for a in kept)
    lanes = xp.reshape(transpose(xp, x, (*gone, *kept)), (count, *shape))
    found = scan(xp, lambda p, q: p * q, lanes) if count else lift(xp, np.ones(shape))
    if not keepdims:
        return boxed(found)
    return boxed(xp.reshape(found, tuple(1 if a in gone else n for a, n in enumerate(x.shape))))


def _flip(xp: Any, x: Numbers, axis: int) -> Numbers:
    key = (slice(None),) * (axis % x.ndim) + (slice(None, None, -1),)
    return boxed(x[key])
