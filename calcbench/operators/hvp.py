"""Hessian-vector product: how the gradient changes along a direction, without the Hessian."""

from __future__ import annotations

from calcbench.operators.entries import Product, Term
from calcbench.operators.operator import Layout, Operator, by_component, require_cost
from calcbench.problem.point import Point


class Hvp(Operator):
    """H v, an array for each parameter (Pearlmutter, Neural Computation 6 (1994) 147-160)."""

    name = "hvp"
    seeded = "direction"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a vector-valued problem."""
        require_cost(point, "Hessian")
        return self

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State H v."""
        return (Product(2),)

    def layout(self, point: Point) -> Layout:
        """Lay out as an array for each parameter, labelled `(H·v)[w[3]]`."""
        return by_component(point, "(H·v)[{}]")
