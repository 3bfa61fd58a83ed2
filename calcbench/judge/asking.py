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
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.sampling import thinned


def sensitivities(
    problem: Problem,
    backend: Backend,
    where: Mapping[str, Arrays],
    seed: int,
    operator: Operator = GRADIENT,
) -> dict[str, np.ndarray]:
    """Point → κ of every component of this backend's result (`sensitivity`)."""
    with np.errstate(all="ignore"):
        evaluate = evaluator(backend.prepare(problem, where["own"], operator))
        return {point: sensitivity(evaluate, inputs, seed) for point, inputs in where.items()}


class Asking(Protocol):
    """How the judge asks a backend for more: in this process, or in one of the backend's own."""

    def run_points(
        self, problem: Problem, backend: Backend, where: Mapping[str, Arrays], operator: Operator
    ) -> Run:
        """As the function `run_points`."""

    def sensitivities(
        self,
        problem: Problem,
        backend: Backend,
        where: Mapping[str, Arrays],
        seed: int,
        operator: Operator,
    ) -> dict[str, np.ndarray]:
        """As the function `sensitivities`."""


class Here:
    """Asks in this process."""

    run_points = staticmethod(run_points)
    sensitivities = staticmethod(sensitivities)


def evaluator(prepared: Prepared) -> Callable[[Arrays], np.ndarray]:
    """A prepared operator as a function from inputs to the vector of all its components."""

    def evaluate(inputs: Arrays) -> np.ndarray:
        return flatten(prepared.unload(prepared.run(prepared.load(inputs))))

    return evaluate


SAMPLED_ROWS = 1024
"""Rows that are certified, and on which sensitivity is measured, where there are too many."""


def largest_sensitivities(
    problem: Problem,
    runs: list[Run],
    where: Mapping[str, Arrays],
    seed: int,
    operator: Operator,
    ask: Asking,
) -> dict[str, np.ndarray]:
    """κ at every point: the larger of what two exact backends find, in case one is at fault.

    Over many rows it is found on some of them: a mean is as sensitive on a sample.
    """
    few = {point: thinned(problem, inputs, SAMPLED_ROWS) for point, inputs in where.items()}
    share = 1.0
    if problem.rows and problem.reduction == "sum":
        share = len(where["own"][problem.rows[0]]) / len(few["own"][problem.rows[0]])
    exact = [run for run in runs if run.bounds and None in run.bounds.values()][:2]
    found: dict[str, np.ndarray] = {}
    for run in exact:
        kappas = ask.sensitivities(problem, run.backend, few, seed, operator)
        for point, kappa in kappas.items():
            found[point] = np.fmax(found.get(point, share * kappa), share * kappa)
    return found
