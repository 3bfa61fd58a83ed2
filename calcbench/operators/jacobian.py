"""Jacobian: all partials of a vector-valued function, a row per output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.errors import Unsupported
from calcbench.operators import composition
from calcbench.operators.composition import Primitives
from calcbench.operators.entries import Entries, Term
from calcbench.operators.function import Derived, Function
from calcbench.operators.matrix import as_matrix, require_storable, side_by_side
from calcbench.operators.operator import Layout, Operator, matrix_layout
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


class Jacobian(Operator):
    """J, a matrix: a row per output, a column per component of the parameters.

    Of a sparse one (`Problem.structure`) the stored entries, in row-major order.
    """

    name = "jacobian"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a cost, whose Jacobian is its gradient, or a huge matrix."""
        if not point.problem.vector_valued:
            raise Unsupported(
                f"the cost of problem {point.problem.name!r} is one number: its Jacobian is the "
                "gradient (a vector-valued problem defines outputs)"
            )
        require_storable(point, 1, "Jacobian")
        return self

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State ∂Cᵢ/∂θₖ, as far as they are stored."""
        row, column = point.pattern(1)
        return (Entries(1, np.arange(len(row)), row, column),)

    def layout(self, point: Point) -> Layout:
        """Lay out as `jacobian`: the matrix, or its stored entries, labelled `∂C[i]/∂w[3]`."""
        letter = point.problem.letter
        return matrix_layout(
            "jacobian", point, 1, lambda i, k: f"∂{letter}[{i}]/∂{point.component(k)}"
        )

    def collector(self, point: Point) -> Callable[[Any], Arrays]:
        """Join an array (m, *shape) for each parameter; stored entries come as they are."""
        if point.sparse(1):
            return lambda entries: {"jacobian": entries}
        return lambda blocks: {"jacobian": side_by_side(blocks, point.outputs)}

    def compose(self, backend: Primitives, function: Function, point: Point) -> Derived:
        """Derive a dense Jacobian as the backend does best, a sparse one from few products."""
        if point.sparse(1):
            return composition.sparse_jacobian(backend, function, point)
        return super().compose(backend, function, point)

    def present(self, point: Point, found: Arrays, sparse: bool = False) -> Any:
        """Give the matrix, dense or as a `scipy.sparse.csr_array`."""
        return as_matrix(point, 1, found["jacobian"], sparse)
