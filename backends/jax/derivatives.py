"""JAX: compiled ahead of time by XLA (jit; by Enzyme: enzyme), or op by op (eager)."""

from __future__ import annotations

import contextlib
import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from calcbench.backend.calling import measure_call
from calcbench.backend.transforming import Transforming
from calcbench.operators.function import Derived, Function
from calcbench.problem.problem import Problem
from calcbench.vocabulary.namespace import Namespace

from . import enzyme
from .sizes import largest_moving

FIRST_CACHE, SECOND_CACHE = 1 << 15, 1 << 20
"""Bytes that are at hand to a core."""

FEW = 4
"""Products that were measured to be quicker at once as long as they fit the second cache."""


@dataclass(frozen=True)
class Jax(Transforming):
    """JAX's grad, compiled ahead of time (jit; enzyme: differentiated by Enzyme) or eagerly."""

    name = "jax"
    kind = "exact"
    requires = ("jax",)
    install = "python -m pip install jax"
    requires_for = {
        "mode=enzyme": (("enzyme_ad",), "python -m pip install 'calcbench[enzyme]'"),
    }

    mode: Literal["jit", "eager", "enzyme"] = "jit"

    def namespace(self) -> Namespace:
        self.framework()  # says why where it is missing
        from .vocabulary import enzyme_namespace, namespace

        if self.mode == "enzyme":
            enzyme.enzyme()  # says why where that is missing
            return enzyme_namespace()
        return namespace(eager=self.mode == "eager")

    def convert(self, array: np.ndarray) -> Any:
        return self.framework().numpy.asarray(self.cast(array))

    def precision(self) -> contextlib.AbstractContextManager[Any]:
        """Open the context in which JAX keeps float64, without its global switch."""
        if self.dtype != "float64":
            return contextlib.nullcontext()
        jax = self.framework()
        home = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")
        context: contextlib.AbstractContextManager[Any] = home.enable_x64(True)  # below JAX 0.8
        return context

    def context(self) -> contextlib.AbstractContextManager[Any]:
        return self.precision()

    def native(self, value: Any) -> Any:
        return self.framework().numpy.asarray(value)

    def check(self, problem: Problem, function: Function, native: tuple[Any, ...]) -> None:
        count = len(function.parameters)
        value = self.framework().eval_shape(function.apply, native[:count], native[count:])
        problem.check_cost(value.shape, value.dtype, function.value)

    def differentiable(self, function: Function) -> Function:
        """Give a function to what differentiates it in this mode: JAX itself, or Enzyme."""
        return enzyme.wrap(self.framework(), function) if self.mode == "enzyme" else function

    def pushforward(self, function: Function) -> Derived:
        jvp, apply = self.framework().jvp, self.differentiable(function).apply

        def push(parameters: Any, data: Any, direction: Any) -> Any:
            return jvp(lambda *p: apply(p, data), parameters, direction)[1]

        return Derived(push, "forward")

    def pullback(self, function: Function) -> Derived:
        vjp, apply = self.framework().vjp, self.differentiable(function).apply

        def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
            return vjp(lambda *p: apply(p, data), *parameters)[1](cotangent)

        return Derived(pull, "reverse")

    def pushforwards(self, function: Function) -> Derived:
        """Multiply by several directions: at once also where they leave the first cache.

        Then what the cost looks up many times is computed before; XLA would do it anew each time.
        """
        if self.mode == "enzyme":
            return self._several_by_enzyme(self.pushforward, function)
        product = self.pushforward(function)
        if self.mode != "jit" or function.over is None:
            return self._several(product, function)
        from .vocabulary import apart_namespace

        apart = self.pushforward(function.over(apart_namespace()))
        return self._several(product, function, apart)

    def columns(self, function: Function) -> Derived | None:
        """Multiply by several directions, side by side: at once, or in a loop.

        At once, XLA computes what all directions have in common in a row next to each other, and
        once. But whatever depends on the parameters is there for all directions: it must fit the
        cache, or be no more than what else is read or written, and the directions far less.
        """
        if self.mode != "jit":
            return None
        jax, product = self.framework(), self.pushforward(function)
        values, components = math.prod(function.value), function.components

        def at_once(parameters: Any, data: Any, several: int) -> bool:
            moving = largest_moving(jax, function.apply, parameters, data)
            size = several * max(moving, components) * np.dtype(self.dtype).itemsize
            other = max([values, *(array.size for array in data)])
            return size <= SECOND_CACHE or (moving <= other and FEW * components <= values)

        def apply(parameters: Any, data: Any, directions: Any) -> Any:
            def one(direction: Any) -> Any:
                return product.apply(parameters, data, direction)

            if at_once(parameters, data, directions[0].shape[0]):
                return jax.vmap(one, out_axes=1)(directions)
            return jax.lax.map(one, directions).T

        return Derived(apply, product.method)

    def pullbacks(self, function: Function) -> Derived:
        if self.mode == "enzyme":
            return self._several_by_enzyme(self.pullback, function)
        return self._several(self.pullback(function), function)

    def hvps(self, function: Function) -> Derived:
        return self._several(self.hvp(function), function)

    def _several(
        self, product: Derived, function: Function, at_once: Derived | None = None
    ) -> Derived:
        """Multiply by several seeds, stacked along a first axis: the cost itself runs once.

        At once where the products fit a cache, else in a loop within the program, which takes less
        memory, and half to a quarter of the time. `at_once` is what is taken at once beyond the
        first cache. (Op by op, such a loop is compiled anew at every call; and
        Enzyme's primitive has no rule for vmap.)
        """
        jax = self.framework()

        def apply(parameters: Any, data: Any, seeds: Any) -> Any:
            several = jax.tree.leaves(seeds)[0].shape[0]
            size = several * self._bytes(function)
            little = size <= (SECOND_CACHE if several <= FEW else FIRST_CACHE)

            def by(derived: Derived) -> Callable[[Any], Any]:
                return lambda seed: derived.apply(parameters, data, seed)

            if self.mode == "eager" or (self.mode == "jit" and little):
                return jax.vmap(by(product))(seeds)
            if at_once is not None and size <= SECOND_CACHE:
                return jax.vmap(by(at_once))(seeds)
            return jax.lax.map(by(product), seeds)

        return Derived(apply, product.method)

    def _several_by_enzyme(
        self, derive: Callable[[Function], Derived], function: Function
    ) -> Derived:
        """Multiply by several seeds: at once as long as the products fit the second cache.

        Then by one product, of the function of so many copies of the parameters, for Enzyme's
        primitive has no rule for vmap.
        """
        jax, product = self.framework(), derive(function)

        def apply(parameters: Any, data: Any, seeds: Any) -> Any:
            several = jax.tree.leaves(seeds)[0].shape[0]
            if several * self._bytes(function) > SECOND_CACHE:
                return jax.lax.map(lambda seed: product.apply(parameters, data, seed), seeds)
            copies = tuple(jax.numpy.broadcast_to(p, (several, *p.shape)) for p in parameters)
            return derive(enzyme.repeat(jax, function, several)).apply(copies, data, seeds)

        return Derived(apply, product.method)

    def _bytes(self, function: Function) -> int:
        """Return the size of a seed, or of a product, whichever is larger."""
        values = math.prod(function.value) if function.value else 1
        return max(function.components, values) * np.dtype(self.dtype).itemsize

    def gradient(self, function: Function) -> Derived:
        return self._transformed(self.framework().grad, self.differentiable(function), "reverse")

    def value_and_gradient(self, function: Function) -> Derived:
        given = self.differentiable(function)
        return self._transformed(self.framework().value_and_grad, given, "reverse, one sweep")

    def hvp(self, function: Function) -> Derived:
        both = self.gradient_and_hvp(function).apply
        return Derived(lambda p, d, v: both(p, d, v)[1], "forward over reverse")

    def gradient_and_hvp(self, function: Function) -> Derived:
        """Push the gradient forward: in every mode it is JAX's own, for Enzyme goes over it once.

        (In 0.0.16, a derivative by Enzyme has none itself.)
        """
        jax = self.framework()
        slopes = self._transformed(jax.grad, function, "reverse")
        inner = Function(slopes.apply, function.parameters, function.parameters)
        apply = self.differentiable(inner).apply

        def both(parameters: Any, data: Any, direction: Any) -> Any:
            return jax.jvp(lambda *p: apply(p, data), parameters, direction)

        return Derived(both, "forward over reverse, one sweep")

    def jacobian(self, function: Function) -> Derived:
        jax = self.framework()
        if self.mode == "enzyme":
            return enzyme.jacobian(jax, function, self.pushforwards, self.pullbacks)
        if function.components <= function.value[0]:
            return self._transformed(jax.jacfwd, function, "forward, columns at once")
        return self._transformed(jax.jacrev, function, "reverse, rows at once")

    def hessian(self, function: Function) -> Derived:
        hessian = self.framework().hessian
        if self.mode == "enzyme":
            return enzyme.hessian(self.framework(), function, self.hvp)
        return self._transformed(hessian, function, "forward over reverse, columns at once")

    def _transformed(self, transform: Any, function: Function, method: str) -> Derived:
        """Differentiate by all parameters with one of JAX's own transforms."""
        wanted = tuple(range(len(function.parameters)))

        def apply(parameters: Any, data: Any) -> Any:
            return transform(lambda *p: function.apply(p, data), argnums=wanted)(*parameters)

        return Derived(apply, method)

    def finish(
        self, function: Callable[..., Any], native: tuple[Any, ...]
    ) -> tuple[Callable[[tuple[Any, ...]], Any], float | None]:
        def run_eagerly(native: Any) -> Any:
            with self.precision():
                result = function(*native)
                _wait(result)
                return result

        if self.mode == "eager":
            return run_eagerly, None
        # Compiled inside the context, the call needs no context: a traced function called
        # outside it would silently be traced again in float32.
        with enzyme.refusals() if self.mode == "enzyme" else contextlib.nullcontext():
            compiled, seconds = measure_call(self.framework().jit(function).lower(*native).compile)
        return _waiting(compiled), seconds


def _waiting(compiled: Any) -> Callable[[tuple[Any, ...]], Any]:
    """Make a call that returns when its result is there, by the shortest way: it is timed."""

    def run_for_one(native: Any) -> Any:
        result = compiled(*native)
        result.block_until_ready()
        return result

    def run_for_several(native: Any) -> Any:
        result = compiled(*native)
        for part in result:
            part.block_until_ready()
        return result

    def run(native: Any) -> Any:
        result = compiled(*native)
        _wait(result)
        return result

    form = compiled.out_tree
    if form.num_nodes == form.num_leaves == 1:  # neither of which () and None are
        return run_for_one
    return run_for_several if form.num_nodes == 1 + form.num_leaves else run


def _wait(result: Any) -> None:
    """Wait until every array is computed. (jax.block_until_ready takes 2 µs over it.)"""
    for part in result if type(result) is tuple else (result,):
        if type(part) is tuple:
            _wait(part)
        else:
            part.block_until_ready()
