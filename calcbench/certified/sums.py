"""Sums: the numbers of an operator's result, while its terms are added up in balls."""

from __future__ import annotations

import numpy as np
from flint import arb


class Sums:
    """A vector of balls that partials are added to, with the size of what may cancel in each."""

    def __init__(self, size: int) -> None:
        """Start with `size` zeros."""
        self.values: list[arb] = [arb(0)] * size
        self.magnitudes = np.zeros(size)
        """Σ |terms| of every number: rounding is relative to it, however much cancels."""
        self.rough = np.zeros(size, dtype=bool)
        """For each number, whether it is no derivative, because a partial in it does not exist."""

    def add(self, k: int, partial: arb, magnitude: float, rough: bool, weight: float) -> None:
        """Add partial·weight to number k. `rough` says that the partial does not exist.

        A weight of 0 leaves the number as it was, whatever the partial.
        """
        if weight == 1.0:
            self.values[k] = self.values[k] + partial
        else:
            self.values[k] = self.values[k] + partial * arb(float(weight))
        self.magnitudes[k] += magnitude * abs(weight)
        self.rough[k] |= rough and weight != 0
