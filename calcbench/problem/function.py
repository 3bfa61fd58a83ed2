"""A problem made of one decorated function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.problem.problem import Problem


class FunctionProblem(Problem):
    """A problem made of one function and the values of its arguments; see `problem`."""

    def __init__(self, function: Callable[..., Any], values: Mapping[str, Any]) -> None:
        """Take the cost and a value for each of its arguments."""
        self._function = function
        self._values = dict(values)
        self._takes_xp = next(iter(inspect.signature(function).parameters), None) == "xp"

    @property
    def name(self) -> str:
        """The function's name."""
        return self._function.__name__

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self._function) or "").split("\n", 1)[0]

    @property
    def _signature(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self._function).parameters.values())[int(self._takes_xp) :]

    def inputs(self, size: int, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return the values given to the decorator."""
        return self._values

    def cost(self, xp: Any, *parameters: Any, **data: Any) -> Any:
        """Call the function, with `xp` if that is its first argument."""
        if self._takes_xp:
            return self._function(xp, *parameters, **data)
        return self._function(*parameters, **data)

    def __call__(self, *arguments: Any, **data: Any) -> Any:
        """Call the undecorated function."""
        return self._function(*arguments, **data)


def problem(**values: Any) -> Callable[[Callable[..., Any]], FunctionProblem]:
    """Turn a function into a `Problem`, with the values of its arguments.

        @calcbench.problem(x=3.0, y=2.0)
        def saddle(x, y):
            return x**2 - y**2

        calcbench.gradient(saddle, backend="jax")    # {"x": array(6.), "y": array(-4.)}

    A function that needs `exp`, `sum` and the like takes the array namespace as its first
    argument, named `xp`. Keyword-only arguments are data.
    """

    def decorate(function: Callable[..., Any]) -> FunctionProblem:
        return FunctionProblem(function, values)

    return decorate
