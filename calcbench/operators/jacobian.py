"""Jacobian: all partials of a vector-valued function, a row per output."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from calcbench.errors import Unsupported
from calcbench.operators.operator import (
    VALUE,
    Layout,
    Operator,
    assembled,
    component,
    components,
    matrix,
    native_direction,
    parameter_shapes,
    unit_directions,
)
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.structure import Pattern

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function

LARGEST = 10**8
"""Entries of the largest dense matrix that is computed: 800 MB of float64."""

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(entries of a matrix, vector) → vector."""


class Jacobian(Operator):
    """J, a matrix: a row per output, a column per component of the parameters.

    Of a sparse one (`Problem.structure`) the stored entries, in row-major order.
    """

    name: ClassVar[str] = "jacobian"
    formula: ClassVar[str] = "jacobian"

    def settled(self, problem: Problem, inputs: Arrays) -> Operator:
        """Raises `Unsupported` for a cost, whose Jacobian is its gradient, or a huge matrix."""
        if not problem.vector_valued:
            raise Unsupported(
                f"the cost of problem {problem.name!r} is one number: its Jacobian is the gradient "
                "(a vector-valued problem defines outputs)"
            )
        storable(problem, inputs, "Jacobian", *self.extent(problem, inputs))
        return self

    def extent(self, problem: Problem, inputs: Arrays) -> tuple[int, int]:
        """Rows and columns."""
        return problem.value_shape(inputs)[0], components(problem, inputs)

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """`jacobian`: the matrix, or its stored entries; `∂C[i]/∂w[3]`."""
        columns = parameter_shapes(problem, inputs)

        def label(row: int, column: int) -> str:
            return f"∂{VALUE}[{row}]/∂{component(columns, column)}"

        return matrix_layout("jacobian", problem, inputs, self.extent(problem, inputs), label)

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """From an array (m, *shape) for each parameter; or the stored entries themselves."""
        if problem.structure(inputs).sparse:
            return {"jacobian": parts}
        return {"jacobian": matrix(parts, self.extent(problem, inputs)[0])}

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """Row by row from the pullback where there is one, else column by column."""
        from calcbench.operators.function import Derived

        xp, (rows,) = backend.namespace(), function.value
        pullback = backend.pullback(function)
        if pullback is not None:
            units = [backend.convert(row) for row in np.eye(rows)]
            pull = pullback.apply

            def by_rows(parameters: Any, data: Any) -> Any:
                found = [pull(parameters, data, unit) for unit in units]
                return tuple(xp.stack(row) for row in zip(*found, strict=True))

            return Derived(by_rows, f"{pullback.method}, row by row")
        pushforward = backend.derive("pushforward", function)
        directions = list(unit_directions(backend, function.parameters))

        def by_columns(parameters: Any, data: Any) -> Any:
            columns = [pushforward.apply(parameters, data, v) for v in directions]
            return assembled(xp, function.parameters, columns, (rows,))

        return Derived(by_columns, f"{pushforward.method}, column by column")

    def derive(
        self, backend: Transforming, function: Function, problem: Problem, inputs: Arrays
    ) -> Derived:
        """A dense one as the backend does it best; a sparse one from few coloured products."""
        structure = problem.structure(inputs)
        if not structure.sparse:
            return backend.derive(self.name, function)
        pattern = structure.pattern(*self.extent(problem, inputs))
        return _compressed(backend, function, pattern)


def _compressed(backend: Transforming, function: Function, pattern: Pattern) -> Derived:
    """The stored entries: by columns (pushforward) or by rows (pullback).

    By whichever can do with fewer colours: the entries of the fullest row, or column.
    """
    from calcbench.operators.colouring import compress, transposed
    from calcbench.operators.function import Derived

    (rows,) = function.value
    forward = backend.pushforward(function) is not None
    reverse = backend.pullback(function) is not None
    xp = backend.namespace()
    # All rows that share a column need colours of their own, and the other way round.
    row, column = pattern
    fewest_columns, fewest_rows = (int(np.bincount(p, minlength=1).max()) for p in (row, column))
    if forward and (not reverse or fewest_columns <= fewest_rows):
        by_columns = compress(pattern, function.components)
        pushforward = backend.derive("pushforward", function)
        directions = [native_direction(backend, function.parameters, s) for s in by_columns.seeds]
        places = backend.convert(by_columns.places(rows))

        def columns(parameters: Any, data: Any) -> Any:
            products = [pushforward.apply(parameters, data, v) for v in directions]
            return xp.take(xp.concat(products), places)

        return Derived(columns, f"{pushforward.method}, {told(by_columns.colours)} of columns")
    by_rows, order = transposed(pattern, rows)
    pullback = backend.derive("pullback", function)
    cotangents = [backend.convert(seed) for seed in by_rows.seeds]
    places = backend.convert(by_rows.places(function.components)[order])

    def rowwise(parameters: Any, data: Any) -> Any:
        products = [pullback.apply(parameters, data, u) for u in cotangents]
        return xp.take(xp.concat([xp.reshape(p, (-1,)) for row in products for p in row]), places)

    return Derived(rowwise, f"{pullback.method}, {told(by_rows.colours)} of rows")


def jacobian_times(problem: Problem, inputs: Arrays) -> Product:
    """Prepare the product of a Jacobian, dense or of stored entries, and a vector."""
    structure = problem.structure(inputs)
    if not structure.sparse:
        return np.matmul
    extent = Jacobian().extent(problem, inputs)
    return stored_times(structure.pattern(*extent), extent[0])


def times_jacobian(problem: Problem, inputs: Arrays) -> Product:
    """Prepare the product of a Jacobian's transpose and a vector."""
    structure = problem.structure(inputs)
    if not structure.sparse:
        return lambda entries, vector: vector @ entries
    extent = Jacobian().extent(problem, inputs)
    row, column = structure.pattern(*extent)
    return stored_times((column, row), extent[1])


def stored_times(pattern: Pattern, rows: int) -> Product:
    """Prepare the product of a matrix's stored entries and a vector."""
    row, column = pattern

    def product(entries: np.ndarray, vector: np.ndarray) -> np.ndarray:
        terms = entries * vector[column]
        return np.bincount(row, terms, rows).astype(terms.dtype, copy=False)

    return product


def told(colours: int) -> str:
    """`3 colours`."""
    return f"{colours} colour{'s' if colours > 1 else ''}"


def storable(problem: Problem, inputs: Arrays, what: str, rows: int, columns: int) -> None:
    """Raise `Unsupported` for a dense matrix that is too large to be computed."""
    if not problem.structure(inputs).sparse and rows * columns > LARGEST:
        raise Unsupported(
            f"the {what} of problem {problem.name!r} has {rows:,} × {columns:,} entries, over "
            f"{LARGEST:,}, and the problem declares no structure that leaves any out"
        )


def matrix_layout(
    name: str, problem: Problem, inputs: Arrays, extent: tuple[int, int], label: Any
) -> Layout:
    """The layout of a matrix; of a sparse one, that of its stored entries."""
    structure = problem.structure(inputs)
    if not structure.sparse:
        return Layout({name: extent}, lambda k: label(*divmod(k, extent[1])))
    row, column = structure.pattern(*extent)
    return Layout({name: row.shape}, lambda k: label(int(row[k]), int(column[k])))
