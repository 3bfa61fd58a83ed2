"""Points other than the problem's own, at which agreement is checked."""

from __future__ import annotations

import numpy as np

from calcbench.problem.problem import Arrays, Problem

RANDOM_POINTS = 2


EVERYWHERE = (-2.0, 2.0)
"""Where random parameters are drawn if the problem names no domain: the unit scale, both signs."""


def thinned(problem: Problem, inputs: Arrays, rows: int) -> Arrays:
    """The same inputs with about `rows` evenly spaced rows, if there are more."""
    if not problem.rows:
        return inputs
    step = len(inputs[problem.rows[0]]) // rows
    if step < 2:
        return inputs
    return {**inputs, **{name: inputs[name][::step].copy() for name in problem.rows}}


def domains(problem: Problem) -> dict[str, tuple[float, float]]:
    return {name: problem.domain.get(name, EVERYWHERE) for name in problem.parameters}


def draw(problem: Problem, own: Arrays, rng: np.random.Generator) -> Arrays:
    drawn = {}
    for name, (low, high) in domains(problem).items():
        low, high = _bounded(low, high)
        drawn[name] = rng.uniform(low, high, own[name].shape)
    return {name: np.asarray(value) for name, value in drawn.items()}


def nudge(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Float data, each number changed by up to a tenth of itself; indices as they are."""
    if array.dtype.kind != "f":
        return array
    return np.asarray(array * rng.uniform(0.9, 1.1, array.shape))


def _bounded(low: float, high: float) -> tuple[float, float]:
    """A bounded piece of a possibly unbounded interval, away from its ends."""
    if np.isinf(low) and np.isinf(high):
        return EVERYWHERE
    if np.isinf(high):
        return low + 0.1, low + 4.0
    if np.isinf(low):
        return high - 4.0, high - 0.1
    margin = 0.05 * (high - low)
    return low + margin, high - margin
