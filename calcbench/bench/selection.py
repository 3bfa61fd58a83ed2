"""Sessions from selectors: which problems, backends, sizes, dtypes and threads are timed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from calcbench.backend.backend import Backend
from calcbench.bench import cells
from calcbench.bench.rounds import Settings
from calcbench.bench.session import Session, find_destination
from calcbench.catalogue.available import default_witnesses
from calcbench.catalogue.selection import (
    BackendSelector,
    ProblemSelector,
    choose_backends,
    list_selectors,
    select_problems,
)
from calcbench.errors import SelectorError
from calcbench.harness.every_problem import every_problem
from calcbench.operators import Operator, find_operator
from calcbench.problem.problem import Problem
from calcbench.workers.limits import processors


def open_session(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    sizes: int | Iterable[int] | None = None,
    *,
    operator: str | Operator = "gradient",
    dtypes: str | Iterable[str] | None = None,
    threads: int | Iterable[int] = 1,
    seed: int = 0,
    shard: str | None = None,
    settings: Settings | None = None,
    output: str | Path | None = None,
    resume: bool = False,
) -> Session:
    """Prepare what `calcbench.benchmark` runs; nothing is run before `Session.records`.

    `shard` takes a part of the matrix: `1/4` is the first of four. Raises what
    `calcbench.benchmark` raises.
    """
    destination = None if output is None else find_destination(Path(output), resume)
    numbers = [threads] if isinstance(threads, int) else list(threads)
    for number in numbers:
        if not 1 <= number <= processors():
            raise SelectorError(f"threads must be from 1 to {processors()} here, got {number}")
    groups = cells.groups(
        _choose_problems(problems),
        _choose_backends(backends, dtypes),
        [sizes]
        if isinstance(sizes, int)
        else None
        if sizes is None
        else list(dict.fromkeys(sizes)),
        numbers,
        seed,
        find_operator(operator),
    )
    if shard is not None:
        groups = cells.shard(groups, shard)
    return Session(groups, settings, destination, default_witnesses())


def _choose_problems(problems: Any) -> list[Problem]:
    """Select the problems, or all that can be run here."""
    selectors = list_selectors(problems, "problem")
    if selectors is not None:
        return select_problems(selectors)
    return [found for found in every_problem() if isinstance(found, Problem)]


def _choose_backends(backends: Any, dtypes: str | Iterable[str] | None) -> list[Backend]:
    """Select the backends in every dtype, each once."""
    chosen = [dtypes] if dtypes is None or isinstance(dtypes, str) else list(dtypes)
    found = [engine for dtype in chosen for engine in choose_backends(backends, dtype, load=False)]
    return list({engine.selector: engine for engine in found}.values())
