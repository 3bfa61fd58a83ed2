"""Value and gradient: the cost and all its partials, sharing their common work."""

from __future__ import annotations

import numpy as np

from calcbench.operators.cost import Cost
from calcbench.operators.gradient import Gradient
from calcbench.operators.joint import Joint
from calcbench.operators.operator import Layout, Operator, require_cost, value_name
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


class ValueAndGradient(Joint):
    """C and ∂C/∂θ: what a step of gradient descent with a line search needs."""

    name = "value_and_gradient"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a vector-valued problem."""
        require_cost(point, "gradient")
        return self

    def parts(self) -> tuple[Operator, ...]:
        """List the cost, then the gradient."""
        return Cost(), Gradient()

    def layout(self, point: Point) -> Layout:
        """Lay out as the value, then an array for each parameter."""
        letter, partials = point.problem.letter, Gradient().layout(point)
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
