"""Runner: where the judge runs backends for more evidence, here or in another process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.certified.certificate import SAMPLED_ROWS
from calcbench.judge.contract import Run, run_points
from calcbench.judge.sensitivity import sensitivity
from calcbench.operators import GRADIENT, Operator
from calcbench.problem import whereabouts
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.problem.sampling import thin


def sensitivities(
    backend: Backend, where: Mapping[str, Point], seed: int, operator: Operator = GRADIENT
) -> dict[str, np.ndarray]:
    """Measure κ of every component of a backend's result (`sensitivity`): point → vector.

    A point is left out where the backend raises: nothing can be measured there.
    """
    found = {}
    with np.errstate(all="ignore"):
        evaluate = vector_function(backend.prepare(where["own"], operator))
        for name, point in where.items():
            # What a cost or a framework raises is no measurement.
            with whereabouts.at("point", name), contextlib.suppress(*RAISED):
                found[name] = sensitivity(evaluate, point, seed)
    return found


class Runner(Protocol):
    """Where the judge runs backends again: in this process, or in one of the backend's own."""

    def run_points(self, backend: Backend, where: Mapping[str, Point], operator: Operator) -> Run:
        """Run a backend at named points, as `judge.contract.run_points`."""

    def sensitivities(
        self, backend: Backend, where: Mapping[str, Point], seed: int, operator: Operator
    ) -> dict[str, np.ndarray]:
        """Measure κ with a backend, as the function `sensitivities`."""


class InProcess:
    """The runner that runs everything in this process."""

    run_points = staticmethod(run_points)
    sensitivities = staticmethod(sensitivities)


def vector_function(prepared: Prepared) -> Callable[[Point], np.ndarray]:
    """Return a function from a point to a prepared operator's result, as one flat vector."""
    return lambda point: flatten(prepared.evaluate(point).values(), np.float64)


def largest_sensitivities(
    runs: list[Run], where: Mapping[str, Point], seed: int, operator: Operator, runner: Runner
) -> dict[str, np.ndarray]:
    """Measure κ at every point by two exact backends, in case one is at fault; take the larger.

    A backend whose own result is not finite at a point has nothing to say of it.

    Where there are many rows it is measured on some of them: a mean is as sensitive on a sample,
    a sum less so, in proportion to the rows. Returns point → vector over the components.
    """
    sample = {name: thin(point, SAMPLED_ROWS) for name, point in where.items()}
    share = 1.0
    if where["own"].rows.reduction == "sum":
        share = where["own"].row_count / sample["own"].row_count
    exact = [run for run in runs if run.exact][:2]
    found: dict[str, np.ndarray] = {}
    for run in exact:
        for name, kappa in runner.sensitivities(run.backend, sample, seed, operator).items():
            result = run.results.get(name)
            if result is not None and np.all(np.isfinite(flatten(result.values()))):
                found[name] = np.fmax(found.get(name, share * kappa), share * kappa)
    return found
