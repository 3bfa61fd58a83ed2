"""Certificate: an operator's true result at a point, and how far rounding may carry a method."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calcbench.certified import budget
from calcbench.certified.evaluation import TookTooLong
from calcbench.certified.formulas import evaluate_formula
from calcbench.certified.one_sided import EDGE
from calcbench.certified.reference import BITS, NotCertified, Reference, reference
from calcbench.certified.rounding import ALLOWANCE, Rounding, bound_rounding
from calcbench.operators import GRADIENT, Operator, matrix_operator
from calcbench.operators.entries import Entries
from calcbench.problem.flat import flatten, unflatten
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays
from calcbench.problem.rows import NOT_FOUND, sought
from calcbench.problem.sampling import thin

SECONDS = 2.0
"""The longest that one sweep of a certificate may take, of the processor's time."""

FULL_SECONDS = 3.0
"""The longest that certifying one point may take by an estimate, for all of its rows to be."""

FREE_ROWS = 1024
"""Rows up to which a point is certified without estimating first how long that takes, ..."""

FREE_NUMBERS = 20_000
"""... if they hold no more numbers than this."""

TRIAL_ROWS = (16, 256)
"""Rows from which the time for all of them is estimated: what each costs, and what all share."""

LONG_TRIAL = 0.25
"""Seconds after which a trial says enough, and no longer one is made."""

SAMPLED_ROWS = 1024
"""Rows to certify, if there is time, and to measure sensitivity on, where there are too many."""


@dataclass(frozen=True)
class Certificate:
    """What is proved of an operator's result at one point, as vectors in its layout's order."""

    value: np.ndarray
    """The float64 nearest to the truth."""
    bound: np.ndarray
    """Absolute: how far from the truth an exact method in this dtype may land, by the smaller of
    what is proved and what is estimated."""
    proved: np.ndarray
    """The part of that question that has a proof for an answer: at least `bound`."""
    magnitude: np.ndarray
    """Σ |terms| that each number is the sum of: what errors are relative to where one is 0."""
    rough: np.ndarray
    """For each number, whether it is no derivative here: one-sided ones differ."""
    open: np.ndarray
    """For each number, whether it is not certified here, though the others are: its value and bound
    mean nothing."""
    beside: np.ndarray
    """For each number, whether it is certified by its limits from both sides, because a comparison
    ties or the chain rule gives 0·∞."""
    reasons: np.ndarray
    """For each number that is open or beside, why, such as `0·∞ in the chain rule at sqrt`."""
    digits: float
    """Certified digits of the reference itself."""
    range_fault: str
    """A result or intermediate result beyond the range of the dtype, if there was one."""
    truth: Reference
    point: Point
    """Where this is proved, with the numbers as the dtype holds them."""
    operator: Operator = GRADIENT
    flushed: float = 0.0
    """The part of every bound that is there because small numbers may be flushed to zero."""

    @property
    def judged(self) -> np.ndarray:
        """For each number, whether it is certified, so that a result can be held against it."""
        certain: np.ndarray = ~(self.rough | self.open)
        return certain

    @property
    def at_edge(self) -> bool:
        """Whether a number is a limit from one side alone, at the edge of the cost's domain."""
        return any(reason.endswith(EDGE) for reason in self.reasons[self.beside])

    @property
    def open_reason(self) -> str:
        """Why numbers are open; empty where none is."""
        return "; ".join(dict.fromkeys(self.reasons[self.open].tolist()))


def smallest_normal(dtype: str) -> float:
    """Return the number below which some processors and libraries flush to zero."""
    return float(np.finfo(dtype).smallest_normal)


def affordable(point: Point, seconds: float) -> bool:
    """Tell whether certifying the gradient at a point, with all its rows, takes less than that."""
    if _why_too_slow(point, GRADIENT):
        return False
    return is_free(point) or _affords(seconds, *_price(point, GRADIENT), point.row_count)


def affordable_rows(point: Point, operator: Operator = GRADIENT) -> int:
    """Return how many rows to certify, by trials on a few: all, or a sample of `SAMPLED_ROWS`.

    All of them, if that takes less than `FULL_SECONDS`.
    """
    count = point.row_count
    if is_free(point):
        return count
    shared, each = _price(point, operator)
    if _affords(FULL_SECONDS, shared, each, count):
        return count
    afforded = (SECONDS / 2 - shared[0]) / each[0]
    return min(count, SAMPLED_ROWS, max(TRIAL_ROWS[0], int(afforded)))


def is_free(point: Point) -> bool:
    """Tell whether a point has no rows, or so few that nobody asks first how long they take."""
    count = point.row_count
    return not count or (count <= FREE_ROWS and _numbers(point) <= FREE_NUMBERS)


