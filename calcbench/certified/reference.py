"""The reference: an operator's true result to 30 digits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import arb

from calcbench.certified import balls, budget
from calcbench.certified.balls import Undecided
from calcbench.certified.budget import TooSlow
from calcbench.certified.evaluation import (
    NotCertified,
    NotFiniteHere,
    NotSmoothHere,
    SweepResult,
    TookTooLong,
    UndecidedHere,
)
from calcbench.certified.first_order import first_order
from calcbench.certified.natural import natural_formulas
from calcbench.certified.second_order import second_order
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.entries import Term
from calcbench.problem.flat import unflatten
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays

__all__ = [
    "NotCertified",
    "NotFiniteHere",
    "NotSmoothHere",
    "Reference",
    "UndecidedHere",
    "reference",
]

PRECISIONS = (128, 256, 512, 1024, 2048)
"""Bits of precision, tried in turn until every component is known well enough."""

TARGET = 1e-30
"""Relative radius at which the reference is good enough."""

CERTAINLY_ENOUGH = 102
"""Correct bits with which a number is surely known to `TARGET`."""

BITS = {"float64": 53, "float32": 24}
"""Dtype → the bits of its significand."""


@dataclass(frozen=True)
class Reference:
    """An operator's result with proof: every number lies within its radius of its midpoint.

    Arrays go by the names, and have the shapes, of the operator's layout.
    """

    problem: str
    operator: str
    """Its selector."""
    cost: arb | None
    """The cost; None for a vector-valued problem."""
    values: dict[str, np.ndarray]
    """Name → object array of balls (`flint.arb`)."""
    bits: int
    """The working precision that was needed."""
    labels: Callable[[int], str]
    """Position in the flat vector of all numbers → `∂C/∂w[3]`."""
    magnitudes: Arrays = field(default_factory=dict)
    """Name → Σ |terms| that each number is the sum of: what may cancel in it."""
    rough: Arrays = field(default_factory=dict)
    """Name → for each number, whether it is no derivative: one-sided ones differ."""
    open: Arrays = field(default_factory=dict)
    """Name → for each number, whether it is not certified, though the others are."""
    beside: Arrays = field(default_factory=dict)
    """Name → for each number, whether it is certified by its limits beside the point."""
    reasons: dict[str, np.ndarray] = field(default_factory=dict)
    """Name → for each number that is open or a limit, why: `0·∞ in the chain rule at sqrt`."""
    range_fault: str = ""
    """A result, or an intermediate one, that the dtype cannot hold, if there was one."""
    holds_cost: bool = False
    """Whether the cost is among the values."""
    letter: str = "C"
    """What the problem's formula calls the cost."""

    @property
    def value(self) -> Arrays:
        """The nearest float64 to every midpoint: name → array."""
        return {name: _floats(array) for name, array in self.values.items()}

    @property
    def radius(self) -> Arrays:
        """How far the truth may be from the midpoint: name → array."""
        return {name: _radii(array) for name, array in self.values.items()}

    @property
    def digits(self) -> float:
        """Certified digits of the worst number."""
        numbers = _certain(self)
        fewest = min((ball.rel_accuracy_bits() for ball in numbers), default=0)
        # Bits are whole numbers: so the worst is among those that have hardly more.
        near = (ball for ball in numbers if ball.rel_accuracy_bits() <= fewest + 2)
        worst = max(map(_relative, near), default=0)
        return float("inf") if worst == 0 else -float(np.log10(worst))

    def __str__(self) -> str:
        """Write the cost, if there is one, and every number with its label, to 30 digits."""
        numbers = [ball for array in self.values.values() for ball in array.flat]
        rough = [flag for array in self.rough.values() for flag in array.flat]
        unknown = [flag for array in self.open.values() for flag in array.flat]
        reasons = [reason for array in self.reasons.values() for reason in array.flat]
        lines = []
        if self.cost is not None and not self.holds_cost:
            lines.append(f"{self.letter} = {self.cost.str(30)}")
        for k, ball in enumerate(numbers):
            text = ball.str(30)
            if rough and rough[k]:
                text = "no derivative here (one-sided derivatives differ, as far as can be told)"
            elif unknown and unknown[k]:
                text = f"not certified: {reasons[k]}"
            lines.append(f"{self.labels(k)} = {text}")
        return "\n".join(lines)

    __repr__ = __str__


def reference(
    point: Point,
    operator: Operator = GRADIENT,
    seconds: float = float("inf"),
    dtype: str = "float64",
) -> Reference:
    """Certify the result of an operator at a point, to 30 digits where it can be.

    The numbers at the point, and its direction or cotangent, are taken to be exactly the floats
    that they are; the result says what is beyond the range of `dtype`. Raises `NotCertified` where
    the cost leaves the vocabulary or takes longer than `seconds` of processor time,
    `NotFiniteHere` where it is not a number, `UndecidedHere` where no precision decides a branch,
    `ProblemError` where it is not what the problem says, or a declared structure is wrong.
    """
    found, reason = None, ""
    deadline = time.thread_time() + seconds
    for bits in PRECISIONS:
        try:
            found = sweep(point, operator, bits, dtype, deadline)
        except Undecided as error:
            reason = f"a comparison is not decided at {bits} bits: {error}"
            continue
        if _precise_enough(found):
            break
    if found is None:
        raise UndecidedHere(reason)
    if found.cost is not None and not found.cost.is_finite():
        # Finite partials do not make it one: log(x) is none below 0, where the rule gives 1/x.
        raise NotFiniteHere(f"the cost is not a finite number{_missing_data(point)}")
    return found


