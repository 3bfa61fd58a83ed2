"""Programs in JAX: function transforms, under jit."""

from __future__ import annotations

from calcbench.backends.jax.derivatives import Jax
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.problem import Problem
from calcbench.show.programs.numpy import matrix_transpose
from calcbench.show.programs.writer import (
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
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.numpy import NUMPY

# --- a program without calcbench -----------------------------------------------------------


def program(backend: Jax, problem: Problem, operator: Operator | None = None) -> str:
    """Write a short stand-alone program that computes an operator this way.

    Without `operator`, the gradient. Raises `Unsupported` with the reason where there is none.
    """
    return _write(backend, problem, asked(problem, operator, ALL))


def _write(backend: Jax, problem: Problem, operator: Operator) -> str:
    writer = Writer(problem, backend.name, SPELLING, NUMPY, operator=operator)
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
        "matrix_transpose": matrix_transpose,
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
