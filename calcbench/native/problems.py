"""Problems whose cost is a native function, at its arguments."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from calcbench.native.function import Function
from calcbench.native.values import is_beside
from calcbench.problem.flat import Shape
from calcbench.problem.problem import Arrays, Problem


class NativeProblem(Problem):
    """A native function as a problem: its parameters are its arguments."""

    parameters: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    def __init__(self, function: Function) -> None:
        """Take the function; its arguments need not be names of Python."""
        self.function = function
        self.parameters = tuple(function.arguments)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.name

    @property
    def letter(self) -> str:
        """What derivatives are written of: ∂f/∂x."""
        return "f"

    def inputs(self, size: int, rng: np.random.Generator) -> Arrays:
        """Return the arguments."""
        return self.function.arguments

    def cost(self, xp: Any, *parameters: Any) -> Any:
        """Run the function on numbers with proof; one number in an array is that number."""
        found = self.run(xp, parameters)
        return xp.reshape(found, ()) if math.prod(np.shape(found)) == 1 else found

    def run(self, xp: Any, parameters: Sequence[Any]) -> Any:
        """Run the function on numbers with proof: what it gives, as it is.

        What it does just beside the point, and not at it, rounds no number that is given there.
        """
        beside = any(map(is_beside, parameters))
        with self.function.aside() if beside else contextlib.nullcontext():
            return self.function.evaluate(xp, dict(zip(self.parameters, parameters, strict=True)))


class NativeVector(NativeProblem):
    """A native function that gives an array of numbers, as a vector-valued problem."""

    def __init__(self, function: Function, shape: Shape) -> None:
        """Take the function, and the shape of what it gives."""
        super().__init__(function)
        self.shape = shape

    def outputs(self, inputs: Arrays) -> int:
        """Return how many numbers it gives."""
        return math.prod(self.shape)

    def cost(self, xp: Any, *parameters: Any) -> Any:
        """Run the function on numbers with proof; its numbers in one row."""
        return xp.reshape(self.run(xp, parameters), (-1,))


class NativeSum(NativeProblem):
    """The numbers that a native function gives, each times a weight, summed."""

    def __init__(self, function: Function, weights: np.ndarray) -> None:
        """Take the function, and a weight for each of its numbers, in one vector."""
        super().__init__(function)
        self.weights = weights

    def cost(self, xp: Any, *parameters: Any) -> Any:
        """Run the function on numbers with proof; one number."""
        return xp.sum(xp.reshape(self.run(xp, parameters), (-1,)) * xp.asarray(self.weights))
