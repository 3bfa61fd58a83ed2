"""NumPy: functions of NumPy arrays, with SciPy's special functions, on numbers with proof."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.certified.balls import NotFinite, Undecided
from calcbench.certified.budget import TooSlow
from calcbench.errors import CalcbenchError
from calcbench.native import trees
from calcbench.native.function import Function, NoGradient, NotKnown
from calcbench.native.keeping import kept
from calcbench.native.numpy.array import Run, unwrap
from calcbench.native.numpy.escaping import to_array, what_escapes
from calcbench.native.rebinding import rebound, without_cache
from calcbench.native.values import Numbers, lift
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import Shape
from calcbench.problem.problem import Arrays

SAID = (CalcbenchError, Undecided, NotFinite, TooSlow)
"""What says itself why numbers with proof do not get further."""


class NumpyFunction(Function):
    """A function of NumPy arrays and Python numbers."""

    how = "NumPy on balls"

    def __init__(self, function: Callable[..., Any], x: Any, name: str = "") -> None:
        """Take the function, its argument (a tuple: its arguments), and a name to call it by.

        Raises `NotKnown` for an argument without floats, and for dtypes that are not certified.
        """
        self.function, self.x = function, as_arrays(x)
        self.leaves = trees.name_leaves(function, self.x)
        moving = {n: np.asarray(leaf) for n, leaf in self.leaves.items() if _is_float(leaf)}
        super().__init__(
            name or trees.function_name(function),
            {n: _to_double(array) for n, array in moving.items()},
            {n: array.dtype.name for n, array in moving.items()},
        )

    def run(self, arguments: Arrays, read: Callable[[Any], Any]) -> Any:
        """Call the function at copies of these numbers, and read what it returns."""
        with np.errstate(all="ignore"):
            return read(self.function(*self._inputs(arguments)))

    def to_numpy(self, returned: Any) -> np.ndarray:
        """Make an array of what the function returned."""
        return np.asarray(returned)

    def call_along(self, arguments: Arrays, derivative: Callable[..., Any]) -> np.ndarray:
        """Call a derivative along a direction at copies of these numbers."""
        with np.errstate(all="ignore"):
            return np.asarray(derivative(*self._inputs(arguments)))

    def native(self, arguments: Arrays) -> Any:
        """Give numbers the form of the argument."""
        inputs = self._inputs(arguments)
        return inputs[0] if len(inputs) == 1 else inputs

    def call_complex(self, arguments: Arrays) -> np.ndarray:
        """Call the function at complex arrays and Python numbers."""
        inputs = self._build(lambda name, leaf: _like_complex(leaf, arguments[name]))
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            return np.asarray(self.function(*inputs))

    def differentiate(self, arguments: Arrays, gradient: Callable[..., Any] | None) -> Arrays:
        """Call the gradient at copies of these numbers; NumPy has none of its own."""
        return self.differentiate_outputs(arguments, gradient, ())

    def differentiate_outputs(
        self, arguments: Arrays, jacobian: Callable[..., Any] | None, shape: Shape
    ) -> Arrays:
        """Call the Jacobian, or gradient, at copies of these numbers."""
        if jacobian is None:
            if shape:
                raise NoGradient(
                    "a NumPy function has no Jacobian of its own: "
                    "check(f, jacobian, x, operator='jacobian')"
                )
            raise NoGradient("a NumPy function has no gradient of its own: check(f, grad, x)")
        with np.errstate(all="ignore"):
            found = jacobian(*self._inputs(arguments))
        return trees.read_gradient(self.x, self.leaves, self.arguments, found, shape)

    def evaluate(self, xp: Any, arguments: Mapping[str, Any]) -> Numbers:
        """Run the function on traced arrays."""
        run = Run(xp, self)
        inputs = self._build(
            lambda name, leaf: run.wrap(lift(xp, arguments[name]), self.dtypes[name])
        )
        quiet = np.errstate(all="ignore")
        with kept(self.function), rebound(self.function, *what_escapes(run)), quiet:
            try:
                found = without_cache(self.function)(*inputs)
                return lift(xp, unwrap(to_array(run, found)))
            except RAISED as error:
                if run.refusal is None or isinstance(error, SAID):
                    raise
                raise run.refusal from error

    def _inputs(self, arguments: Arrays) -> tuple[Any, ...]:
        """Build the arguments with these numbers, each array a copy of its own dtype."""
        return self._build(lambda name, leaf: _like(leaf, arguments[name]))

    def _build(self, make: Callable[[str, Any], Any]) -> tuple[Any, ...]:
        """Build the arguments with what is made of each array of floats, and copies of the rest."""
        leaves = [
            make(name, leaf) if name in self.arguments else _copy(leaf)
            for name, leaf in self.leaves.items()
        ]
        return trees.as_tuple(trees.rebuild(self.x, leaves))


def as_arrays(x: Any) -> Any:
    """Make an array of a list of numbers, as SciPy does of what it is given."""
    if not isinstance(x, list) or any(isinstance(item, np.ndarray) for item in x):
        return x
    try:
        array = np.asarray(x)
    except ValueError:  # lists of different lengths, which are arrays of their own
        return x
    return array.astype(np.float64) if array.dtype.kind in "fiu" else x


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


def _like_complex(leaf: Any, numbers: np.ndarray) -> Any:
    return numbers if isinstance(leaf, np.ndarray) else complex(numbers)


def _like(leaf: Any, numbers: np.ndarray) -> Any:
    if isinstance(leaf, np.ndarray):
        return numbers.astype(leaf.dtype)
    return type(leaf)(numbers)
