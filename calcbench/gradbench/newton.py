"""Newton's step where the Hessian is diagonal: the gradient divided by its product with ones."""

from __future__ import annotations

from typing import Any

from calcbench.errors import Unsupported
from calcbench.operators.composition import Primitives, derive, gradient_and_hvp
from calcbench.operators.entries import Term
from calcbench.operators.function import Derived, Function
from calcbench.operators.operator import Layout, Operator, by_component, require_cost
from calcbench.problem.point import Point


class DividedByHvp(Operator):
    """∂C/∂θ / H v, number by number: Newton's step, if H is diagonal and v are ones.

    One program does both, and divides; so it is for a backend that transforms functions.
    """

    name = "divided_by_hvp"
    seeded = "direction"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a vector-valued problem."""
        require_cost(point, "Hessian")
        return self

    def terms(self, point: Point) -> tuple[Term, ...]:
        """Raise `Unsupported`: a quotient is no sum of partials."""
        raise Unsupported("a gradient divided by a product is no sum of partials")

    def layout(self, point: Point) -> Layout:
        """Lay out as an array for each parameter, labelled `step[w[3]]`."""
        return by_component(point, "step[{}]")

    def compose(self, backend: Primitives, function: Function, point: Point) -> Derived:
        """Take both in one sweep, and divide the arrays as the framework does."""
        both = derive(backend, gradient_and_hvp, function)

        def apply(parameters: Any, data: Any, direction: Any) -> Any:
            slopes, product = both.apply(parameters, data, direction)
            return tuple(s / p for s, p in zip(slopes, product, strict=True))

        return Derived(apply, both.method)
