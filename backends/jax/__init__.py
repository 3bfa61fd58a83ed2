"""JAX: compiled ahead of time by XLA (jit; by Enzyme: enzyme), or op by op (eager)."""

from .derivatives import Jax

__all__ = ["Jax"]
