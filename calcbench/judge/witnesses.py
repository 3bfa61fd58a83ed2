"""Witnesses: difference quotients of a native function, beside a gradient that is not certified.

They confirm or contradict it to as many digits as differences have; their bounds are estimates, and
what they say is no proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calcbench.certified.difference_bounds import (
    STRETCHES,
    estimate_cost_noise,
    estimate_truncation,
)
from calcbench.judge.scale import leaves_no_digit, never_zero
from calcbench.problem.flat import flatten, unflatten
from calcbench.problem.problem import Arrays

MOST = 1000
"""Components up to which all are differenced; of more, so many are."""

ORDER = 2
"""Of central differences: their truncation is proportional to h²."""

Call = Callable[[Arrays], np.ndarray]
"""Arguments by name → the function's value."""


@dataclass(frozen=True)
class Witness:
    """What difference quotients say of a gradient: vectors over the components that were tried."""

    positions: np.ndarray
    """Which components, in the flat vector of all."""
    quotients: np.ndarray
    bounds: np.ndarray
    """Estimated, for each."""
    claimed: np.ndarray
    """The gradient's own components."""
    of: int
    """How many components there are in all."""

    @property
    def errors(self) -> np.ndarray:
        """How far the gradient is from the quotients; infinite where it is not finite."""
        found = np.abs(self.claimed - self.quotients)
        return np.where(np.isfinite(self.claimed), found, np.inf)

    @property
    def outside(self) -> np.ndarray:
        """For each component, whether it is outside of the quotient's bound."""
        return np.asarray(~(self.errors <= self.bounds))

    @property
    def agrees(self) -> bool:
        """Whether all components are within bounds that leave a digit."""
        return not self.outside.any() and not self.vague

    @property
    def vague(self) -> bool:
        """Whether a bound leaves less than a digit, so that it vouches for nothing."""
        return bool(np.any(leaves_no_digit(self.bounds, self._scale, 0.0)))

    @property
    def digits(self) -> float:
        """Digits to which the two agree."""
        return float(-np.log10(max(np.max(self.errors / self._scale), 1e-16)))

    @property
    def needed(self) -> float:
        """Digits that the bounds ask for."""
        return float(-np.log10(max(np.max(self.bounds / self._scale), 1e-16)))

    @property
    def worst(self) -> int:
        """The place of the component that exceeds its bound by most."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return int(np.argmax(np.nan_to_num(self.errors / self.bounds, nan=np.inf)))

    @property
    def _scale(self) -> np.ndarray:
        finite = np.abs(self.quotients[np.isfinite(self.quotients)])
        return never_zero(np.full(len(self.quotients), np.max(finite, initial=0.0)), 0.0)


def ask_differences(call: Call, arguments: Arrays, claimed: np.ndarray, dtype: str) -> Witness:
    """Take central differences of a function beside its gradient, a flat vector.

    `dtype` is the coarsest that the function computes in, which the step is chosen for.
    """
    shapes = {name: array.shape for name, array in arguments.items()}
    here = flatten(arguments.values(), np.float64)

    def at(vector: np.ndarray) -> float:
        return float(call(unflatten(vector, shapes)))

    few = min(len(here), MOST)
    positions = np.unique(np.linspace(0, len(here) - 1, few).round().astype(int))
    unit = float(np.finfo(dtype).eps)
    steps = unit ** (1 / 3) * np.maximum(np.abs(here), 1.0)
    quotients = [
        np.array([_quotient(at, here, k, stretch * steps[k]) for k in positions])
        for stretch in STRETCHES
    ]
    noise = estimate_cost_noise(lambda x: at(x.astype(np.float64)), [here.astype(dtype)], {})
    bounds = estimate_truncation(quotients, ORDER) + noise / steps[positions]
    return Witness(positions, quotients[1], bounds, claimed[positions], len(here))


def _quotient(at: Callable[[np.ndarray], float], here: np.ndarray, k: int, step: float) -> float:
    ahead, behind = here.copy(), here.copy()
    ahead[k] += step
    behind[k] -= step
    return (at(ahead) - at(behind)) / float(ahead[k] - behind[k])
