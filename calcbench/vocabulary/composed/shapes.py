"""Arrays in other shapes and orders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from calcbench.vocabulary.array import Array, Shape

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def expand_dims(xp: Vocabulary, x: Array, axis: int = 0) -> Array:
    """Insert an axis of length 1."""
    shape = [*x.shape]
    shape.insert(axis if axis >= 0 else axis + len(shape) + 1, 1)
    return xp.reshape(x, tuple(shape))


def squeeze(xp: Vocabulary, x: Array, axis: int) -> Array:
    """Remove an axis of length 1."""
    if x.shape[axis] != 1:
        raise ValueError(f"squeeze: axis {axis} of shape {tuple(x.shape)} is longer than 1")
    shape = [*x.shape]
    del shape[axis]
    return xp.reshape(x, tuple(shape))


def permute_dims(xp: Vocabulary, x: Array, axes: Sequence[int]) -> Array:
    """Put the axes into another order."""
    letters = "abcdefghijklmnopqrstuvwxyz"[: len(x.shape)]
    return xp.einsum(f"{letters}->{''.join(letters[axis] for axis in axes)}", x)


def matrix_transpose(xp: Vocabulary, x: Array) -> Array:
    """Swap the last two axes."""
    *batch, rows, columns = range(len(x.shape))
    return xp.permute_dims(x, (*batch, columns, rows))


def moveaxis(xp: Vocabulary, x: Array, source: int, destination: int) -> Array:
    """Move one axis to another place."""
    axes = [*range(len(x.shape))]
    axes.insert(destination % len(axes), axes.pop(source))
    return xp.permute_dims(x, tuple(axes))


def unstack(xp: Vocabulary, x: Array, axis: int = 0) -> tuple[Array, ...]:
    """Return a tuple of the slices along an axis."""
    before = (slice(None),) * (axis % len(x.shape))
    return tuple(x[(*before, k)] for k in range(x.shape[axis]))


def flip(xp: Vocabulary, x: Array, axis: int | None = None) -> Array:
    """Reverse the order along one axis, or along all."""
    for each in range(len(x.shape)) if axis is None else [axis]:
        x = xp.take(x, np.arange(x.shape[each])[::-1].copy(), axis=each)
    return x


def roll(xp: Vocabulary, x: Array, shift: int, axis: int | None = None) -> Array:
    """Move all along an axis by `shift` places; what leaves at the end comes first."""
    moved = xp.reshape(x, (-1,)) if axis is None else x
    along = 0 if axis is None else axis
    places = np.roll(np.arange(moved.shape[along]), shift)
    return xp.reshape(xp.take(moved, places, axis=along), tuple(x.shape))


def broadcast_to(xp: Vocabulary, x: Array, shape: Shape) -> Array:
    """Repeat x so that it has this shape, by the rules of broadcasting."""
    return x + xp.zeros(shape)


def repeat(xp: Vocabulary, x: Array, repeats: int, axis: int | None = None) -> Array:
    """Repeat every slice along an axis (without one, every number) so many times in a row."""
    slices = xp.reshape(x, (-1,)) if axis is None else x
    along = 0 if axis is None else axis
    places = np.repeat(np.arange(slices.shape[along]), repeats)
    return xp.take(slices, places, axis=along)


def tile(xp: Vocabulary, x: Array, repetitions: Sequence[int]) -> Array:
    """Repeat the whole array so many times along each axis: a number for each, the last last."""
    missing = len(x.shape) - len(repetitions)
    counts = (1,) * missing + tuple(repetitions)
    tiled = xp.reshape(x, (1,) * -missing + tuple(x.shape))
    for axis, count in enumerate(counts):
        tiled = xp.concat([tiled] * count, axis=axis)
    return tiled


def pad(
    xp: Vocabulary, x: Array, pad_width: Sequence[tuple[int, int]], constant_values: float = 0.0
) -> Array:
    """Put one number around an array: `pad_width` has (before, after) for every axis."""
    for axis, width in enumerate(pad_width):
        shapes = [(*x.shape[:axis], count, *x.shape[axis + 1 :]) for count in width]
        before, after = (xp.full(shape, constant_values) for shape in shapes)
        parts = [part for part in (before, x, after) if math.prod(part.shape)]
        x = xp.concat(parts, axis=axis)
    return x


def tril(xp: Vocabulary, x: Array, k: int = 0) -> Array:
    """Keep the lower triangle of a matrix, up to the k-th diagonal; zeros above."""
    return xp.where(xp.asarray(np.tril(np.ones(x.shape[-2:], dtype=bool), k)), x, 0.0)


def triu(xp: Vocabulary, x: Array, k: int = 0) -> Array:
    """Keep the upper triangle of a matrix, from the k-th diagonal; zeros below."""
    return xp.where(xp.asarray(np.triu(np.ones(x.shape[-2:], dtype=bool), k)), x, 0.0)
