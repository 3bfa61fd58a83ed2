"""Certificate: the truth at a point, and how far an honest evaluation may be from it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

import numpy as np

from calcbench.certified.formulas import claimed
from calcbench.certified.reference import BITS, NotCertified, Reference, reference, rounded
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.operator import components
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.sampling import thinned

ALLOWANCE = 8.0
"""The multiple of the ball that an exact method may land in: its order of operations is not the
one traced. Ten healthy backends at 2,000 points needed at most 1.8; see docs/verdicts.md."""

SECONDS = 2.0
"""The longest that certifying one point may take, of the processor's time: over many rows by an
estimate from a few of them, and in any case by the clock of each sweep."""

FREE_ROWS = 1024
"""Rows up to which nobody asks."""

TRIAL_ROWS = 16
"""Rows from which the time for all of them is estimated."""


@dataclass(frozen=True)
class Certificate:
    """What is proved of an operator's result at one point, as vectors in its layout's order."""

    value: np.ndarray
    """The float64 nearest to the truth."""
    bound: np.ndarray
    """Absolute: how far from the truth an exact method in this dtype may land."""
    magnitude: np.ndarray
    """Σ |terms| of each number: what cancels where one is 0."""
    rough: np.ndarray
    """Whether each number is no derivative here, because a comparison ties."""
    digits: float
    """Certified digits of the reference itself."""
    range_fault: str
    """A result or intermediate result beyond the range of the dtype, if there was one."""
    truth: Reference
    inputs: Arrays
    """The inputs at which all this is proved, as the dtype holds them."""
    operator: Operator = GRADIENT


def affordable(problem: Problem, inputs: Arrays, operator: Operator = GRADIENT) -> bool:
    """Whether certifying a point of this size takes less than `SECONDS`."""
    rows = len(inputs[problem.rows[0]]) if problem.rows else 0
    if rows <= FREE_ROWS:
        return True
    trial = thinned(problem, inputs, TRIAL_ROWS)
    started = time.thread_time()
    with contextlib.suppress(NotCertified):
        certify(problem, trial, "float64", operator)
    per_row = (time.thread_time() - started) / len(trial[problem.rows[0]])
    return per_row * rows <= SECONDS


def certify(
    problem: Problem, inputs: Arrays, dtype: str, operator: Operator = GRADIENT
) -> Certificate:
    """Certify an operator at exactly these inputs, for evaluations in `dtype`.

    Raises `NotCertified` with the reason where that cannot be done, or not within `SECONDS`.
    """
    truth = reference(problem, inputs, SECONDS, operator)
    near = rounded(problem, inputs, dtype, SECONDS, operator)
    unit = float(np.finfo(dtype).eps) / 2
    value, radius, magnitude, rough = (
        _vector(part) for part in (truth.value, near.radius, truth.magnitudes, truth.rough)
    )
    with np.errstate(invalid="ignore", over="ignore"):
        spread = _either_way(problem, inputs, operator, radius + unit * magnitude)
        bound = ALLOWANCE * (spread + float(np.finfo(dtype).smallest_subnormal))
    return Certificate(
        value, bound, magnitude, rough, truth.digits, near.range_fault, truth, inputs, operator
    )


def _either_way(
    problem: Problem, inputs: Arrays, operator: Operator, spread: np.ndarray
) -> np.ndarray:
    """Of a Hessian, the larger spread of (i, j) and (j, i): a method may take either for both."""
    if operator.name != "hessian":
        return spread
    count = components(problem, inputs)
    row, column = problem.structure(inputs).pattern(count, count)
    place = {entry: k for k, entry in enumerate(zip(row.tolist(), column.tolist(), strict=True))}
    entries = zip(column.tolist(), row.tolist(), strict=True)
    across = [place.get(entry, k) for k, entry in enumerate(entries)]
    return np.maximum(spread, spread[across])


def formula_error(problem: Problem, certificate: Certificate) -> tuple[np.ndarray, np.ndarray]:
    """The error of the hand-derived formula itself, free of rounding, and what is allowed of it.

    Evaluated in balls as precise as the reference's, the formula and the truth differ by what
    is wrong with the formula and by nothing else; the error is 0 where they cannot be told
    apart. Allowed is what rounded constants, such as 1/3, may do: as much as the rounding of the
    formula's own operations, which its radius at 53 bits bounds. Raises `NotCertified` for an
    operator that no hand-derived formula gives.
    """
    truth, operator = certificate.truth, certificate.operator
    exact = claimed(problem, certificate.inputs, truth.bits, operator)
    near = claimed(problem, certificate.inputs, BITS["float64"], operator)
    unit = float(np.finfo(np.float64).eps) / 2
    errors, allowed = [], []
    for name in exact:
        for said, true in zip(exact[name].flat, truth.values[name].flat, strict=True):
            difference = said - true
            errors.append(0.0 if difference.contains(0) else float(difference.mid()))
        for ball in near[name].flat:
            allowed.append(ALLOWANCE * (float(ball.rad()) + unit * abs(float(ball.mid()))))
    return np.array(errors), np.array(allowed)


def cost_noise(problem: Problem, inputs: Arrays, dtype: str) -> float:
    """How far rounding may carry one evaluation of the cost in `dtype`, near these inputs.

    The radius alone would be too small where operations happen to be exact, which they are not a
    step away. So the parameters are moved a little, to numbers that use all their bits, and every
    intermediate result v counts with u·|∂C/∂v·v|, whether it was rounded or not (running error
    analysis: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.3).
    """
    near = rounded(problem, _moved(problem, inputs), dtype, SECONDS)
    assert near.cost is not None
    unit = float(np.finfo(dtype).eps) / 2
    return ALLOWANCE * (float(near.cost.rad()) + unit * near.cost_magnitude)


def gradient_noise(problem: Problem, inputs: Arrays, dtype: str) -> Arrays:
    """How far rounding may carry one evaluation of the gradient in `dtype`, near these inputs.

    Parameter name → array of its shape. At parameters moved a little, as `cost_noise`.
    """
    near = rounded(problem, _moved(problem, inputs), dtype, SECONDS)
    unit = float(np.finfo(dtype).eps) / 2
    radius = near.radius
    return {name: ALLOWANCE * (radius[name] + unit * near.magnitudes[name]) for name in radius}


def _moved(problem: Problem, inputs: Arrays) -> Arrays:
    """The same point a little aside, at parameters that use all their bits."""
    moved = {name: inputs[name] * (1 + 2.0**-20 / 3) + 2.0**-30 / 3 for name in problem.parameters}
    return {**inputs, **moved}


def _vector(named: Arrays) -> np.ndarray:
    return np.concatenate([array.ravel() for array in named.values()])
