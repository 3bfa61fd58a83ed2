"""The reference gradient, and how far rounding may carry an honest evaluation from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from flint import arb

from calcbench.certified import balls
from calcbench.certified.balls import Ball, NotFinite, Tape, TooSlow, Undecided
from calcbench.certified.vocabulary import namespace
from calcbench.errors import ProblemError, Unsupported, first_line
from calcbench.interfaces.problem import Arrays, Problem

PRECISIONS = (128, 256, 512, 1024, 2048)
"""Bits, tried in turn until every component is known well enough."""

TARGET = 1e-30
"""Relative radius at which the reference is good enough."""

BITS = {"float64": 53, "float32": 24}


class NotCertified(Unsupported):
    """There is no certified gradient here; the message is the reason."""


class NotSmoothHere(NotCertified):
    """There may be no derivative at this point: a branch that no precision decides."""


class NotFiniteHere(NotCertified):
    """The cost is not a number at this point."""


@dataclass(frozen=True)
class Reference:
    """A gradient with proof: every partial lies within its radius of its midpoint."""

    problem: str
    cost: arb
    partials: dict[str, np.ndarray]
    """Parameter name → object array of balls (`flint.arb`)."""
    bits: int
    """The working precision that was needed."""
    magnitudes: dict[str, np.ndarray] = field(default_factory=dict)
    """Parameter name → Σ |terms| that each partial is the sum of: what may cancel in it."""
    rough: dict[str, np.ndarray] = field(default_factory=dict)
    """Parameter name → whether each partial has no derivative here, because of a tie."""
    cost_magnitude: float = 0.0
    """Σ |∂C/∂v · v| over all intermediate results v: u times it is the rounding of the cost."""
    range_fault: str = ""
    """An intermediate result that the dtype cannot hold, if there was one."""

    @property
    def gradient(self) -> Arrays:
        """The nearest float64 to every midpoint: parameter name → array of its shape."""
        return {name: _floats(array) for name, array in self.partials.items()}

    @property
    def radius(self) -> Arrays:
        """How far the truth may be from the midpoint: parameter name → array of its shape."""
        return {name: _radii(array) for name, array in self.partials.items()}

    @property
    def digits(self) -> float:
        """Certified digits of the worst component."""
        worst = max(_relative(b) for array in self.partials.values() for b in array.flat)
        return float("inf") if worst == 0 else -float(np.log10(worst))

    def __str__(self) -> str:
        """Every partial to 30 digits."""
        lines = [f"C = {self.cost.str(30)}"]
        for name, array in self.partials.items():
            for index in np.ndindex(array.shape):
                place = f"[{', '.join(map(str, index))}]" if index else ""
                told = cast(arb, array[index]).str(30)
                if name in self.rough and self.rough[name][index]:
                    told = "no derivative here (a comparison ties)"
                lines.append(f"∂C/∂{name}{place} = {told}")
        return "\n".join(lines)

    __repr__ = __str__


def reference(problem: Problem, inputs: Arrays, seconds: float = float("inf")) -> Reference:
    """The gradient at `inputs`, certified to 30 digits where it can be.

    The inputs are taken to be exactly the floats that they are; every partial has the shape of
    its parameter. Raises `NotCertified` where the cost leaves the vocabulary or takes longer than
    `seconds`, `NotFiniteHere` where it is not a number, `NotSmoothHere` where no precision decides
    a branch, `ProblemError` where it is not one real number.
    """
    found, reason = None, ""
    deadline = time.monotonic() + seconds
    for bits in PRECISIONS:
        try:
            found = _sweep(problem, inputs, bits, deadline=deadline)
        except Undecided as error:
            reason = f"a comparison is not decided at {bits} bits: {error}"
            continue
        if all(_known(array, found) for array in found.partials.values()):
            break
    if found is None:
        raise NotSmoothHere(f"not smooth here, as far as can be told: {reason}")
    return found


def rounded(
    problem: Problem, inputs: Arrays, dtype: str = "float64", seconds: float = float("inf")
) -> Reference:
    """The same sweep at the precision of `dtype`.

    Its radii bound, step by step, what rounding does to an evaluation in that dtype. Raises
    `NotCertified` where balls of that precision do not decide a branch, and as `reference`.
    """
    try:
        return _sweep(problem, inputs, BITS[dtype], dtype, time.monotonic() + seconds)
    except Undecided as error:
        raise NotCertified(f"too near a tie to judge: {error}") from error


def claimed(problem: Problem, inputs: Arrays, bits: int) -> dict[str, np.ndarray]:
    """The hand-derived gradient evaluated in balls: parameter name → object array of balls."""
    with balls.precision(bits):
        parameters, data = problem.split(_lifted(problem, inputs, tape=None))
        try:
            gradient = _guarded(lambda: problem.gradient(namespace(balls), *parameters, **data))
        except Undecided as error:
            raise NotCertified(f"the formula has a branch too near a tie: {error}") from error
        shapes = {name: inputs[name].shape for name in problem.parameters}
        problem.check_gradient(gradient, shapes)
        return {name: _values(gradient[name]) for name in problem.parameters}


def _sweep(
    problem: Problem,
    inputs: Arrays,
    bits: int,
    dtype: str = "float64",
    deadline: float = float("inf"),
) -> Reference:
    """One forward evaluation and one reverse sweep at `bits` bits."""
    with balls.precision(bits):
        tape = balls.Tape(deadline)
        lifted = _lifted(problem, inputs, tape)
        parameters, data = problem.split(lifted)
        cost = _guarded(lambda: problem.cost(namespace(balls), *parameters, **data))
        whole = isinstance(cost, (int, np.integer, np.bool_))
        problem.check_cost(np.shape(cost), "int64" if whole else "float64")
        output = balls.lift(np.asarray(cost, dtype=object)[()])
        balls.reverse(output)
        partials = {name: _adjoints(lifted[name]) for name in problem.parameters}
        magnitudes = {name: _magnitudes(lifted[name]) for name in problem.parameters}
        tied = balls.ancestors(tape.ties)
        rough = {name: _among(lifted[name], tied) for name in problem.parameters}
        influence = sum(abs(float((b.adjoint * b.value).mid())) for b in tape if b.adjoint)
        fault = _range_fault(tape, output.value, dtype)
        return Reference(
            problem.name, output.value, partials, bits, magnitudes, rough, influence, fault
        )


def _guarded(evaluate: Callable[[], Any]) -> Any:
    """Evaluate user code on balls; what they cannot do is a reason, not a traceback."""
    try:
        return evaluate()
    except NotFinite as error:
        raise NotFiniteHere(str(error)) from error
    except TooSlow:
        raise NotCertified("it would take too long") from None
    except Unsupported as error:
        raise NotCertified(str(error)) from error
    except (Undecided, ProblemError):
        raise
    except Exception as error:
        raise NotCertified(f"{type(error).__name__}: {first_line(error)}") from error


def _lifted(problem: Problem, inputs: Arrays, tape: Tape | None) -> dict[str, Any]:
    """Inputs as object arrays of balls: parameters active on `tape`, data constant."""
    lifted = {}
    for name in (*problem.parameters, *problem.data):
        array = inputs[name]
        if array.dtype.kind != "f":
            lifted[name] = array
            continue
        balls_of = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            active = tape if name in problem.parameters else None
            balls_of[index] = Ball(arb(float(array[index])), (), active)
        lifted[name] = balls_of
    return lifted


def _adjoints(lifted: np.ndarray) -> np.ndarray:
    found = np.empty(lifted.shape, dtype=object)
    for index in np.ndindex(lifted.shape):
        adjoint = cast(Ball, lifted[index]).adjoint
        found[index] = arb(0) if adjoint is None else adjoint
    return found


def _magnitudes(lifted: np.ndarray) -> np.ndarray:
    return np.array([ball.magnitude for ball in lifted.flat]).reshape(lifted.shape)


def _among(lifted: np.ndarray, ids: set[int]) -> np.ndarray:
    return np.array([id(ball) in ids for ball in lifted.flat]).reshape(lifted.shape)


def _values(claim: Any) -> np.ndarray:
    claim = np.asarray(claim, dtype=object)
    found = np.empty(claim.shape, dtype=object)
    for index in np.ndindex(claim.shape):
        found[index] = balls.lift(claim[index]).value
    return found


def _known(array: np.ndarray, found: Reference) -> bool:
    """Whether every partial is known to the target, or known to be nothing beside the others."""
    largest = max(float(abs(b.mid())) for a in found.partials.values() for b in a.flat)
    return all(
        _relative(b) <= TARGET or float(b.abs_upper()) <= TARGET * TARGET * largest
        for b in array.flat
    )


def _relative(ball: arb) -> float:
    """radius / |midpoint|."""
    if ball.is_exact():
        return 0.0
    if ball.mid() == 0 or not ball.is_finite():
        return float("inf")
    return float(ball.rad() / abs(ball.mid()))


def _floats(array: np.ndarray) -> np.ndarray:
    return np.array([float(b.mid()) for b in array.flat], dtype=np.float64).reshape(array.shape)


def _radii(array: np.ndarray) -> np.ndarray:
    return np.array([float(b.rad()) for b in array.flat], dtype=np.float64).reshape(array.shape)


def _range_fault(tape: Tape, cost: arb, dtype: str) -> str:
    """The first intermediate result that the dtype cannot hold.

    One that overflows, or one that underflows and matters: to first order it contributes more to
    the cost than rounding does.
    """
    largest, smallest = (float(limit) for limit in (np.finfo(dtype).max, np.finfo(dtype).tiny))
    unit = float(np.finfo(dtype).eps)
    for ball in tape:
        size = abs(ball.value)
        lost = size < smallest and size > 0 and ball.adjoint is not None
        if size > largest or (lost and abs(ball.adjoint * ball.value) > unit * abs(cost)):
            return f"an intermediate result is {ball.value.str(3, radius=False)}"
    return ""
