"""The vocabulary in JAX. It imports JAX: only a backend's `namespace` may import it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special

from calcbench.vocabulary.namespace import Namespace, iterate, natively


def take(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices by integer index; JAX's own default is to flatten x first."""
    return jnp.take(x, indices, axis=axis)


def solve(a: Any, b: Any) -> Any:
    """Solve a x = b for a vector or matrix b, as in NumPy's vocabulary."""
    if b.ndim == a.ndim - 1:
        return jnp.linalg.solve(a, b[..., None])[..., 0]
    return jnp.linalg.solve(a, b)


def slogdet(x: Any) -> tuple[Any, ...]:
    """Give (sign, log |det x|) as a plain tuple."""
    return tuple(jnp.linalg.slogdet(x))


def scan(step: Any, state: Any, n: int) -> Any:
    """Apply `step` n times as one operation that is compiled once.

    Unrolled, forty steps take XLA over a minute to compile; a scan takes under a second.
    """
    return jax.lax.scan(lambda carry, _: (step(carry), None), state, None, length=n)[0]


def namespace(eager: bool) -> Namespace:
    """Build the vocabulary; `eager` runs operation by operation, without compiling."""
    return Namespace.over(
        jnp,
        {
            **natively(jax.scipy.special, "erf", "erfc", "gammaln", "digamma"),
            "sigmoid": jax.nn.sigmoid,
            "softplus": jax.nn.softplus,
            "logsumexp": jax.nn.logsumexp,
            "concat": jnp.concatenate,
            "take": take,
            "linalg.solve": solve,
            "linalg.slogdet": slogdet,
            # Op by op, a scan is compiled anew at every call: 400 ms where a loop takes 80.
            "iterate": iterate if eager else scan,
        },
    )
