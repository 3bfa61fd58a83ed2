"""Sensitivity without rounding: how much the truth changes with its inputs."""

from __future__ import annotations

import time

import numpy as np
from flint import arb

from calcbench.certified.balls import Undecided
from calcbench.certified.evaluation import NotCertified, change_inputs
from calcbench.certified.reference import Reference, sweep
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point

BITS = 1024
CHANGE = arb(2) ** -300
"""A relative change so small that only its first order counts, and bits that resolve it."""

DRAWS = 2
"""Random changes of each input: one alone may have effects that cancel."""


def true_sensitivity(
    point: Point, operator: Operator = GRADIENT, seed: int = 0, seconds: float = float("inf")
) -> np.ndarray:
    """Measure κ of every number of the truth: its change per relative change of its inputs.

    One float input after the other, data included, is multiplied by 1 + δ·e, with e random in
    ±[½, 1]. √N times the change that an array of N numbers makes stands for the sum of their
    effects, as in `judge.sensitivity`. Returns a flat vector. Raises `NotCertified` where that is
    not possible within `seconds` of processor time, and as `reference`.
    """
    rng = np.random.default_rng([seed, 2])
    deadline = time.thread_time() + seconds
    try:
        here = sweep(point, operator, BITS, deadline=deadline)
        total = flatten(here.magnitudes.values()) if operator.seeded else 0.0
        for name, array in point.values.items():
            if array.dtype.kind == "f":
                largest = np.zeros(operator.layout(point).size)
                for _ in range(DRAWS):
                    with change_inputs({name: _draw(array.shape, rng)}):
                        there = sweep(point, operator, BITS, deadline=deadline)
                    largest = np.maximum(largest, _distance(there, here))
                total = total + np.sqrt(array.size) * largest
    except Undecided as error:
        raise NotCertified(f"too near a tie: {error}") from error
    return np.asarray(total)


def _draw(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw relative changes of `CHANGE`, or at least half of it, up or down."""
    signs = rng.choice((-1.0, 1.0), shape)
    sizes = signs * rng.uniform(0.5, 1.0, shape)
    found = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        found[index] = CHANGE * float(np.asarray(sizes)[index])
    return found


def _distance(there: Reference, here: Reference) -> np.ndarray:
    """Return |there − here| per relative change of 1, for every number."""
    pairs = zip(flatten(there.values.values()), flatten(here.values.values()), strict=True)
    return np.array([float(abs((one - other) / CHANGE).mid()) for one, other in pairs])
