"""The tasks of a worker that compares: what it runs when users' code is not to run in the caller.

Between the tasks this module holds what the request selects, and the question that was posed last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from calcbench.backend.backend import Backend
from calcbench.catalogue.available import default_witnesses
from calcbench.errors import Unsupported
from calcbench.harness import compare
from calcbench.harness.apart import RunnerApart
from calcbench.harness.compare import Question, prove_formula, run_backend
from calcbench.harness.request import Request, Selection
from calcbench.harness.sending import pickle_with_code
from calcbench.judge.contract import Run, pack, timed_import, unpack
from calcbench.judge.points import LeftOut
from calcbench.problem.faults import RAISED
from calcbench.problem.problem import Problem
from calcbench.record.record import Record

LARGEST_SENT = 2**24
"""Bytes of inputs and code up to which a question is sent to workers of frameworks. A larger one,
of which each would need a copy, is run in one worker."""


class Contender(NamedTuple):
    """A backend that takes part, as the harness knows it."""

    selector: str
    dtype: str
    framework: str
    """What it imports; empty where that is nothing, or is not there."""
    named: bool
    """Whether it was asked for by name: that its framework does not import is bad input then."""
    sent: bytes
    """The backend, for the worker of its framework; empty for one that runs beside the judge."""


class Plan(NamedTuple):
    """What a request selects, as the harness knows it."""

    problems: list[str]
    backends: list[Contender]
    operator: str
    single: bool


class Begun(NamedTuple):
    """A question that was posed."""

    size: int
    skipped: list[Record]
    """The records, if nobody is to be asked."""
    sent: bytes
    """The question, for workers of frameworks; empty if it is not to be sent."""
    read_from: str
    """The files that the problem read its data from (`Record.read_from`)."""
    refused: dict[int, str]
    """The backends that need a framework in whose code the problem has no cost, each with why."""


_selection: Selection | None = None
_question: tuple[int, Question] | None = None
"""The number of the problem that the question is about, and the question."""


def select_problems(request: Request) -> None:
    """Import the files that a request names."""
    global _selection, _question
    _selection, _question = Selection(request, load=False), None


def select_backends() -> Plan:
    """Say what the request selects. No framework is imported yet."""
    found = _selected()
    entrants = [_enter(backend) for backend in found.backends]
    return Plan(found.names, entrants, found.operator_name, found.single)


def _enter(backend: Backend) -> Contender:
    """Describe a backend to the harness."""
    framework = backend.requires[0] if backend.requires and not backend.missing() else ""
    # A symbolic one proves the formula here, too.
    sent = pickle_with_code(backend) if framework and backend.kind != "symbolic" else b""
    named = _selected().names_backend(backend)
    return Contender(backend.selector, backend.dtype, framework, named, sent)


def begin(problem: int) -> Begun:
    """Pose the question about a problem."""
    question = _pose(problem)
    if question.unsupported:
        return Begun(question.size, question.skip(_selected().backends), b"", "", {})
    asked = question.problem
    return Begun(question.size, [], _send(question), asked.read_from, _refused(asked))


def _refused(problem: Problem) -> dict[int, str]:
    """Find the backends of whose framework there is no cost: nothing is imported for them."""
    found = {}
    for number, backend in enumerate(_selected().backends):
        try:
            if backend.requires:
                problem.require_cost(backend.name)
        except Unsupported as error:
            found[number] = str(error)
    return found


def _send(question: Question) -> bytes:
    """Pickle a question for workers of frameworks, unless it is large, or cannot be pickled."""
    arrays = {id(a): a.nbytes for point in question.where.values() for a in point.values.values()}
    if sum(arrays.values()) > LARGEST_SENT:
        return b""
    with contextlib.suppress(*RAISED):  # whatever an object of a user's raises
        sent = pickle_with_code(question.problem, question)
        return sent if len(sent) <= LARGEST_SENT else b""
    return b""


def import_framework(backend: int) -> float | None:
    """Import a backend's framework, where that is still to be done: the seconds that took.

    Raises `NotInstalled` where it does not import.
    """
    return timed_import(_selected().backends[backend])


def run(problem: int, left_out: LeftOut, backend: int) -> dict[str, Any]:
    """Run one backend at all points but those left out: the run, packed."""
    selection, question = _selected(), _pose(problem, left_out)
    return pack(run_backend(question, selection.backends[backend], selection.request.timed))


def prove(problem: int) -> str:
    """Let a symbolic backend prove or refute the hand-derived formula."""
    return prove_formula(_pose(problem), _selected().backends)


Packed = Mapping[int, dict[str, Any]]
"""Backend → what `run` gave, here or in the worker of its framework."""


def describe_runs(problem: int, packed: Packed) -> list[Record]:
    """Make records of runs that are not judged yet."""
    return compare.describe_runs(_pose(problem), _unpack(packed))


def judge_runs(
    problem: int, left_out: LeftOut, packed: Packed, proof: str, apart: list[str]
) -> list[Record]:
    """Judge runs: one record for each. What those `apart` are to run more, the harness is asked."""
    question, runner = _pose(problem, left_out), RunnerApart(apart)
    runs, witnesses = _unpack(packed), default_witnesses()
    return compare.judge_runs(question, runs, witnesses, proof, runner, runner.departure)


def _unpack(packed: Packed) -> list[Run]:
    """Make runs, in the order of the backends."""
    backends = _selected().backends
    return [unpack(backends[number], packed[number]) for number in sorted(packed)]


def _selected() -> Selection:
    assert _selection is not None, "nothing is selected yet"
    return _selection


def _pose(problem: int, left_out: LeftOut | None = None) -> Question:
    """Pose the question about a problem, once, and without each of the points left out."""
    global _question
    if _question is None or _question[0] != problem:
        _question = problem, _selected().pose(problem)
    if left_out is not None and left_out.reasons != _question[1].left_out.reasons:
        _question = problem, _question[1].leave_out(left_out)
    return _question[1]
