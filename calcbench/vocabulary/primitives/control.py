"""What is differentiated, and what is not."""

from __future__ import annotations

from calcbench.vocabulary.array import Array


def stop_gradient(x: Array) -> Array:
    """Hold x constant: its derivative is 0.

    In first and second derivatives, and inside of `grad`.
    """