def _affords(seconds: float, shared: np.ndarray, each: np.ndarray, count: int) -> bool:
    """Tell whether a price (`_price`) of so many rows is below that, and within memory."""
    return bool(np.all(shared + each * count <= (seconds, budget.LARGEST)))


def _price(point: Point, operator: Operator) -> tuple[np.ndarray, np.ndarray]:
    """Estimate what a certificate takes: for all rows together, and for each. As `_try`."""
    few, more = (thin(point, rows) for rows in TRIAL_ROWS)
    small = _try_twice(few, operator)
    if small[0] > LONG_TRIAL or more.row_count == few.row_count:
        return np.zeros(2), small / few.row_count
    large = _try_twice(more, operator)
    each = np.maximum(large - small, 1e-9) / (more.row_count - few.row_count)
    return np.maximum(large - each * more.row_count, 0.0), each


def _try_twice(trial: Point, operator: Operator) -> np.ndarray:
    """Take the lesser of two trials; one of them may do what is done once, or collect garbage."""
    first = _try(trial, operator)
    return first if first[0] > LONG_TRIAL else np.minimum(first, _try(trial, operator))


def _try(trial: Point, operator: Operator) -> np.ndarray:
    """Measure what certifying a few rows takes, whatever comes of it: seconds, and bytes."""
    started = time.thread_time()
    with budget.measure() as taken, contextlib.suppress(NotCertified):
        certify(trial, "float64", operator)
    return np.array([time.thread_time() - started, max(taken, default=0)])


def _numbers(point: Point) -> int:
    return sum(array.size for array in point.values.values())


def _why_too_slow(point: Point, operator: Operator) -> str:
    """Say why certifying is not begun: too many numbers, or it was too slow before; "" if it is."""
    numbers = _numbers(point)
    if numbers > budget.LARGEST_INPUTS:
        return f"it would take too long for {numbers:,} numbers{_remedy(point)}"
    if budget.refused(point, operator.selector):
        return f"it would take too long{_remedy(point)}"
    return ""


def _remedy(point: Point) -> str:
    """Say what to declare where certifying takes too long."""
    if point.row_count:
        return ""
    if sought(point.problem, point.values):
        return f" ({NOT_FOUND}; compare less data)"
    return " (compare it at a smaller size, or with less data)"


