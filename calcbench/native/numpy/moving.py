"""Moving: NumPy's functions that compute nothing, run on the places of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native import movement
from calcbench.native.function import NotKnown
from calcbench.native.values import Numbers, lift

MOVES = {
    np.reshape, np.ravel, np.transpose, np.permute_dims, np.matrix_transpose, np.swapaxes,
    np.moveaxis, np.rollaxis, np.squeeze, np.expand_dims, np.concatenate, np.concat, np.stack,
    np.vstack, np.hstack, np.dstack, np.column_stack, np.block, np.atleast_1d, np.atleast_2d,
    np.atleast_3d, np.broadcast_to, np.broadcast_arrays, np.take, np.take_along_axis, np.repeat,
    np.tile, np.roll, np.flip, np.flipud, np.fliplr, np.rot90, np.split, np.array_split, np.hsplit,
    np.vsplit, np.unstack, np.diag, np.diagonal, np.diagflat, np.triu, np.tril, np.delete,
    np.insert, np.append, np.resize, np.compress, np.extract, np.copy, np.pad, np.choose,
    np.meshgrid,
    np.lib.stride_tricks.sliding_window_view, np.linalg.diagonal, np.linalg.matrix_transpose,
}  # fmt: skip
"""NumPy's functions that compute nothing."""

FILLS = {np.pad, np.triu, np.tril, np.diag, np.diagflat}
"""Those of them that put zeros, or another number, beside the numbers that they are given."""

COPIES = {
    *FILLS, np.concatenate, np.concat, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack,
    np.block, np.take, np.take_along_axis, np.repeat, np.tile, np.roll, np.delete, np.insert,
    np.append, np.resize, np.compress, np.extract, np.copy, np.choose, np.meshgrid,
}  # fmt: skip
"""Those of them whose result is never a view of what they are given."""

WRITES = {np.copyto, np.put, np.fill_diagonal, np.put_along_axis, np.place, np.putmask}
"""NumPy's functions that write into their first argument, and compute nothing."""

SEVERAL = {
    np.insert: (0, 2), np.append: (0, 1), np.choose: (1,), np.extract: (1,), np.compress: (1,),
    np.copyto: (0, 1), np.put: (0, 2), np.fill_diagonal: (0, 1), np.put_along_axis: (0, 2),
    np.place: (0, 2), np.putmask: (0, 2), np.broadcast_arrays: range(32), np.meshgrid: range(32),
}  # fmt: skip
"""Function of these → which of its arguments hold numbers that move, where it is not the first."""

PADDINGS = ("constant", "edge", "reflect", "symmetric", "wrap")
"""Modes of `np.pad` that compute nothing."""


class Moving:
    """The numbers in what a function is given that moves them, and the places that stand for them.

    Places are counted from 1 on through all operands, so that 0 is what is filled in.
    """

    def __init__(self, xp: Any, positions: Any, inputs: Any, unwrap: Callable[[Any], Any]) -> None:
        """Take the positions of the inputs that hold such numbers; `unwrap` reads them."""
        self.xp, self.positions = xp, positions
        self.leaves = leaves([x for k, x in enumerate(inputs) if k in positions])
        self.operands = [lift(xp, unwrap(leaf)) for leaf in self.leaves]
        sizes = [int(np.prod(x.shape, dtype=int)) for x in self.operands]
        starts = np.cumsum([1, *sizes[:-1]])
        self.indices = [
            start + count(x.shape) for x, start in zip(self.operands, starts, strict=True)
        ]

    def others(self, inputs: Any) -> list[Any]:
        """List the inputs that hold no numbers that move."""
        return [x for k, x in enumerate(inputs) if k not in self.positions]

    def put(self, inputs: Any, places: list[np.ndarray]) -> list[Any]:
        """Put places where the numbers are."""
        left = iter(places)
        return [
            deep(lambda leaf: next(left), x) if k in self.positions else x
            for k, x in enumerate(inputs)
        ]

    def pick(self, places: Any, fill: float) -> Numbers:
        """Pick the numbers at places."""
        return movement.pick(self.xp, self.operands, np.asarray(places), fill)


def padding(function: Any, options: Any) -> tuple[dict[str, Any], float]:
    """Take what `np.pad` pads with out of its options."""
    if function is not np.pad:
        return options, 0.0
    options = dict(options)
    fill = options.pop("constant_values", 0.0)
    if options.get("mode", "constant") not in PADDINGS or np.ndim(fill):
        raise NotKnown("numpy.pad with these options")
    return options, float(fill)


def deep(function: Callable[[Any], Any], x: Any) -> Any:
    """Apply a function to what is in lists, tuples and dicts."""
    if isinstance(x, dict):
        return {key: deep(function, value) for key, value in x.items()}
    if type(x) in (list, tuple):
        return type(x)(deep(function, each) for each in x)
    return function(x)


def leaves(x: Any) -> list[Any]:
    """List what is in lists, tuples and dicts."""
    found: list[Any] = []
    deep(found.append, x)
    return found


def count(shape: tuple[int, ...]) -> np.ndarray:
    """Count the places of an array, in their order."""
    return np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
