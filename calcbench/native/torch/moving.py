"""ATen operations that move numbers and compute none: each runs itself, on indices.

So does what is linear along the last axes with fixed weights, on the unit vectors: adaptive
pooling by means, and interpolation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from calcbench.native.elementwise import times
from calcbench.native.movement import LARGEST, move, pick, scatter_add
from calcbench.native.products import matmul
from calcbench.native.torch.program import Rule
from calcbench.native.values import lift

MOVES = frozenset({
    "_pack_padded_sequence", "_reshape_copy", "_unsafe_view", "as_strided_copy", "block_diag",
    "cat", "channel_shuffle", "constant_pad_nd", "copy", "diag", "diag_embed", "diagonal",
    "diagonal_copy", "diagonal_scatter", "expand", "expand_copy", "fill",
    "flip", "gather", "im2col", "index", "index_put", "index_select", "masked_scatter",
    "masked_select", "native_channel_shuffle", "permute", "permute_copy", "pixel_shuffle",
    "pixel_unshuffle", "put", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d",
    "repeat", "repeat_interleave", "replication_pad1d", "replication_pad2d",
    "replication_pad3d", "roll", "rot90", "scatter", "select", "select_copy",
    "select_scatter", "slice", "slice_copy", "slice_scatter", "split", "split_with_sizes",
    "split_with_sizes_copy", "squeeze_copy", "stack", "t", "t_copy", "take", "transpose",
    "transpose_copy", "tril", "triu", "unbind_copy", "unfold", "unfold_copy",
    "unsafe_split", "unsafe_split_with_sizes", "unsqueeze_copy", "upsample_nearest1d",
    "upsample_nearest2d", "upsample_nearest3d", "_upsample_nearest_exact1d",
    "_upsample_nearest_exact2d", "_upsample_nearest_exact3d", "view", "view_copy", "zero",
    "index_fill", "squeeze", "unsqueeze", "reshape", "alias_copy",
})  # fmt: skip
"""ATen's names of what copies numbers to other places; views need no rule."""

LINEAR = {
    "_adaptive_avg_pool2d": 2,
    "_adaptive_avg_pool3d": 3,
    "upsample_linear1d": 1,
    "upsample_bilinear2d": 2,
    "upsample_bicubic2d": 2,
    "upsample_trilinear3d": 3,
    "_upsample_bilinear2d_aa": 2,
    "col2im": 2,
}
"""ATen's name → along how many last axes it is linear, with fixed weights."""

ADDING = frozenset(("index_add", "scatter_add", "index_put", "put", "scatter", "scatter_reduce"))
"""ATen's names of what may add numbers at places."""

PLACES = frozenset(("index", "indices", "mask", "repeats", "lengths"))
"""What ATen calls operands that say where numbers go."""


