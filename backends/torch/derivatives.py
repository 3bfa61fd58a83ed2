"""PyTorch: reverse mode on a tape (eager), as a function transform (func), or compiled."""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from calcbench.backend.calling import measure_call, unpack_call
from calcbench.backend.prepared import Prepared
from calcbench.backend.transforming import Transforming
from calcbench.operators import GRADIENT, find_operator
from calcbench.operators.function import Derived, Function
from calcbench.problem.point import Point
from calcbench.vocabulary.namespace import Namespace

from .tape import (
    dual_pushforward,
    tape_gradient_and_hvp,
    tape_hessian,
    tape_hvp,
    tape_hvps,
    tape_jacobian,
    tape_pullback,
    tape_pullbacks,
    tape_pushforwards,
    tape_value_and_gradient,
)
from .transforms import (
    func_gradient_and_hvp,
    func_hessian,
    func_hvp,
    func_jacobian,
    func_pullback,
    func_pushforward,
    func_value_and_gradient,
    several,
    single_hessian,
    single_jacobian,
    single_pushforwards,
)


@dataclass(frozen=True)
class Torch(Transforming):
    """PyTorch: `eager` on its tape, `func` by torch.func, `compile` that under torch.compile."""

    name = "torch"
    kind = "exact"
    requires = ("torch",)
    install = "python -m pip install torch"

    mode: Literal["eager", "func", "compile"] = "eager"

    def namespace(self) -> Namespace:
        self.framework()  # says why where it is missing
        from .vocabulary import namespace

        return namespace(self.dtype, self.mode)

    def convert(self, array: np.ndarray) -> Any:
        return self.framework().from_numpy(self.cast(array))

    def to_numpy(self, native: Any) -> np.ndarray:
        # `force`, for a derivative that is 0 by rule, as that of sgn(x), may have no memory yet.
        tensor = isinstance(native, self.framework().Tensor)
        return super().to_numpy(native.numpy(force=True) if tensor else native)

    def native(self, value: Any) -> Any:
        if hasattr(value, "requires_grad"):
            return value
        torch = self.framework()  # not for a tensor: torch.compile does not trace an import
        # By itself, torch gives a Python number its default dtype, float32.
        floating = getattr(torch, self.dtype) if isinstance(value, float) else None
        return torch.as_tensor(value, dtype=floating)

    # On a tape, the call is as short as an expert would write it: see benchmarks/test_overhead.py.

    def prepare_gradient(self, point: Point) -> Prepared:
        if self.mode != "eager":
            return self.transform(GRADIENT, point)
        convert = self.loader(point)

        def load(point: Point) -> Any:
            parameters, data = convert(point)
            return tuple(p.requires_grad_() for p in parameters), data

        self._value(point, load(point))
        cost = unpack_call(point.problem, point.problem.cost_on(self.name, self.namespace()))
        return Prepared(load, self._tape(cost), self.unloader(point), method="reverse")

    def prepare_cost(self, point: Point) -> Prepared:
        if self.mode != "eager" or point.problem.vector_valued:
            return self.transform(find_operator("cost"), point)
        load = self.loader(point)  # nothing requires a gradient: nothing is recorded
        value = self._value(point, load(point))
        run = unpack_call(point.problem, point.problem.cost_on(self.name, self.namespace()))
        if value.requires_grad:  # but by a derivative inside of the cost: right, but slower
            run = self.framework().no_grad()(run)
        return Prepared(load, run, self.unload_cost)

    def unconnected(self, point: Point) -> tuple[str, ...]:
        torch = self.framework()
        parameters, data = self.loader(point)(point)
        variables = tuple(p.requires_grad_() for p in parameters)
        value = self.function(point).apply(variables, self.arrays(point, data)).sum()
        if not value.requires_grad:
            return tuple(point.shapes)
        partials = torch.autograd.grad(value, variables, allow_unused=True)
        return tuple(n for n, p in zip(point.shapes, partials, strict=True) if p is None)

    def trace_cost(self, point: Point) -> None:
        torch = self.framework()
        parameters, data = self.loader(point)(point)
        # No condition is asked of a whole batch: a loop that ends by one is traced.
        cost = dataclasses.replace(self, mode="compile").function(point).apply
        batch = tuple(parameter[None] for parameter in parameters)
        torch.func.vmap(lambda *given: cost(given, self.arrays(point, data)))(*batch)

    def _value(self, point: Point, native: Any) -> Any:
        """Evaluate the cost as a tensor, and check that it is what the problem says."""
        parameters, data = native
        value = self.function(point).apply(parameters, self.arrays(point, data))
        point.problem.check_cost(value.shape, value.dtype, point.value_shape)
        return value

    def _tape(self, cost: Any) -> Any:
        """Make the timed call: native inputs → the partials, zeros for an unused parameter."""
        torch = self.framework()
        grad, zeros = torch.autograd.grad, torch.zeros_like
        # materialize_grads=True does the same as what is below, and takes longer over it.
        unused = functools.partial(operator.is_, None)

        def run(native: Any) -> Any:
            parameters, _ = native
            value = cost(native)
            # A constant, at these inputs, of which torch refuses the gradient; it may be no tensor.
            if not getattr(value, "requires_grad", False):
                return list(map(zeros, parameters))
            partials = grad(value, parameters, allow_unused=True)
            if not any(map(unused, partials)):
                return partials
            return [zeros(p) if d is None else d for p, d in zip(parameters, partials, strict=True)]

        return run

    # The primitives, and what torch does better than their compositions. Reverse over reverse
    # takes half the time of forward over reverse: torch's duals pay for every tangent twice.

    def pullback(self, function: Function) -> Derived:
        return self._by_mode(tape_pullback, func_pullback, function)

    def pushforward(self, function: Function) -> Derived:
        return self._by_mode(dual_pushforward, func_pushforward, function, dual_pushforward)

    def pullbacks(self, function: Function) -> Derived:
        return self._by_mode(tape_pullbacks, several(func_pullback), function)

    def pushforwards(self, function: Function) -> Derived:
        func = several(func_pushforward)
        return self._by_mode(tape_pushforwards, func, function, single_pushforwards)

    def hvps(self, function: Function) -> Derived:
        return self._by_mode(tape_hvps, several(func_hvp), function)

    def gradient(self, function: Function) -> Derived | None:
        """On a tape, pull back without a cotangent, which torch takes to be 1."""
        if self.mode == "eager":
            pull = self.pullback(function)
            return Derived(lambda p, d: pull.apply(p, d, None), pull.method)
        return Derived(self.framework().func.grad(function.apply), "reverse")

    def value_and_gradient(self, function: Function) -> Derived:
        return self._by_mode(tape_value_and_gradient, func_value_and_gradient, function)

    def jacobian(self, function: Function) -> Derived:
        return self._by_mode(tape_jacobian, func_jacobian, function, single_jacobian)

    def hvp(self, function: Function) -> Derived:
        return self._by_mode(tape_hvp, func_hvp, function)

    def gradient_and_hvp(self, function: Function) -> Derived:
        return self._by_mode(tape_gradient_and_hvp, func_gradient_and_hvp, function)

    def hessian(self, function: Function) -> Derived:
        # Compiled (PyTorch 2.13), the duals of what x[indices] gives have a wrong derivative.
        func = single_hessian if self.mode == "compile" else func_hessian
        return self._by_mode(tape_hessian, func, function, single_hessian)

    def _by_mode(self, tape: Any, func: Any, function: Function, single: Any = None) -> Derived:
        """Apply the function for the mode; `single`, if given, replaces `func` in float32."""
        if single is not None and self.dtype != "float64":
            func = single
        chosen = tape if self.mode == "eager" else func
        derived: Derived = chosen(self.framework(), function)
        return derived

    def finish(
        self, function: Callable[..., Any], native: tuple[Any, ...]
    ) -> tuple[Callable[[tuple[Any, ...]], Any], float | None]:
        if self.mode != "compile":
            return super().finish(function, native)
        compiled = self.framework().compile(_copy_function(function), dynamic=False)
        _, seconds = measure_call(compiled, *native)  # the first call compiles
        return lambda native: compiled(*native), seconds


def _copy_function(function: Any) -> Any:
    """Copy a function, with a code object of its own.

    torch.compile keeps what it compiled with the code object, and after eight versions it runs
    the next one uncompiled.
    """
    return types.FunctionType(
        function.__code__.replace(),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
