"""Sums, products and largest numbers along axes, and running ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native.comparing import compare
from calcbench.native.elementwise import elementwise, minus, over, plus
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


def count(x: Any, axes: Axes = None) -> int:
    """Count the numbers that a reduction takes together."""
    return math.prod(x.shape[a] for a in _split(x.ndim, axes)[1])


def centred(xp: Any, x: Any, axes: Axes = None) -> tuple[Numbers, Numbers]:
    """Subtract the mean along axes: (what is left, the mean)."""
    mean = reduce(xp, "mean", x, axes, True)
    return minus(xp, x, mean), mean


def variance(
    xp: Any, x: Any, axes: Axes = None, correction: float = 0, keepdims: bool = False
) -> Numbers:
    """Divide the sum of squares about the mean by how many they are, less a correction."""
    x = lift(xp, x)
    squares = elementwise(xp, "square", centred(xp, x, axes)[0])
    freedom = max(count(x, axes) - correction, 0)
    return over(xp, reduce(xp, "sum", squares, axes, keepdims), float(freedom))


def normalized(xp: Any, x: Any, axes: Axes, eps: float) -> tuple[Numbers, Numbers, Numbers]:
    """Give mean 0 and variance 1 along axes: (that, the mean, 1/√(variance + ε))."""
    rest, mean = centred(xp, x, axes)
    spread = reduce(xp, "mean", elementwise(xp, "square", rest), axes, True)
    scale = elementwise(xp, "rsqrt", plus(xp, spread, eps))
    return elementwise(xp, "multiply", rest, scale), mean, scale


def norm(xp: Any, x: Any, p: float = 2, axes: Axes = None, keepdims: bool = False) -> Numbers:
    """Compute the p-norm of vectors along axes: (Σ|x|ᵖ)^(1/p), the largest or smallest |x|."""
    if p == 2:
        squares = reduce(xp, "sum", elementwise(xp, "square", x), axes, keepdims)
        return elementwise(xp, "sqrt", squares)
    sizes = elementwise(xp, "abs", x)
    if p == 1:
        return reduce(xp, "sum", sizes, axes, keepdims)
    if abs(p) == math.inf:
        return reduce(xp, "max" if p > 0 else "min", sizes, axes, keepdims)
    if p == 0:
        return reduce(xp, "sum", compare(xp, "not_equal", x, 0.0), axes, keepdims)
    terms = reduce(xp, "sum", elementwise(xp, "pow", sizes, float(p)), axes, keepdims)
    return elementwise(xp, "pow", terms, 1.0 / p)


def softmax(xp: Any, x: Any, axes: Axes = None) -> Numbers:
    """Compute eˣ / Σ eˣ along axes."""
    return elementwise(xp, "exp", log_softmax(xp, x, axes))


def log_softmax(xp: Any, x: Any, axes: Axes = None) -> Numbers:
    """Compute x − log Σ eˣ along axes."""
    return minus(xp, x, reduce(xp, "logsumexp", x, axes, True))


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
        given = axes if isinstance(axes, (tuple, list)) else [axes]
        wanted = {int(a) % max(ndim, 1) for a in given}  # a single number may be given axis 0
    kept = tuple(a for a in range(ndim) if a not in wanted)
    return kept, tuple(a for a in range(ndim) if a in wanted)


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
