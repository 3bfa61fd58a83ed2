"""Transforming: a backend whose framework turns functions into their derivatives.

It states the primitives that it has, `pullback` (reverse mode) or `pushforward` (forward mode) or
both; every operator follows from them by composition (`calcbench.operators`). Where the framework
has something better, the backend defines a method of the operator's name. This is the design of
DifferentiationInterface.jl (Dalle & Hill, JMLR 27 (2026)).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.operators.function import Derived, Function
from calcbench.problem.problem import Arrays, Problem

if TYPE_CHECKING:
    from calcbench.operators.operator import Operator


class Transforming(Backend):
    """A backend that states `pullback`, `pushforward` or both, and, if it compiles, `finish`.

    A method of any other operator's name (`hessian(self, function)`) overrides the composition;
    it may give None to decline. `prepare_gradient` and the like take precedence over both.
    """

    def pullback(self, function: Function) -> Derived | None:
        """(parameters, data, cotangent u) → uᵀJ, a tuple with an array for each parameter."""
        return None

    def pushforward(self, function: Function) -> Derived | None:
        """(parameters, data, direction v) → J v, of the form of the function's value."""
        return None

    def finish(
        self, function: Callable[..., Any], native: tuple[Any, ...]
    ) -> tuple[Callable[[tuple[Any, ...]], Any], float | None]:
        """Trace or compile `function(*native)`; also give the seconds that compiling took.

        What comes back takes all native arrays as one tuple, and returns when its result is ready.
        As it stands, it calls the function, and nothing is compiled.
        """
        return lambda native: function(*native), None

    def native(self, value: Any) -> Any:
        """A cost as a native array: it may be a Python number, where nothing depends on data."""
        return value

    def check(self, problem: Problem, function: Function, native: tuple[Any, ...]) -> None:
        """Evaluate once; raise `ProblemError` unless the value is what the problem says."""
        count = len(function.parameters)
        value = function.apply(native[:count], native[count:])
        problem.check_cost(tuple(value.shape), str(value.dtype), function.value)

    def context(self) -> contextlib.AbstractContextManager[Any]:
        """What loading and preparing happen in."""
        return contextlib.nullcontext()

    def function(self, problem: Problem, inputs: Arrays) -> Function:
        """The problem's cost as a native function."""
        cost = problem.cost_on(self.name, self.namespace())

        def apply(parameters: tuple[Any, ...], data: tuple[Any, ...]) -> Any:
            return self.native(cost(*parameters, **dict(zip(problem.data, data, strict=True))))

        shapes = tuple(inputs[name].shape for name in problem.parameters)
        return Function(apply, shapes, problem.value_shape(inputs))

    def derive(self, name: str, function: Function) -> Derived:
        """An operator on a function: the backend's own, or composed from what it has."""
        from calcbench.operators import OPERATORS

        own = getattr(self, name, None)
        found = own(function) if own is not None else None
        return OPERATORS[name].compose(self, function) if found is None else found

    def transform(self, operator: Operator, problem: Problem, inputs: Arrays) -> Prepared:
        """Make an operator ready, from the primitives or the framework's own."""
        names = tuple(operator.seeds(problem, inputs))
        convert = self.loader(problem, inputs)
        count = len(problem.parameters)
        total = count + len(problem.data)

        def seed(inputs: Mapping[str, np.ndarray]) -> Any:
            with self.context():
                return tuple(self.convert(inputs[name]) for name in names)

        def load(inputs: Mapping[str, np.ndarray]) -> Any:
            with self.context():
                parameters, data = convert(inputs)
                point = (*parameters, *data.values())
            return (point, seed(inputs)) if names else point

        native = load(inputs)
        arrays = (*native[0], *native[1]) if names else native
        with self.context():
            function = self.function(problem, inputs)
            self.check(problem, function, arrays[:total])
            derived = operator.derive(self, function, problem, inputs)

            def flat(*arrays: Any) -> Any:
                seeds = arrays[total:]
                given = (seeds,) if seeds and operator.seeded == "direction" else seeds
                return derived.apply(arrays[:count], arrays[count:total], *given)

            finished, seconds = self.finish(flat, arrays)

        def run_seeded(native: Any) -> Any:
            return finished((*native[0], *native[1]))

        def unload(result: Any) -> Arrays:
            return operator.collect(problem, inputs, self.numpy(result))

        run = run_seeded if names else finished
        return Prepared(load, run, unload, seconds, derived.method, seed if names else None)

    def numpy(self, result: Any) -> Any:
        """Native arrays in tuples, however nested → NumPy arrays in tuples."""
        if isinstance(result, (tuple, list)):
            return tuple(self.numpy(part) for part in result)
        return self.to_numpy(result)
