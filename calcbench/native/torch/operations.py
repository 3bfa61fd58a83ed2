"""Operations: what is known of ATen's by their names and schemas, and of their operands."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils import _pytree as pytree

from calcbench.native.torch import (
    along_axes,
    convolutions,
    elementary,
    linear_algebra,
    losses,
    matrices,
    moving,
    normalization,
    recurrent,
)

THEMES = (
    elementary, along_axes, losses, normalization, matrices, convolutions, linear_algebra,
    recurrent,
)  # fmt: skip

RULES = {name: rule for theme in THEMES for name, rule in theme.RULES.items()}
"""ATen's name → its rule, of the operands as they are given."""

OF_OPEN = frozenset({
    *elementary.RELATIONS, "logical_and", "logical_or", "bitwise_and", "bitwise_or",
})  # fmt: skip
"""Operations whose result may be decided though an operand is not."""

SHAPED = frozenset({
    "empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like",
    "randint_like", "new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided",
    "_fused_sdp_choice", "is_same_size", "_has_same_storage_numel",
})  # fmt: skip
"""Operations that look at the shape of an operand alone."""

DRAWN = frozenset(["bernoulli_", "normal_", "uniform_", "random_", "exponential_", "zero_"])
"""Operations that write over what was there, whatever it was."""

TRUNCATING = frozenset({*moving.MOVES, "_to_copy", "masked_fill"})
"""Operations that give a tensor of integers what floats are without what is behind the point."""

UNREAD = frozenset({
    "layout", "device", "pin_memory", "memory_format", "non_blocking", "generator",
    "implicit", "check_errors", "dtype", "out",
})  # fmt: skip
"""Arguments that no rule looks at."""


def is_truth(value: Any) -> bool:
    """Tell whether an operand is a truth value, or a tensor of them."""
    return isinstance(value, bool) or getattr(value, "dtype", None) == torch.bool


def is_of_floats(value: Any) -> bool:
    """Tell whether an operand is a float, or a tensor of them."""
    if isinstance(value, torch.Tensor):
        return bool(value.is_floating_point())
    return isinstance(value, float)


def is_view(func: Any) -> bool:
    """Tell whether the result shares the storage of an operand, and nothing is written."""
    marks = [r.alias_info for r in func._schema.returns]
    return any(mark is not None and not mark.is_write for mark in marks)


def is_empty(value: Any) -> bool:
    """Tell whether a value is an empty tensor that autograd takes for a function of something."""
    return isinstance(value, torch.Tensor) and value.requires_grad and not value.numel()


def tensors(result: Any) -> list[torch.Tensor]:
    """List the tensors in a result."""
    return [t for t in pytree.tree_leaves(result) if isinstance(t, torch.Tensor)]


@functools.cache
def takes(name: str, count: int, options: Sequence[str]) -> bool:
    """Tell whether a rule takes so many operands, and these options."""
    try:
        inspect.signature(RULES[name]).bind(None, *range(count), **dict.fromkeys(options))
    except TypeError:
        return False
    return True


@functools.cache
def decompositions() -> Any:
    """Return torch's own table of what operations amount to; importing it takes a while."""
    from torch._decomp import decomposition_table

    return decomposition_table
