"""Pushforward: the Jacobian times a direction (JVP), the derivative along it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.errors import Unsupported
from calcbench.operators.jacobian import jacobian_times
from calcbench.operators.operator import VALUE, Layout, Operator, direction, written
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.backend.transforming import Transforming
    from calcbench.operators.function import Derived, Function


class Pushforward(Operator):
    """J v; for a cost, the directional derivative ∇C·v."""

    name: ClassVar[str] = "pushforward"
    seeded: ClassVar[Literal["", "direction", "cotangent"]] = "direction"

    def layout(self, problem: Problem, inputs: Arrays) -> Layout:
        """The value's shape; `∇C·v`, or `(J·v)[i]`."""
        shape = problem.value_shape(inputs)
        return Layout({VALUE: shape}, lambda k: written("(J·v)", (k,)) if shape else "∇C·v")

    def collect(self, problem: Problem, inputs: Arrays, parts: Any) -> Arrays:
        """The slope along the direction."""
        return {VALUE: parts}

    @classmethod
    def compose(cls, backend: Transforming, function: Function) -> Derived:
        """The pullback of the pullback.

        u ↦ Jᵀu is linear, so its own pullback, at any u, is v ↦ J v (Townsend, "A new trick for
        calculating Jacobian vector products", 2017).
        """
        from calcbench.operators.function import Derived, Function

        pullback = backend.pullback(function)
        if pullback is None:
            raise Unsupported(
                f"backend {backend.name!r} states neither a pullback nor a pushforward"
            )
        pull, anywhere = pullback.apply, backend.convert(np.zeros(function.value))

        def transposed(cotangent: Any, point: Any) -> Any:
            count = len(function.parameters)
            return pull(point[:count], point[count:], cotangent[0])

        twice = backend.pullback(Function(transposed, (function.value,), function.parameters))
        assert twice is not None

        def pushforward(parameters: Any, data: Any, along: Any) -> Any:
            return twice.apply((anywhere,), (*parameters, *data), along)[0]

        return Derived(pushforward, f"{pullback.method}, transposed")

    def fallback(self, backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
        """The gradient (or Jacobian) times the direction."""
        names = problem.parameters
        whole = backend.prepare(
            problem, inputs, "jacobian" if problem.vector_valued else "gradient"
        )

        product = jacobian_times(problem, inputs) if problem.vector_valued else np.dot

        def seed(inputs: Any) -> np.ndarray:
            return np.concatenate([backend.cast(inputs[direction(n)]).ravel() for n in names])

        def multiply(result: Any, along: np.ndarray) -> Any:
            found = whole.unload(result)
            if problem.vector_valued:
                return product(found["jacobian"], along)
            return product(np.concatenate([found[name].ravel() for name in names]), along)

        def unload(slope: Any) -> Arrays:
            return {VALUE: np.array(slope)}

        return seeded(whole, seed, multiply, unload, "times the direction")


def seeded(
    whole: Prepared,
    seed: Callable[[Any], Any],
    multiply: Callable[[Any, Any], Any],
    unload: Callable[[Any], Arrays],
    source: str,
) -> Prepared:
    """An operator that is `whole`, multiplied by a seed: both are in the timed call."""
    return dataclasses.replace(
        whole,
        load=lambda inputs: (whole.load(inputs), seed(inputs)),
        run=lambda native: multiply(whole.run(native[0]), native[1]),
        unload=unload,
        seed=seed,
        method=f"{whole.method}, {source}" if whole.method else source,
    )
