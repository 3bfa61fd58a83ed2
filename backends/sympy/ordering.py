"""Orders of symbols: which is the largest is not known, so an index is an expression.

`Ordering` stands for the indices that sort its arguments, `Place` for one of them, and `Choice` for
the argument at an index. They are opaque to SymPy, and NumPy evaluates them: written out, the order
of n symbols is n! pieces. An index does not move with what it depends on; what it chooses does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy

Join = Callable[..., Any]


class Still(sympy.Function):
    """A function that does not move with what it depends on: its derivative is 0."""

    def _eval_derivative(self, symbol: Any) -> Any:
        return sympy.Integer(0)


class Ordering(Still):
    """The indices that sort the arguments; of equals, the first comes first."""


class Place(Still):
    """The k-th index of an ordering."""

    is_integer = True
    is_nonnegative = True

    @classmethod
    def eval(cls, k: Any, ordering: Any) -> Any:
        """Sort where all are numbers."""
        if isinstance(ordering, Ordering) and all(item.is_number for item in ordering.args):
            return sympy.Integer(_sorted(ordering.args)[int(k)])
        return None


class Choice(sympy.Function):
    """The item at an index: the first argument is the index, the others are the items."""

    @classmethod
    def eval(cls, index: Any, *items: Any) -> Any:
        """Take the item where the index is known, or all are the same; write out numbers."""
        if index.is_Integer:
            return items[int(index)]
        if len(set(items)) == 1:
            return items[0]
        if all(item.is_number for item in items):  # a row of an identity matrix, by its index
            return sympy.Add(*(item * Chosen(k, index) for k, item in enumerate(items)))
        return None

    def _eval_derivative(self, symbol: Any) -> Any:
        """Differentiate the item that is chosen; the chain rule would look at each argument."""
        index, *items = self.args
        moving = ((k, item) for k, item in enumerate(items) if symbol in item.free_symbols)
        return sympy.Add(*(Chosen(k, index) * item.diff(symbol) for k, item in moving))


class Chosen(Still):
    """1 where an index is k, and 0 elsewhere."""

    @classmethod
    def eval(cls, k: Any, index: Any) -> Any:
        """Compare where the index is known."""
        return sympy.Integer(int(k == index)) if index.is_Integer else None


class IsFinite(Still):
    """1 where a number is finite, and 0 elsewhere."""

    @classmethod
    def eval(cls, x: Any) -> Any:
        """Look where it is a number."""
        return sympy.Integer(int(bool(x.is_finite))) if x.is_number else None


class IsNaN(IsFinite):
    """1 for what is not a number, and 0 elsewhere."""

    @classmethod
    def eval(cls, x: Any) -> Any:
        """Look where it is a number."""
        return sympy.Integer(int(x is sympy.nan)) if x.is_number else None


def _sorted(items: Sequence[Any]) -> list[int]:
    def compare(i: int, j: int) -> int:
        return -1 if items[i] < items[j] else 0

    return sorted(range(len(items)), key=functools.cmp_to_key(compare))


def gaps(expression: Any) -> list[Any]:
    """List the differences that an expression's orders change at the zeros of."""
    orderings = sorted(expression.atoms(Ordering), key=str)
    return [
        one - other
        for ordering in orderings
        for k, one in enumerate(ordering.args)
        for other in ordering.args[:k]
    ]


# --- evaluated in NumPy ---------------------------------------------------------------------------


def _stack(*items: Any) -> np.ndarray:
    return np.stack(np.broadcast_arrays(*items))


def _choose(index: Any, *items: Any) -> Any:
    """Choose items by an index, which is a float where it is made of pieces; of NaN comes NaN."""
    index, *choices = np.broadcast_arrays(index, *items)
    known = np.where(np.isnan(index), 0, index).astype(np.int64)
    found = np.take_along_axis(np.stack(choices), known[None], axis=0)[0]
    return np.where(np.isnan(index), np.nan, found) if np.isnan(index).any() else found


NUMPY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Ordering": lambda *items: np.argsort(_stack(*items), axis=0, stable=True),
    "Place": lambda k, ordering: ordering[k],
    "Choice": _choose,
    "Chosen": lambda k, index: np.where(index == k, 1.0, 0.0),
    "IsFinite": lambda x: np.where(np.isfinite(x), 1.0, 0.0),
    "IsNaN": lambda x: np.where(np.isnan(x), 1.0, 0.0),
}
"""Name of a function above → what it is in NumPy."""


# --- on arrays ------------------------------------------------------------------------------------


def argsort(
    x: Any,
    axis: int = -1,
    descending: bool = False,
    stable: bool = True,
    *,
    order: Join = Ordering,
    place: Join = Place,
) -> Any:
    """Find the indices that sort each lane, as expressions.

    `order` makes an ordering of a lane's items, and `place` its k-th index.
    """
    lanes = np.moveaxis(np.asarray(-x if descending else x, dtype=object), axis, -1)
    found = np.empty(lanes.shape, dtype=object)
    for lane in np.ndindex(lanes.shape[:-1]):
        ordering = order(*lanes[lane])
        found[lane] = [place(k, ordering) for k in range(lanes.shape[-1])]
    return np.moveaxis(found, -1, axis)


def is_index(indices: np.ndarray) -> bool:
    """Tell whether these are expressions that are integers: data of floats are no indices."""
    return indices.dtype == object and all(
        isinstance(index, int) or getattr(index, "is_integer", True) is True
        for index in indices.flat  # a length, which stands for an expression, cannot tell
    )


def take(x: Any, indices: Any, axis: int = 0, *, choose: Join = Choice) -> Any:
    """Take slices by integer index, or by expressions that are one."""
    indices, x = np.asarray(indices), np.asarray(x)
    if not is_index(indices):
        return np.take(x, indices, axis=axis)
    axis %= x.ndim
    lanes = np.moveaxis(x, axis, -1)
    found = np.empty((*lanes.shape[:-1], *indices.shape), dtype=object)
    for lane in np.ndindex(lanes.shape[:-1]):
        for place in np.ndindex(indices.shape):
            found[lane + place] = choose(indices[place], *lanes[lane])
    added = range(indices.ndim)
    return np.moveaxis(found, [lanes.ndim - 1 + k for k in added], [axis + k for k in added])


def take_along_axis(x: Any, indices: Any, axis: int, *, choose: Join = Choice) -> Any:
    """Take elements by integer index, or by expressions that are one."""
    indices, x = np.asarray(indices), np.asarray(x)
    if not is_index(indices):
        return np.take_along_axis(x, indices, axis)
    lanes, wanted = np.moveaxis(x, axis, -1), np.moveaxis(indices, axis, -1)
    batch = np.broadcast_shapes(lanes.shape[:-1], wanted.shape[:-1])
    lanes = np.broadcast_to(lanes, (*batch, lanes.shape[-1]))
    wanted = np.broadcast_to(wanted, (*batch, wanted.shape[-1]))
    found = np.empty(wanted.shape, dtype=object)
    for *lane, k in np.ndindex(wanted.shape):
        found[(*lane, k)] = choose(wanted[(*lane, k)], *lanes[tuple(lane)])
    return np.moveaxis(found, -1, axis)
