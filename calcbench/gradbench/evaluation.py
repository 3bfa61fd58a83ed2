"""A function of GradBench at an input, made ready on a backend: what is timed, and what is said."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.backend.transforming import Transforming
from calcbench.catalogue.selection import find_problem
from calcbench.errors import Unsupported
from calcbench.gradbench.newton import DividedByHvp
from calcbench.judge.contract import check_limit
from calcbench.operators import Operator, find_operator
from calcbench.operators.gradient_and_hvp import product_name
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

Write = Callable[[Point, Arrays], Any]
"""The point of an input, and an operator's result there → the output, as JSON has it."""


class Evaluation(ABC):
    """A function of GradBench."""

    @abstractmethod
    def prepare(self, backend: Backend, given: Any) -> Task:
        """Make it ready at an input, as JSON has it: whatever is compiled or converted is so here.

        Raises what `Backend.prepare` raises, and `ProblemError` for values that do not fit.
        """

    @abstractmethod
    def check(self, backend: Backend) -> None:
        """Raise `Unsupported` where the backend needs formulas that the problem has not."""


@dataclass(frozen=True)
class OfProblem(Evaluation):
    """A function that a problem of calcbench stands for."""

    problem: str
    read: Read

    @property
    @abstractmethod
    def operators(self) -> tuple[str, ...]:
        """The operators of the problem that it takes."""

    def point(self, backend: Backend, given: Any) -> Point:
        """Make the point that an input is. Raises `Unsupported` for one beyond the backend."""
        point = make_point(find_problem(self.problem), self.read(given))
        if self.operators != ("cost",):
            check_limit(backend, point)
        return point

    def check(self, backend: Backend) -> None:
        """Look for the hand-derived formulas of the operators."""
        found = find_problem(self.problem)
        for name in self.operators:
            if backend.hand_derived and name != "cost" and not found.derives(name):
                raise Unsupported(f"problem {self.problem!r} has no hand-derived {name}")


@dataclass(frozen=True)
class OperatorOf(OfProblem):
    """A function that is an operator of a problem."""

    operator: str
    write: Write

    @property
    def operators(self) -> tuple[str, ...]:
        """The one operator."""
        return (self.operator,)

    def prepare(self, backend: Backend, given: Any) -> Task:
        """Prepare the operator; running it is timed."""
        point = self.point(backend, given)
        return _task(backend, point, self.operator, self.write)


@dataclass(frozen=True)
class NewtonStep(OfProblem):
    """The gradient divided by a diagonal Hessian, which is its product with ones."""

    write: Write

    @property
    def operators(self) -> tuple[str, ...]:
        """The derivatives that both parts of the one sweep are."""
        return ("gradient", "hvp")

    def prepare(self, backend: Backend, given: Any) -> Task:
        """Prepare one sweep for both; running it and dividing is timed.

        The quotient is part of the program, where a backend transforms functions; else NumPy's.
        """
        point = self.point(backend, given)
        ones = {name: np.ones_like(array) for name, array in point.parameters.items()}
        if isinstance(backend, Transforming):
            return _task(backend, point, DividedByHvp(), self.write, ones)
        prepared, native = _load(backend, point, "gradient_and_hvp", ones)

        def run() -> Arrays:
            found = prepared.unload(prepared.run(native))
            return {name: found[name] / found[product_name(name)] for name in ones}

        return Task(run, lambda result: self.write(point, result))


@dataclass(frozen=True)
class Choice(Evaluation):
    """One of two functions, which the input says."""

    condition: Callable[[Any], bool]
    yes: Evaluation
    no: Evaluation

    def prepare(self, backend: Backend, given: Any) -> Task:
        """Prepare the one that the input is of."""
        return (self.yes if self.condition(given) else self.no).prepare(backend, given)

    def check(self, backend: Backend) -> None:
        """Both have to be there."""
        self.yes.check(backend)
        self.no.check(backend)


def _task(
    backend: Backend,
    point: Point,
    operator: str | Operator,
    write: Write,
    direction: Mapping[str, Any] | None = None,
) -> Task:
    """Prepare an operator whose run alone is timed."""
    prepared, native = _load(backend, point, operator, direction)
    return Task(
        lambda: prepared.run(native),
        lambda result: write(point, prepared.unload(result)),
    )


def _load(
    backend: Backend,
    point: Point,
    operator: str | Operator,
    direction: Mapping[str, Any] | None = None,
) -> tuple[Prepared, Any]:
    """Prepare an operator, and convert the point to the backend's own arrays."""
    chosen = find_operator(operator).resolve(point)
    if direction is not None:
        point = chosen.seed_point(point, np.random.default_rng(0), direction)
    prepared = backend.prepare(point, chosen)
    return prepared, prepared.load(point)


def value(point: Point, found: Arrays) -> Any:
    """Write a cost: a number, or a list of a vector-valued one."""
    return found[VALUE].tolist()


def flat(point: Point, found: Arrays) -> list[float]:
    """Write a gradient as one list: the parameters one after the other, each row by row."""
    return [number for array in found.values() for number in array.ravel().tolist()]


def matrix(point: Point, found: Arrays) -> list[list[float]]:
    """Write a Jacobian by its rows; of a sparse one, what is stored in each."""
    rows: list[list[float]] = single(found).reshape(point.outputs, -1).tolist()
    return rows


def first(point: Point, found: Arrays) -> Any:
    """Write the gradient by the one parameter that there is, in its shape."""
    return single(found).tolist()


def by_name(point: Point, found: Arrays) -> dict[str, Any]:
    """Write a gradient parameter by parameter."""
    return {name: array.tolist() for name, array in found.items()}
