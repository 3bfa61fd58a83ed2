"""Data movement: numbers in other places, by running the framework's own operation on indices.

A slice, a gather, a padding, a split or a roll computes nothing. So the framework's own operation,
run on arrays of integers in place of the numbers, says where each comes from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.certified.arrays import Array
from calcbench.certified.arrays import transpose as transpose_array
from calcbench.native.function import NotKnown
from calcbench.native.values import Numbers, boxed, lift


def move(xp: Any, operation: Callable[..., Any], *operands: Any, fill: float = 0.0) -> Numbers:
    """Move the numbers of one or several arrays as an operation moves integers.

    `operation` is given an int64 array for each operand, of its shape, with indices from 1 on, and
    returns the indices of its result in an array; index 0 stands for `fill`, so that what it pads
    with zeros is that.
    """
    lifted = [lift(xp, x) for x in operands]
    sizes = [math.prod(x.shape) for x in lifted]
    starts = np.cumsum([1, *sizes[:-1]])
    indices = [
        np.arange(start, start + size).reshape(x.shape)
        for x, size, start in zip(lifted, sizes, starts, strict=True)
    ]
    return pick(xp, lifted, np.asarray(operation(*indices)).astype(np.int64), fill)


def pick(xp: Any, operands: Sequence[Any], places: np.ndarray, fill: float = 0.0) -> Numbers:
    """Pick numbers by their places, from 1 on, in arrays end to end; place 0 stands for `fill`."""
    flat = [xp.reshape(lift(xp, x), (-1,)) for x in operands]
    if len(flat) == 1 and flat[0].shape[0] and not np.any(places == 0):
        return boxed(xp.take(flat[0], places - 1))
    return boxed(xp.take(xp.concat([lift(xp, [fill]), *flat]), places))


def transpose(xp: Any, x: Any, axes: Sequence[int]) -> Numbers:
    """Put the axes into another order."""
    x = lift(xp, x)
    if isinstance(x, Array):
        return transpose_array(x, tuple(axes))
    return np.transpose(x, axes)


def broadcast(xp: Any, x: Any, shape: Sequence[int]) -> Numbers:
    """Repeat along axes of length 1, and along new first ones."""
    return move(xp, lambda indices: np.broadcast_to(indices, tuple(shape)), x)


def replace(xp: Any, x: Any, key: Any, values: Any) -> Numbers:
    """Return x with other numbers at an index, as of `x[key] = values`."""

    def write(whole: np.ndarray, part: np.ndarray) -> np.ndarray:
        whole[key] = part
        return whole

    return move(xp, write, x, values)


def scatter_add(xp: Any, x: Any, places: np.ndarray, updates: Any) -> Numbers:
    """Add numbers to those at places of the flat x, any of which may come more than once.

    `places` is of the shape of `updates`; one below 0 is left out.
    """
    x, updates = lift(xp, x), lift(xp, updates)
    size = math.prod(x.shape)
    groups = by_count(np.asarray(places).ravel(), size)
    if not groups:
        return x
    sums = [xp.sum(pick(xp, [updates], found), axis=1) for _, found in groups]
    order = np.zeros(size, dtype=np.int64)
    order[np.concatenate([which for which, _ in groups])] = np.arange(
        1, 1 + sum(len(which) for which, _ in groups)
    )
    return boxed(x + xp.reshape(pick(xp, sums, order), x.shape))


def by_count(places: np.ndarray, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """List which places get updates, and which they are, for about as many of these at a time.

    One place that gets many is then none the wider for the others: all takes memory as the updates.
    """
    updates = np.flatnonzero((places >= 0) & (places < size))
    counts = np.bincount(places[updates], minlength=size)
    width = np.frexp(np.maximum(counts, 1) - 1.0)[1]  # places of width w get up to 2ʷ
    found = []
    for each in np.unique(width[counts > 0]):
        which = np.flatnonzero((width == each) & (counts > 0))
        new = np.full(size + 1, -1)
        new[which] = np.arange(len(which))
        inside = np.where((places >= 0) & (places < size), places, size)
        found.append((which, lanes(new[inside], len(which))))
    return found


LARGEST = 10_000_000
"""Numbers of the largest table that is made where the operands have not as many."""


def lanes(places: np.ndarray, size: int) -> np.ndarray:
    """List for each of `size` places which updates it gets: indices from 1 on, then zeros.

    Raises `NotKnown` where that is too large.
    """
    updates = np.flatnonzero((places >= 0) & (places < size))
    order = updates[np.argsort(places[updates], kind="stable")]
    counts = np.bincount(places[order], minlength=size)
    if size * counts.max(initial=0) > max(LARGEST, 4 * places.size):
        raise NotKnown(f"{counts.max()} updates of one of {size} places: too large")
    nth = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = np.zeros((size, counts.max(initial=0)), dtype=np.int64)
    found[places[order], nth] = order + 1
    return found


def windows(
    xp: Any,
    x: Any,
    sizes: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    fill: float = 0.0,
) -> Numbers:
    """Cut the last axes into windows: (*other axes, *windows along each, *numbers in each).

    `padding` is how many times `fill` is put before and after each of those axes.
    """
    axes, n = lift(xp, x), len(sizes)
    others = axes.ndim - n
    reach = [(size - 1) * step + 1 for size, step in zip(sizes, dilation, strict=True)]

    def cut(indices: np.ndarray) -> Any:
        wide = np.pad(indices, [(0, 0)] * others + [tuple(p) for p in padding])
        views = np.lib.stride_tricks.sliding_window_view(
            wide, reach, axis=tuple(range(others, others + n))
        )
        every = tuple(slice(None, None, step) for step in (*strides, *dilation))
        return views[(slice(None),) * others + every]

    return move(xp, cut, axes, fill=fill)
