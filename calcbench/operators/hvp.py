"""Hessian-vector product: how the gradient changes along a direction, without the Hessian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from calcbench.operators.gradient import scalar
from calcbench.operators.operator import (
    Layout,
    Operator,
    by_parameter,
    component,
    parameter_shapes,
)
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function


class Hvp(Operator):
    """H v, an array for each parameter (Pearlmutter, Neural Computation 6 (1994) 147-160)."""

    name: ClassVar[str] = "hvp"
    seeded: ClassVar[Literal["", "direction", "cotangent"]] = "direction"
    formula: ClassVar[str] = "hvp"

    def settled(self, problem: Problem, inputs: Arrays) -> Operator:
        """Raises `Unsupported` for a vector-valued problem."""
        scalar(problem, "Hessian")
        return self

    def derived_from(self, problem: Problem) -> str:
        """The hand-derived product with a direction, or else the Hessian."""
        return next((f for f in ("hvp", "hessian") if problem.derives(f)), "")

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """Parameter name → its shape; `(H·v)[w[3]]`."""
        shapes = parameter_shapes(problem, inputs)
        return Layout(shapes, lambda k: f"(H·v)[{component(shapes, k)}]")

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """From an array for each parameter."""
        return by_parameter(problem, parts)

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """The pushforward of the gradient; without a pushforward, its pullback.

        The Hessian is symmetric, so the two are the same.
        """
        from calcbench.operators.function import Derived, Function

        gradient = backend.derive("gradient", function)
        slopes = Function(gradient.apply, function.parameters, function.parameters)
        outer = backend.pushforward(slopes) or backend.pullback(slopes)
        assert outer is not None  # or there would be no gradient
        return Derived(outer.apply, f"{outer.method} over {gradient.method}")
