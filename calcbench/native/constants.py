"""Constants that each framework has computed for itself: known up to a rounding, and not exactly.

A table of sines, a mean of the data, 1/√d: two frameworks round them differently, and a function
that is the same has other constants in its last digit. So where two are compared, what rounding is
allowed counts one more of them for each constant.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from calcbench.native.function import Function
from calcbench.native.values import is_certified
from calcbench.problem.problem import Arrays
from calcbench.vocabulary.namespace import Namespace


class WithRoundedConstants(Function):
    """A function whose constants are off by a rounding, in a dtype that may be coarser than its."""

    def __init__(self, function: Function, dtype: str = "float64") -> None:
        """Take the function, and the dtype in which the other one computes."""
        self.inner, self.function, self.x = function, function.function, function.x
        super().__init__(function.name, function.arguments, function.dtypes)
        self.use(function.dtype)
        self.use_nearby(function.nearby)
        self.use(dtype)

    def run(self, arguments: Arrays, read: Callable[[Any], Any]) -> Any:
        """Call the function, and read what it returns."""
        return self.inner.run(arguments, read)

    def to_numpy(self, returned: Any) -> np.ndarray:
        """Make an array of what the function returned."""
        return self.inner.to_numpy(returned)

    def call_along(self, arguments: Arrays, derivative: Callable[..., Any]) -> np.ndarray:
        """Call a derivative along a direction."""
        return self.inner.call_along(arguments, derivative)

    def differentiate(self, arguments: Arrays, gradient: Callable[..., Any] | None) -> Arrays:
        """Call the gradient."""
        return self.inner.differentiate(arguments, gradient)

    def evaluate(self, xp: Any, arguments: Mapping[str, Any]) -> Any:
        """Run the function on numbers with proof, with its constants rounded."""
        found = self.inner.evaluate(round_constants(xp), arguments)
        self.use(self.inner.dtype)
        self.use_nearby(self.inner.nearby)
        return found

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Take what is reported for what is done beside the point, of the function too."""
        with super().aside(), self.inner.aside():
            yield

    @contextlib.contextmanager
    def undisturbed(self, gradient: Callable[..., Any] | None = None) -> Iterator[None]:
        """Leave all as it was."""
        with self.inner.undisturbed(gradient):
            yield


def round_constants(xp: Any) -> Namespace:
    """Make a vocabulary whose constants count as results of an operation, each."""

    def asarray(x: Any, *arguments: Any, **options: Any) -> Any:
        found = xp.asarray(x, *arguments, **options)
        return found if is_certified(x) or _is_short(x) else found * 1.0

    return Namespace.over(xp, {"asarray": asarray})


def _is_short(x: Any) -> bool:
    """Tell whether half precision has all numbers: 0, 1, 1/2, labels, which nobody rounds."""
    array = np.asarray(x)
    if array.dtype.kind != "f":
        return True
    with np.errstate(over="ignore"):
        return bool(np.all((array.astype(np.float16) == array) | ~np.isfinite(array)))
