"""JAX: reverse mode, compiled ahead of time by XLA (jit) or op by op (eager)."""

from calcbench.backends.jax.derivatives import Jax

__all__ = ["Jax"]
