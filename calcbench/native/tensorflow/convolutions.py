"""Rules of operations that slide: convolutions, pooling, and what goes back from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from calcbench.native.comparing import argmax
from calcbench.native.elementwise import elementwise
from calcbench.native.function import NotKnown
from calcbench.native.movement import broadcast, pick, scatter_add, transpose, windows
from calcbench.native.products import convolve, convolve_transposed, dot_general
from calcbench.native.reductions import reduce
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers, lift


class Layout(NamedTuple):
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


def _layout(step: Step) -> Layout:
    known = step.operation.node_def.attr
    last = step.attribute("data_format")[-1] == "C"
    explicit = step.attribute("explicit_paddings") if "explicit_paddings" in known else []
    plain = Layout(last, [], [], step.attribute("padding"), list(explicit))
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


def _slope_by_kernel(step: Step, x: Any, sizes: Any, adjoint: Any) -> Numbers:
    """Take the adjoint of a convolution to that of its kernel: (*sizes, in, out)."""
    xp, layout = step.xp, _layout(step)
    x, adjoint = layout.first(xp, x), layout.first(xp, adjoint)
    *lengths, channels, _ = (int(n) for n in np.ravel(sizes))
    if channels != x.shape[1]:
        raise NotKnown(f"operation {step.name} in groups")
    around = layout.around(x.shape[2:], lengths)
    cut = windows(xp, x, lengths, layout.strides, around, layout.dilations)
    places = tuple(range(2, adjoint.ndim))
    found = dot_general(xp, cut, adjoint, ((0, *places), (0, *places)))
    n = len(lengths)
    return transpose(xp, found, (*range(1, n + 1), 0, n + 1))


# --- pooling --------------------------------------------------------------------------------------


class _Pooled(NamedTuple):
    """An array cut into windows."""

    layout: Layout
    shape: tuple[int, ...]
    """The shape of the array, with the channels behind the batch."""
    sizes: list[int]
    around: list[tuple[int, int]]

    @property
    def places(self) -> np.ndarray:
        """Where each number of each window is in the flat array: −1 for what is padded."""
        places = np.arange(math.prod(self.shape)).reshape(self.shape)
        wide = np.pad(places, [(0, 0), (0, 0), *self.around], constant_values=-1)
        axes = tuple(range(2, wide.ndim))
        views = np.lib.stride_tricks.sliding_window_view(wide, self.sizes, axis=axes)
        every = tuple(slice(None, None, s) for s in self.layout.strides)
        cut = views[(slice(None), slice(None), *every)]
        return cut.reshape(*cut.shape[: wide.ndim], math.prod(self.sizes))

    def lanes(self, xp: Any, x: Numbers) -> Numbers:
        """Lay out the numbers of each window along the last axis; what is padded is −∞."""
        return pick(xp, [x], self.places + 1, fill=-math.inf)

    def spread(self, xp: Any, parts: Any, places: np.ndarray) -> Numbers:
        """Add parts to the places that they belong to."""
        found = scatter_add(xp, np.zeros(self.shape), places, parts)
        return self.layout.back(xp, found)


def _cut(step: Step, shape: Sequence[int]) -> _Pooled:
    """Tell how an array of this shape is cut into windows."""
    layout, whole = _layout(step), step.attribute("ksize")
    sizes = layout.spatial(whole)
    if math.prod(sizes) != math.prod(whole):
        raise NotKnown(f"operation {step.name} over channels")
    first = (shape[0], shape[-1], *shape[1:-1]) if layout.last else tuple(shape)
    return _Pooled(layout, first, sizes, layout.around(first[2:], sizes))


def _largest(step: Step, x: Any) -> Numbers:
    cut = _cut(step, np.shape(x))
    lanes = cut.lanes(step.xp, cut.layout.first(step.xp, x))
    places = argmax(step.xp, lanes, -1)[..., None]
    found = step.xp.take_along_axis(lanes, places, axis=-1)
    return cut.layout.back(step.xp, step.xp.reshape(found, lanes.shape[:-1]))


def _mean(step: Step, x: Any) -> Numbers:
    """Average over windows; what is padded does not count."""
    cut = _cut(step, np.shape(x))
    inside = cut.places >= 0
    numbers = pick(step.xp, [cut.layout.first(step.xp, x)], cut.places + 1)
    counts = np.count_nonzero(inside, axis=-1)
    found = elementwise(step.xp, "divide", reduce(step.xp, "sum", numbers, -1), counts)
    return cut.layout.back(step.xp, found)


def _slope_of_largest(step: Step, x: Any, largest: Any, adjoint: Any) -> Numbers:
    """Give the adjoint of each window to its largest number."""
    cut = _cut(step, np.shape(x))
    order = argmax(step.xp, cut.lanes(step.xp, cut.layout.first(step.xp, x)), -1)[..., None]
    places = np.take_along_axis(cut.places, order, -1)[..., 0]
    return cut.spread(step.xp, cut.layout.first(step.xp, adjoint), places)


def _slope_of_mean(step: Step, shape: Any, adjoint: Any) -> Numbers:
    """Give the adjoint of each window to all its numbers alike."""
    cut = _cut(step, [int(n) for n in np.ravel(shape)])
    counts = np.count_nonzero(cut.places >= 0, axis=-1)
    each = elementwise(step.xp, "divide", cut.layout.first(step.xp, adjoint), counts)
    parts = broadcast(step.xp, each[..., None], cut.places.shape)
    return cut.spread(step.xp, parts, cut.places)


RULES: dict[str, Rule] = {
    "Conv2D": _convolve,
    "Conv3D": _convolve,
    "Conv": _convolve,
    "DepthwiseConv2dNative": _convolve_each,
    "Conv2DBackpropInput": _convolve_back,
    "Conv3DBackpropInputV2": _convolve_back,
    "Conv2DBackpropFilter": _slope_by_kernel,
    "Conv3DBackpropFilterV2": _slope_by_kernel,
    "MaxPool": _largest,
    "MaxPool3D": _largest,
    "AvgPool": _mean,
    "AvgPool3D": _mean,
    "MaxPoolGrad": _slope_of_largest,
    "MaxPool3DGrad": _slope_of_largest,
    "AvgPoolGrad": _slope_of_mean,
    "AvgPool3DGrad": _slope_of_mean,
}
"""Operation → its rule."""
