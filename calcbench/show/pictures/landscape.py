"""The cost around a point: its values and slopes by one backend, prepared once."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.prepared import Prepared
from calcbench.catalogue import door
from calcbench.catalogue.available import make_backend
from calcbench.certified.reference import NotCertified, NotFiniteHere, UndecidedHere, reference
from calcbench.errors import Unsupported
from calcbench.problem.faults import RAISED, describe
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem
from calcbench.show.pictures.style import place
from calcbench.show.rows import sample_rows

SECONDS = 2.0
"""How long to look for a kink at the point of a picture."""

ROWS = 200
"""How many rows of the data are looked at for a kink."""


class Kinks(NamedTuple):
    """Where a cost has no slope."""

    rough: np.ndarray
    """For each component, whether it is so at the point."""
    reason: str


class Landscape:
    """A cost as a function of the flat vector of its parameters' components."""

    def __init__(self, point: Point, backend: Backend) -> None:
        """Prepare the cost and its gradient. Raises `Unsupported` for a vector-valued problem."""
        if point.problem.vector_valued:
            raise Unsupported(
                f"problem {point.problem.name!r} gives a vector: only a cost has a picture"
            )
        self.point, self.backend = point, backend
        self.origin = point.vector
        self.names = [point.component(k) for k in range(point.size)]
        self.letter = point.problem.letter
        self.raised = ""
        """What the cost raised somewhere, where nothing is drawn then."""
        # A point outside the domain is the user's choice: then nothing is left out.
        self._bounded = self.contains(self.origin)
        with np.errstate(all="ignore"):
            self._cost, self._gradient = backend.prepare(point, "cost"), backend.prepare(point)
        if not np.isfinite(self.cost(self.origin)):
            where = f"at {place(self.names, self.origin)}" if point.size <= 6 else "here"
            raise Unsupported(
                f"the cost of problem {point.problem.name!r} is not a finite number {where}: "
                "choose another point by `at`"
            )

    def cost(self, vector: np.ndarray) -> float:
        """Compute the cost; NaN where it is no finite number, and outside the domain."""
        if self._bounded and not self.contains(vector):
            return float("nan")
        (found,) = self._evaluate(self._cost, vector, 1)
        return float(found)

    def contains(self, vector: np.ndarray) -> bool:
        """Tell whether a place lies in the problem's domain; the ends of an interval do."""
        problem = self.point.problem
        if callable(problem.domain):
            return problem.contains(self.point.unflatten(vector))
        low, high = self._intervals
        return bool(np.all((low <= vector) & (vector <= high)))

    @cached_property
    def _intervals(self) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the domain of every component."""
        ends = [self.point.problem.interval(name.partition("[")[0]) for name in self.names]
        low, high = np.array(ends, float).T
        return low, high

    def gradient(self, vector: np.ndarray) -> np.ndarray:
        """Compute the gradient as a flat vector, NaN where it is not finite."""
        return self._evaluate(self._gradient, vector, len(self.origin))

    def _evaluate(self, prepared: Prepared, vector: np.ndarray, size: int) -> np.ndarray:
        """Evaluate at a place; NaN for what is not finite, or where the user's code raises."""
        point = self.point.with_values(self.point.unflatten(np.asarray(vector, np.float64)))
        try:
            with np.errstate(all="ignore"):
                found = flatten(prepared.evaluate(point).values(), np.float64)
        except RAISED as error:  # such as for a matrix that is not positive definite
            self.raised = self.raised or describe(error)
            return np.full(size, np.nan)
        return np.where(np.isfinite(found), found, np.nan)

    def moved(self, position: int, value: float) -> np.ndarray:
        """Return the point with one component moved."""
        vector = self.origin.copy()
        vector[position] = value
        return vector

    @cached_property
    def kinks(self) -> Kinks:
        """Tell for each component whether the cost has no slope at the point, and why.

        What the certificate cannot look at counts as smooth.
        """
        point, _ = sample_rows(self.point, ROWS)
        try:
            rough = reference(point, seconds=SECONDS).rough
        except (UndecidedHere, NotFiniteHere) as error:
            return Kinks(np.ones(len(self.origin), bool), str(error))
        except NotCertified:
            return Kinks(np.zeros(len(self.origin), bool), "")
        return Kinks(flatten(rough.values()).astype(bool), "not smooth here, a comparison ties")


def default_backend(problem: Problem) -> Backend:
    """Make the first default backend that needs nothing but the problem and NumPy.

    The hand-derived formulas where there are some, else differences.
    """
    for name in door.default_backends():
        backend = make_backend(name, {})
        if backend.kind == "approximate" or (backend.hand_derived and problem.has_gradient):
            return backend
    raise Unsupported("no default backend is at hand: name one")
