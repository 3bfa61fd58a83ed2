"""Error bounds of difference quotients: truncation, plus rounding divided by the step h.

For a scheme of order p, Taylor's theorem gives the truncation as c·hᵖ·f⁽ᵖ⁺¹⁾(ξ)/(p+1)!, and the
rounding of what is differenced comes in divided by the step h (Nocedal & Wright, Numerical
Optimization, 2nd ed., section 8.1). The terms in between cancel only as far as x + h and x − h are
rounded alike: beside a power of two, they are not. All this is proved where that takes a reasonable
time, and estimated elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from calcbench.certified import budget
from calcbench.certified.certificate import affordable, cost_noise, gradient_noise
from calcbench.certified.evaluation import NotCertified, TookTooLong
from calcbench.certified.series import taylor_bounds
from calcbench.operators import GRADIENT
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point

SAFETY = 4.0
"""The truncation estimated from two step sizes is widened by this factor."""

ROUNDINGS = 16.0
"""Roundings assumed in one evaluation of the cost, in units of its natural magnitude."""

ENCLOSING_SECONDS = 1.0
"""Processor time that the enclosure of one component may take; beyond it, none is enclosed."""

NOISE_SECONDS = 0.5
"""What a certificate may take, by an estimate, for the rounding of a value to be proved: that takes
half as long, and is done at every point, for every scheme."""

SHAKES = 3
"""Random changes of the inputs from which the rounding of a value is estimated."""


class Scheme(NamedTuple):
    """The factors in the error of a difference scheme."""

    order: int
    """p: the truncation is proportional to hᵖ."""
    rounding: float
    """The factor of (rounding of one value)/h."""


class Arm(NamedTuple):
    """One of the quotients (f(x + ahead) − f(x − behind)) / (ahead + behind) that a scheme adds up.

    As far as the numbers really move, after x + h and x − h are rounded.
    """

    weight: Fraction
    ahead: Fraction
    behind: Fraction

    @property
    def width(self) -> Fraction:
        """How far apart the two values are taken."""
        return self.ahead + self.behind


STRETCHES = (0.5, 1.0, 2.0)
"""The multiples of the step h whose quotients `estimate_truncation` compares."""


def estimate_truncation(quotients: Sequence[np.ndarray], order: int) -> np.ndarray:
    """Estimate the truncation of the quotient of h from those of h/2, h and 2h (`STRETCHES`).

    Where it grows as hᵖ, those of h and 2h differ by 2ᵖ − 1 times it. It does not where h is too
    large, as for a wave shorter than the step; there, what halving the step changes is the larger.
    Infinite where a quotient is not finite, which says nothing.
    """
    half, near, far = quotients
    with np.errstate(invalid="ignore"):
        growing = np.abs(far - near) / (2.0**order - 1.0)
        bound = SAFETY * np.maximum(growing, np.abs(near - half))
    return np.where(np.isfinite(bound), bound, np.inf)


QUOTIENT = 5
"""Roundings of a quotient itself, in units of it: three halves for each of its arms, whose weights
add up to less than 2, and less than five halves for what adds them up."""


def enclose_error(
    point: Point, position: int, arms: Sequence[Arm], order: int, noise: float, unit: float
) -> float:
    """Bound the error of the quotient for one component; infinite where no bound can be proved.

    The quotient is the weighted sum of its arms, and `order` its p. `noise` bounds the rounding of
    one value of the cost, `unit` is the spacing of the dtype at 1.
    """
    name, index = point.split_component(point.component(position))
    moves = [arm.width for arm in arms]
    if budget.refused(point, "enclosure") or not moves or not all(moves):
        return np.inf
    reach = np.nextafter(float(max(max(arm.ahead, arm.behind) for arm in arms)), np.inf)
    try:
        with budget.limit(time.thread_time() + ENCLOSING_SECONDS):
            bounds = taylor_bounds(point, name, index, reach, order + 1)
    except budget.TooSlow:
        budget.refuse(point, "enclosure")
        return np.inf
    terms = [abs(_multiply(uncancelled(arms, k), bounds[k])) for k in range(2, order + 1)]
    terms.append(_multiply(remainder(arms, order + 1), bounds[order + 1]))
    # What the values' own rounding does; the quotient itself is rounded, and so is the step in it.
    terms.append(_multiply(sum(abs(arm.weight) * 2 / arm.width for arm in arms), noise))
    with np.errstate(over="ignore", invalid="ignore"):
        return float(sum(terms) + QUOTIENT * unit * bounds[1])


def uncancelled(arms: Sequence[Arm], k: int) -> Fraction | int:
    """Return the factor of f⁽ᵏ⁾/k! in a quotient, which is 0 for exact steps and 1 < k ≤ p."""
    return sum(arm.weight * (arm.ahead**k - (-arm.behind) ** k) / arm.width for arm in arms)


def remainder(arms: Sequence[Arm], k: int) -> Fraction | int:
    """Return the largest factor of |f⁽ᵏ⁾|/k! in a quotient, where it differs between the values."""
    return sum(abs(arm.weight) * (arm.ahead**k + arm.behind**k) / arm.width for arm in arms)


def _multiply(factor: Fraction | int, bound: float) -> float:
    """Multiply a bound by a factor that may be beyond the floats: 0 for what is 0 everywhere."""
    if bound == 0:
        return 0.0
    try:
        return float(factor) * bound
    except OverflowError:
        return np.inf


def prove_noise(point: Point, dtype: str, gradient: bool) -> np.ndarray | None:
    """Bound the rounding of one value of the cost (1,), or of each partial of its gradient (n,).

    None where there is no certificate, or it would take too long.
    """
    if point.problem.vector_valued or not affordable(point, NOISE_SECONDS):
        return None
    try:
        if gradient:
            return flatten(gradient_noise(point, dtype).values())
        return np.array([cost_noise(point, dtype)])
    except TookTooLong:
        budget.refuse(point, GRADIENT.selector)  # a certificate takes longer
        return None
    except NotCertified:
        return None


def estimate_noise(
    value: Callable[[np.ndarray, dict[str, Any]], Any], x: np.ndarray, data: dict[str, Any]
) -> np.ndarray:
    """Estimate the rounding of each number of `value(x, data)`, from small changes of all inputs.

    The changes are random, of relative size √u, and their effect is scaled down to roundings.
    Returns a flat vector.
    """
    unit = float(np.finfo(x.dtype).eps)
    rng = np.random.default_rng(0)

    def shake(array: np.ndarray) -> np.ndarray:
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            return array
        return np.asarray(array * (1 + np.sqrt(unit) * rng.uniform(-1, 1, array.shape)))

    def flat_value(x: np.ndarray, data: dict[str, Any]) -> np.ndarray:
        return np.ravel(np.real(value(x, data)))

    here = flat_value(x, data)
    spread = np.zeros_like(here)
    for _ in range(SHAKES):
        moved = shake(x)
        other = flat_value(moved, {name: shake(array) for name, array in data.items()})
        if not np.all(np.isfinite(other)):  # data that may not move: an exponent 4 of a base −1
            other = flat_value(moved, data)
        spread = np.maximum(spread, np.abs(other - here))
    found = ROUNDINGS * unit * (np.abs(here) + spread / np.sqrt(unit))
    return np.where(np.isfinite(found), found, np.inf)


def estimate_cost_noise(cost: Callable[..., Any], parameters: Any, data: Any) -> float:
    """Estimate the rounding in one difference of costs from one larger change of the parameters.

    It has two parts: the rounding of the value, and what rounded parameters do to it.
    """
    unit = float(np.finfo(parameters[0].dtype).eps)
    value = float(np.real(cost(*parameters, **data)))
    shifted = [np.asarray(p + np.sqrt(unit) * np.abs(p), dtype=p.dtype) for p in parameters]
    slope = abs(float(np.real(cost(*shifted, **data))) - value) / np.sqrt(unit)
    return float(ROUNDINGS * unit * (abs(value) + slope))
