"""Doubt: how probable it is that an estimate condemns a right result.

Where there is a certificate, the smaller of two bounds of rounding is allowed, which may be the one
that is estimated (`certified.rounding`). What is beyond the proved one too is wrong for sure.

Two things are estimated in a vote, and each may be wrong by bad luck.

*Drawn roundings.* What rounding may do to a result is 8·u·(|g| + κ), by a backward stable method,
where κ = Σ |aᵢ| adds up the effects aᵢ of the inputs. κ is not known: each float array is changed
at random, `DRAWS` times, and √N·|X| with X = Σ aᵢeᵢ, the effect of a draw, stands for the part of
its N entries. e is uniform in ±[½, 1], so that its density is at most 1, and then the density of X
is at most √2/‖a‖₂ (Livshyts, Paouris & Pivovarov, "On sharp bounds for marginal densities of
product measures", Israel J. Math. 216 (2016) 877–889). As κ ≤ √N·‖a‖₂, a draw falls below κ/s with
probability at most 2·√2/s. The bound in use is `SLACK` times the 8·u·(|g| + κ): a right result that
is `excess` times outside needs s = `SLACK`·`excess`, in every draw, for one array at least.

*Coinciding differences.* Where difference schemes outvote an exact backend, the truncation of each
is estimated, and no probability is known for one of them alone. But if what they contradict were
right, both would be wrong by at least their distance from it, and coincide all the same. Their
steps differ, so that the one's error says nothing of the other's: if it may be anywhere within that
distance, on either side, the two come as near as their bounds with probability (b₁ + b₂)/distance.

Every component at every point is a chance to be unlucky: the probabilities are added up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calcbench.certified.rounding import chance_of_error

DRAWS = 8
"""Random changes of each input."""

SLACK = 8.0
"""How many times κ may be underestimated before a right result lies outside its bound."""

SURE = 1e-3
"""The largest probability of a false alarm at which an estimate still condemns."""


@dataclass(frozen=True)
class Doubt:
    """What a comparison rests on besides proof; nothing, as it stands."""

    arrays: int = 0
    """Arrays whose effects on the result were drawn at random."""
    gap: np.ndarray | None = None
    """Where difference schemes are the reference: the distance at which two of them agree, per
    component; infinite where there is one alone."""
    comparisons: int = 1
    """Components times points."""
    where: np.ndarray | bool = True
    """The components that the vote concerns; others are certified."""
    unproved: np.ndarray | None = None
    """How much larger the proved bound is than what is allowed, for what is certified."""

    def concerns(self, position: int) -> bool:
        """Tell whether a component was put to a vote, in which something is estimated."""
        if not self.arrays and self.gap is None:
            return False
        return self.where is True or bool(np.asarray(self.where)[position])

    def disproves(self, error: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        """Tell for each component whether an error is beyond the proved bound, if there is one."""
        return ~(error <= allowed + (0.0 if self.unproved is None else self.unproved))

    def chance(self, position: int, error: float, allowed: float) -> float | None:
        """Bound the probability that a right result is off by `error` where `allowed` is less.

        None where nothing is estimated. An error that is not finite is no matter of luck.
        """
        error = error if np.isfinite(error) else np.inf
        excess = error / allowed if allowed > 0 else np.inf
        if self.concerns(position):
            return self._chance_in_vote(position, error, excess)
        if self.unproved is None or error > allowed + self.unproved[position]:
            return None
        return float(min(1.0, self.comparisons * chance_of_error(excess)))

    def _chance_in_vote(self, position: int, error: float, excess: float) -> float:
        drawn = self.arrays * (2 * np.sqrt(2) / (SLACK * excess)) ** DRAWS
        gap = float(self.gap[position]) if self.gap is not None else 0.0
        coinciding = 1.0 if np.isinf(gap) else gap / error
        return float(min(1.0, self.comparisons * (drawn + coinciding)))
