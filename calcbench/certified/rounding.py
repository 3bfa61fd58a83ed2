"""Rounding: how far it may carry an evaluation from the truth, proved and estimated.

Proved by radii: those of a sweep over rounded floats, each operation of which is off by as much as
it may be (`certified.rounded`), or of one over balls of the dtype's precision. Radii grow with
every operation in which a variable recurs, whether errors do or not: after twenty steps of the
logistic map they say that no digit is right where eleven are.

Estimated by simulated roundings, where radii leave less than `SHARP`. If roundings are independent,
of mean 0, and small enough to add up, an error is E = Σ aᵢδᵢ with |δᵢ| ≤ 1, and simulated ones are
Σ aᵢξᵢ with normal ξᵢ. Let S be the root mean square of `SWEEPS` of them. The tails of E are
P(|E| > t) ≤ 2·exp(−t²/2‖a‖²) (Hoeffding, J. Amer. Statist. Assoc. 58 (1963) 13-30), and 16·S²/‖a‖²
has the chi-square distribution of 16 degrees. Therefore P(|E| > 8r·S) ≤ 2·(1 + 4r²)⁻⁸, which is
5e-6 for r = 1.

Roundings of the same numbers are not independent: 0.1, added ten thousand times, is rounded the
same way for as long as the sum has the same exponent. So one sweep more has ξ = 1 throughout, and
the larger of the two is taken.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from calcbench.certified import budget
from calcbench.certified.array_sweep import SweptFloats, sweep_floats
from calcbench.certified.balls import Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.evaluation import NotCertified, TookTooLong
from calcbench.certified.reference import BITS, Reference, sweep
from calcbench.certified.rounded import AMPLIFIED, Draw, Rounded, rounded_arithmetic, scatter
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.entries import Product
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point

T = TypeVar("T")

ALLOWANCE = 8.0
"""The multiple of the rounding that an exact method may be off by: its order of operations is not
the one traced. Eight healthy backends at 1,943 points needed at most 1.1; see docs/verdicts.md."""

SWEEPS = 16
"""Sweeps with random roundings."""

SHARP = 2.0**13
"""Roundings are simulated where radii allow for more units of a number than this: an allowance that
leaves forty bits (twelve digits) in float64 hides no fault that anybody makes, ..."""

PROBES, GAIN = 2, 8.0
"""... and where two sweeps promise that it becomes smaller by this factor, in the median."""

PROPORTIONAL = 0.01
"""The part of Σ|terms| up to which simulated roundings are small enough to add up."""

SIMULATING_SECONDS = 2.0
"""What simulating may take, at `PER_OPERATION` and `PER_NUMBER` seconds, whatever the clock says: a
verdict is the same twice."""

PER_OPERATION, PER_NUMBER = 1e-5, 3e-8


@dataclass(frozen=True)
class Rounding:
    """How far rounding may carry an evaluation: vectors in the order of the operator's layout.

    An exact method may be off by `ALLOWANCE` times as much.
    """

    proved: np.ndarray
    estimated: np.ndarray
    """Infinite where nothing is estimated."""


def bound_rounding(
    point: Point,
    dtype: str = "float64",
    operator: Operator = GRADIENT,
    seconds: float = float("inf"),
    truth: Reference | None = None,
) -> Rounding:
    """Bound how far rounding in `dtype` may carry an evaluation, with slopes as in libraries.

    With the truth, it is estimated too, where that is worth it. Raises `NotCertified` where numbers
    of that precision do not decide a branch, and as `reference`.
    """
    found = _within(seconds, lambda: _sweep(point, dtype, operator))
    if found is None and len(operator.parts()) > 1:
        return _bound_parts(point, dtype, operator, seconds, truth)
    if found is None:
        proved = _radii_of_balls(point, dtype, operator, seconds)
        return Rounding(proved, np.full(len(proved), np.inf))
    proved, price = found.numbers.radii, found.price
    estimated = None
    if truth is not None and price * (SWEEPS + 1) <= _simulating_seconds(seconds):
        with contextlib.suppress(TookTooLong):
            estimated = _within(seconds, lambda: _simulate(point, dtype, operator, proved, truth))
    return Rounding(proved, np.full(len(proved), np.inf) if estimated is None else estimated)


def _bound_parts(
    point: Point, dtype: str, operator: Operator, seconds: float, truth: Reference | None
) -> Rounding:
    """Bound the parts of a joint operator: each may be off by as much as it may be alone."""
    names, found = iter(operator.layout(point).shapes), []
    for part in operator.parts():
        own = [next(names) for _ in part.layout(point).shapes]
        known = truth and replace(
            truth,
            values={name: truth.values[name] for name in own},
            magnitudes={name: truth.magnitudes[name] for name in own},
        )
        found.append(bound_rounding(point, dtype, part, seconds, known))
    return Rounding(
        np.concatenate([each.proved for each in found]),
        np.concatenate([each.estimated for each in found]),
    )


def _simulating_seconds(seconds: float) -> float:
    """Return what simulating may take: more, where somebody allows more for a sweep."""
    return max(SIMULATING_SECONDS, seconds / 4) if np.isfinite(seconds) else SIMULATING_SECONDS


def _within(seconds: float, function: Callable[[], T]) -> T:
    """Call a function that makes numbers; raise `TookTooLong` past the time or memory allowed."""
    try:
        with budget.limit(time.thread_time() + seconds):
            return function()
    except TooSlow:
        raise TookTooLong("it would take too long") from None


def unit_of(dtype: str) -> float:
    """Return the unit roundoff: how far a number may be from the nearest one, relatively."""
    return float(np.finfo(dtype).eps) / 2


# --- proved ---------------------------------------------------------------------------------------


class _Swept(NamedTuple):
    """An operator's result in rounded floats, as a flat vector."""

    numbers: Rounded
    price: float
    """In seconds, by the operations and numbers that it took."""


