"""Laplacian: the sum of all unmixed second partials, the trace of the Hessian."""

from __future__ import annotations

import numpy as np

from calcbench.operators.entries import Entries, Term
from calcbench.operators.matrix import require_storable
from calcbench.operators.operator import Layout, Operator, require_cost, single
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


class Laplacian(Operator):
    """ΔC = Σ ∂²C/∂θₖ², one number."""

    name = "laplacian"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a vector-valued problem, or one of too many components."""
        require_cost(point, "Laplacian")
        require_storable(point, 2, "Hessian")
        return self

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State ∂²C/∂θₖ², all added up."""
        each = np.arange(point.size)
        return (Entries(2, 0, each, each),)

    def layout(self, point: Point) -> Layout:
        """Lay out as one number, labelled `ΔC`."""
        return Layout({"laplacian": ()}, lambda k: "ΔC")

    def present(self, point: Point, found: Arrays, sparse: bool = False) -> np.ndarray:
        """Give the array itself."""
        return single(found)
