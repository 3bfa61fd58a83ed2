"""The smallest front end: functions that are written for numbers with proof to begin with.

A real one translates a framework's operations, one by one, to what is called here. Everything
else is as in a real one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.native import trees
from calcbench.native.function import Function
from calcbench.native.values import lift
from calcbench.problem.problem import Arrays


class Direct(Function):
    """A function f(xp, *arguments), of which f(None, *arguments) is NumPy's."""

    how = "itself on balls"

    def __init__(self, function: Callable[..., Any], x: Any) -> None:
        leaves = trees.name_leaves(lambda x: None, x)
        arrays = {name: np.asarray(array, np.float64) for name, array in leaves.items()}
        dtypes = {name: np.asarray(array).dtype.name for name, array in leaves.items()}
        super().__init__(function.__name__, arrays, dtypes)
        self.function = function

    def run(self, arguments: Arrays, read: Callable[[Any], Any]) -> Any:
        return read(self.function(None, *arguments.values()))

    def to_numpy(self, returned: Any) -> np.ndarray:
        return np.asarray(returned, np.float64)

    def call_along(self, arguments: Arrays, derivative: Callable[..., Any]) -> np.ndarray:
        raise NotImplementedError

    def differentiate(self, arguments: Arrays, gradient: Callable[..., Any] | None) -> Arrays:
        assert gradient is not None
        return {"x": np.asarray(gradient(*arguments.values()), np.float64)}

    def evaluate(self, xp: Any, arguments: Mapping[str, Any]) -> Any:
        return self.function(xp, *(lift(xp, x) for x in arguments.values()))
