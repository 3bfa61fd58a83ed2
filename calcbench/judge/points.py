"""Where results are judged: always at the problem's own point, else where the cost is defined.

The other points are chosen by calcbench, which does not know where a cost is defined. What happens
where it is not (an exception, NaN, a matrix that is not positive definite, a loop without end)
counts against nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from calcbench.certified.certificate import Certificate
from calcbench.certified.reference import NotCertified, NotFiniteHere, UndecidedHere
from calcbench.judge.contract import Run
from calcbench.problem.point import Point
from calcbench.problem.whereabouts import Place
from calcbench.record.record import Status

MANY = 2
"""Points that end a process, from which on no other is tried but the problem's own."""


@dataclass
class LeftOut:
    """Points that calcbench chose, and that end a process, or never end: nobody is judged there."""

    reasons: dict[str, str] = field(default_factory=dict)
    """Name of a point → what happens there."""

    def add(self, place: Place, reason: str) -> bool:
        """Leave out the point where a process ended; tell whether it is one to be left out."""
        if not place.chosen or place.name in self:
            return False
        self.reasons[place.name] = reason
        return True

    def __len__(self) -> int:
        """Count the points that ended a process."""
        return len(self.reasons)

    def __contains__(self, name: object) -> bool:
        """Tell whether a point is left out: where they are many, all but the problem's own."""
        return name in self.reasons or (name != "own" and len(self) >= MANY)

    def keep(self, where: Mapping[str, Point]) -> dict[str, Point]:
        """Select the points that are not left out."""
        return {name: point for name, point in where.items() if name not in self}

    def remarks(self) -> list[str]:
        """Say what is not judged, and why."""
        said = [
            f"not judged at {name}: {reason} there (declare a domain)"
            for name, reason in self.reasons.items()
        ]
        many = len(self) >= MANY
        return [*said, "not judged at the other points: not tried"] if many else said


def why_not_judged(
    point: str, found: Certificate | NotCertified | None, runs: Sequence[Run]
) -> str:
    """Say why nobody is judged at a point; "" where everybody is.

    `found` is what certifying the point gave. Without a certificate the runs tell: where half of
    the exact ones fail, the cost is taken to be undefined.
    """
    if point == "own":
        return ""
    if isinstance(found, NotFiniteHere):
        return f"{found} there (declare a domain)"
    if isinstance(found, UndecidedHere):
        return f"{found}, there"
    if not isinstance(found, Certificate):
        return "most exact backends fail there (declare a domain)" if _fails(point, runs) else ""
    if found.open.any():
        return f"{found.open_reason} there"
    if found.at_edge:
        return "the cost is defined on one side alone there (declare a domain)"
    if not np.all(np.isfinite(found.value[found.judged])):
        return "the result is not finite there"
    return f"{found.range_fault} there" if found.range_fault else ""


def _fails(point: str, runs: Sequence[Run]) -> bool:
    """Tell whether half of the exact runs, or of all if none is exact, fail at a point."""
    complete = [run for run in runs if run.status is Status.OK]
    asked = [run for run in complete if run.exact] or complete
    failing = [run for run in asked if point in run.failures or not _finite(run, point)]
    return bool(failing) and 2 * len(failing) >= len(asked)


def _finite(run: Run, point: str) -> bool:
    return all(np.all(np.isfinite(array)) for array in run.results[point].values())
