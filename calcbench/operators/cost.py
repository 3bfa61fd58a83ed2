"""Cost: the value alone, the primal that derivatives are timed against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calcbench.errors import Unsupported
from calcbench.interfaces.backend import Backend, Prepared
from calcbench.interfaces.problem import Arrays, Problem
from calcbench.operators.operator import VALUE, Layout, Operator, component

if TYPE_CHECKING:
    from calcbench.interfaces.transforming import Derived, Function, Transforming


class Cost(Operator):
    """C, or the vector C of a vector-valued problem."""

    name: ClassVar[str] = "cost"

    def derived_from(self, problem: Problem) -> str:
        """Nothing: the cost is given."""
        return ""

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """`C`, or `C[i]`."""
        shapes = {VALUE: problem.value_shape(inputs)}
        return Layout(shapes, lambda k: component(shapes, k))

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """The value."""
        return {VALUE: parts}

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """The function itself."""
        from calcbench.interfaces.transforming import Derived

        return Derived(function.apply, "")

    def fallback(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """Nothing gives the cost but the cost."""
        raise Unsupported(
            f"backend {backend.name!r} does not evaluate the cost alone: it defines no prepare_cost"
        )
