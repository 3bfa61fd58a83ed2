"""Comparisons of several problems, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from calcbench.catalogue.available import default_witnesses
from calcbench.catalogue.selection import (
    BackendSelector,
    ProblemSelector,
    choose_backends,
    list_selectors,
    select_problems,
)
from calcbench.errors import CalcbenchError, SelectorError
from calcbench.harness.compare import compare_problem
from calcbench.harness.every_problem import every_problem, record_failure
from calcbench.operators import Operator, find_operator
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record


def compare_each(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    at: Mapping[str, Any] | None = None,
    *,
    operator: str | Operator = "gradient",
    direction: Mapping[str, Any] | None = None,
    size: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
    timed: bool = True,
    progress: Progress = silent,
) -> Iterator[list[Record]]:
    """Compare as `calcbench.compare`; yield the records of each problem as it is finished.

    Raises what `calcbench.compare` raises, when the first records are asked for.
    """
    selectors = list_selectors(problems, "problem")
    chosen = select_problems(selectors) if selectors is not None else None
    single = chosen is not None and len(chosen) == 1
    if at is not None and not single:
        raise SelectorError("at: name the one problem whose parameters these are")
    if direction is not None and not single:
        raise SelectorError("direction: name the one problem whose parameters these are")
    wanted = find_operator(operator)
    engines = choose_backends(backends, dtype)
    witnesses = default_witnesses()
    for problem in chosen if chosen is not None else every_problem():
        if isinstance(problem, Record):
            yield [replace(problem, operator=wanted.selector)]
            continue
        try:
            yield compare_problem(
                problem,
                engines,
                size=size if single or len(problem.sizes) > 1 else None,
                seed=seed,
                at=at,
                operator=wanted,
                direction=direction,
                timed=timed,
                witnesses=witnesses,
                progress=progress,
            )
        except CalcbenchError as error:
            if single:
                raise
            yield [replace(record_failure(problem.name, error), operator=wanted.selector)]
