"""Arrays in other shapes and orders."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def expand_dims(xp: Any, x: Any, axis: int = 0) -> Any:
    """Insert an axis of length 1."""
    shape = [*x.shape]
    shape.insert(axis if axis >= 0 else axis + len(shape) + 1, 1)
    return xp.reshape(x, tuple(shape))


def squeeze(xp: Any, x: Any, axis: int) -> Any:
    """Remove an axis of length 1."""
    if x.shape[axis] != 1:
        raise ValueError(f"squeeze: axis {axis} of shape {tuple(x.shape)} is longer than 1")
    shape = [*x.shape]
    del shape[axis]
    return xp.reshape(x, tuple(shape))


def permute_dims(xp: Any, x: Any, axes: Any) -> Any:
    """Put the axes into another order."""
    letters = "abcdefghijklmnopqrstuvwxyz"[: len(x.shape)]
    return xp.einsum(f"{letters}->{''.join(letters[axis] for axis in axes)}", x)


def moveaxis(xp: Any, x: Any, source: int, destination: int) -> Any:
    """Move one axis to another place."""
    axes = [*range(len(x.shape))]
    axes.insert(destination % len(axes), axes.pop(source))
    return xp.permute_dims(x, tuple(axes))


def unstack(xp: Any, x: Any, axis: int = 0) -> Any:
    """Return a tuple of the slices along an axis."""
    before = (slice(None),) * (axis % len(x.shape))
    return tuple(x[(*before, k)] for k in range(x.shape[axis]))


def flip(xp: Any, x: Any, axis: int = 0) -> Any:
    """Reverse the slices along an axis."""
    return xp.take(x, np.arange(x.shape[axis])[::-1].copy(), axis=axis)


def roll(xp: Any, x: Any, shift: int, axis: int = 0) -> Any:
    """Move the slices along an axis by `shift` places; those past the end come first."""
    return xp.take(x, np.roll(np.arange(x.shape[axis]), shift), axis=axis)


def broadcast_to(xp: Any, x: Any, shape: Any) -> Any:
    """Repeat x so that it has this shape, by the rules of broadcasting."""
    return x * xp.ones(shape)


def repeat(xp: Any, x: Any, repeats: int, axis: int = 0) -> Any:
    """Repeat every slice along an axis, that many times in a row."""
    return xp.take(x, np.repeat(np.arange(x.shape[axis]), repeats), axis=axis)


def tile(xp: Any, x: Any, count: int, axis: int = 0) -> Any:
    """Repeat x, that many times in a row along an axis."""
    return xp.concat([x] * count, axis=axis)


def pad(xp: Any, x: Any, before: int, after: int, axis: int = 0, value: float = 0.0) -> Any:
    """Add slices of one number before and after those along an axis."""
    shapes = [[*x.shape], [*x.shape]]
    shapes[0][axis], shapes[1][axis] = before, after
    low, high = (xp.full(tuple(shape), value) for shape in shapes)
    parts = [part for part in (low, x, high) if math.prod(part.shape)]
    return xp.concat(parts, axis=axis)


def tril(xp: Any, x: Any, k: int = 0) -> Any:
    """Keep the lower triangle of a matrix, up to the k-th diagonal; zeros above."""
    return xp.where(xp.asarray(np.tril(np.ones(x.shape[-2:], dtype=bool), k)), x, 0.0)


def triu(xp: Any, x: Any, k: int = 0) -> Any:
    """Keep the upper triangle of a matrix, from the k-th diagonal; zeros below."""
    return xp.where(xp.asarray(np.triu(np.ones(x.shape[-2:], dtype=bool), k)), x, 0.0)
