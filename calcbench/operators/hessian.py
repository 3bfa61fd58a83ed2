"""Hessian: all second partials of a cost, a symmetric matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.operators import composition
from calcbench.operators.composition import Primitives
from calcbench.operators.entries import Entries, Term
from calcbench.operators.function import Derived, Function
from calcbench.operators.matrix import as_matrix, require_storable, side_by_side
from calcbench.operators.operator import Layout, Operator, matrix_layout, require_cost
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


class Hessian(Operator):
    """H, a square matrix over the components of all parameters, in order, end to end.

    Of a sparse one (`Problem.structure`) the stored entries, in row-major order.
    """

    name = "hessian"

    def resolve(self, point: Point) -> Operator:
        """Raise `Unsupported` for a vector-valued problem, or a matrix that is too large."""
        require_cost(point, "Hessian")
        require_storable(point, 2, "Hessian")
        return self

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State ∂²C/∂θᵢ∂θₖ, as far as they are stored."""
        row, column = point.pattern(2)
        return (Entries(2, np.arange(len(row)), row, column),)

    def layout(self, point: Point) -> Layout:
        """Lay out as `hessian`: the matrix, or its stored entries, labelled `∂²C/∂m∂b`."""

        def label(row: int, column: int) -> str:
            one, other = point.component(row), point.component(column)
            below = f"∂{one}²" if row == column else f"∂{one}∂{other}"
            return f"∂²{point.problem.letter}/{below}"

        return matrix_layout("hessian", point, 2, label)

    def collector(self, point: Point) -> Callable[[Any], Arrays]:
        """Join a tuple of blocks for each parameter; stored entries come as they are."""
        if point.sparse(2):
            return lambda entries: {"hessian": entries}
        sizes = list(map(math.prod, point.shapes.values()))

        def join(parts: Any) -> Arrays:
            rows = [side_by_side(blocks, size) for blocks, size in zip(parts, sizes, strict=True)]
            return {"hessian": rows[0] if len(rows) == 1 else np.concatenate(rows)}

        return join

    def compose(self, backend: Primitives, function: Function, point: Point) -> Derived:
        """Derive a dense Hessian as the backend does best, a sparse one from few products."""
        if point.sparse(2):
            return composition.sparse_hessian(backend, function, point)
        return super().compose(backend, function, point)

    def present(self, point: Point, found: Arrays, sparse: bool = False) -> Any:
        """Give the matrix, dense or as a `scipy.sparse.csr_array`."""
        return as_matrix(point, 2, found["hessian"], sparse)
