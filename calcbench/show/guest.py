"""The tasks of a worker that describes problems, draws them, descends, or differences them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calcbench.catalogue import selection
from calcbench.problem.faults import blamed_on
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.problem.size import SizeLike
from calcbench.report.picture import check_ending
from calcbench.report.tables.table import Table
from calcbench.show import descent, describe, steps
from calcbench.show.pictures import plot
from calcbench.show.pictures.landscape import default_backend

_problems: list[Problem] = []


def select(selector: selection.ProblemSelector) -> list[str]:
    """Select problems, import the file if it is one, and return their names."""
    _problems[:] = selection.select_problems([selector])
    return [problem.name for problem in _problems]


def describe_problem(number: int, backends: Iterable[str] | None, operator: str) -> dict[str, Any]:
    """Collect what there is to say about one of the problems (`describe`)."""
    problem = _problems[number]
    with blamed_on(problem.name):
        return describe.describe(problem, backends, operator)


def measure_steps(
    selector: selection.ProblemSelector,
    partial: str | None,
    backends: Iterable[str],
    at: Mapping[str, Any] | None,
    size: SizeLike | None,
    seed: int,
    dtype: str | None = None,
) -> steps.Curve:
    """Difference one partial of a problem at every step (`steps.curve`)."""
    problem = selection.find_problem(selector)
    options = {} if dtype is None else {"dtype": dtype}
    engines = selection.select_backends(backends, **options)
    with blamed_on(problem.name):
        return steps.curve(problem, partial, engines, at, size, seed)


def draw(
    selector: selection.ProblemSelector,
    backend: str | None,
    at: Mapping[str, Any] | None,
    size: SizeLike | None,
    seed: int,
    what: Mapping[str, Any],
    ending: str,
) -> tuple[str, bytes]:
    """Draw `what` of a problem (`plot.plot`): its name, and the picture in an ending's form."""
    problem = selection.find_problem(selector)
    engine = selection.find_backend(backend) if backend else default_backend(problem)
    with blamed_on(problem.name):
        picture = plot.plot(own_point(problem, size, seed, at), engine, **what)
        return problem.name, picture.render(check_ending(f"picture{ending}", picture.endings))


def follow(
    selector: selection.ProblemSelector,
    backend: str | None,
    at: Mapping[str, Any] | None,
    size: SizeLike | None,
    seed: int,
    rates: Iterable[float],
    steps: int,
    ending: str | None,
) -> tuple[list[dict[str, Any]], list[Table], bytes | None]:
    """Descend from a point (`descent.descend`): all steps as data, tables, and the picture."""
    problem = selection.find_problem(selector)
    engine = selection.find_backend(backend) if backend else default_backend(problem)
    with blamed_on(problem.name):
        found = descent.descend(own_point(problem, size, seed, at), engine, rates, steps)
        picture = found.picture().render(ending) if ending else None
    return [path.as_json() for path in found], [descent.table(path) for path in found], picture
