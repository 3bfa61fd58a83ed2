"""Hessian: all second partials of a cost, a symmetric matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.errors import Unsupported
from calcbench.operators.gradient import scalar
from calcbench.operators.jacobian import matrix_layout, storable, told
from calcbench.operators.operator import (
    Layout,
    Operator,
    component,
    components,
    cut,
    direction,
    matrix,
    native_direction,
    parameter_shapes,
    unit_directions,
)
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function


class Hessian(Operator):
    """H, a square matrix over the components of all parameters, in order, end to end.

    Of a sparse one (`Problem.structure`) the stored entries, in row-major order.
    """

    name: ClassVar[str] = "hessian"
    formula: ClassVar[str] = "hessian"

    def settled(self, problem: Problem, inputs: Arrays) -> Operator:
        """Raises `Unsupported` for a vector-valued problem, or a matrix that is too large."""
        scalar(problem, "Hessian")
        storable(problem, inputs, "Hessian", *self.extent(problem, inputs))
        return self

    def extent(self, problem: Problem, inputs: Arrays) -> tuple[int, int]:
        """Rows and columns."""
        count = components(problem, inputs)
        return count, count

    def derived_from(self, problem: Problem) -> str:
        """The hand-derived Hessian, or else its product with a direction."""
        return next((f for f in ("hessian", "hvp") if problem.derives(f)), "")

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """`hessian`: the matrix, or its stored entries; `∂²C/∂m∂b`, `∂²C/∂m²`."""
        shapes = parameter_shapes(problem, inputs)

        def label(row: int, column: int) -> str:
            one, other = component(shapes, row), component(shapes, column)
            return f"∂²C/∂{one}²" if row == column else f"∂²C/∂{one}∂{other}"

        return matrix_layout("hessian", problem, inputs, self.extent(problem, inputs), label)

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """From a tuple of blocks for each parameter; or the stored entries themselves."""
        if problem.structure(inputs).sparse:
            return {"hessian": parts}
        rows = [int(np.prod(inputs[name].shape)) for name in problem.parameters]
        return {
            "hessian": np.concatenate(
                [matrix(blocks, size) for blocks, size in zip(parts, rows, strict=True)]
            )
        }

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """A Hessian-vector product for every component."""
        from calcbench.operators.function import Derived

        hvp, xp = backend.derive("hvp", function), backend.namespace()
        directions = list(unit_directions(backend, function.parameters))

        def hessian(parameters: Any, data: Any) -> Any:
            # Each product is a column; the matrix is symmetric, so it is a row as well.
            rows = iter([hvp.apply(parameters, data, v) for v in directions])
            found = []
            for shape in function.parameters:
                mine = [next(rows) for _ in range(int(np.prod(shape)))]
                stacked = [xp.stack(block) for block in zip(*mine, strict=True)]
                ends = zip(stacked, function.parameters, strict=True)
                found.append(tuple(xp.reshape(block, (*shape, *other)) for block, other in ends))
            return tuple(found)

        return Derived(hessian, f"{hvp.method}, column by column")

    def derive(
        self, backend: Transforming, function: Function, problem: Problem, inputs: Arrays
    ) -> Derived:
        """A dense one as the backend does it best; a sparse one from few coloured products."""
        from calcbench.operators.colouring import compress
        from calcbench.operators.function import Derived

        structure = problem.structure(inputs)
        if not structure.sparse:
            return backend.derive(self.name, function)
        count = function.components
        compression = compress(structure.pattern(count, count), count)
        hvp, xp = backend.derive("hvp", function), backend.namespace()
        shapes = function.parameters
        directions = [native_direction(backend, shapes, seed) for seed in compression.seeds]
        places = backend.convert(compression.places(count))

        def entries(parameters: Any, data: Any) -> Any:
            products = [hvp.apply(parameters, data, v) for v in directions]
            flat = [xp.reshape(part, (-1,)) for product in products for part in product]
            return xp.take(xp.concat(flat), places)

        return Derived(entries, f"{hvp.method}, {told(compression.colours)}")

    def fallback(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """From the backend's Hessian-vector product: for every component, or every colour."""
        from calcbench.operators.colouring import compress

        count = components(problem, inputs)
        shapes = tuple(parameter_shapes(problem, inputs).values())
        zero = {direction(n): np.zeros(inputs[n].shape) for n in problem.parameters}
        hvp = backend.prepare(problem, {**inputs, **zero}, "hvp")
        seed = hvp.seed
        if seed is None:
            raise Unsupported(
                f"backend {backend.name!r}: its prepare_hvp gives no Prepared.seed, by which the "
                "hessian's directions would be loaded"
            )
        structure = problem.structure(inputs)
        pattern = structure.pattern(count, count)
        compression = compress(pattern, count) if structure.sparse else None
        vectors = np.eye(count) if compression is None else compression.seeds
        names = [direction(name) for name in problem.parameters]
        seeds = [seed(dict(zip(names, cut(shapes, v), strict=True))) for v in vectors]

        def run(point: Any) -> list[Any]:
            return [hvp.run((point, along)) for along in seeds]

        def unload(results: Any) -> Arrays:
            products = [
                np.concatenate([part.ravel() for part in hvp.unload(result).values()])
                for result in results
            ]
            if compression is None:
                return {"hessian": np.stack(products, axis=1)}
            return {"hessian": np.concatenate(products)[compression.places(count)]}

        ending = told(compression.colours) if compression else "column by column"
        return Prepared(
            lambda inputs: hvp.load({**inputs, **zero})[0],
            run,
            unload,
            hvp.compile_seconds,
            f"{hvp.method}, {ending}" if hvp.method else ending,
        )
