"""NumPy: functions of NumPy arrays, with SciPy's special functions, on numbers with proof."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.native import trees
from calcbench.native.function import Function, NoGradient, NotKnown
from calcbench.native.numpy_array import Run, unwrap
from calcbench.native.numpy_escaping import what_escapes
from calcbench.native.rebinding import rebound
from calcbench.native.values import Numbers, lift
from calcbench.problem.problem import Arrays


class NumpyFunction(Function):
    """A function of NumPy arrays and Python numbers."""

    how = "NumPy on balls"

    def __init__(self, function: Callable[..., Any], x: Any, name: str = "") -> None:
        """Take the function, its argument (a tuple: its arguments), and a name to call it by.

        Raises `NotKnown` for an argument without floats, and for dtypes that are not certified.
        """
        self.function, self.x = function, as_arrays(x)
        leaves = trees.name_leaves(function, self.x)
        self.moving = {n: np.asarray(leaf) for n, leaf in leaves.items() if _is_float(leaf)}
        self.leaves = leaves
        super().__init__(
            name or trees.function_name(function),
            {n: _to_double(array) for n, array in self.moving.items()},
            {n: array.dtype.name for n, array in self.moving.items()},
        )

    def call(self, arguments: Arrays) -> np.ndarray:
        """Call the function at copies of these numbers."""
        with np.errstate(all="ignore"):
            return np.asarray(self.function(*self._inputs(arguments)))

    def differentiate(self, arguments: Arrays, gradient: Callable[..., Any] | None) -> Arrays:
        """Call the gradient at copies of these numbers; NumPy has none of its own."""
        if gradient is None:
            raise NoGradient("a NumPy function has no gradient of its own: check(f, grad, x)")
        with np.errstate(all="ignore"):
            found = gradient(*self._inputs(arguments))
        return trees.read_gradient(self.x, self.leaves, self.arguments, found)

    def evaluate(self, xp: Any, arguments: Mapping[str, Any]) -> Numbers:
        """Run the function on traced arrays."""
        run = Run(xp, self)
        inputs = trees.rebuild(
            self.x,
            [
                run.wrap(lift(xp, arguments[n]), self.moving[n].dtype)
                if n in arguments
                else _copy(leaf)
                for n, leaf in self.leaves.items()
            ],
        )
        with rebound(self.function, *what_escapes(run)), np.errstate(all="ignore"):
            found = unwrap(self.function(*trees.as_tuple(inputs)))
        found = lift(xp, found)
        return xp.reshape(found, ()) if math.prod(found.shape) == 1 else found

    def _inputs(self, arguments: Arrays) -> tuple[Any, ...]:
        """Build the arguments with these numbers, each array a copy of its own dtype."""
        return trees.as_tuple(
            trees.rebuild(
                self.x,
                [
                    _like(leaf, arguments[n]) if n in arguments else _copy(leaf)
                    for n, leaf in self.leaves.items()
                ],
            )
        )


def as_arrays(x: Any) -> Any:
    """Make an array of a list of numbers, as SciPy does of what it is given."""
    if isinstance(x, list) and x:
        numbers = all(isinstance(item, (int, float, np.number, list)) for item in x)
        array = np.asarray(x) if numbers else None
        if array is not None and array.dtype.kind in "fiu":
            return array.astype(np.float64)
    return x


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, (float, np.floating)) or (
        isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fc"
    )


def _to_double(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        raise NotKnown(f"dtype {array.dtype}")
    return array.astype(np.float64)


def _copy(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _like(leaf: Any, numbers: np.ndarray) -> Any:
    if isinstance(leaf, np.ndarray):
        return numbers.astype(leaf.dtype)
    return type(leaf)(numbers)
