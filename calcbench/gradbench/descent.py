"""Gradient descent around a problem: what GradBench's `saddle` and `particle` time as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.catalogue.selection import find_problem
from calcbench.errors import Unsupported
from calcbench.gradbench.evaluation import Evaluation, Task
from calcbench.gradbench.fields import take_arrays, take_number
from calcbench.operators.operator import single, value_name
from calcbench.problem.inputs import make_point
from calcbench.problem.point import Point

MODES = {"r": "reverse", "f": "forward"}
"""A letter of GradBench's → a mode of differentiation."""

NEAR = 1e-5
"""A slope, or a step, of at most this length is as good as none."""

PATIENCE = 10
"""So many steps down in a row, and the rate is doubled."""

Function = Callable[..., tuple[Any, np.ndarray]]
"""A cost and its slopes as one function of a parameter, and by name of data that are other than the
point's. Hardly a step of a descent goes up, so that both are wanted of nearly each."""


def descend(function: Function, start: np.ndarray) -> np.ndarray:
    """Go down from `start` until slope or step is as good as 0, and say where that is.

    The rate begins at 10⁻⁵, is doubled after ten steps down and halved after one that is none:
    GradBench's rule, so that tools take as many steps.
    """
    here, (height, steep) = start, function(start)
    rate, good = NEAR, 0
    while np.linalg.norm(steep) > NEAR:
        if good == PATIENCE:
            rate, good = 2 * rate, 0
        there = here - rate * steep
        if np.linalg.norm(there - here) <= NEAR:
            break
        low, slope = function(there)
        if low < height:
            here, height, steep, good = there, low, slope, good + 1
        else:
            rate, good = rate / 2, 0
    return here


@dataclass(frozen=True)
class Slopes:
    """A problem's cost and slopes by one parameter, as a function of it, on one backend."""

    backend: Backend
    point: Point
    parameter: str
    mode: str
    """`reverse` takes the gradient in one sweep, `forward` a pushforward along each component."""

    def function(self) -> Function:
        """Prepare both. Raises what `Backend.prepare` raises."""
        return self._sweep() if self.mode == "reverse" else self._pushforwards()

    def _sweep(self) -> Function:
        prepared = self.backend.prepare(self.point, "value_and_gradient")

        def both(here: np.ndarray, /, **data: np.ndarray) -> tuple[Any, np.ndarray]:
            found = prepared.evaluate(self._at(here, data))
            return found[value_name(self.point.problem)], found[self.parameter]

        return both

    def _pushforwards(self) -> Function:
        height = self.backend.prepare(self.point, "cost")
        shape = self.point[self.parameter].shape
        units = [unit.reshape(shape) for unit in np.eye(self.point.size)]
        seeds = [{self.parameter: unit} for unit in units]
        prepared = self.backend.prepare(self.point.with_seed(seeds[0]), "pushforward")

        def both(here: np.ndarray, /, **data: np.ndarray) -> tuple[Any, np.ndarray]:
            at = self._at(here, data)
            found = [single(prepared.evaluate(at.with_seed(seed))) for seed in seeds]
            return single(height.evaluate(at)), np.reshape(found, shape)

        return both

    def _at(self, here: np.ndarray, data: Mapping[str, np.ndarray]) -> Point:
        return self.point.with_values({self.parameter: here, **data})


@dataclass(frozen=True)
class Descent(Evaluation):
    """A function that is the end of a descent, by slopes of one mode around those of another."""

    problem: str
    start: Callable[[Backend, Any, str, str], Callable[[], Any]]
    """Backend, input, outer and inner mode → the timed call."""
    letters: str
    """The modes, outer before inner: `rf` is reverse over forward."""

    def prepare(self, backend: Backend, given: Any) -> Task:
        """Prepare the slopes; the descent is timed."""
        outer, inner = (MODES[letter] for letter in self.letters)
        return Task(self.start(backend, given, outer, inner), lambda found: found)

    def check(self, backend: Backend) -> None:
        """Look for a gradient by hand."""
        if backend.hand_derived and not find_problem(self.problem).has_gradient:
            raise Unsupported(f"problem {self.problem!r} has no hand-derived gradient")


def saddle(backend: Backend, given: Any, outer: str, inner: str) -> Callable[[], list[float]]:
    """Descend the game from the start, then the answer to where that led: both points."""
    start = take_arrays(given, start="2")["start"]
    game = _point("minimax", {"x": start, "start": start, "inner": inner})
    answer = _point("minimax_answer", {"y": start, "x": start})
    move = Slopes(backend, game, "x", outer).function()
    reply = Slopes(backend, answer, "y", outer).function()

    def run() -> list[float]:
        x = descend(move, start)
        y = descend(lambda y: reply(y, x=x), start)
        return [*x.tolist(), *y.tolist()]

    return run


def particle(backend: Backend, given: Any, outer: str, inner: str) -> Callable[[], float]:
    """Descend to the control that lets the particle come down at 0."""
    start = np.array(take_number(given, "w"))
    point = _point("particle", {"w": start, "inner": inner})
    function = Slopes(backend, point, "w", outer).function()
    return lambda: float(descend(function, start))


def _point(problem: str, values: Mapping[str, Any]) -> Point:
    return make_point(find_problem(problem), values)
