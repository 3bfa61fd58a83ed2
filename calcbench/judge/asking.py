"""How the judge asks a backend for more: in this process, or in one of the backend's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.judge.contract import Run, run_points
from calcbench.judge.sensitivity import sensitivity
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.problem.sampling import thin

SAMPLED_ROWS = 1024
"""Rows that are certified, and on which sensitivity is measured, where there are too many."""


def sensitivities(
    backend: Backend, where: Mapping[str, Point], seed: int, operator: Operator = GRADIENT
) -> dict[str, np.ndarray]:
    """Measure κ of every component of a backend's result (`sensitivity`), point by point."""
    with np.errstate(all="ignore"):
        evaluate = vector_function(backend.prepare(where["own"], operator))
        return {name: sensitivity(evaluate, point, seed) for name, point in where.items()}


class Asking(Protocol):
    """How the judge asks a backend for more: in this process, or in one of the backend's own."""

    def run_points(self, backend: Backend, where: Mapping[str, Point], operator: Operator) -> Run:
        """Run a backend at some points, as `judge.contract.run_points`."""

    def sensitivities(
        self, backend: Backend, where: Mapping[str, Point], seed: int, operator: Operator
    ) -> dict[str, np.ndarray]:
        """Measure κ with a backend, as the function `sensitivities`."""


class InProcess:
    """Asks in this process."""

    run_points = staticmethod(run_points)
    sensitivities = staticmethod(sensitivities)


def vector_function(prepared: Prepared) -> Callable[[Point], np.ndarray]:
    """Make a prepared operator a function from a point to the vector of all its components."""
    return lambda point: flatten(prepared.evaluate(point).values(), np.float64)


def largest_sensitivities(
    runs: list[Run], where: Mapping[str, Point], seed: int, operator: Operator, ask: Asking
) -> dict[str, np.ndarray]:
    """Measure κ at every point: the larger of what two exact backends find, if one is at fault.

    Over many rows it is found on some of them: a mean is as sensitive on a sample.
    """
    sample = {name: thin(point, SAMPLED_ROWS) for name, point in where.items()}
    share = 1.0
    if where["own"].problem.rows and where["own"].problem.reduction == "sum":
        share = where["own"].row_count / sample["own"].row_count
    exact = [run for run in runs if run.bounds and None in run.bounds.values()][:2]
    found: dict[str, np.ndarray] = {}
    for run in exact:
        for name, kappa in ask.sensitivities(run.backend, sample, seed, operator).items():
            found[name] = np.fmax(found.get(name, share * kappa), share * kappa)
    return found
