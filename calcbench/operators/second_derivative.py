"""Second derivative: of a cost of a single number."""

from __future__ import annotations

import numpy as np

from calcbench.errors import Unsupported
from calcbench.operators.entries import Entries, Term
from calcbench.operators.operator import Layout, Operator, require_cost, single
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


class SecondDerivative(Operator):
    """d²C/dx²: how the slope itself changes."""

    name = "second_derivative"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a problem of several numbers, or a vector-valued one."""
        require_cost(point, "second derivative")
        if point.size != 1:
            raise Unsupported(
                f"problem {point.problem.name!r} has {point.size:,} components: it has a Hessian, "
                "and no single second derivative"
            )
        return self

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State ∂²C/∂θ₀²: the only second partial."""
        return (Entries(2, 0, 0, 0),)

    def layout(self, point: Point) -> Layout:
        """Lay out as an array of the parameter's shape, labelled `d²C/dx²`."""
        (name,) = point.shapes
        return Layout(point.shapes, lambda k: f"d²{point.problem.letter}/d{name}²")

    def present(self, point: Point, found: Arrays, sparse: bool = False) -> np.ndarray:
        """Give the array itself."""
        return single(found)
