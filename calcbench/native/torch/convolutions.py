"""ATen operations that slide: convolutions, and pooling by the largest or the mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.native.comparing import argmax
from calcbench.native.elementwise import over, plus
from calcbench.native.movement import windows
from calcbench.native.products import convolve, convolve_transposed
from calcbench.native.reductions import reduce
from calcbench.native.values import Numbers, boxed, lift


def _each(sizes: Sequence[int], count: int) -> list[int]:
    return list(sizes) * (count if len(sizes) == 1 else 1)


def _convolution(
    xp: Any, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int,
) -> Numbers:  # fmt: skip
    x, weight = lift(xp, x), lift(xp, weight)
    count = weight.ndim - 2
    stride, padding, dilation, more = (
        _each(sizes, count) for sizes in (stride, padding, dilation, output_padding)
    )
    if transposed:
        reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        around = [(r - p, r - p + m) for r, p, m in zip(reach, padding, more, strict=True)]
        found = convolve_transposed(xp, x, weight, stride, around, dilation, groups)
    else:
        found = convolve(xp, x, weight, stride, [(p, p) for p in padding], dilation, groups)
    if bias is None:
        return found
    return plus(xp, found, xp.reshape(lift(xp, bias), (1, -1, *[1] * count)))


# --- pooling --------------------------------------------------------------------------------------


def _max_pool(count: int) -> Callable[..., Any]:
    def rule(
        xp: Any, x: Any, size: Any, stride: Any = (), padding: Any = (0,), dilation: Any = (1,),
        ceil: bool = False,
    ) -> Any:  # fmt: skip
        x = lift(xp, x)
        size, padding, dilation = (_each(a, count) for a in (size, padding, dilation))
        stride = _each(stride, count) if len(stride) else size
        lengths = x.shape[-count:]
        around = [
            (p, p + _excess(length, k, s, p, d) * ceil)
            for length, k, s, p, d in zip(lengths, size, stride, padding, dilation, strict=True)
        ]
        cut = windows(xp, x, size, stride, around, dilation, fill=-math.inf)
        lanes = xp.reshape(cut, (*cut.shape[: x.ndim], math.prod(size)))
        found = xp.take_along_axis(lanes, argmax(xp, lanes, -1)[..., None], axis=-1)
        return boxed(xp.reshape(found, cut.shape[: x.ndim])), None

    return rule


def _mean_pool(count: int) -> Callable[..., Any]:
    def rule(
        xp: Any, x: Any, size: Any, stride: Any = (), padding: Any = (0,), ceil: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> Any:  # fmt: skip
        x = lift(xp, x)
        size, padding = (_each(a, count) for a in (size, padding))
        stride = _each(stride, count) if len(stride) else size
        lengths, inside = x.shape[-count:], tuple(range(-count, 0))
        excess = [
            _excess(length, k, s, p, 1) * ceil
            for length, k, s, p in zip(lengths, size, stride, padding, strict=True)
        ]
        around = [(p, p + more) for p, more in zip(padding, excess, strict=True)]
        cut = windows(xp, x, size, stride, around, [1] * count)
        whole = np.pad(
            np.ones(lengths), [(p, p) for p in padding], constant_values=count_include_pad
        )
        counted = np.pad(whole, [(0, more) for more in excess])
        views = np.lib.stride_tricks.sliding_window_view(counted, size)
        counts = views[tuple(slice(None, None, s) for s in stride)].sum(inside)
        return over(xp, reduce(xp, "sum", cut, inside), divisor_override or counts)

    return rule


def _excess(length: int, size: int, stride: int, padding: int, dilation: int) -> int:
    """Count what a last window that is no whole one lacks, if it begins before the padding."""
    reach = dilation * (size - 1) + 1
    rest = (length + 2 * padding - reach) % stride
    last = (length + 2 * padding - reach) // stride * stride + stride
    return stride - rest if rest and last < length + padding else 0


RULES: dict[str, Callable[..., Any]] = {
    "convolution": _convolution,
    "mkldnn_convolution": lambda xp, x, w, b, padding, stride, dilation, groups: _convolution(
        xp, x, w, b, stride, padding, dilation, False, [0], groups
    ),
    "max_pool2d_with_indices": _max_pool(2),
    "max_pool3d_with_indices": _max_pool(3),
    "avg_pool1d": _mean_pool(1),
    "avg_pool2d": _mean_pool(2),
    "avg_pool3d": _mean_pool(3),
}
"""ATen's name → its rule."""
