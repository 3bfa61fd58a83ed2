"""A worker for each framework: all are imported at the same time, while other backends run.

`Apart` is that worker as the harness knows it; the functions below it are its tasks. What it runs
comes as bytes (`harness.sending`): a user's file is imported once, in the worker that asks.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterable, Mapping, Sequence
from multiprocessing.connection import wait
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.harness.compare import Question, run_backend
from calcbench.harness.sending import pickle_with_code
from calcbench.judge import connection, contract, runner
from calcbench.judge.contract import Run, pack, unpack
from calcbench.judge.points import LeftOut
from calcbench.judge.runner import InProcess
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.point import Point
from calcbench.workers.isolation import Worker
from calcbench.workers.memory import memory_limit
from calcbench.workers.serving import consult


class Apart:
    """A worker that one framework has to itself."""

    def __init__(self, start: str, backend: bytes, timeout: float) -> None:
        """Take the start method, a backend of the framework, and the seconds of the import.

        It begins at once.
        """
        self.worker, self.backend = Worker(None, memory_limit(), start), backend
        self.timeout = timeout
        self._begin()

    def _begin(self) -> None:
        self.importing, self.deadline = True, time.monotonic() + self.timeout
        self.worker.begin(import_framework, self.backend)

    def finish_import(self) -> float | None:
        """Wait until the framework is imported; return the seconds that took.

        None where that was reported before. Raises `NotInstalled` where it does not import, and
        `WorkerDied`; a worker that has died since begins anew.
        """
        if not self.importing and self.worker.alive:
            return None
        if not self.importing:
            self.worker.stop()
            self._begin()
        self.importing = False
        seconds: float | None = self.worker.finish(self.left, self.timeout)
        return seconds

    @property
    def left(self) -> float:
        """Seconds that are left for the import."""
        return max(0.0, self.deadline - time.monotonic())


def first_ready(workers: Sequence[Apart]) -> Apart:
    """Wait for the first worker that is done with importing, has died, or has no time left."""
    pipes = {each.worker.pipe: each for each in workers if each.importing and each.worker.pipe}
    if len(pipes) < len(workers):
        return next(each for each in workers if each not in pipes.values())
    ready = wait(list(pipes), min(each.left for each in workers))
    return pipes[ready[0]] if ready else min(workers, key=lambda each: each.left)  # type: ignore[index]


def import_framework(backend: bytes) -> float | None:
    """Import a backend's framework, and return the seconds that took."""
    found: Backend = pickle.loads(backend)
    return contract.timed_import(found)


_question: Question | None = None
"""What was asked last."""


def receive(question: bytes) -> None:
    """Take a question, and import what its code imports: a user's file may have a framework's."""
    global _question
    _question = pickle.loads(question)


def run(left_out: LeftOut, backend: bytes, timed: bool) -> dict[str, Any]:
    """Run one backend at all points of the question but those left out: the run, packed."""
    assert _question is not None, "nothing was asked yet"
    return pack(run_backend(_question.leave_out(left_out), pickle.loads(backend), timed))


def run_points(backend: bytes, points: bytes) -> dict[str, Any]:
    """Run a backend at other points: the run, packed."""
    where, operator = pickle.loads(points)
    return pack(contract.run_points(pickle.loads(backend), where, operator))


def sensitivities(backend: bytes, points: bytes, seed: int) -> dict[str, np.ndarray]:
    """Measure κ as `judge.runner.sensitivities`."""
    where, operator = pickle.loads(points)
    return runner.sensitivities(pickle.loads(backend), where, seed, operator)


def departure(backend: bytes, points: bytes) -> str:
    """Say where the cost leaves `xp`, as `judge.connection.departure`."""
    where, _ = pickle.loads(points)
    return connection.departure(pickle.loads(backend), where["own"])


class RunnerApart:
    """The judge's runner that has each backend run where its framework is."""

    def __init__(self, selectors: Iterable[str]) -> None:
        """Take the backends that run in another worker; all others run here."""
        self.selectors = set(selectors)

    def run_points(self, backend: Backend, where: Mapping[str, Point], operator: Operator) -> Run:
        """Run a backend at named points, as `judge.contract.run_points`."""
        if backend.selector not in self.selectors:
            return InProcess.run_points(backend, where, operator)
        packed = consult((backend.selector, run_points, _pickle_points(where, operator)))
        return unpack(backend, packed)

    def sensitivities(
        self, backend: Backend, where: Mapping[str, Point], seed: int, operator: Operator
    ) -> dict[str, np.ndarray]:
        """Measure κ with a backend, as the function `sensitivities`."""
        if backend.selector not in self.selectors:
            return InProcess.sensitivities(backend, where, seed, operator)
        points = _pickle_points(where, operator)
        found: dict[str, np.ndarray] = consult((backend.selector, sensitivities, points, seed))
        return found

    def departure(self, backend: Backend, point: Point) -> str:
        """Say where the cost leaves `xp`, as far as the framework can tell; "" if nowhere."""
        if backend.selector not in self.selectors:
            return connection.departure(backend, point)
        points = _pickle_points({"own": point}, GRADIENT)
        found: str = consult((backend.selector, departure, points))
        return found


def _pickle_points(where: Mapping[str, Point], operator: Operator) -> bytes:
    return pickle_with_code(where["own"].problem, (dict(where), operator))
