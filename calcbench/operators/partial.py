"""Partial: the derivative by one named component, the others held constant."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.errors import SelectorError, Unsupported, nearest
from calcbench.operators.jacobian import Jacobian
from calcbench.operators.operator import (
    VALUE,
    Layout,
    Operator,
    native_direction,
    parameter_shapes,
    place,
    written,
)
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function


@dataclass(frozen=True)
class Partial(Operator):
    """∂C/∂θ for one number θ, written `partial[m]` or `partial[w[3]]`; the first if not said."""

    name: ClassVar[str] = "partial"

    component: str = ""

    @property
    def selector(self) -> str:
        """`partial[w[3]]`."""
        return f"partial[{self.component}]" if self.component else self.name

    def settled(self, problem: Problem, inputs: Arrays) -> Operator:
        """The same with its component as it is written. Raises `SelectorError` for no such."""
        return dataclasses.replace(self, component=written(*self.place(problem, inputs)))

    def place(self, problem: Problem, inputs: Arrays) -> tuple[str, tuple[int, ...]]:
        """Its parameter, and the index in it."""
        return parse_component(problem, inputs, self.component)

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """`∂C/∂w[3]`; a vector of them for a vector-valued problem."""
        shape = problem.value_shape(inputs)
        return Layout(
            {VALUE: shape},
            lambda k: f"∂{written(VALUE, (k,) if shape else ())}/∂{self.component}",
        )

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """The slope."""
        return {VALUE: parts}

    def arguments(self) -> tuple[Any, ...]:
        """The component."""
        return (self.component,)

    def position(self, problem: Problem, inputs: Arrays) -> int:
        """Where the component stands in the flat vector of all parameters."""
        name, index = self.place(problem, inputs)
        shapes = parameter_shapes(problem, inputs)
        total = sum(int(np.prod(shape)) for shape in shapes.values())
        return next(k for k in range(total) if place(shapes, k) == (name, index))

    def derive(
        self, backend: Transforming, function: Function, problem: Problem, inputs: Arrays
    ) -> Derived:
        """The pushforward along one unit vector; without a pushforward, one entry of the gradient.

        (Of a vector-valued function without a pushforward, the pushforward that follows from its
        pullback.)
        """
        from calcbench.operators.function import Derived

        name, index = self.place(problem, inputs)
        if backend.pushforward(function) is None and not problem.vector_valued:
            gradient = backend.derive("gradient", function)
            number = problem.parameters.index(name)
            return Derived(
                lambda p, d: gradient.apply(p, d)[number][index],
                f"{gradient.method}, one component of the gradient",
            )
        pushforward = backend.derive("pushforward", function)
        unit = np.zeros(function.components)
        unit[self.position(problem, inputs)] = 1.0
        along = native_direction(backend, function.parameters, unit)
        return Derived(lambda p, d: pushforward.apply(p, d, along), pushforward.method)

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """It needs its component: see `derive`."""
        raise Unsupported("a partial is of one named component")

    def fallback(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """One entry of the gradient, or one column of the Jacobian."""
        name, index = self.place(problem, inputs)
        if problem.vector_valued:
            whole = backend.prepare(problem, inputs, "jacobian")
            pick = _column(problem, inputs, self.position(problem, inputs))

            def unload(result: Any) -> Arrays:
                return {VALUE: pick(whole.unload(result)["jacobian"])}

            source = "one column of the Jacobian"
        else:
            whole = backend.prepare(problem, inputs, "gradient")

            def unload(result: Any) -> Arrays:
                return {VALUE: np.array(whole.unload(result)[name][index])}

            source = "one component of the gradient"
        method = f"{whole.method}, {source}" if whole.method else source
        return dataclasses.replace(whole, unload=unload, method=method)


def _column(problem: Problem, inputs: Arrays, position: int) -> Callable[[np.ndarray], np.ndarray]:
    """Prepare to pick one column of a Jacobian, dense or of stored entries."""
    structure, (rows, columns) = problem.structure(inputs), Jacobian().extent(problem, inputs)
    if not structure.sparse:
        return lambda entries: entries[:, position].copy()
    row, column = structure.pattern(rows, columns)
    (stored,) = np.nonzero(column == position)

    def pick(entries: np.ndarray) -> np.ndarray:
        picked = np.zeros(rows, entries.dtype)
        picked[row[stored]] = entries[stored]
        return picked

    return pick


def parse_component(problem: Problem, inputs: Arrays, text: str) -> tuple[str, tuple[int, ...]]:
    """Parse `m`, `w[3]` or `W[1, 2]`; the first component if the text is empty.

    Raises `SelectorError` for what the problem does not have.
    """
    if not text:
        return place(parameter_shapes(problem, inputs), 0)
    name, bracket, rest = text.partition("[")
    if name not in problem.parameters:
        raise SelectorError(
            f"problem {problem.name!r} has no parameter {name!r}: "
            f"{nearest(name, problem.parameters)}"
        )
    shape = inputs[name].shape
    pieces = rest.removesuffix("]").split(",") if bracket else []
    try:
        index = tuple(int(piece) for piece in pieces)
    except ValueError:
        index = (-1,)
    fits = len(index) == len(shape) and all(0 <= i < n for i, n in zip(index, shape, strict=True))
    if not fits or bool(bracket) != rest.endswith("]"):
        last = ", ".join(str(n - 1) for n in shape)
        first = ", ".join("0" for _ in shape)
        example = f"'{name}[{first}]' to '{name}[{last}]'" if shape else repr(name)
        raise SelectorError(f"problem {problem.name!r} has no component {text!r}: {example}")
    return name, index
