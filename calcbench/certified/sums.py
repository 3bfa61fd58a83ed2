"""Sums: the numbers of an operator's result, while its terms are added up in balls."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from flint import arb

from calcbench.certified.evaluation import SweepResult


class Partial(NamedTuple):
    """A partial derivative in a ball, and what is to be said of it."""

    value: arb
    magnitude: float
    """Σ |terms| that it is the sum of."""
    rough: bool = False
    """Whether it does not exist: one-sided derivatives differ."""
    open: bool = False
    """Whether it is not certified: the chain rule gives 0·∞, or a comparison ties, and the lines
    beside the point give no answer."""
    beside: bool = False
    """Whether it is certified by its limits beside the point, and not by the chain rule at it."""
    reason: str = ""
    """Why the chain rule is not asked: `0·∞ in the chain rule at sqrt`, or a comparison that ties.
    """

    def leave_open(self, reason: str) -> Partial:
        """Make it one that is not certified, and say why."""
        return self._replace(rough=False, open=True, reason=reason)


class Sums:
    """A vector of balls that partials are added to, with the size of what may cancel in each."""

    def __init__(self, size: int) -> None:
        """Start with `size` zeros."""
        self.values = np.full(size, arb(0), dtype=object)
        self.magnitudes = np.zeros(size)
        """Σ |terms| of every number: rounding is relative to it, however much cancels."""
        self.rough = np.zeros(size, dtype=bool)
        """For each number, whether it is no derivative, because a partial in it does not exist."""
        self.open = np.zeros(size, dtype=bool)
        """For each number, whether a partial in it is not certified."""
        self.beside = np.zeros(size, dtype=bool)
        """For each number, whether a partial in it is a limit beside the point."""
        self.reasons = np.full(size, "", dtype=object)
        """For each number, why that is, or why it is open."""

    def add(self, k: int, partial: Partial, weight: float) -> None:
        """Add partial·weight to number k: for a weight of 0 nothing, whatever the partial."""
        if weight == 0:
            return
        term = partial.value if weight == 1.0 else partial.value * arb(float(weight))
        self.values[k] = self.values[k] + term
        self.magnitudes[k] += partial.magnitude * abs(weight)
        self.rough[k] |= partial.rough
        self.open[k] |= partial.open
        self.beside[k] |= partial.beside
        if partial.open or (partial.beside and not self.open[k]):
            self.reasons[k] = partial.reason

    def add_all(
        self, out: np.ndarray, values: np.ndarray, magnitudes: np.ndarray, weights: np.ndarray
    ) -> None:
        """Add many partials, which are all there, each to the number of its place in `out`."""
        kept = weights != 0
        out, weights = out[kept], weights[kept]
        terms, sizes = values[kept], magnitudes[kept] * np.abs(weights)
        if np.any(weights != 1):
            terms = terms * weights
        if np.all(np.diff(out) > 0):  # each of its own: which is quicker
            self.values[out] += terms
            self.magnitudes[out] += sizes
        else:
            np.add.at(self.values, out, terms)
            np.add.at(self.magnitudes, out, sizes)

    def result(self, *, cost: arb | None, range_fault: str) -> SweepResult:
        """Give the numbers, with what the sweeps say of the cost."""
        return SweepResult(
            values=self.values,
            magnitudes=self.magnitudes,
            rough=self.rough,
            open=self.open,
            beside=self.beside,
            reasons=self.reasons,
            cost=cost,
            range_fault=range_fault,
        )
