"""Sensitivity: how much a result changes with its inputs, and what rounding may do to it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

from calcbench.judge.doubt import DRAWS, SLACK
from calcbench.problem.point import Point

ROUNDINGS = SLACK * 8.0
"""Roundings allowed to one evaluation, in units of u·(|g| + κ): a modest multiple, and what the
estimate of κ may lack."""

PERTURBATION = 2.0**-20
"""Relative change of the inputs by which sensitivity is measured: far above rounding, far
below curvature."""


def sensitivity(run: Callable[[Point], np.ndarray], point: Point, seed: int) -> np.ndarray:
    """Measure κ per component: the change of the result per relative change of its inputs.

    `run` gives the result as a vector, and κ has its shape. One float input after the other, data
    included, is multiplied by 1 + δ·e with e random in ±[½, 1]. The change that an array of N
    numbers makes is near the 2-norm of its elements' effects; √N times that bounds the sum of their
    sizes, which is what all roundings would do together in the worst case.
    """
    rng = np.random.default_rng([seed, 2])
    here = run(point)
    total = np.zeros_like(here)
    for array, replaced in _float_arrays(point):
        largest = np.zeros_like(here)
        for _ in range(DRAWS):
            change = run(replaced(perturb(array, rng))) - here
            largest = np.maximum(largest, np.abs(change) / PERTURBATION)
        total += np.sqrt(array.size) * largest
    return total


def _float_arrays(
    point: Point,
) -> Iterator[tuple[np.ndarray, Callable[[np.ndarray], Point]]]:
    """Yield every float array at a point, the seed's too, and a function that replaces it."""
    for name, array in point.values.items():
        if array.dtype.kind == "f":
            yield array, functools.partial(_with_value, point, name)
    for name, array in point.seed.items():
        yield array, functools.partial(_with_seed, point, name)


def _with_value(point: Point, name: str, array: np.ndarray) -> Point:
    """Replace one parameter or data array."""
    return point.with_values({name: array})


def _with_seed(point: Point, name: str, array: np.ndarray) -> Point:
    """Replace one array of the direction or cotangent."""
    return point.with_seed({**point.seed, name: array})


def rounding_bound(
    result: np.ndarray, sensitivity: np.ndarray | float, dtype: str, terms: int
) -> np.ndarray:
    """Bound how far rounding may carry an exact method, per component.

    Adding up `terms` numbers errs by about √terms roundings (Higham & Mary, SIAM J. Sci.
    Comput. 41 (2019) A2815-A2835).
    """
    unit = float(np.finfo(dtype).eps) / 2
    return np.asarray((ROUNDINGS + np.sqrt(terms)) * unit * magnitude(result, sensitivity))


def magnitude(result: np.ndarray, sensitivity: np.ndarray | float) -> np.ndarray:
    """Return |g| + κ, the size of what cancels in a result; infinite or NaN where κ is."""
    # A result that is infinite must not earn itself an infinite allowance.
    return np.where(np.isfinite(result), np.abs(result), 0.0) + sensitivity


def perturb(
    array: np.ndarray, rng: np.random.Generator, relative: float = PERTURBATION
) -> np.ndarray:
    """Change each number by this part of it, or at least half of that, up or down."""
    signs = rng.choice((-1.0, 1.0), array.shape)
    return np.asarray(array * (1.0 + relative * signs * rng.uniform(0.5, 1.0, array.shape)))
