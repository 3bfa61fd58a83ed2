"""Checking at several points: at x, and at others around it until one is refuted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np

from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays
from calcbench.problem.sampling import draw_nearby


class Verdict(Protocol):
    """What is found at one point."""

    @property
    def promising(self) -> bool:
        """Whether others are worth looking at: nothing is against it here, as far as is known."""

    @property
    def refuted(self) -> bool:
        """Whether it is wrong here."""


V = TypeVar("V", bound=Verdict)


def check_around(
    first: V, x: Point, points: int, at: Callable[[str, Arrays], V | None]
) -> tuple[V, list[V]]:
    """Check at points that are drawn around x, where the verdict is `first`, until one is refuted.

    `at` takes the name of a point and its numbers, and gives None where there is nothing to check.
    `points` counts x, too. Returns what is found at the refuted one, or else at x, and all that was
    found, in order.
    """
    rng, known = np.random.default_rng(0), [first]
    for number in range(1, points if first.promising else 1):
        there = at(f"random-{number}", draw_nearby(x, rng))
        if there is None:
            continue
        known.append(there)
        if there.refuted:
            return there, known
    return first, known