def _sweep(point: Point, dtype: str, operator: Operator, draw: Draw | None = None) -> _Swept | None:
    """Evaluate an operator by one sweep over rounded floats.

    None where a single sweep does not give it, and where it takes balls (`sweep_floats`).
    """
    terms = operator.terms(point)
    weighted = terms == (Product(1, transposed=True),)
    if any(term.order > 1 for term in terms) or (point.problem.vector_valued and not weighted):
        return None
    weights = point.seed_vector if weighted else np.ones(())
    floats = rounded_arithmetic(unit_of(dtype), draw)
    with floats as made, budget.passing(), np.errstate(all="ignore"):
        swept = sweep_floats(point, weights)
        if swept is None:
            return None
        numbers = swept.partials if weighted else _add_terms(swept, point, operator)
    return _Swept(numbers, PER_OPERATION * made.operations + PER_NUMBER * made.numbers)


def _add_terms(swept: SweptFloats, point: Point, operator: Operator) -> Rounded:
    """Add up an operator's terms, each its partials times weights."""
    places, numbers = [], []
    for term in operator.terms(point):
        entries = term.entries(point) if isinstance(term, Product) else term
        out, _, column = entries.places
        found = swept.partials[column] if entries.order else swept.value.reshape(1)[0 * column]
        weights = entries.weights(point.seed_vector)
        places.append(out)
        numbers.append(found if np.all(weights == 1) else found * weights)
    together: Any = np.concatenate(numbers)
    return scatter(together, np.concatenate(places), operator.layout(point).size)


def _radii_of_balls(point: Point, dtype: str, operator: Operator, seconds: float) -> np.ndarray:
    """Evaluate an operator in balls of the dtype's precision, one number after the other.

    A ball is exact where an operation happens to be; a method with another order of operations
    rounds there. So half a unit of Σ|terms| is added to its radius.
    """
    try:
        deadline = time.thread_time() + seconds
        near = sweep(point, operator, BITS[dtype], dtype, deadline, natural=True)
    except Undecided as error:
        raise NotCertified(f"too near a tie to judge: {error}") from error
    radius, terms = flatten(near.radius.values()), flatten(near.magnitudes.values())
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(radius + unit_of(dtype) * terms)


# --- estimated ------------------------------------------------------------------------------------


def _simulate(
    point: Point, dtype: str, operator: Operator, proved: np.ndarray, truth: Reference
) -> np.ndarray | None:
    """Estimate by simulated roundings; None where radii are sharp, or would be no less."""
    value, terms = flatten(truth.value.values()), flatten(truth.magnitudes.values())
    wide = ~(ALLOWANCE * proved <= SHARP * unit_of(dtype) * np.abs(value))
    if not wide.any():
        return None

    def error(draw: Draw) -> np.ndarray:
        found = _sweep(point, dtype, operator, draw)
        if found is None:
            return np.full(len(value), np.nan)
        return np.asarray(np.abs(found.numbers.mid - value) / AMPLIFIED)

    def random_error(seed: int) -> np.ndarray:
        return error(np.random.default_rng(seed).standard_normal)

    def pays(*errors: np.ndarray) -> bool:
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = np.nan_to_num(proved / np.max(errors, axis=0), nan=1.0, posinf=1e99)
        return bool(np.median(gain[wide]) >= GAIN)

    alike = error(lambda shape: 1.0)
    if not pays(alike):  # nor would it with more, for the largest counts
        return None
    random = [random_error(seed) for seed in range(PROBES)]
    if not pays(alike, *random):
        return None
    random += [random_error(seed) for seed in range(PROBES, SWEEPS)]
    with np.errstate(over="ignore"):
        found = np.maximum(np.sqrt(np.mean(np.square(random), axis=0)), alike)
    return np.where(ALLOWANCE * found <= PROPORTIONAL * terms, found, np.inf)


def chance_of_error(excess: float) -> float:
    """Bound the probability that a right result is `excess` times as far off as is estimated."""
    return float(2 * (1 + 4 * excess**2) ** (-SWEEPS / 2))
