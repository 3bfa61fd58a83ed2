"""Agreement: a result against what it should be, and a vote where nothing better is known.

`judge` holds results against certificates; this module scores them. Where there is no
certificate there is no favourite either: at each point the backends vote. Two agree when every
component differs by no more than their two error bounds allow, the largest camp of mutually
supporting exact backends is the consensus, and its componentwise median is the reference.

The bounds of a vote are computed too. An exact method may be off by rounding, and how much
rounding matters at a point is measured there: the inputs are perturbed by a known relative amount,
and what the result makes of that is its sensitivity κ. A backward stable evaluation lies within
a modest multiple of u·(|g| + κ) of the truth (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., section 1.6). An approximate method adds the bound that it states itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from calcbench.interfaces.problem import Arrays
from calcbench.operators.operator import Layout
from calcbench.record import Disagreement

ROUNDINGS = 64.0
"""The modest multiple: roundings allowed to one evaluation, in units of u·(|g| + κ)."""

PERTURBATION = 2.0**-20
"""Relative change of the inputs by which sensitivity is measured: far above rounding, far
below curvature."""

DRAWS = 2


@dataclass(frozen=True)
class Ballot:
    """One backend's result at one point, as a vector over all components."""

    value: np.ndarray
    bound: np.ndarray
    """Absolute, per component: how far an honest evaluation may be from the truth."""
    exact: bool


@dataclass(frozen=True)
class Consensus:
    """What a result is held against at one point: the truth, or what the backends agree on."""

    reference: np.ndarray
    bound: np.ndarray
    """How far the reference itself may be from the truth, per component."""
    scale: float = 1.0
    """What errors are relative to where every component is 0: the size of what cancels."""
    tied: bool = False
    """Whether another camp is as large, so that nobody can be called wrong."""
    range_fault: str = ""
    """An intermediate result that is beyond the floats of the dtype."""


def flatten(result: Mapping[str, np.ndarray]) -> np.ndarray:
    """A result as one float64 vector, its arrays end to end."""
    return np.concatenate([np.asarray(a, dtype=np.float64).ravel() for a in result.values()])


def sensitivity(run: Callable[[Arrays], np.ndarray], inputs: Arrays, seed: int) -> np.ndarray:
    """κ per component: the change of the result per relative change of its inputs.

    `run` gives the result as a vector. One float input after the other, data included, is
    multiplied by 1 + δ·e with e random in ±[½, 1]. What comes out for an array of N numbers is
    near the 2-norm of its elements' effects; √N times that bounds their sum, which is how they
    would add up if all roundings conspired.
    """
    rng = np.random.default_rng([seed, 2])
    here = run(inputs)
    total = np.zeros_like(here)
    for name, array in inputs.items():
        if array.dtype.kind != "f":
            continue
        largest = np.zeros_like(here)
        for _ in range(DRAWS):
            change = run({**inputs, name: _perturb(array, rng)}) - here
            largest = np.maximum(largest, np.abs(change) / PERTURBATION)
        total += np.sqrt(array.size) * largest
    return total


def rounding_bound(
    result: np.ndarray, sensitivity: np.ndarray | float, dtype: str, terms: int
) -> np.ndarray:
    """How far rounding may carry an exact method, per component.

    Adding up `terms` numbers errs by about √terms roundings (Higham & Mary, SIAM J. Sci.
    Comput. 41 (2019) A2815-A2835).
    """
    unit = float(np.finfo(dtype).eps) / 2
    magnitude = np.abs(result) + sensitivity
    # Infinity must not earn itself an infinite allowance.
    magnitude = np.where(np.isfinite(magnitude), magnitude, 0.0)
    return (ROUNDINGS + np.sqrt(terms)) * unit * magnitude


def consensus(ballots: Mapping[int, Ballot], witnesses: Collection[int] = ()) -> Consensus:
    """Find the largest camp of backends that agree, and what they agree on.

    Between camps of the same size, one that an exact witness belongs to carries the day.
    """
    candidates = [name for name, ballot in ballots.items() if ballot.exact] or list(ballots)
    camps = {
        name: tuple(other for other in ballots if _agree(ballots[name], ballots[other]))
        for name in candidates
    }

    believed = {name for name in witnesses if name in ballots and ballots[name].exact}

    def weight(name: int) -> tuple[int, bool]:
        return len(camps[name]), not believed.isdisjoint(camps[name])

    best = max(candidates, key=weight)
    camp = camps[best]
    tied = any(weight(name) >= weight(best) for name in candidates if name not in camp)
    members = [ballots[name] for name in camp if name in candidates]
    if not ballots[best].exact:
        members = [min(members, key=lambda ballot: float(np.sum(ballot.bound)))]
    reference = np.median([member.value for member in members], axis=0)
    bound = np.max([member.bound for member in members], axis=0)
    unit = float(np.finfo(np.float64).eps) / 2
    scale = float(np.max(bound)) / (ROUNDINGS * unit) or 1.0
    return Consensus(reference, bound, scale, tied)


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


def unflatten(vector: np.ndarray, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """A vector over all components as arrays by name."""
    named, start = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        named[name] = vector[start : start + size].reshape(shape)
        start += size
    return named


def _agree(one: Ballot, other: Ballot) -> bool:
    if one is other:
        return True
    finite = np.isfinite(one.value) & np.isfinite(other.value)
    same = np.array_equal(one.value[~finite], other.value[~finite], equal_nan=True)
    error = np.abs(one.value[finite] - other.value[finite])
    return same and bool(np.all(error <= one.bound[finite] + other.bound[finite]))


def _perturb(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    signs = rng.choice((-1.0, 1.0), array.shape)
    return np.asarray(array * (1.0 + PERTURBATION * signs * rng.uniform(0.5, 1.0, array.shape)))
