"""Cost: the value alone, the primal that derivatives are timed against."""

from __future__ import annotations

import numpy as np

from calcbench.operators.entries import Entries, Term
from calcbench.operators.operator import VALUE, Layout, Operator, single
from calcbench.problem.point import Point, component_name
from calcbench.problem.problem import Arrays


class Cost(Operator):
    """C, or the vector C of a vector-valued problem."""

    name = "cost"

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State C, every output."""
        each = np.arange(point.outputs)
        return (Entries(0, each, each, 0),)

    def layout(self, point: Point) -> Layout:
        """Lay out as `C`, of the value's shape, labelled `C` or `C[i]`."""
        shape, letter = point.value_shape, point.problem.letter
        return Layout({VALUE: shape}, lambda k: component_name(letter, (k,) if shape else ()))

    def present(self, point: Point, found: Arrays, sparse: bool = False) -> np.ndarray:
        """Give the array itself."""
        return single(found)
