"""Rules of operations that multiply: products, convolutions, pooling, norms of batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from calcbench.native.comparing import argmax
from calcbench.native.elementwise import elementwise
from calcbench.native.function import NotKnown
from calcbench.native.movement import move, transpose, windows
from calcbench.native.products import convolve, convolve_transposed, einsum, matmul
from calcbench.native.reductions import reduce
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers, boxed, lift


def _product(left: str, right: str) -> Rule:
    """Build a product of matrices, which attributes of these names transpose."""

    def rule(step: Step, x: Any, y: Any) -> Numbers:
        xp, x, y = step.xp, lift(step.xp, x), lift(step.xp, y)
        x = xp.matrix_transpose(x) if step.attribute(left) else x
        return matmul(xp, x, xp.matrix_transpose(y) if step.attribute(right) else y)

    return rule


def _einsum(step: Step, *operands: Any) -> Numbers:
    return einsum(step.xp, step.attribute("equation"), *operands)


def _add_bias(step: Step, x: Any, bias: Any) -> Numbers:
    return elementwise(step.xp, "add", x, _of_channels(step, bias, np.ndim(x)))


def _of_channels(step: Step, x: Any, ndim: int) -> Numbers:
    """Give a vector of channels the shape that goes with (batch, …, channels), or (…, C, …)."""
    after = 0 if step.attribute("data_format")[1] != "C" else ndim - 2
    return boxed(step.xp.reshape(lift(step.xp, x), (-1, *[1] * after)))


def _cross(step: Step, x: Any, y: Any) -> Numbers:
    def turned(a: Any, by: int) -> Numbers:
        return move(step.xp, lambda places: np.roll(places, by, axis=-1), a)

    return turned(x, -1) * turned(y, 1) - turned(x, 1) * turned(y, -1)


# --- windows --------------------------------------------------------------------------------------


class _Layout(NamedTuple):
    """How windows slide over the axes between batch and channels."""

    last: bool
    """Whether the channels are the last axis."""
    strides: list[int]
    dilations: list[int]
    padding: str
    explicit: list[int]

    def first(self, xp: Any, x: Any) -> Numbers:
        """Put the channels behind the batch."""
        n = np.ndim(x)
        return transpose(xp, x, (0, n - 1, *range(1, n - 1))) if self.last else lift(xp, x)

    def back(self, xp: Any, x: Any) -> Numbers:
        """Put the channels where they belong."""
        n = np.ndim(x)
        return transpose(xp, x, (0, *range(2, n), 1)) if self.last else x

    def spatial(self, each: Sequence[int]) -> list[int]:
        """Take of numbers for every axis those between batch and channels."""
        return list(each[1:-1] if self.last else each[2:])

    def around(self, lengths: Sequence[int], sizes: Sequence[int]) -> list[tuple[int, int]]:
        """Return how much is padded before and after each axis."""
        if self.padding == "VALID":
            return [(0, 0)] * len(sizes)
        if self.padding == "EXPLICIT":
            pairs = [tuple(self.explicit[k : k + 2]) for k in range(0, len(self.explicit), 2)]
            return self.spatial(pairs)  # type: ignore[arg-type, return-value]
        found = []
        for n, k, s, d in zip(lengths, sizes, self.strides, self.dilations, strict=True):
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            found.append((total // 2, total - total // 2))
        return found


def _layout(step: Step) -> _Layout:
    known = step.operation.node_def.attr
    last = step.attribute("data_format")[-1] == "C"
    explicit = step.attribute("explicit_paddings") if "explicit_paddings" in known else []
    plain = _Layout(last, [], [], step.attribute("padding"), list(explicit))
    strides = plain.spatial(step.attribute("strides"))
    dilations = plain.spatial(step.attribute("dilations")) if "dilations" in known else []
    return plain._replace(strides=strides, dilations=dilations or [1] * len(strides))


def _kernel(xp: Any, kernel: Any) -> Numbers:
    """Lay out a kernel as (out, in, *sizes)."""
    n = np.ndim(kernel)
    return transpose(xp, kernel, (n - 1, n - 2, *range(n - 2)))


def _convolve(step: Step, x: Any, kernel: Any) -> Numbers:
    return _slide(step, x, _kernel(step.xp, kernel))


def _slide(step: Step, x: Any, kernel: Numbers) -> Numbers:
    """Convolve by a kernel (out, in, *sizes); its channels tell how many groups there are."""
    layout = _layout(step)
    x = layout.first(step.xp, x)
    around = layout.around(x.shape[2:], kernel.shape[2:])
    groups = x.shape[1] // kernel.shape[1]
    found = convolve(step.xp, x, kernel, layout.strides, around, layout.dilations, groups)
    return layout.back(step.xp, found)


def _convolve_each(step: Step, x: Any, kernel: Any) -> Numbers:
    """Convolve every channel by its own kernels."""
    kernel = transpose(step.xp, kernel, (2, 3, 0, 1))
    whole = step.xp.reshape(kernel, (-1, 1, *kernel.shape[2:]))
    return _slide(step, x, whole)


def _convolve_back(step: Step, sizes: Any, kernel: Any, adjoint: Any) -> Numbers:
    """Convolve back to an array of these sizes: the transpose of a convolution."""
    layout, shape = _layout(step), [int(n) for n in np.ravel(sizes)]
    adjoint, kernel = layout.first(step.xp, adjoint), _kernel(step.xp, kernel)
    lengths = layout.spatial(shape) if len(shape) > len(layout.strides) else shape
    padding = layout.around(lengths, kernel.shape[2:])
    around = [
        ((k - 1) * d - before, n - (count - 1) * s - 1 + before)
        for n, k, s, d, count, (before, _) in zip(
            lengths,
            kernel.shape[2:],
            layout.strides,
            layout.dilations,
            adjoint.shape[2:],
            padding,
            strict=True,
        )
    ]
    whole = shape[-1 if layout.last else 1] if len(shape) > len(lengths) else kernel.shape[1]
    groups = whole // kernel.shape[1]
    found = convolve_transposed(
        step.xp, adjoint, kernel, layout.strides, around, layout.dilations, groups
    )
    return layout.back(step.xp, found)


# --- pooling --------------------------------------------------------------------------------------


def _windows(step: Step, x: Any, fill: float) -> tuple[_Layout, Numbers, list[int]]:
    """Cut into windows: (layout, (batch, channels, *windows, numbers of each), counts)."""
    layout, xp = _layout(step), step.xp
    sizes = layout.spatial(step.attribute("ksize"))
    whole = step.attribute("ksize")
    if math.prod(sizes) != math.prod(whole):
        raise NotKnown(f"operation {step.name} over channels")
    x = layout.first(xp, x)
    around = layout.around(x.shape[2:], sizes)
    cut = windows(xp, x, sizes, layout.strides, around, layout.dilations, fill)
    lanes = xp.reshape(cut, (*cut.shape[: 2 + len(sizes)], math.prod(sizes)))
    ones = np.pad(np.ones(x.shape[2:]), around)
    views = np.lib.stride_tricks.sliding_window_view(ones, sizes)
    counts = views[tuple(slice(None, None, s) for s in layout.strides)].sum(
        tuple(range(-len(sizes), 0))
    )
    return layout, lanes, counts


def _largest(step: Step, x: Any) -> Numbers:
    layout, lanes, _ = _windows(step, x, -math.inf)
    places = argmax(step.xp, lanes, -1)[..., None]
    found = step.xp.take_along_axis(lanes, places, axis=-1)
    return layout.back(step.xp, step.xp.reshape(found, lanes.shape[:-1]))


def _mean(step: Step, x: Any) -> Numbers:
    """Average over windows; what is padded does not count."""
    layout, lanes, counts = _windows(step, x, 0.0)
    found = elementwise(step.xp, "divide", reduce(step.xp, "sum", lanes, -1), counts)
    return layout.back(step.xp, found)


# --- batch norms ----------------------------------------------------------------------------------


def _batch_norm(step: Step, x: Any, scale: Any, offset: Any, mean: Any, variance: Any) -> list[Any]:
    """Normalize by the statistics of the batch, or by given ones; and give those."""
    xp, x = step.xp, lift(step.xp, x)
    channels = x.ndim - 1 if step.attribute("data_format")[-1] == "C" else 1
    others = tuple(a for a in range(x.ndim) if a != channels)
    if step.attribute("is_training"):
        mean = reduce(xp, "mean", x, others)
        squares = elementwise(xp, "square", x - _of_channels(step, mean, x.ndim))
        variance = reduce(xp, "mean", squares, others)
    rest = x - _of_channels(step, mean, x.ndim)
    size = elementwise(xp, "rsqrt", lift(xp, variance) + step.attribute("epsilon"))
    factor = elementwise(xp, "multiply", size, scale)
    found = rest * _of_channels(step, factor, x.ndim) + _of_channels(step, offset, x.ndim)
    given = [mean, variance, None, None, None]
    if step.attribute("is_training") and any(step.needs[1:3]):
        given[1] = _unbiased(step, variance, math.prod(x.shape[a] for a in others))
    if any(step.needs[3:]):
        raise NotKnown(f"operation {step.name}, of which what a gradient needs is read")
    return [found, *given][: len(step.operation.outputs)]


def _unbiased(step: Step, variance: Numbers, count: int) -> Numbers:
    """Divide by one less than the numbers there are, as the moving variance wants it."""
    known = "exponential_avg_factor" in step.operation.node_def.attr
    if known and step.attribute("exponential_avg_factor") != 1.0:
        raise NotKnown(f"operation {step.name} with moving statistics")
    return elementwise(step.xp, "multiply", variance, count / max(count - 1, 1))


RULES: dict[str, Rule] = {
    "MatMul": _product("transpose_a", "transpose_b"),
    "SparseMatMul": _product("transpose_a", "transpose_b"),
    "BatchMatMul": _product("adj_x", "adj_y"),
    "BatchMatMulV2": _product("adj_x", "adj_y"),
    "BatchMatMulV3": _product("adj_x", "adj_y"),
    "Einsum": _einsum,
    "BiasAdd": _add_bias,
    "Cross": _cross,
    "Conv2D": _convolve,
    "Conv3D": _convolve,
    "Conv": _convolve,
    "DepthwiseConv2dNative": _convolve_each,
    "Conv2DBackpropInput": _convolve_back,
    "Conv3DBackpropInputV2": _convolve_back,
    "MaxPool": _largest,
    "MaxPool3D": _largest,
    "AvgPool": _mean,
    "AvgPool3D": _mean,
    "FusedBatchNorm": _batch_norm,
    "FusedBatchNormV2": _batch_norm,
    "FusedBatchNormV3": _batch_norm,
}
"""Operation → its rule."""
