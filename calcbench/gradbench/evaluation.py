"""A function of GradBench at an input, made ready on a backend: what is timed, and what is said."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.catalogue.selection import find_problem
from calcbench.errors import Unsupported
from calcbench.operators import find_operator
from calcbench.operators.operator import VALUE, single
from calcbench.problem.inputs import make_point
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


@dataclass(frozen=True)
class Task:
    """What one message asks for: a call that is timed, and what is made of its result."""

    run: Callable[[], Any]
    """The timed call. Returns when the result is ready."""
    finish: Callable[[Any], Any]
    """The result of `run` → what GradBench is told, as JSON has it."""


Read = Callable[[Any], Mapping[str, Any]]
"""An input, as JSON has it → the values of a problem, by name."""


@dataclass(frozen=True)
class Evaluation(ABC):
    """A function of GradBench, which a problem of calcbench stands for."""

    problem: str
    read: Read

    @property
    @abstractmethod
    def operators(self) -> tuple[str, ...]:
        """The operators of the problem that it takes."""

    @abstractmethod
    def prepare(self, backend: Backend, given: Any) -> Task:
        """Make it ready at an input, as JSON has it: whatever is compiled or converted is so here.

        Raises what `Backend.prepare` raises, and `ProblemError` for values that do not fit.
        """

    def point(self, given: Any) -> Point:
        """Make the point that an input is."""
        return make_point(find_problem(self.problem), self.read(given))

    def check(self, backend: Backend) -> None:
        """Raise `Unsupported` for hand-derived formulas that the problem has not."""
        found = find_problem(self.problem)
        for name in self.operators:
            if backend.hand_derived and name != "cost" and not found.derives(name):
                raise Unsupported(f"problem {self.problem!r} has no hand-derived {name}")


@dataclass(frozen=True)
class OperatorOf(Evaluation):
    """A function that is an operator of a problem."""

    operator: str
    write: Callable[[Arrays], Any]
    """The operator's result → the output."""

    @property
    def operators(self) -> tuple[str, ...]:
        """The one operator."""
        return (self.operator,)

    def prepare(self, backend: Backend, given: Any) -> Task:
        """Prepare the operator; running it is timed."""
        prepared, native = _load(backend, self.point(given), self.operator)
        return Task(
            lambda: prepared.run(native), lambda result: self.write(prepared.unload(result))
        )


@dataclass(frozen=True)
class NewtonStep(Evaluation):
    """The gradient divided by a diagonal Hessian, which is its product with ones."""

    write: Callable[[Arrays], Any]

    @property
    def operators(self) -> tuple[str, ...]:
        """The two that one sweep gives."""
        return ("gradient", "hvp")

    def prepare(self, backend: Backend, given: Any) -> Task:
        """Prepare the sweep; running it and dividing is timed."""
        point = self.point(given)
        ones = {name: np.ones_like(array) for name, array in point.parameters.items()}
        both, native = _load(backend, point, "gradient_and_hvp", ones)
        operator = find_operator("gradient_and_hvp")

        def run() -> Arrays:
            slopes, diagonal = operator.present(point, both.unload(both.run(native)))
            return {name: slope / diagonal[name] for name, slope in slopes.items()}

        return Task(run, self.write)


def _load(
    backend: Backend, point: Point, name: str, direction: Mapping[str, Any] | None = None
) -> tuple[Prepared, Any]:
    """Prepare an operator, and convert the point to the backend's own arrays."""
    chosen = find_operator(name).resolve(point)
    if direction is not None:
        point = chosen.seed_point(point, np.random.default_rng(0), direction)
    prepared = backend.prepare(point, chosen)
    return prepared, prepared.load(point)


def value(found: Arrays) -> Any:
    """Write a cost: a number, or a list of a vector-valued one."""
    return found[VALUE].tolist()


def flat(found: Arrays) -> list[float]:
    """Write a gradient as one list: the parameters one after the other, each row by row."""
    return [number for array in found.values() for number in array.ravel().tolist()]


def first(found: Arrays) -> Any:
    """Write the gradient by the one parameter that there is, in its shape."""
    return single(found).tolist()


def by_name(found: Arrays) -> dict[str, Any]:
    """Write a gradient parameter by parameter."""
    return {name: array.tolist() for name, array in found.items()}
