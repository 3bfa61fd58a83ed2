"""Scores: how far a result is from the reference, in bounds, digits and units in the last place."""

from __future__ import annotations

import numpy as np

from calcbench.judge.sensitivity import ROUNDINGS
from calcbench.judge.vote import Ballot, Consensus
from calcbench.operators.operator import Layout
from calcbench.record.record import Disagreement


def worst_component(ballot: Ballot, agreed: Consensus) -> tuple[int, float] | None:
    """Return the component furthest outside its bounds, and its bound; None if all are within."""
    allowed = ballot.bound + agreed.bound
    with np.errstate(invalid="ignore"):
        error = np.abs(ballot.value - agreed.reference)
    # Not "error > allowed": a NaN must fail, whichever side it is on. Nor may infinity pass by
    # earning itself an infinite allowance.
    wrong = ~(error <= allowed) | ~np.isfinite(error)
    if not wrong.any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(wrong, np.nan_to_num(error / allowed, nan=np.inf, posinf=np.inf), -1.0)
    position = int(np.argmax(excess))
    return position, float(allowed[position])


def vacuous_component(ballot: Ballot, agreed: Consensus, dtype: str) -> int | None:
    """Find a component of an exact method whose bound would let any number pass; None if none.

    Where the bound is as large as the whole result, rounding may do anything, and being within the
    bound says nothing. Such a component passes only if its error is a few roundings all the same.
    """
    if not ballot.exact:
        return None
    unit = float(np.finfo(dtype).eps) / 2
    scale = float(np.max(np.abs(agreed.reference))) or agreed.scale
    error = np.abs(ballot.value - agreed.reference)
    # Not "bound >= scale": a NaN bounds nothing either.
    vacuous = ~(ballot.bound < scale) & (error > ROUNDINGS * unit * scale)
    return int(np.flatnonzero(vacuous)[0]) if scale > 0 and vacuous.any() else None


def disagreement(
    layout: Layout, point: str, ballot: Ballot, agreed: Consensus
) -> Disagreement | None:
    """Compare a result with the consensus: the worst disagreement, or None within the bounds."""
    found = worst_component(ballot, agreed)
    if found is None:
        return None
    position, bound = found
    return Disagreement(
        point,
        layout.label(position),
        float(ballot.value[position]),
        float(agreed.reference[position]),
        bound,
    )


def digits(ballot: Ballot, agreed: Consensus, dtype: str) -> np.ndarray:
    """Count correct digits per component: −log₁₀ of its error relative to the largest component.

    At a stationary point, where every component is 0, errors are relative to the terms that
    cancel there (absolute, if there are none). Never more digits than the dtype has; 0 for what
    is not finite.
    """
    unit = float(np.finfo(dtype).eps) / 2
    scale = float(np.max(np.abs(agreed.reference))) or agreed.scale or 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(ballot.value - agreed.reference) / scale
    error = np.where(np.isfinite(error), error, 1.0)
    return np.clip(-np.log10(np.maximum(error, unit)), 0.0, None)


def ulps(ballot: Ballot, agreed: Consensus, dtype: str) -> float | None:
    """Return the largest error in units in the last place of the reference component.

    A component of 0 that a result misses does not count: it has no last place. None where no
    component is left, or an error is not finite.
    """
    with np.errstate(all="ignore"):
        spacing = np.spacing(np.abs(agreed.reference).astype(dtype)).astype(np.float64)
        errors = np.abs(ballot.value - agreed.reference) / spacing
    comparable = errors[(agreed.reference != 0) | (ballot.value == 0)]
    if not comparable.size or not np.all(np.isfinite(comparable)):
        return None
    return float(np.max(comparable))
