"""Value and gradient: the cost and all its partials, sharing their common work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.operators.gradient import Gradient, scalar
from calcbench.operators.operator import Layout, Operator, by_parameter, value_name
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function


class ValueAndGradient(Operator):
    """C and ∂C/∂θ: what a step of gradient descent with a line search needs."""

    name: ClassVar[str] = "value_and_gradient"

    def settled(self, problem: Problem, inputs: Arrays) -> Operator:
        """Raises `Unsupported` for a vector-valued problem."""
        scalar(problem, "gradient")
        return self

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """The value first, then as the gradient."""
        value, partials = value_name(problem), Gradient().layout(problem, inputs)
        return Layout(
            {value: (), **partials.shapes}, lambda k: partials.label(k - 1) if k else value
        )

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """From (value, an array for each parameter)."""
        value, partials = parts
        return {value_name(problem): value, **by_parameter(problem, partials)}

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """The function, then its gradient; a framework that shares their work does better."""
        from calcbench.operators.function import Derived

        gradient = backend.derive("gradient", function)
        return Derived(
            lambda p, d: (function.apply(p, d), gradient.apply(p, d)),
            f"{gradient.method}, and the cost",
        )

    def fallback(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """The cost, then the gradient."""
        cost = backend.prepare(problem, inputs, "cost")
        gradient = backend.prepare(problem, inputs, "gradient")

        def unload(result: Any) -> Arrays:
            (value,) = cost.unload(result[0]).values()
            return {value_name(problem): value, **gradient.unload(result[1])}

        return Prepared(
            lambda inputs: (cost.load(inputs), gradient.load(inputs)),
            lambda native: (cost.run(native[0]), gradient.run(native[1])),
            unload,
            method=f"{gradient.method}, and the cost" if gradient.method else "",
        )
