"""Gradient: the vector of all partial derivatives of a cost."""

from __future__ import annotations

import numpy as np

from calcbench.operators.entries import Entries, Term
from calcbench.operators.operator import Layout, Operator, by_component, require_cost
from calcbench.problem.point import Point


class Gradient(Operator):
    """∂C/∂θ for every parameter θ, an array of its shape."""

    name = "gradient"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a vector-valued problem."""
        require_cost(point, self.name)
        return self

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State ∂C/∂θₖ: the only row of first partials."""
        each = np.arange(point.size)
        return (Entries(1, each, 0, each),)

    def layout(self, point: Point) -> Layout:
        """Lay out as an array for each parameter, labelled `∂C/∂w[3]`."""
        return by_component(point, f"∂{point.problem.letter}/∂{{}}")
