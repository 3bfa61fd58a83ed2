"""JAX: reverse mode, compiled ahead of time by XLA (jit) or op by op (eager)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.interfaces import Derived, Function, Problem, Transforming
from calcbench.interfaces.backend import timed
from calcbench.interfaces.vocabulary import NAMES, Namespace, iterate
from calcbench.operators import GRADIENT, Operator
from calcbench.program import (
    ALL,
    Spelling,
    Transforms,
    Value,
    Writer,
    asked,
    mapping,
    prints,
    transformed,
)

from . import by_hand


@dataclass(frozen=True)
class Jax(Transforming):
    """JAX's grad, under jit (compiled ahead of time) or eagerly."""

    name: ClassVar[str] = "jax"
    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "exact"
    requires: ClassVar[tuple[str, ...]] = ("jax",)
    install: ClassVar[str] = "python -m pip install jax"

    mode: Literal["jit", "eager"] = "jit"

    def namespace(self) -> Namespace:
        return _namespace(self.framework(), eager=self.mode == "eager")

    def convert(self, array: np.ndarray) -> Any:
        return self.framework().numpy.asarray(self.cast(array))

    def precision(self) -> contextlib.AbstractContextManager[Any]:
        """The context in which JAX keeps float64, without its global switch."""
        if self.dtype == "float64":
            return self.framework().enable_x64(True)
        return contextlib.nullcontext()

    def context(self) -> contextlib.AbstractContextManager[Any]:
        return self.precision()

    def native(self, value: Any) -> Any:
        return self.framework().numpy.asarray(value)

    def check(self, problem: Problem, function: Function, native: tuple[Any, ...]) -> None:
        count = len(function.parameters)
        value = self.framework().eval_shape(function.apply, native[:count], native[count:])
        problem.check_cost(value.shape, value.dtype, function.value)

    def pushforward(self, function: Function) -> Derived:
        jvp = self.framework().jvp

        def push(parameters: Any, data: Any, direction: Any) -> Any:
            return jvp(lambda *p: function.apply(p, data), parameters, direction)[1]

        return Derived(push, "forward")

    def pullback(self, function: Function) -> Derived:
        vjp = self.framework().vjp

        def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
            return vjp(lambda *p: function.apply(p, data), *parameters)[1](cotangent)

        return Derived(pull, "reverse")

    def gradient(self, function: Function) -> Derived:
        return self._transformed(self.framework().grad, function, "reverse")

    def value_and_gradient(self, function: Function) -> Derived:
        return self._transformed(self.framework().value_and_grad, function, "reverse, one sweep")

    def jacobian(self, function: Function) -> Derived:
        jax = self.framework()
        if function.components <= function.value[0]:
            return self._transformed(jax.jacfwd, function, "forward, columns at once")
        return self._transformed(jax.jacrev, function, "reverse, rows at once")

    def hessian(self, function: Function) -> Derived:
        hessian = self.framework().hessian
        return self._transformed(hessian, function, "forward over reverse, columns at once")

    def _transformed(self, transform: Any, function: Function, method: str) -> Derived:
        """One of JAX's own transforms, by all parameters."""
        wanted = tuple(range(len(function.parameters)))

        def apply(parameters: Any, data: Any) -> Any:
            return transform(lambda *p: function.apply(p, data), argnums=wanted)(*parameters)

        return Derived(apply, method)

    def finish(
        self, function: Callable[..., Any], native: tuple[Any, ...]
    ) -> tuple[Callable[[tuple[Any, ...]], Any], float | None]:
        def run(native: Any) -> Any:
            result = compiled(*native)
            _wait(result)
            return result

        def run_eagerly(native: Any) -> Any:
            with self.precision():
                result = function(*native)
                _wait(result)
                return result

        if self.mode == "eager":
            return run_eagerly, None
        # Compiled inside the context, the call needs no context: a traced function called
        # outside it would silently be traced again in float32.
        compiled, seconds = timed(self.framework().jit(function).lower(*native).compile)
        return run, seconds

    def program(self, problem: Problem, operator: Operator | None = None) -> str:
        return _program(self, problem, asked(problem, operator, ALL))


def _wait(result: Any) -> None:
    """Return when every array is there. (jax.block_until_ready takes 2 µs over it.)"""
    for part in result if type(result) is tuple else (result,):
        if type(part) is tuple:
            _wait(part)
        else:
            part.block_until_ready()


