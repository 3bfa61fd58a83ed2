"""Orders."""

from __future__ import annotations

from calcbench.vocabulary.array import Array


def argsort(x: Array, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """Find the indices that sort x, up or down; of equals the first comes first.

    They are integers, and do not move with x.
    """
