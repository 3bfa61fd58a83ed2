"""Programs in JAX: function transforms, under jit."""

from __future__ import annotations

from calcbench.operators import GRADIENT, Operator
from calcbench.problem.problem import Problem
from calcbench.show.programs.inputs import Value
from calcbench.show.programs.layout import format_dict
from calcbench.show.programs.numpy_spelling import matrix_transpose
from calcbench.show.programs.results import print_result
from calcbench.show.programs.spelling import CONSTANTS, ELEMENTWISE, Spelling, same_names
from calcbench.show.programs.transforms import TRANSFORMED, Transforms, transform_cost
from calcbench.show.programs.writer import Writer
from calcbench.vocabulary.numpy import SPECIAL

from .derivatives import Jax

PROGRAMS = ("gradient", *TRANSFORMED)
"""The operators that have a program."""


def program(backend: Jax, problem: Problem, operator: Operator) -> str:
    """Write the program: transforms of the cost, under `jax.jit` unless the mode is eager."""
    writer = Writer(problem, backend.name, SPELLING, operator)
    compiler = "jax.jit" if backend.mode == "jit" else ""
    by = Transforms("jax.", "jnp.ones_like", value_first=True, compiler=compiler)
    data, cost = writer.data(_array), writer.cost()
    blocks = [_gradient(writer, by)] if operator == GRADIENT else transform_cost(writer, by)
    switch = 'jax.config.update("jax_enable_x64", True)'
    return writer.compose(switch, *data, *cost, *blocks, print_result(writer))


def _gradient(writer: Writer, by: Transforms) -> str:
    names = writer.problem.parameters
    one = len(names) == 1
    function = "jax.grad(cost)" if one else f"jax.grad(cost, argnums={tuple(range(len(names)))})"
    d = "d" if all(writer.fresh(f"d{name}") == f"d{name}" for name in names) else "d_"
    partials = ", ".join(f"{d}{name}" for name in names)
    gradient = format_dict("gradient", {name: f"{d}{name}" for name in names})
    return f"{partials} = {by.compile_call(function)}({writer.arguments})\n{gradient}"


def _array(value: Value) -> str:
    return value.text if value.kind == "number" else f"jnp.array({value.text})"


SPELLING = Spelling(
    "JAX",
    {
        **same_names("jnp.", *CONSTANTS, *ELEMENTWISE, "maximum", "minimum", "logaddexp", "where"),
        **same_names("jnp.", "sum", "mean", "max", "asarray", "einsum", "reshape", "stack"),
        **same_names("jnp.", "take_along_axis", "argsort", "sort", "argmax", "argmin"),
        **same_names("jnp.", "all", "any", "isnan", "isfinite"),
        **same_names("jnp.", "linalg.cholesky", "linalg.solve", "linalg.slogdet"),
        **same_names("special.", *SPECIAL),
        "matmul": "lambda x, y: x @ y",
        "matrix_transpose": matrix_transpose,
        "sigmoid": "jax.nn.sigmoid",
        "softplus": "jax.nn.softplus",
        "logsumexp": "jax.nn.logsumexp",
        "concat": "jnp.concatenate",
        "cumulative_sum": "jnp.cumsum",
        "take": "lambda x, indices, axis=0: jnp.take(x, indices, axis=axis)",
        # A Python loop would be compiled step by step.
        "iterate": "lambda step, state, n: jax.lax.fori_loop(0, n, lambda _, s: step(s), state)",
    },
    imports={
        "special": "from jax.scipy import special",
        "jax": "import jax",
        "jnp": "import jax.numpy as jnp",
    },
)
