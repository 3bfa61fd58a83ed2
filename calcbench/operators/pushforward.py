"""Pushforward: the Jacobian times a direction (JVP), the derivative along it."""

from __future__ import annotations

import numpy as np

from calcbench.operators.entries import Product, Term
from calcbench.operators.operator import VALUE, Layout, Operator, single
from calcbench.problem.point import Point, component_name
from calcbench.problem.problem import Arrays


class Pushforward(Operator):
    """J v; for a cost, the directional derivative ∇C·v."""

    name = "pushforward"
    seeded = "direction"

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State J v."""
        return (Product(1),)

    def layout(self, point: Point) -> Layout:
        """Lay out as `C`, of the value's shape, labelled `∇C·v` or `(J·v)[i]`."""
        shape, along = point.value_shape, f"∇{point.problem.letter}·v"
        return Layout({VALUE: shape}, lambda k: component_name("(J·v)", (k,)) if shape else along)

    def present(self, point: Point, found: Arrays, sparse: bool = False) -> np.ndarray:
        """Give the array itself."""
        return single(found)
