"""Products of arrays."""

from __future__ import annotations

from typing import Any


def vecdot(xp: Any, x: Any, y: Any, axis: int = -1) -> Any:
    """Compute Σ xᵢyᵢ along an axis."""
    return xp.sum(x * y, axis=axis)


def tensordot(xp: Any, x: Any, y: Any, axes: Any = 2) -> Any:
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
