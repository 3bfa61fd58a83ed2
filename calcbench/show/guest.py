"""The tasks of a worker that describes problems, or differences them at every step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calcbench.catalogue import selection
from calcbench.problem.faults import blamed_on
from calcbench.problem.problem import Problem
from calcbench.show import describe, steps

_problems: list[Problem] = []


def get_ready() -> None:
    """Do nothing: whoever runs this task has imported what the others need by then."""


def select(selector: str) -> list[str]:
    """Select problems, import the file if it is one, and return their names."""
    _problems[:] = selection.select_problems([selector])
    return [problem.name for problem in _problems]


def describe_problem(number: int, backends: Iterable[str] | None, operator: str) -> dict[str, Any]:
    """Collect what there is to say about one of the problems (`describe`)."""
    problem = _problems[number]
    with blamed_on(problem.name):
        return describe.describe(problem, backends, operator)


def measure_steps(
    selector: str, partial: str | None, backends: Iterable[str], at: Mapping[str, Any] | None
) -> steps.Curve:
    """Difference one partial of a problem at every step (`steps.curve`)."""
    problem = selection.find_problem(selector)
    with blamed_on(problem.name):
        return steps.curve(problem, partial, selection.select_backends(backends), at)
