"""Value and gradient: the cost and all its partials, sharing their common work."""

from __future__ import annotations

import numpy as np

from calcbench.operators.entries import Entries, Term
from calcbench.operators.operator import Layout, Operator, by_component, require_cost, value_name
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


class ValueAndGradient(Operator):
    """C and ∂C/∂θ: what a step of gradient descent with a line search needs."""

    name = "value_and_gradient"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a vector-valued problem."""
        require_cost(point, "gradient")
        return self

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State C, then ∂C/∂θₖ."""
        each = np.arange(point.size)
        return (Entries(0, 0, 0, 0), Entries(1, each + 1, 0, each))

    def layout(self, point: Point) -> Layout:
        """Lay out as the value, then an array for each parameter."""
        letter = point.problem.letter
        partials = by_component(point, f"∂{letter}/∂{{}}")
        return Layout(
            {value_name(point.problem): (), **partials.shapes},
            lambda k: partials.label(k - 1) if k else letter,
        )

    def present(
        self, point: Point, found: Arrays, sparse: bool = False
    ) -> tuple[np.ndarray, Arrays]:
        """Give (the value, the gradient by parameter)."""
        value = value_name(point.problem)
        return found[value], {name: array for name, array in found.items() if name != value}
