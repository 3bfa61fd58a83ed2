"""Gradient and Hessian-vector product: a slope and how it changes, from one sweep."""

from __future__ import annotations

from calcbench.operators.gradient import Gradient
from calcbench.operators.hvp import Hvp
from calcbench.operators.joint import Joint
from calcbench.operators.operator import Layout, Operator, require_cost
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


class GradientAndHvp(Joint):
    """∂C/∂θ and H v: what a Newton step by conjugate gradients needs.

    H v is the derivative of the gradient along v, so that whatever takes the one has the other.
    """

    name = "gradient_and_hvp"
    seeded = "direction"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a vector-valued problem."""
        require_cost(point, "Hessian")
        return self

    def parts(self) -> tuple[Operator, ...]:
        """List the gradient, then the product."""
        return Gradient(), Hvp()

    def layout(self, point: Point) -> Layout:
        """Lay out as an array for each parameter, `w`, and another for each, `(H·v)[w]`."""
        slopes, product = (part.layout(point) for part in self.parts())
        products = {product_name(name): shape for name, shape in product.shapes.items()}

        def label(k: int) -> str:
            return slopes.label(k) if k < slopes.size else product.label(k - slopes.size)

        return Layout({**slopes.shapes, **products}, label)

    def present(self, point: Point, found: Arrays, sparse: bool = False) -> tuple[Arrays, Arrays]:
        """Give (the gradient by parameter, the product by parameter)."""
        names = point.shapes
        return {n: found[n] for n in names}, {n: found[product_name(n)] for n in names}


def product_name(parameter: str) -> str:
    """Name the part of the product that belongs to a parameter: no parameter has that name."""
    return f"(H·v)[{parameter}]"
