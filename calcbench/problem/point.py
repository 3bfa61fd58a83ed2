"""Point: a problem with numbers in it, and perhaps a direction or cotangent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from calcbench.errors import DeclarationError, SelectorError, nearest, short_repr
from calcbench.problem.arguments import check_text
from calcbench.problem.flat import Shape, flatten, unflatten
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.rows import Rows, rows_of
from calcbench.problem.static import Static
from calcbench.problem.structure import DENSE, Pattern, Structure


@dataclass(frozen=True, eq=False)
class Point:
    """A problem with a value for every parameter and every data argument.

    The components of all parameters, in order, end to end, form the flat vector θ of length
    `size`; rows and columns of Jacobians and Hessians are counted along it.
    """

    problem: Problem
    values: Arrays
    """Name → float64 array; index data are int64, and static data stand in an array of objects."""
    seed: Arrays = field(default_factory=dict)
    """What a product is taken with: a direction (parameter name → array of its shape), or a
    cotangent (`C` → array of the value's shape). Empty for operators that take none."""
    drawn: tuple[int, int] | None = None
    """Size and seed of the problem's `inputs` that its data come from; None where they do not."""
    origin: Point | None = None
    """The point that this one was made from, whose rows are also its own."""

    def __getitem__(self, name: str) -> np.ndarray:
        """Return the value of a parameter or of data, by name; `SelectorError` for another."""
        if not isinstance(name, str) or name not in self.values:
            raise SelectorError(
                f"problem {self.problem.name!r} has no parameter or data {short_repr(name)}: "
                f"choose from {', '.join(self.values)}"
            )
        return self.values[name]

    @cached_property
    def parameters(self) -> Arrays:
        """Parameter name → array, in the order of the signature."""
        return {name: self.values[name] for name in self.problem.parameters}

    @property
    def data(self) -> Arrays:
        """Data argument → array."""
        return {name: self.values[name] for name in self.problem.data}

    @cached_property
    def statics(self) -> dict[str, Any]:
        """Static data by name: Python integers, text and tuples, which a preparation is for."""
        data = {name: self.values[name] for name in self.problem.data}
        return {name: array.item() for name, array in data.items() if isinstance(array, Static)}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Parameter name → shape."""
        return {name: array.shape for name, array in self.parameters.items()}

    @cached_property
    def size(self) -> int:
        """How many numbers the parameters hold together."""
        return sum(array.size for array in self.parameters.values())

    @cached_property
    def value_shape(self) -> Shape:
        """The shape of what the cost gives: `()`, or (m,) for a vector-valued problem."""
        return self.problem.value_shape(self.values)

    @property
    def outputs(self) -> int:
        """How many numbers the cost gives: m, or 1."""
        return math.prod(self.value_shape)

    @property
    def vector(self) -> np.ndarray:
        """The components of all parameters as one vector, shape (size,)."""
        return flatten(self.parameters.values())

    @property
    def seed_vector(self) -> np.ndarray:
        """The direction or cotangent as one vector; empty without one."""
        return flatten(self.seed.values()) if self.seed else np.empty(0)

    def unflatten(self, vector: np.ndarray) -> Arrays:
        """Cut a vector over all components into an array for each parameter."""
        return unflatten(vector, self.shapes)

    # --- matrices of partials ---

    @cached_property
    def structure(self) -> Structure:
        """Which entries of the Hessian (of the Jacobian, if vector-valued) are stored."""
        return self.problem.structure(self.values)

    def extent(self, order: int) -> tuple[int, int]:
        """Count rows and columns of all values (order 0), first (1) or second partials (2)."""
        rows = self.size if order == 2 else self.outputs
        return rows, self.size if order else 1

    def sparse(self, order: int) -> bool:
        """Whether the declared structure leaves entries of this order's matrix out."""
        return order == (1 if self.problem.vector_valued else 2) and self.structure.sparse

    def pattern(self, order: int) -> Pattern:
        """List row and column of every stored entry of this order's matrix, in row-major order."""
        if self.sparse(order):
            return self._stored
        return DENSE.pattern(*self.extent(order))

    @cached_property
    def _stored(self) -> Pattern:
        """The pattern of the sparse matrix, found once: sorting a million entries takes a while."""
        row, column = self.structure.pattern(*self.extent(1 if self.problem.vector_valued else 2))
        return row, column

    def lacks_entry(self, where: str) -> DeclarationError:
        """Make the error for a declared structure without an entry that is not 0."""
        return DeclarationError(
            f"problem {self.problem.name!r}: the declared structure leaves out an entry that is "
            f"not 0, {where}"
        )

    # --- names of components ---

    def component(self, position: int) -> str:
        """Name the component at a position of the flat vector: `m`, `w[3]`, `W[1, 2]`."""
        return component_name(*self._place(position))

    def position(self, component: str) -> int:
        """Find a component (`m`, `w[3]`, `W[1, 2]`; the first if empty) in the flat vector.

        Raises `SelectorError` for what the problem does not have.
        """
        name, index = self.split_component(component)
        before = self.problem.parameters[: self.problem.parameters.index(name)]
        start = sum(self.values[other].size for other in before)
        return start + int(np.ravel_multi_index(index, self.shapes[name])) if index else start

    def split_component(self, component: str) -> tuple[str, tuple[int, ...]]:
        """Read `w[3]` as its parameter and the index in it; the first component if empty.

        Raises `SelectorError` for what the problem does not have.
        """
        check_text("a component", component, "'w[3]'")
        if not component:
            return self._place(0)
        name, bracket, rest = component.partition("[")
        if name not in self.shapes:
            raise SelectorError(
                f"problem {self.problem.name!r} has no parameter {short_repr(name)}: "
                f"{nearest(name, self.shapes)}"
            )
        shape = self.shapes[name]
        pieces = rest.removesuffix("]").split(",") if bracket else []
        try:
            index = tuple(int(piece) for piece in pieces)
        except ValueError:
            index = (-1,)
        inside = len(index) == len(shape) and all(
            0 <= i < n for i, n in zip(index, shape, strict=True)
        )
        if not inside or bool(bracket) != rest.endswith("]"):
            last = ", ".join(str(n - 1) for n in shape)
            first = ", ".join("0" for _ in shape)
            example = f"'{name}[{first}]' to '{name}[{last}]'" if shape else repr(name)
            raise SelectorError(
                f"problem {self.problem.name!r} has no component {short_repr(component)}: {example}"
            )
        return name, index

    def _place(self, position: int) -> tuple[str, tuple[int, ...]]:
        """Find the parameter at a position of the flat vector, and the index in it."""
        for name, shape in self.shapes.items():
            size = math.prod(shape)
            if position < size:
                return name, tuple(int(i) for i in np.unravel_index(position, shape))
            position -= size
        raise IndexError(position)

    # --- rows of data ---

    @cached_property
    def rows(self) -> Rows:
        """The rows that the problem declares, or those found in the data (`problem.rows`)."""
        return self.origin.rows if self.origin else rows_of(self.problem, self.values)

    @property
    def row_names(self) -> tuple[str, ...]:
        """Names of the data that are rows; none where there are no rows."""
        return tuple(self.problem.rows) or self.rows.names

    @property
    def row_count(self) -> int:
        """How many rows the data have; 0 where there are none."""
        return len(self.values[self.row_names[0]]) if self.row_names else 0

    def with_rows(self, rows: slice) -> Point:
        """Return the point with only these rows of the data, as views."""
        return self.with_values({name: self.values[name][rows] for name in self.row_names})

    # --- other points of the same problem ---

    def with_values(self, values: Mapping[str, np.ndarray]) -> Point:
        """Return the point with some of its values replaced."""
        return self._replace(values={**self.values, **values})

    def round_to(self, dtype: str) -> Point:
        """Return the point with its numbers as a dtype holds them, as float64 all the same."""

        def round_floats(array: np.ndarray) -> np.ndarray:
            return array.astype(dtype).astype(np.float64) if array.dtype.kind == "f" else array

        return self._replace(
            values={name: round_floats(array) for name, array in self.values.items()},
            seed={name: round_floats(array) for name, array in self.seed.items()},
        )

    def with_seed(self, seed: Arrays) -> Point:
        """Return the point with a direction or cotangent in place of its own."""
        return self._replace(seed=seed)

    def _replace(self, **changes: Any) -> Point:
        return replace(self, origin=self.origin or self, **changes)


def same_integers(one: Point, other: Point) -> bool:
    """Tell whether two points of a problem have the same integer data (indices).

    Static data are not compared: nothing that is prepared runs with others than its own.
    """
    if one.values is other.values:
        return True
    return all(
        one[name] is other[name] or np.array_equal(one[name], other[name])
        for name in one.problem.data
        if name not in one.statics and one[name].dtype.kind != "f"
    )


def component_name(name: str, index: tuple[int, ...]) -> str:
    """Format a component as it is written: `m`, `w[3]`, `W[1, 2]`."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name
