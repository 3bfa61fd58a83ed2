"""The points at which an operator is checked, with a direction or cotangent at each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.operators import GRADIENT, Operator
from calcbench.problem.point import Point
from calcbench.problem.sampling import sample_points


def points_for(
    own: Point,
    operator: Operator = GRADIENT,
    seed: int = 0,
    direction: Mapping[str, Any] | None = None,
) -> dict[str, Point]:
    """Name the points at which to check an operator: the given one, zeros, and random ones.

    An operator with a direction or cotangent gets a random one at every point, or the `direction`
    given at the own point. Raises `SelectorError` for one that does not fit.
    """
    rng = np.random.default_rng([seed, 3])
    return {
        name: operator.seed_point(point, rng, direction if name == "own" else None)
        for name, point in sample_points(own, seed).items()
    }
