"""Witnesses: what differences say of a gradient that is not certified.

Difference quotients confirm or contradict it to half of the digits. The complex step has nearly
all, of a function that takes complex numbers and is analytic in them: Im f(x + ih)/h has no
cancellation, so that h may be as small as one likes (Squire & Trapp, "Using complex variables to
estimate derivatives of real functions", SIAM Review 40 (1998) 110-112). That it is analytic is seen
where the difference quotients confirm it. All bounds are estimates, and nothing is proved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.certified.difference_bounds import (
    SAFETY,
    STRETCHES,
    estimate_cost_noise,
    estimate_noise,
    estimate_truncation,
)
from calcbench.judge.doubt import SLACK
from calcbench.judge.scale import leaves_no_digit, never_zero
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import flatten, unflatten
from calcbench.problem.problem import Arrays

MOST = 1000
"""Components up to which all are differenced, if there is time; of more, so many are.

Where not all are, all are along a direction."""

QUOTIENT = 4
"""Roundings of a quotient itself, in units of it."""

ORDER = 2
"""Of central differences: their truncation is proportional to h²."""

TINY = 1e-100
"""The complex step: its truncation is h², beside the derivative."""

Call = Callable[[Arrays], np.ndarray]
"""Arguments by name → the function's value."""

At = Callable[[np.ndarray], float]
"""All numbers in one vector → the function's value."""


@dataclass(frozen=True)
class Witness:
    """What one kind of difference says of a gradient: vectors over the components tried.

    Where not all are tried, one number more is last: the derivative along a random direction, in
    which every component counts.
    """

    positions: np.ndarray
    """Which components, in the flat vector of all."""
    quotients: np.ndarray
    bounds: np.ndarray
    """Estimated, for each."""
    claimed: np.ndarray
    """The gradient's own components."""
    of: int
    """How many components there are in all that have a derivative."""
    direction: np.ndarray | None = None
    """The direction of the last number, of length 1; None where every component is tried."""
    name: str = ""
    """What the worst number is called, if it is known."""

    @property
    def errors(self) -> np.ndarray:
        """How far the gradient is from the quotients; infinite where it is not finite."""
        found = np.abs(self.claimed - self.quotients)
        return np.where(np.isfinite(self.claimed), found, np.inf)

    @property
    def outside(self) -> np.ndarray:
        """For each component, whether it is outside of the quotient's bound, if that vouches."""
        bounded = np.isfinite(self.bounds) & ~self._without_digit
        return np.asarray(bounded & ~(self.errors <= self.bounds))

    @property
    def agrees(self) -> bool:
        """Whether all components are within bounds that leave a digit."""
        return not self.outside.any() and not self.vague

    @property
    def vague(self) -> bool:
        """Whether a bound leaves less than a digit, so that it vouches for nothing."""
        return bool(np.any(self._without_digit))

    @property
    def digits(self) -> float:
        """Digits to which the two agree."""
        return float(-np.log10(max(np.max(self.errors / self._scale), 1e-16)))

    @property
    def needed(self) -> float:
        """Digits that the bounds ask for."""
        return float(-np.log10(max(np.max(self.bounds / self._scale), 1e-16)))

    @property
    def worst(self) -> int:
        """The place of the component that exceeds its bound by most, if one does."""
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = np.nan_to_num(self.errors / self.bounds, nan=np.inf)
        return int(np.argmax(np.where(self.outside, excess, -1.0)))

    @property
    def _without_digit(self) -> np.ndarray:
        return np.asarray(leaves_no_digit(self.bounds, self._scale, 0.0))

    @property
    def _scale(self) -> np.ndarray:
        finite = np.abs(self.quotients[np.isfinite(self.quotients)])
        return never_zero(np.full(len(self.quotients), np.max(finite, initial=0.0)), 0.0)


