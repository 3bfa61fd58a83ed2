"""Second derivative: of a cost of a single number."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.errors import Unsupported
from calcbench.operators.gradient import scalar
from calcbench.operators.operator import (
    Layout,
    Operator,
    by_parameter,
    components,
    native_direction,
    parameter_shapes,
)
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function


class SecondDerivative(Operator):
    """d²C/dx²: the slope of the slope."""

    name: ClassVar[str] = "second_derivative"

    def settled(self, problem: Problem, inputs: Arrays) -> Operator:
        """Raises `Unsupported` for a problem of several numbers, or a vector-valued one."""
        scalar(problem, "second derivative")
        count = components(problem, inputs)
        if count != 1:
            raise Unsupported(
                f"problem {problem.name!r} has {count:,} components: it has a Hessian, and no "
                "single second derivative"
            )
        return self

    def derived_from(self, problem: Problem) -> str:
        """The hand-derived Hessian, or else its product with a direction."""
        return next((f for f in ("hessian", "hvp") if problem.derives(f)), "")

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """The shape of the one parameter; `d²C/dx²`."""
        (name,) = problem.parameters
        return Layout(parameter_shapes(problem, inputs), lambda k: f"d²C/d{name}²")

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """From an array for the one parameter."""
        return by_parameter(problem, parts)

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """The Hessian-vector product along 1."""
        from calcbench.operators.function import Derived

        hvp = backend.derive("hvp", function)
        one = native_direction(backend, function.parameters, np.ones(1))
        return Derived(lambda p, d: hvp.apply(p, d, one), hvp.method)

    def fallback(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """The one entry of the Hessian."""
        whole = backend.prepare(problem, inputs, "hessian")
        (name,) = problem.parameters
        shape = inputs[name].shape

        def unload(result: Any) -> Arrays:
            return {name: np.array(whole.unload(result)["hessian"]).reshape(shape)}

        return dataclasses.replace(whole, unload=unload)