def certify(
    point: Point,
    dtype: str,
    operator: Operator = GRADIENT,
    limited: bool = True,
    seconds: float | None = None,
) -> Certificate:
    """Certify an operator at exactly these numbers, for evaluations in `dtype`.

    Raises `NotCertified` with the reason where that cannot be done, or not within `seconds` a
    sweep (`SECONDS` without them), unless it is not `limited`.
    """
    allowed_seconds = (seconds or SECONDS) if limited else float("inf")
    truth, rounding = _sweeps(point, dtype, operator, allowed_seconds)
    value, magnitude, rough, unknown, beside, reasons = (
        flatten(part.values())
        for part in (
            truth.value,
            truth.magnitudes,
            truth.rough,
            truth.open,
            truth.beside,
            truth.reasons,
        )
    )

    def allow(spread: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", over="ignore"):
            # What is not judged widens no entry across the diagonal.
            own = np.where(rough | unknown, 0.0, spread)
            allowed = ALLOWANCE * _symmetric_spread(point, operator, own) + smallest_normal(dtype)
        return np.where(np.isnan(allowed), np.inf, allowed)  # no bound

    proved = allow(rounding.proved)
    bound = np.minimum(proved, allow(rounding.estimated))
    fault = truth.range_fault or _flushing_fault(truth, point, dtype, operator, bound)
    return Certificate(
        value,
        bound,
        proved,
        magnitude,
        rough,
        unknown,
        beside,
        reasons,
        truth.digits,
        fault,
        truth,
        point,
        operator,
        smallest_normal(dtype),
    )


def _flushing_fault(
    truth: Reference, point: Point, dtype: str, operator: Operator, bound: np.ndarray
) -> str:
    """Name an input that may be flushed to zero, where that is more than rounding does."""
    small = [
        float(number)
        for array in (*point.values.values(), *point.seed.values())
        if array.dtype.kind == "f"
        for number in array[(array != 0) & (np.abs(array) < smallest_normal(dtype))]
    ]
    if not small:
        return ""
    said = f"an input is {small[0]:.3g}"
    try:
        there = reference(_flush(point, dtype), operator, SECONDS)
    except NotCertified:
        return said
    judged = ~flatten(there.rough.values()) & ~flatten(there.open.values())
    change = np.abs(flatten(there.value.values()) - flatten(truth.value.values()))
    return "" if np.all(judged & (change <= bound)) else said


def _flush(point: Point, dtype: str) -> Point:
    """Replace what is below the smallest normal number by 0, in all inputs."""

    def flush(array: np.ndarray) -> np.ndarray:
        if array.dtype.kind != "f":
            return array
        return np.where(np.abs(array) < smallest_normal(dtype), 0.0, array).astype(array.dtype)

    flushed = point.with_values({name: flush(array) for name, array in point.values.items()})
    return flushed.with_seed({name: flush(array) for name, array in point.seed.items()})


def _sweeps(
    point: Point, dtype: str, operator: Operator, seconds: float
) -> tuple[Reference, Rounding]:
    """Compute the reference, and what rounding may do.

    Where one takes too long, that is kept in mind: nothing is begun at the other points.
    """
    reason = _why_too_slow(point, operator)
    if np.isfinite(seconds) and reason:
        raise NotCertified(reason)
    try:
        point.problem.get_ready(point.values)
        truth = reference(point, operator, seconds, dtype)
        return truth, bound_rounding(point, dtype, operator, seconds, truth)
    except TookTooLong:
        budget.refuse(point, operator.selector)
        raise TookTooLong(_why_too_slow(point, operator)) from None


def _symmetric_spread(point: Point, operator: Operator, spread: np.ndarray) -> np.ndarray:
    """Widen the spread of a second partial (i, j) to that of (j, i), if that is larger.

    The two partials are equal, and a method may compute either for both.
    """
    spread = spread.copy()
    for term in operator.terms(point):
        if term.order < 2 or not isinstance(term, Entries) or not term.picks:
            continue
        out, row, column = (part.tolist() for part in term.places)
        place = {entry: k for k, entry in zip(out, zip(row, column, strict=True), strict=True)}
        across = [place.get((j, i), k) for k, i, j in zip(out, row, column, strict=True)]
        spread[out] = np.maximum(spread[out], spread[across])
    return spread


def formula_error(certificate: Certificate) -> np.ndarray:
    """Compute the error of the hand-derived formula without rounding.

    A vector in the order of the operator's layout. Evaluated in balls as precise as the
    reference's, the formula and the truth differ by what is wrong with the formula and by nothing
    else; the error is 0 where they cannot be told apart. Raises `NotCertified` for an operator that
    no hand-derived formula gives, and where the formula takes too long.
    """
    truth = certificate.truth
    exact = evaluate_formula(certificate.point, truth.bits, certificate.operator, seconds=SECONDS)
    differences = flatten(exact.values(), object) - flatten(truth.values.values(), object)
    return np.array([0.0 if ball.contains(0) else float(ball.mid()) for ball in differences])


def formula_allowance(certificate: Certificate) -> np.ndarray:
    """Bound the error that rounded constants in the hand-derived formula, such as 1/3, may make.

    They are allowed as much as the rounding of the formula's own operations in float64, but for the
    additions in sums, of which there may be thousands. As `formula_error`.
    """
    bits = BITS["float64"]
    operator = certificate.operator
    near = evaluate_formula(certificate.point, bits, operator, seconds=SECONDS, rounded=True)
    unit = float(np.finfo(np.float64).eps) / 2
    balls = flatten(near.values(), object)
    return np.array([ALLOWANCE * (float(b.rad()) + unit * abs(float(b.mid()))) for b in balls])


def cost_noise(point: Point, dtype: str) -> float:
    """Bound how far rounding may carry one evaluation of the cost in `dtype`, near a point.

    Where a factor is 0 nothing is rounded, but something is a step away. So the parameters are
    moved a little, to numbers that use all their bits.
    """
    near = bound_rounding(_move_aside(point), dtype, matrix_operator(point, 0), SECONDS)
    return ALLOWANCE * float(near.proved[0])


def gradient_noise(
    point: Point, dtype: str, operator: Operator = GRADIENT, below: Sequence[int] = ()
) -> Arrays:
    """Bound how far rounding may carry one evaluation of the gradient in `dtype`, near a point.

    Or of a pullback or pushforward: an array for each of the operator's result. At parameters moved
    a little, as `cost_noise`: upwards, but for those at the positions `below`.
    """
    near = bound_rounding(_move_aside(point, below), dtype, operator, SECONDS)
    return unflatten(ALLOWANCE * near.proved, operator.layout(point).shapes)


def _move_aside(point: Point, below: Sequence[int] = ()) -> Point:
    """Move the parameters up a little, or down, to numbers that use all their bits."""
    x, signs = point.vector, np.ones(point.size)
    signs[list(below)] = -1.0
    moved = x + signs * (np.abs(x) * 2.0**-20 + 2.0**-30) / 3
    return point.with_values(unflatten(moved, point.shapes))
