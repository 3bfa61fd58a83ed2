"""Partial: the derivative by one named component, the others held constant."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.operators import composition
from calcbench.operators.composition import Primitives
from calcbench.operators.entries import Entries, Term
from calcbench.operators.function import Derived, Function
from calcbench.operators.operator import VALUE, Layout, Operator, single
from calcbench.problem.point import Point, component_name
from calcbench.problem.problem import Arrays


@dataclass(frozen=True)
class Partial(Operator):
    """∂C/∂θ for one number θ, written `partial[m]` or `partial[w[3]]`; the first if not said."""

    name = "partial"

    component: str = ""

    @property
    def selector(self) -> str:
        """How it is written: `partial[w[3]]`, or `partial` for the first component."""
        return f"partial[{self.component}]" if self.component else self.name

    def resolve(self, point: Point) -> Operator:
        """Write the component in full, the first if none is named.

        Raises `SelectorError` for one that the problem does not have.
        """
        name = component_name(*point.split_component(self.component))
        return dataclasses.replace(self, component=name)

    def terms(self, point: Point) -> tuple[Term, ...]:
        """State ∂C/∂θₖ of every output, for one k."""
        each = np.arange(point.outputs)
        return (Entries(1, each, each, point.position(self.component)),)

    def layout(self, point: Point) -> Layout:
        """Lay out as `C`, of the value's shape, labelled `∂C/∂w[3]` or `∂C[i]/∂w[3]`."""
        shape, letter = point.value_shape, point.problem.letter
        return Layout(
            {VALUE: shape},
            lambda k: f"∂{component_name(letter, (k,) if shape else ())}/∂{self.component}",
        )

    def present(self, point: Point, found: Arrays, sparse: bool = False) -> np.ndarray:
        """Give the array itself."""
        return single(found)

    def arguments(self) -> tuple[Any, ...]:
        """List the component."""
        return (self.component,)

    def compose(self, backend: Primitives, function: Function, point: Point) -> Derived:
        """Push one unit vector forward, or pick from the gradient."""
        return composition.partial(backend, function, point, self.component)
