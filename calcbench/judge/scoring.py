"""Scores: how far a result is from what it is held against."""

from __future__ import annotations

import numpy as np

from calcbench.judge.vote import ROUNDINGS, Ballot, Consensus
from calcbench.operators.operator import Layout
from calcbench.record.record import Disagreement


def worst_component(ballot: Ballot, agreed: Consensus) -> tuple[int, float] | None:
    """The component furthest outside its bounds, and its bound; None if all are within."""
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


def unproven(ballot: Ballot, agreed: Consensus, dtype: str) -> int | None:
    """A component of an exact method that its bound lets pass although nothing is right in it.

    Where the bound is as large as the result itself, rounding may do anything, and being
    within the bound says nothing. Only an error of a few units is then worth a pass.
    """
    if not ballot.exact:
        return None
    unit = float(np.finfo(dtype).eps) / 2
    scale = float(np.max(np.abs(agreed.reference))) or agreed.scale
    error = np.abs(ballot.value - agreed.reference)
    empty = ~(ballot.bound < scale) & (error > ROUNDINGS * unit * scale)
    return int(np.flatnonzero(empty)[0]) if scale > 0 and empty.any() else None


def disagreement(
    layout: Layout, point: str, ballot: Ballot, agreed: Consensus
) -> Disagreement | None:
    """Compare one backend's result with the consensus."""
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
    """Correct digits per component: −log₁₀ of its error relative to the largest component.

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
    """The largest error in units in the last place of the reference component.

    None where that is nothing to speak of: a component of 0, or one that is not finite.
    """
    with np.errstate(all="ignore"):
        spacing = np.spacing(np.abs(agreed.reference).astype(dtype)).astype(np.float64)
        errors = np.abs(ballot.value - agreed.reference) / spacing
    told = errors[(agreed.reference != 0) | (ballot.value == 0)]
    return float(np.max(told)) if told.size and np.all(np.isfinite(told)) else None
