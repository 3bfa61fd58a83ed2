"""Sums, extremes and products of arrays."""

from __future__ import annotations

from calcbench.vocabulary.array import Array, Axes


def sum(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """Add up all numbers, or those along axes; 0, of none."""


def max(x: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """Find the largest of all numbers, or along axes.

    At a tie it has a kink: the slopes of the largest may be any shares of 1.
    """


def matmul(x: Array, y: Array) -> Array:
    """Multiply matrices, or batches of them; vectors (1-D) are allowed on either side."""


def einsum(subscripts: str, *arrays: Array) -> Array:
    """Sum products over the axes of the same letter: `einsum("ij,jk->ik", x, y)`.

    Letters that the result has are kept, and all others summed over; a letter that stands twice in
    one term takes a diagonal.
    """