def _missing_data(point: Point) -> str:
    """Say which data hold what is no finite number: the cost may have forgotten to mask it."""
    floats = {n: point[n] for n in point.problem.data if point[n].dtype.kind == "f"}
    holding = [
        f"{kind} in {name!r}"
        for name, array in floats.items()
        for kind, found in (("NaN", np.isnan(array)), ("infinity", np.isinf(array)))
        if found.any()
    ]
    return f" (there is {' and '.join(holding)})" if holding else ""


def sweep(
    point: Point,
    operator: Operator,
    bits: int,
    dtype: str = "float64",
    deadline: float = float("inf"),
    natural: bool = False,
) -> Reference:
    """Evaluate the cost once at `bits` bits, with the reverse sweeps that the operator needs.

    `natural` takes derivatives by the formulas of libraries, which lose more in rounding.
    Raises `Undecided` where these bits do not decide a branch, and as `reference`.
    """
    layout, terms = operator.layout(point), operator.terms(point)
    limited = budget.limit(deadline)
    with balls.precision(bits), natural_formulas(natural), limited:
        try:
            found = _evaluate_terms(point, terms, layout.size, dtype, deadline)
        except TooSlow:
            raise TookTooLong("it would take too long") from None
        values = np.empty(len(found.values), dtype=object)
        values[:] = found.values
        pieces = [
            unflatten(flat, layout.shapes)
            for flat in (
                values,
                found.magnitudes,
                found.rough,
                found.open,
                found.beside,
                found.reasons,
            )
        ]
        return Reference(
            point.problem.name,
            operator.selector,
            found.cost,
            pieces[0],
            bits,
            layout.label,
            pieces[1],
            pieces[2],
            pieces[3],
            pieces[4],
            pieces[5],
            found.range_fault or _result_fault(found, dtype),
            any(term.order == 0 for term in terms),
            point.problem.letter,
        )


def _evaluate_terms(
    point: Point, terms: tuple[Term, ...], size: int, dtype: str, deadline: float
) -> SweepResult:
    """Add up the terms of order 0 and 1, by plain sweeps, and those of order 2, by jets."""
    low = tuple(term for term in terms if term.order < 2)
    high = tuple(term for term in terms if term.order == 2)
    if not high:
        return first_order(point, low, size, dtype, deadline)
    found = second_order(point, high, size, dtype, deadline)
    if not low:
        return found
    other = first_order(point, low, size, dtype, deadline)
    return found._replace(
        values=[one + two for one, two in zip(found.values, other.values, strict=True)],
        magnitudes=found.magnitudes + other.magnitudes,
        rough=found.rough | other.rough,
        open=found.open | other.open,
        beside=found.beside | other.beside,
        reasons=np.where(found.reasons == "", other.reasons, found.reasons),
        range_fault=found.range_fault or other.range_fault,
    )


def _result_fault(found: SweepResult, dtype: str) -> str:
    """Name the first number of the result itself that overflows in the dtype, if any."""
    largest = float(np.finfo(dtype).max)
    values: Any = np.asarray(found.values, dtype=object)
    for ball in values[~(np.abs(values.astype(np.float64)) < largest / 2)]:
        if abs(ball) > largest:
            return f"a result is {ball.str(3, radius=False) if ball.is_finite() else 'infinite'}"
    return ""


def _precise_enough(found: Reference) -> bool:
    """Tell whether every number is known to `TARGET`, or is negligible beside the largest.

    More bits do not help those that have no derivative, or no certificate.
    """
    numbers = _certain(found)
    vague = [ball for ball in numbers if ball.rel_accuracy_bits() < CERTAINLY_ENOUGH]
    if not vague:
        return True
    largest = max((float(abs(ball.mid())) for ball in numbers), default=0.0)
    return all(
        _relative(ball) <= TARGET or float(ball.abs_upper()) <= TARGET * TARGET * largest
        for ball in vague
    )


def _certain(found: Reference) -> list[arb]:
    """Return the numbers that there is something to know of."""
    return [
        ball
        for name, array in found.values.items()
        for ball, rough, unknown in zip(
            array.flat, found.rough[name].flat, found.open[name].flat, strict=True
        )
        if not (rough or unknown)
    ]


def _relative(ball: arb) -> float:
    """Return radius / |midpoint|: 0 for an exact ball, infinite where the midpoint is 0."""
    if ball.is_exact():
        return 0.0
    if ball.mid() == 0 or not ball.is_finite():
        return float("inf")
    return float(ball.rad() / abs(ball.mid()))


def _floats(array: np.ndarray) -> np.ndarray:
    return np.array([float(b.mid()) for b in array.flat], dtype=np.float64).reshape(array.shape)


def _radii(array: np.ndarray) -> np.ndarray:
    return np.array([float(b.rad()) for b in array.flat], dtype=np.float64).reshape(array.shape)
