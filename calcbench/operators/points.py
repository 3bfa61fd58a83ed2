"""The points at which an operator is checked, with a direction or cotangent at each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.operators import GRADIENT, Operator
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.sampling import RANDOM_POINTS, domains, draw, nudge


def points_for(
    problem: Problem,
    own: Arrays,
    seed: int = 0,
    operator: Operator = GRADIENT,
    direction: Mapping[str, Any] | None = None,
) -> dict[str, Arrays]:
    """The points at which to check agreement: the problem's own, zeros, and random ones.

    Zeros are left out where the problem's domain does not contain them. At random points the
    float data move too, by up to a tenth, so that data baked into a preparation show. An operator
    with a direction or cotangent gets a random one at every point, or the one given at the own
    point. Raises `SelectorError` for one that does not fit.
    """
    found = {"own": own}
    if all(low < 0 < high for low, high in domains(problem).values()):
        found["zeros"] = {**own, **{name: np.zeros_like(own[name]) for name in problem.parameters}}
    rng = np.random.default_rng([seed, 1])
    for number in range(1, RANDOM_POINTS + 1):
        moved = {name: nudge(own[name], rng) for name in problem.data}
        found[f"random-{number}"] = {**draw(problem, own, rng), **moved}
    rng = np.random.default_rng([seed, 3])
    return {
        point: operator.seeded_at(problem, inputs, rng, direction if point == "own" else None)
        for point, inputs in found.items()
    }
