"""Gradient: the vector of all partial derivatives of a cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from calcbench.errors import Unsupported
from calcbench.operators.operator import (
    Layout,
    Operator,
    assembled,
    by_parameter,
    component,
    parameter_shapes,
    unit_directions,
)
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function


class Gradient(Operator):
    """∂C/∂θ for every parameter θ, an array of its shape."""

    name: ClassVar[str] = "gradient"
    formula: ClassVar[str] = "gradient"

    def settled(self, problem: Problem, inputs: Arrays) -> Operator:
        """Raises `Unsupported` for a vector-valued problem."""
        scalar(problem, self.name)
        return self

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """Parameter name → its shape; `∂C/∂w[3]`."""
        shapes = parameter_shapes(problem, inputs)
        return Layout(shapes, lambda k: f"∂C/∂{component(shapes, k)}")

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """From an array for each parameter."""
        return by_parameter(problem, parts)

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """The pullback of 1; without a pullback, a pushforward for every component."""
        from calcbench.operators.function import Derived

        pullback = backend.pullback(function)
        if pullback is not None:
            pull, one = pullback.apply, backend.convert(np.ones(()))
            return Derived(lambda p, d: pull(p, d, one), pullback.method)
        pushforward = backend.pushforward(function)
        if pushforward is None:
            raise Unsupported(
                f"backend {backend.name!r} states neither a pullback nor a pushforward"
            )
        push, xp = pushforward.apply, backend.namespace()
        units = list(unit_directions(backend, function.parameters))

        def gradient(parameters: Any, data: Any) -> Any:
            slopes = [push(parameters, data, unit) for unit in units]
            return assembled(xp, function.parameters, slopes)

        return Derived(gradient, f"{pushforward.method}, component by component")


def scalar(problem: Problem, operator: str) -> None:
    """Raise `Unsupported` for a vector-valued problem."""
    if problem.vector_valued:
        raise Unsupported(
            f"problem {problem.name!r} is vector-valued: it has a Jacobian, and no {operator}"
        )
