"""JAX: reverse mode, compiled ahead of time by XLA (jit) or op by op (eager)."""

from .derivatives import Jax

__all__ = ["Jax"]