def bound(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Name the arguments of an operation by its schema."""
    names = [argument.name for argument in func._schema.arguments]
    return {**dict(zip(names, args, strict=False)), **kwargs}


class Movement:
    """An operation that moves numbers: what it moves, and from where to where."""

    def __init__(
        self, func: Any, args: Sequence[Any], kwargs: Any, settle: Callable[[Any], Any]
    ) -> None:
        """Take the operation; `settle` is asked for the operands that say where numbers go."""
        self.operands: list[Any] = []
        """The tensors that it moves, and numbers."""
        self._settle = settle
        self._size = 0
        self._fill = 0.0
        self._func = func
        self._name = func._schema.name.split("::")[1].rstrip("_")
        self._arguments = {
            name: self._indices(name, value) for name, value in bound(func, args, kwargs).items()
        }

    def rule(self) -> Rule:
        """Run the operation on indices; the rule picks numbers by what it gives."""
        found = self._func(**self._arguments)
        fill = self._fill
        several = isinstance(found, (tuple, list))
        results = [np.asarray(r) for r in (found if several else [found])]

        def part(xp: Any, operands: Any, result: np.ndarray) -> Any:
            if result.dtype.kind != "f":  # no indices, but integers of its own
                return result
            return pick(xp, operands, result.astype(np.int64), fill)

        if not several:
            return lambda xp, *operands: part(xp, operands, results[0])
        return lambda xp, *operands: tuple(part(xp, operands, each) for each in results)

    def _indices(self, name: str, value: Any) -> Any:
        """Put indices in the place of what is moved."""
        if name in PLACES:
            return pytree.tree_map(self._settle, value)
        if isinstance(value, torch.Tensor):
            return self._next(value, tuple(value.shape))
        if isinstance(value, (tuple, list)):
            return [self._indices("", each) for each in value]
        if name != "value" or not isinstance(value, (bool, int, float)):
            return value
        if self._name == "constant_pad_nd":
            self._fill = float(value)
            return 0
        return float(self._next(value, ()))

    def _next(self, value: Any, shape: tuple[int, ...]) -> torch.Tensor:
        """Take one more operand, and number its places: in float64, which any operation takes."""
        self.operands.append(value)
        start, self._size = self._size + 1, self._size + math.prod(shape)
        return torch.arange(start, self._size + 1, dtype=torch.float64).reshape(shape)


def too_large(name: str, source: torch.Tensor, result: torch.Tensor) -> bool:
    """Tell whether the matrix of what is linear along the last axes would be too large."""
    inside, outside = (
        math.prod(each.shape[len(each.shape) - LINEAR[name] :]) for each in (source, result)
    )
    return bool(inside * max(inside, outside) > LARGEST)


def linear_rule(func: Any, name: str, shape: Sequence[int], rest: Any, options: Any) -> Rule:
    """Build the rule of what is linear along the last axes: a product with a matrix."""
    count = len(shape) - LINEAR[name]
    others, inside = tuple(shape[:count]), tuple(shape[count:])
    size = math.prod(inside)
    channel = () if name == "col2im" else (1,)
    unit = torch.eye(size, dtype=torch.float64).reshape(size, *channel, *inside)
    found = func(unit, *rest, **options)
    outside, matrix = tuple(found.shape[1 + len(channel) :]), np.asarray(found.reshape(size, -1))

    def apply(xp: Any, x: Any) -> Any:
        rows = xp.reshape(lift(xp, x), (math.prod(others), size))
        return xp.reshape(matmul(xp, rows, matrix), (*others, *outside))

    return apply


def adds(name: str, named: Mapping[str, Any]) -> bool:
    """Tell whether numbers are added at places, and do not replace others."""
    return name in ADDING and bool(
        name in ("index_add", "scatter_add")
        or named.get("accumulate")
        or named.get("reduce") == "add"
        or (named.get("reduce") == "sum" and named.get("include_self", True))
    )


def combines(named: Mapping[str, Any]) -> bool:
    """Tell whether numbers at places are computed of several, and not moved there."""
    return bool(named.get("accumulate") or named.get("reduce") is not None)


def updates(named: Mapping[str, Any]) -> str:
    """Return what an operation that adds at places calls the numbers to add."""
    return next(name for name in ("source", "src", "values", "value") if name in named)


def adding_rule(named: Mapping[str, Any]) -> Rule:
    """Build the rule of an operation of `ADDING` by its arguments."""
    places = _places_of_sum(named)
    factor = named.get("alpha", 1)
    cut = "source" in named or "src" in named

    def add(xp: Any, x: Any, values: Any) -> Any:
        values = move(xp, lambda spread: _fitted(spread, places.shape, cut), values)
        return scatter_add(xp, x, places, times(xp, values, factor))

    return add


def _places_of_sum(named: Mapping[str, Any]) -> np.ndarray:
    """Say where the flat operand gets the updates."""
    shape = tuple(named["self"].shape)
    whole = torch.arange(math.prod(shape)).reshape(shape)
    if "indices" in named:
        return np.asarray(torch.ops.aten.index.Tensor(whole, named["indices"]))
    if "source" in named and "dim" not in named:  # put, of flat places
        return np.asarray(whole.take(named["index"]).reshape(named["source"].shape))
    if "source" in named:
        return np.asarray(whole.index_select(named["dim"], named["index"]))
    return np.asarray(torch.gather(whole, named["dim"], named["index"]))


def _fitted(spread: np.ndarray, shape: tuple[int, ...], cut: bool) -> np.ndarray:
    """Cut updates to the shape of where they go, or broadcast them to it."""
    return spread[tuple(slice(0, n) for n in shape)] if cut else np.broadcast_to(spread, shape)
