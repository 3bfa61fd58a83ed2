"""All rules: primitive → what it does with numbers with proof. A primitive is named by JAX."""

from __future__ import annotations

from calcbench.native.jax import along_axes, control, elementwise, matrices, moving
from calcbench.native.jax.step import Rule

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **moving.RULES,
    **along_axes.RULES,
    **matrices.RULES,
    **control.RULES,
}
"""Primitive → its rule."""
