"""Pullback: a cotangent times the Jacobian (VJP), what reverse mode carries back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.errors import Unsupported
from calcbench.operators.jacobian import times_jacobian
from calcbench.operators.operator import (
    COTANGENT,
    Layout,
    Operator,
    assembled,
    by_parameter,
    component,
    cut,
    parameter_shapes,
    unit_directions,
)
from calcbench.operators.pushforward import seeded
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function


class Pullback(Operator):
    """Jᵀu, an array for each parameter; for a cost, u·∇C."""

    name: ClassVar[str] = "pullback"
    seeded: ClassVar[Literal["", "direction", "cotangent"]] = "cotangent"

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """Parameter name → its shape; `(Jᵀu)[w[3]]`."""
        shapes = parameter_shapes(problem, inputs)
        return Layout(shapes, lambda k: f"(Jᵀu)[{component(shapes, k)}]")

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """From an array for each parameter."""
        return by_parameter(problem, parts)

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """u times the pushforward along every component."""
        from calcbench.operators.function import Derived

        pushforward = backend.pushforward(function)
        if pushforward is None:
            raise Unsupported(
                f"backend {backend.name!r} states neither a pullback nor a pushforward"
            )
        push, xp = pushforward.apply, backend.namespace()
        units = list(unit_directions(backend, function.parameters))

        def pullback(parameters: Any, data: Any, cotangent: Any) -> Any:
            slopes = [xp.sum(cotangent * push(parameters, data, unit)) for unit in units]
            return assembled(xp, function.parameters, slopes)

        return Derived(pullback, f"{pushforward.method}, component by component")

    def fallback(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """The cotangent times the gradient (or Jacobian)."""
        whole = backend.prepare(
            problem, inputs, "jacobian" if problem.vector_valued else "gradient"
        )
        shapes = tuple(parameter_shapes(problem, inputs).values())
        product = times_jacobian(problem, inputs) if problem.vector_valued else None

        def seed(inputs: Any) -> np.ndarray:
            return backend.cast(inputs[COTANGENT])

        def multiply(result: Any, cotangent: np.ndarray) -> list[Any]:
            found = whole.unload(result)
            if product is not None:
                return cut(shapes, product(found["jacobian"], cotangent))
            return [cotangent * found[name] for name in problem.parameters]

        def unload(parts: list[Any]) -> Arrays:
            return by_parameter(problem, map(np.array, parts))

        return seeded(whole, seed, multiply, unload, "times the cotangent")