def ask_differences(
    call: Call,
    arguments: Arrays,
    claimed: np.ndarray,
    dtype: str,
    skipped: np.ndarray | None = None,
    seconds: float = np.inf,
) -> Witness:
    """Take central differences of a function beside its gradient, a flat vector.

    `dtype` is the coarsest that the function computes in, which the step is chosen for. `skipped`
    says for each component whether it is left out, because it is no derivative. After `seconds` of
    the processor no other component is tried; those that were are drawn at random then.
    """
    shapes = {name: array.shape for name, array in arguments.items()}
    here = flatten(arguments.values(), np.float64)
    at = _ask_quietly(call, shapes)
    among = np.flatnonzero(np.ones(len(here), bool) if skipped is None else ~skipped)
    unit = float(np.finfo(dtype).eps)
    steps = unit ** (1 / 3) * np.maximum(np.abs(here), 1.0)
    value = at(here)
    tried = _try_components(at, value, here, steps, _spread(among), seconds)
    positions = np.array(sorted(tried), dtype=int)
    lines = [[tried[k][i] for k in positions.tolist()] for i in range(len(STRETCHES))]
    lengths, direction = steps[positions], None
    if len(positions) < len(among):
        toward = _draw_direction(here, among, steps)
        for line, stretch in zip(lines, STRETCHES, strict=True):
            line.append(_along(at, value, here, stretch * toward, dtype))
        lengths = np.append(lengths, np.linalg.norm(toward))
        direction = _moved(here, toward, dtype)
    quotients, bounds = _bounded(at, here, steps, lines, lengths, dtype)
    told = _pick(claimed, positions, direction)
    return Witness(positions, quotients, bounds, told, len(among), direction)


def _spread(among: np.ndarray) -> np.ndarray:
    """Take as many components as are tried at most, from all parts, in an order that is drawn."""
    few = min(len(among), MOST)
    chosen = among[np.unique(np.linspace(0, len(among) - 1, few).round().astype(int))]
    return np.random.default_rng(5).permutation(chosen)


def _try_components(
    at: At, value: float, here: np.ndarray, steps: np.ndarray, order: np.ndarray, seconds: float
) -> dict[int, list[tuple[float, float]]]:
    """Difference components one after the other, by each step, while there is time."""
    deadline = time.thread_time() + seconds
    found: dict[int, list[tuple[float, float]]] = {}
    for k in order.tolist():
        if time.thread_time() > deadline:
            break
        found[k] = [_component(at, value, here, k, stretch * steps[k]) for stretch in STRETCHES]
    return found


def ask_along(
    call: Call, arguments: Arrays, direction: np.ndarray, claimed: float, dtype: str
) -> Witness:
    """Take central differences of a function along a direction, beside its derivative there.

    The direction is a flat vector of any length, by which the derivative is multiplied.
    """
    shapes = {name: array.shape for name, array in arguments.items()}
    here = flatten(arguments.values(), np.float64)
    at = _ask_quietly(call, shapes)
    unit = float(np.finfo(dtype).eps)
    steps = unit ** (1 / 3) * np.maximum(np.abs(here), 1.0)
    length = float(np.linalg.norm(direction)) or 1.0
    toward = direction / length * np.linalg.norm(steps) / np.sqrt(len(here))
    value = at(here)
    lines = [[_along(at, value, here, stretch * toward, dtype)] for stretch in STRETCHES]
    quotients, bounds = _bounded(at, here, steps, lines, np.linalg.norm(toward), dtype)
    place = np.zeros(1, dtype=int)
    return Witness(place, length * quotients, length * bounds, np.array([claimed]), 1)


def _ask_quietly(call: Call, shapes: Mapping[str, tuple[int, ...]]) -> At:
    """Call a function at a vector of all numbers; NaN where it raises."""

    def at(vector: np.ndarray) -> float:
        try:
            return float(call(unflatten(vector, shapes)))
        except RAISED:  # a step from here it may have no value
            return float("nan")

    return at


