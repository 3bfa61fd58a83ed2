"""The vocabulary in JAX."""

from __future__ import annotations

from typing import Any

from calcbench.vocabulary.namespace import Namespace, iterate

# --- the vocabulary in JAX -----------------------------------------------------------------


def namespace(jax: Any, eager: bool) -> Namespace:
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
