"""The tasks of a worker that compares: what it runs when users' code is not to run in the caller.

Between the tasks this module holds what the request selects, and the question that was posed last.
"""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

from calcbench.catalogue.available import default_witnesses
from calcbench.errors import NotInstalled
from calcbench.harness import compare
from calcbench.harness.compare import Question, prove_formula, run_backend
from calcbench.harness.request import Request, Selection
from calcbench.judge.contract import pack, timed_import, unpack
from calcbench.judge.points import LeftOut
from calcbench.record.entrant import Named
from calcbench.record.record import Record


class Plan(NamedTuple):
    """What a request selects, as the harness knows it."""

    problems: list[str]
    backends: list[Named]
    operator: str
    single: bool


_selection: Selection | None = None
_question: tuple[int, Question] | None = None
"""The number of the problem that the question is about, and the question."""
_imports: dict[int, float] = {}
"""Backend → seconds that importing its framework took, until a run reports them."""


def select_problems(request: Request) -> None:
    """Import the files that a request names."""
    global _selection, _question
    _selection, _question = Selection(request), None


def select_backends() -> Plan:
    """Import the frameworks that the request names, and say what it selects."""
    found = _selected()
    backends = [Named(backend.selector, backend.dtype) for backend in found.backends]
    return Plan(found.names, backends, found.operator_name, found.single)


def begin(problem: int) -> tuple[int, list[Record]]:
    """Pose the question about a problem: its size, and the records if nobody is to be asked."""
    question = _pose(problem)
    skipped = question.skip(_selected().backends) if question.unsupported else []
    return question.size, skipped


def import_framework(backend: int) -> None:
    """Import a backend's framework, where that is still to be done; `run` says what fails."""
    with contextlib.suppress(NotInstalled):
        seconds = timed_import(_selected().backends[backend])
        if seconds is not None:
            _imports[backend] = seconds


def run(problem: int, left_out: LeftOut, backend: int) -> dict[str, Any]:
    """Run one backend at all points but those left out: the run, packed."""
    selection, question = _selected(), _pose(problem).leave_out(left_out)
    found = run_backend(question, selection.backends[backend], selection.request.timed)
    if backend in _imports:
        found.seconds = {"import": _imports.pop(backend), **found.seconds}
    return pack(found)


def prove(problem: int) -> str:
    """Let a symbolic backend prove or refute the hand-derived formula."""
    return prove_formula(_pose(problem), _selected().backends)


def judge_runs(
    problem: int, left_out: LeftOut, packed: list[dict[str, Any]], proof: str
) -> list[Record]:
    """Judge what `run` gave for every backend: one record for each."""
    selection, question = _selected(), _pose(problem).leave_out(left_out)
    runs = [unpack(*both) for both in zip(selection.backends, packed, strict=True)]
    return compare.judge_runs(question, runs, default_witnesses(), proof)


def _selected() -> Selection:
    assert _selection is not None, "nothing is selected yet"
    return _selection


def _pose(problem: int) -> Question:
    """Pose the question about a problem, once."""
    global _question
    if _question is None or _question[0] != problem:
        _question = problem, _selected().pose(problem)
    return _question[1]
