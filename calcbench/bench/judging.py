"""The tasks of the process that judges a benchmark: it draws the inputs, and runs the judge.

The judge evaluates the cost, and a cost may hang. Backends stay in their own processes: what the
judge wants to know of them, it asks the harness (`workers.serving.consult`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import cloudpickle
import numpy as np

from calcbench.backend.backend import Backend
from calcbench.bench.numbers import Numbers, numbers_of
from calcbench.errors import CalcbenchError
from calcbench.harness.compare import component_labels, reference_value
from calcbench.judge.contract import Run, unpack
from calcbench.judge.judge import Outcome, judge
from calcbench.judge.points import LeftOut
from calcbench.judge.runner import InProcess
from calcbench.operators import Operator
from calcbench.operators.points import points_for
from calcbench.problem.faults import blamed_on
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem
from calcbench.problem.sampling import describe_data
from calcbench.problem.size import SizeLike
from calcbench.record.record import Record
from calcbench.workers.serving import consult


class ProcessLost(CalcbenchError):
    """Raised where a backend's process ends while it runs something for the judge."""


class Posed(NamedTuple):
    """What all backends of a group are asked."""

    operator: Operator
    """As it is resolved: `partial` is the first of the problem at hand."""
    where: dict[str, Numbers]


@dataclass(frozen=True)
class RunPoints:
    """The question what a backend gives at some points."""

    selector: str
    where: dict[str, Numbers]
    operator: Operator


@dataclass(frozen=True)
class Sensitivities:
    """The question how sensitive a backend's result is at some points."""

    selector: str
    where: dict[str, Numbers]
    seed: int


_problem: Problem | None = None
_where: dict[str, Point] = {}


def pose(problem: bytes, operator: Operator, size: SizeLike | None, seed: int) -> Posed:
    """Draw the inputs of a problem, and choose the points; both are kept for `judge_cells`."""
    global _problem, _where
    _problem = cloudpickle.loads(problem)
    assert _problem is not None
    with blamed_on(_problem.name):
        own = own_point(_problem, size, seed)
        chosen = operator.resolve(own)
        _where = points_for(own, chosen, seed)
    return Posed(chosen, numbers_of(_where))


def judge_cells(
    backends: Sequence[bytes],
    packed: Sequence[dict[str, Any]],
    operator: Operator,
    seed: int,
    witnesses: Sequence[Backend],
    left_out: LeftOut,
) -> list[Record]:
    """Judge what the backends gave: one record for each. Raises `ProcessLost`."""
    assert _problem is not None
    runs = [unpack(cloudpickle.loads(b), run) for b, run in zip(backends, packed, strict=True)]
    runner = InTheirProcesses({run.backend.selector for run in runs})
    with blamed_on(_problem.name):
        where = left_out.keep(_where)
        decided = judge(runs, where, seed, witnesses, operator, runner, left_out)
        labels = component_labels(operator.layout(_where["own"]))
    return [
        _complete(record, run, decided, labels)
        for run, record in zip(runs, decided.records, strict=True)
    ]


class InTheirProcesses:
    """The judge's runner that has each backend run in its own process, and witnesses here."""

    def __init__(self, selectors: set[str]) -> None:
        """Take the backends that have a process."""
        self.selectors = selectors

    def run_points(self, backend: Backend, where: Mapping[str, Point], operator: Operator) -> Run:
        """Run at other points than the cell's; the operator is prepared anew.

        Raises `ProcessLost` where a point ends the process that calcbench chose.
        """
        if backend.selector not in self.selectors:
            return InProcess.run_points(backend, where, operator)
        question = RunPoints(backend.selector, numbers_of(where), operator)
        found: dict[str, Any] | None = consult(question)
        if found is None:
            raise ProcessLost(backend.selector)
        return unpack(backend, found)

    def sensitivities(
        self, backend: Backend, where: Mapping[str, Point], seed: int, operator: Operator
    ) -> dict[str, np.ndarray]:
        """Measure κ with this backend. Raises `ProcessLost` where its process ends meanwhile."""
        if backend.selector not in self.selectors:
            return InProcess.sensitivities(backend, where, seed, operator)
        question = Sensitivities(backend.selector, numbers_of(where), seed)
        found: dict[str, np.ndarray] | None = consult(question)
        if found is None:
            raise ProcessLost(backend.selector)
        return found


def _complete(record: Record, run: Run, decided: Outcome, labels: tuple[str, ...]) -> Record:
    """Add to a verdict the result, and what it was compared with."""
    truth = decided.certificate.truth if decided.certificate else None
    return replace(
        record,
        direction=_where["own"].seed,
        value=run.results.get("own"),
        labels=labels,
        reference=reference_value(truth) if truth else None,
        certified_digits=truth.digits if truth else None,
        judged=decided.note,
        data=describe_data(_where),
        condition=decided.condition,
    )
