"""Convolutions, as in machine learning: the kernel is not flipped, and channels come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from calcbench.vocabulary.array import Array, Padding
from calcbench.vocabulary.windows import counts, each, paddings, places

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def conv1d(xp: Vocabulary, x: Array, kernel: Array, stride: int = 1, padding: Padding = 0) -> Array:
    """Slide a kernel (out, in, width) along x, (in, length) or (batch, in, length)."""
    return _convolve(xp, x, kernel, each(stride, 1), padding)


def conv2d(
    xp: Vocabulary, x: Array, kernel: Array, stride: int | Sequence[int] = 1, padding: Padding = 0
) -> Array:
    """Slide a kernel (out, in, height, width) over x, (in, rows, columns) or (batch, in, …)."""
    return _convolve(xp, x, kernel, each(stride, 2), padding)


def _convolve(
    xp: Vocabulary, x: Array, kernel: Array, strides: Sequence[int], padding: Padding
) -> Array:
    """Lay the numbers under the kernel into columns, and multiply matrices."""
    dims, widths = len(strides), tuple(kernel.shape[2:])
    around = paddings(x, kernel, strides, padding)
    if any(sum(pair) for pair in around):
        x = xp.pad(x, [(0, 0)] * (len(x.shape) - dims) + around)
    before, shape = tuple(x.shape[: -dims - 1]), tuple(x.shape[-dims:])
    flat = xp.reshape(x, (*before, x.shape[-dims - 1], -1))
    columns = xp.take(flat, places(shape, widths, strides), axis=-1)
    columns = xp.reshape(columns, (*before, -1, columns.shape[-1]))
    product = xp.matmul(xp.reshape(kernel, (kernel.shape[0], -1)), columns)
    return xp.reshape(product, (*before, kernel.shape[0], *counts(shape, widths, strides)))
