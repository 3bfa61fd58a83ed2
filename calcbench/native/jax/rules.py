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

OF_ALL = frozenset(
    {
        "broadcast_in_dim", "concatenate", "convert_element_type", "copy", "dynamic_slice", "iota",
        "pad", "reshape", "rev", "select_n", "slice", "split", "squeeze", "stack", "tile",
        "transpose", "unstack",
    }
)  # fmt: skip
"""Primitives whose rules take integers and truth values, too: they compute nothing."""
