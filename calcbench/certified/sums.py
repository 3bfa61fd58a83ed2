"""Sums: the numbers of an operator's result, as its terms add up in balls."""

from __future__ import annotations

import numpy as np
from flint import arb


class Sums:
    """Balls that partials are added to, with what may cancel in each, and whether it is smooth."""

    def __init__(self, size: int) -> None:
        """Start with `size` zeros."""
        self.values: list[arb] = [arb(0)] * size
        self.magnitudes = np.zeros(size)
        """Σ |terms| of every number."""
        self.rough = np.zeros(size, dtype=bool)
        """Whether every number is no derivative, because a partial in it is none."""

    def add(self, k: int, partial: arb, magnitude: float, rough: bool, weight: float) -> None:
        """Add a partial times a weight to number k; a weight of 0 leaves it smooth."""
        if weight == 1.0:
            self.values[k] = self.values[k] + partial
        else:
            self.values[k] = self.values[k] + partial * arb(float(weight))
        self.magnitudes[k] += magnitude * abs(weight)
        self.rough[k] |= rough and weight != 0
