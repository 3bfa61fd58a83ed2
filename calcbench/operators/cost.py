"""Cost: the value alone, the primal that derivatives are timed against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.errors import Unsupported
from calcbench.operators.operator import VALUE, Layout, Operator, component
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function


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
        from calcbench.operators.function import Derived

        return Derived(function.apply, "")

    def fallback(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """Nothing gives the cost but the cost."""
        raise Unsupported(
            f"backend {backend.name!r} does not evaluate the cost alone: it defines no prepare_cost"
        )
