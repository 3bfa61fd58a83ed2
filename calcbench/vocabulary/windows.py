"""Windows of a convolution: where a kernel lies over an array, and how wide the array is padded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def paddings(
    x: Any, kernel: Any, strides: Sequence[int], padding: int | str | Sequence[int]
) -> list[tuple[int, int]]:
    """Return how many zeros stand (before, after) each axis that the kernel moves along.

    `padding` is a number for all axes, one for each, "valid" (none), or "same": as many as give a
    result of the length of x. `x` has shape (channels, …) or (batch, channels, …), the kernel
    (channels out, channels in, …). Raises `ValueError` where these do not fit together.
    """
    dims, shape, widths = len(strides), tuple(x.shape), tuple(kernel.shape)
    name = f"conv{dims}d"
    if len(shape) not in (dims + 1, dims + 2) or len(widths) != dims + 2:
        raise ValueError(
            f"{name} takes x of {dims + 1} or {dims + 2} axes, (channels, …) or (batch, channels, "
            f"…), and a kernel of {dims + 2}, (channels out, channels in, …): got shapes {shape} "
            f"and {widths}"
        )
    if shape[-dims - 1] != widths[1]:
        raise ValueError(
            f"{name}: x of shape {shape} has {shape[-dims - 1]} channels, and the kernel of shape "
            f"{widths} is for {widths[1]}"
        )
    pairs = _pairs(name, widths[2:], strides, padding)
    short = [
        n for n, k, pair in zip(shape[-dims:], widths[2:], pairs, strict=True) if n + sum(pair) < k
    ]
    if short:
        raise ValueError(f"{name}: the kernel of shape {widths} is larger than x of shape {shape}")
    return pairs


def _pairs(
    name: str, widths: Sequence[int], strides: Sequence[int], padding: int | str | Sequence[int]
) -> list[tuple[int, int]]:
    if padding == "valid":
        return [(0, 0)] * len(widths)
    if padding == "same":
        if any(stride != 1 for stride in strides):
            raise ValueError(f'{name}: padding="same" is for a stride of 1')
        return [((k - 1) // 2, k // 2) for k in widths]
    if isinstance(padding, str):
        raise ValueError(f'{name}: padding is a number, "same" or "valid", not {padding!r}')
    return [(p, p) for p in each(padding, len(widths))]


def each(value: int | Sequence[int], count: int) -> tuple[int, ...]:
    """Return one number for each of `count` axes: of a single number, that one for all."""
    values = (value,) * count if isinstance(value, int) else tuple(value)
    if len(values) != count:
        raise ValueError(f"{value!r} is neither one number nor one for each of {count} axes")
    return values


def places(shape: Sequence[int], widths: Sequence[int], strides: Sequence[int]) -> np.ndarray:
    """Return where in an array of this shape, laid out flat, each place of the kernel reads.

    A matrix (places of the kernel, results); the shape of the results is `counts`.
    """
    flat = np.arange(np.prod(shape)).reshape(tuple(shape))
    windows = np.lib.stride_tricks.sliding_window_view(flat, tuple(widths))
    steps = tuple(slice(None, None, stride) for stride in strides)
    return windows[steps].reshape(-1, int(np.prod(widths))).T.copy()


def counts(shape: Sequence[int], widths: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    """Return how many results there are along each axis of an array, padding included."""
    return tuple((n - k) // s + 1 for n, k, s in zip(shape, widths, strides, strict=True))