def _bounded(
    at: At, here: np.ndarray, steps: np.ndarray, lines: Any, lengths: Any, dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the quotients of the middle step, and their bounds: ∞ where there is a kink."""
    moving = _without_zeros(here, steps).astype(dtype)
    noise = estimate_cost_noise(lambda x: at(x.astype(np.float64)), [moving], {}) / lengths
    quotients, gaps = np.moveaxis(np.array(lines), -1, 0)
    bounds = estimate_truncation(list(quotients), ORDER) + noise
    bounds += QUOTIENT * float(np.finfo(dtype).eps) * np.abs(quotients[1])
    bounds = np.where(np.isfinite(bounds) & ~_kinked(gaps, noise), bounds, np.inf)
    return quotients[1], bounds


def _component(at: At, value: float, here: np.ndarray, k: int, step: float) -> tuple[float, float]:
    """Difference one component: the quotient, and how far one-sided ones are apart."""
    ahead, behind = here.copy(), here.copy()
    ahead[k] += step
    behind[k] -= step
    return _divide(at(ahead), value, at(behind), float(ahead[k] - behind[k]))


def _divide(ahead: float, value: float, behind: float, length: float) -> tuple[float, float]:
    return (ahead - behind) / length, 2 * ((ahead - value) - (value - behind)) / length


def _kinked(gaps: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Tell where one-sided quotients of smaller and smaller steps stay apart: there is a kink.

    Of a smooth function they are apart by h·f″, up to h³. From two steps each, h → 0 is foretold
    twice; one of the two is the error of the other. Ten roundings of a difference enter each.
    """
    half, near, far = gaps
    found, again = 2 * half - near, 2 * near - far
    return np.asarray(~(np.abs(found) <= SAFETY * np.abs(found - again) + 10 * noise))


def _draw_direction(here: np.ndarray, among: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Draw which way all of some components are moved: each by a part of its step."""
    toward = np.zeros(len(here))
    signs = np.random.default_rng(2).choice([-1.0, 1.0], len(among))
    toward[among] = signs * steps[among] / np.sqrt(len(among))
    return toward


def _along(
    at: At, value: float, here: np.ndarray, toward: np.ndarray, dtype: str
) -> tuple[float, float]:
    """Difference along a direction, as `_component` along an axis."""
    ahead, behind = _round(here + toward, dtype), _round(here - toward, dtype)
    return _divide(at(ahead), value, at(behind), float(np.linalg.norm(ahead - behind)))


def _moved(here: np.ndarray, toward: np.ndarray, dtype: str) -> np.ndarray:
    """Return the direction in which the numbers of a dtype are moved."""
    found = _round(here + toward, dtype) - _round(here - toward, dtype)
    return np.asarray(found / np.linalg.norm(found))


def _round(numbers: np.ndarray, dtype: str) -> np.ndarray:
    return numbers.astype(dtype).astype(np.float64)


def _pick(gradient: np.ndarray, positions: np.ndarray, direction: np.ndarray | None) -> np.ndarray:
    """Return some components of a gradient, and what it gives along a direction, if there is one.

    One that is not finite makes that no number, wherever it is.
    """
    found = np.asarray(gradient[positions])
    if direction is None:
        return found
    with np.errstate(invalid="ignore", over="ignore"):
        along = float(gradient[direction != 0] @ direction[direction != 0])
        return np.array([*found, along])


def _without_zeros(here: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Move each 0 by its step: noise is seen by relative changes, which leave a 0 where it is."""
    return np.where(here == 0, steps, here)


def ask_complex_step(
    call: Call, arguments: Arrays, claimed: np.ndarray, beside: Witness
) -> Witness | None:
    """Take complex steps of a function beside its gradient, where a witness has differences.

    `call` takes complex arrays. None where it raises, or difference quotients contradict it.
    """
    shapes = {name: array.shape for name, array in arguments.items()}
    here = flatten(arguments.values(), np.float64)
    unit = float(np.finfo(np.float64).eps)

    def slope(x: np.ndarray, where: Any, way: Any) -> float:
        moved = x.astype(np.complex128)
        moved[where] += 1j * TINY * way
        return float(np.imag(complex(call(unflatten(moved, shapes)))) / TINY)

    def slopes(x: np.ndarray, data: dict[str, object]) -> np.ndarray:
        found = [slope(x, k, 1.0) for k in beside.positions]
        if beside.direction is not None:
            found.append(slope(x, slice(None), beside.direction))
        return np.array(found)

    try:
        quotients = slopes(here, {})
        near = _without_zeros(here, np.full(len(here), np.sqrt(unit)))
        # All components come through the same operations, which round as the largest needs.
        largest = np.max(np.abs(quotients), initial=0.0)
        bounds = SLACK * estimate_noise(slopes, near, {}) + QUOTIENT * unit * largest
    except RAISED:
        return None
    confirmed = np.abs(quotients - beside.quotients) <= beside.bounds
    if not np.all(confirmed & np.isfinite(bounds)):
        return None
    told = _pick(claimed, beside.positions, beside.direction)
    return Witness(beside.positions, quotients, bounds, told, beside.of, beside.direction)
