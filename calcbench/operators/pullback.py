"""Pullback: a cotangent times the Jacobian (VJP), what reverse mode computes."""

from __future__ import annotations

from calcbench.operators.entries import Product, Term
from calcbench.operators.operator import Layout, Operator, by_component
from calcbench.problem.point import Point


class Pullback(Operator):
    """Jᵀu, an array for each parameter; for a cost, u·∇C."""

    name = "pullback"
    seeded = "cotangent"

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State Jᵀ u."""
        return (Product(1, transposed=True),)

    def layout(self, point: Point) -> Layout:
        """Lay out as an array for each parameter, labelled `(Jᵀu)[w[3]]`."""
        return by_component(point, "(Jᵀu)[{}]")