# --- the vocabulary in JAX -----------------------------------------------------------------


def _namespace(jax: Any, eager: bool) -> Namespace:
    jnp, nn, linalg = jax.numpy, jax.nn, jax.numpy.linalg

    def scan(step: Any, state: Any, n: int) -> Any:
        # Unrolled, forty steps take XLA over a minute to compile; a scan takes under a second.
        return jax.lax.scan(lambda carry, _: (step(carry), None), state, None, length=n)[0]

    def solve(a: Any, b: Any) -> Any:
        return linalg.solve(a, b[..., None])[..., 0] if b.ndim == a.ndim - 1 else linalg.solve(a, b)

    return Namespace(
        {
            "pi": jnp.pi,
            "exp": jnp.exp,
            "expm1": jnp.expm1,
            "log": jnp.log,
            "log1p": jnp.log1p,
            "sqrt": jnp.sqrt,
            "sin": jnp.sin,
            "cos": jnp.cos,
            "tan": jnp.tan,
            "tanh": jnp.tanh,
            "abs": jnp.abs,
            "sigmoid": nn.sigmoid,
            "softplus": nn.softplus,
            "maximum": jnp.maximum,
            "minimum": jnp.minimum,
            "logaddexp": jnp.logaddexp,
            "where": jnp.where,
            "sum": jnp.sum,
            "mean": jnp.mean,
            "max": jnp.max,
            "logsumexp": nn.logsumexp,
            "matmul": jnp.matmul,
            "einsum": jnp.einsum,
            "matrix_transpose": jnp.matrix_transpose,
            "reshape": jnp.reshape,
            "concat": jnp.concatenate,
            "stack": jnp.stack,
            "take": lambda x, indices, axis=0: jnp.take(x, indices, axis=axis),
            "take_along_axis": jnp.take_along_axis,
            "linalg.cholesky": linalg.cholesky,
            "linalg.solve": solve,
            "linalg.slogdet": lambda x: tuple(linalg.slogdet(x)),
            # Op by op, a scan is compiled anew at every call: 400 ms where a loop takes 80.
            "iterate": iterate if eager else scan,
        }
    )


# --- a program without calcbench -----------------------------------------------------------


def _program(backend: Jax, problem: Problem, operator: Operator) -> str:
    writer = Writer(problem, backend.name, SPELLING, by_hand.NUMPY, operator=operator)
    compiler = "jax.jit" if backend.mode == "jit" else ""
    by = Transforms("jax.", "jnp.ones_like", value_first=True, compiler=compiler)
    data, cost = writer.data(_array), writer.cost()
    blocks = [_gradient(writer, by)] if operator == GRADIENT else transformed(writer, by)
    switch = 'jax.config.update("jax_enable_x64", True)'
    return writer.compose(switch, *data, *cost, *blocks, prints(writer))


def _gradient(writer: Writer, by: Transforms) -> str:
    names = writer.problem.parameters
    one = len(names) == 1
    function = "jax.grad(cost)" if one else f"jax.grad(cost, argnums={tuple(range(len(names)))})"
    d = "d" if all(writer.fresh(f"d{name}") == f"d{name}" for name in names) else "d_"
    partials = ", ".join(f"{d}{name}" for name in names)
    gradient = mapping("gradient", {name: f"{d}{name}" for name in names})
    return f"{partials} = {by.compiled(function)}({writer.arguments})\n{gradient}"


def _array(value: Value) -> str:
    return value.text if value.kind == "number" else f"jnp.array({value.text})"


SPELLING = Spelling(
    "JAX",
    {
        **{name: f"jnp.{name}" for name in NAMES},
        "matmul": "lambda x, y: x @ y",
        "matrix_transpose": by_hand.matrix_transpose,
        "sigmoid": "jax.nn.sigmoid",
        "softplus": "jax.nn.softplus",
        "logsumexp": "jax.nn.logsumexp",
        "concat": "jnp.concatenate",
        "take": "lambda x, indices, axis=0: jnp.take(x, indices, axis=axis)",
        # A Python loop would be compiled step by step.
        "iterate": "lambda step, state, n: jax.lax.fori_loop(0, n, lambda _, s: step(s), state)",
    },
    imports={"jax": "import jax", "jnp": "import jax.numpy as jnp"},
)
