"""Scores: how far a result is from the reference, in bounds, digits and units in the last place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calcbench.judge.doubt import SURE
from calcbench.judge.scale import leaves_no_digit, never_zero
from calcbench.judge.vote import Ballot, Consensus
from calcbench.operators.operator import Layout
from calcbench.record.record import Disagreement


@dataclass(frozen=True)
class Comparison:
    """A result beside the consensus: vectors over the components of the result."""

    ballot: Ballot
    agreed: Consensus
    error: np.ndarray
    """|value − reference|."""
    allowed: np.ndarray
    """How large the error may be; no bound at all where it is not finite."""

    @property
    def flushed(self) -> float:
        """The part of what is allowed that is there because small numbers may become 0."""
        return self.ballot.flushed + self.agreed.flushed

    @property
    def scale(self) -> np.ndarray:
        """What errors are relative to, per component; nowhere 0."""
        return never_zero(self.agreed.scale, self.flushed)

    @property
    def outside(self) -> np.ndarray:
        """Whether the error is more than a finite bound allows; a NaN on either side is."""
        return np.asarray(np.isfinite(self.allowed) & ~(self.error <= self.allowed))

    @property
    def vague(self) -> np.ndarray:
        """Whether the bound leaves less than a digit, or is none."""
        wide = leaves_no_digit(self.allowed, self.agreed.scale, self.flushed)
        return np.asarray(wide | ~np.isfinite(self.allowed))

    @property
    def vaguest(self) -> int:
        """The component whose bound is the widest, beside its scale."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            width = np.nan_to_num(self.allowed / self.scale, nan=np.inf, posinf=np.inf)
        return int(np.argmax(np.where(self.vague, width, -1.0)))

    def worst(self, among: np.ndarray) -> int:
        """Find the component that exceeds its bound by the largest factor, among some.

        Of those whose factor is beyond all numbers, the one with the largest error.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            excess = np.nan_to_num(self.error / self.allowed, nan=np.inf, posinf=np.inf)
        excess = np.where(among, excess, -1.0)
        largest = np.flatnonzero(excess == np.max(excess))
        return int(largest[np.argmax(np.nan_to_num(self.error[largest], nan=np.inf))])

    def chance(self, position: int) -> float | None:
        """Bound the probability that a right result is as far off; None where all is proved.

        1 where a method's own estimate is all that there is: it has no known probability.
        """
        if np.broadcast_to(self.ballot.estimated, self.error.shape)[position]:
            return 1.0
        error, allowed = float(self.error[position]), float(self.allowed[position])
        return self.agreed.doubt.chance(position, error, allowed)


def compare(ballot: Ballot, agreed: Consensus) -> Comparison:
    """Compare a result with what was agreed on."""
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(ballot.value - agreed.reference)
        return Comparison(ballot, agreed, error, ballot.bound + agreed.bound)


def disagreement(layout: Layout, point: str, found: Comparison) -> Disagreement | None:
    """Describe the worst component outside its bound; None if all are within.

    One that is known to be wrong comes before those that only an estimate is against.
    """
    outside = found.outside
    if not outside.any():
        return None
    known = outside & ~np.broadcast_to(found.ballot.estimated, outside.shape)
    proved = known & found.agreed.doubt.disproves(found.error, found.allowed)
    position = found.worst(next(where for where in (proved, known, outside) if where.any()))
    return Disagreement(
        point,
        layout.label(position),
        float(found.ballot.value[position]),
        float(found.agreed.reference[position]),
        float(found.allowed[position]),
        found.chance(position),
    )


def condemns(found: Disagreement) -> bool:
    """Tell whether a component outside its bound is wrong for sure, or nearly so."""
    return found.chance is None or found.chance <= SURE


def digits(found: Comparison, dtype: str) -> np.ndarray:
    """Count correct digits per component: −log₁₀ of its error relative to the largest component.

    At a stationary point, where every component is 0, errors are relative to the terms that
    cancel there (absolute, if there are none). Never more digits than the dtype has; 0 for what
    is not finite.
    """
    unit = float(np.finfo(dtype).eps) / 2
    with np.errstate(invalid="ignore", over="ignore"):
        error = found.error / found.scale
    error = np.where(np.isfinite(error), error, 1.0)
    return np.clip(-np.log10(np.maximum(error, unit)), 0.0, None)


def ulps(found: Comparison, dtype: str) -> float | None:
    """Return the largest error in units in the last place of the reference component.

    A component of 0 that a result misses does not count: it has no last place. None where no
    component is left, or an error is not finite.
    """
    reference = found.agreed.reference
    with np.errstate(all="ignore"):
        spacing = np.spacing(np.abs(reference).astype(dtype)).astype(np.float64)
        errors = found.error / spacing
    comparable = errors[(reference != 0) | (found.ballot.value == 0)]
    if not comparable.size or not np.all(np.isfinite(comparable)):
        return None
    return float(np.max(comparable))
