"""Products of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from calcbench.vocabulary.array import Array

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def vecdot(xp: Vocabulary, x: Array, y: Array, axis: int = -1) -> Array:
    """Compute Σ xᵢyᵢ along an axis."""
    return xp.sum(x * y, axis=axis)


def tensordot(xp: Vocabulary, x: Array, y: Array, axes: int | Sequence[Sequence[int]] = 2) -> Array:
    """Sum products over axes: the last so many of x with the first of y, or those of two lists."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    one, other = [*letters[: len(x.shape)]], [*letters[-len(y.shape) :]]
    if isinstance(axes, int):
        pairs = [(len(one) - axes + k, k) for k in range(axes)]
    else:
        pairs = [*zip(axes[0], axes[1], strict=True)]
    for first, second in pairs:
        other[second] = one[first]
    kept = [a for a in one if a not in other] + [b for b in other if b not in one]
    return xp.einsum(f"{''.join(one)},{''.join(other)}->{''.join(kept)}", x, y)
