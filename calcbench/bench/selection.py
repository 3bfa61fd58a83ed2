"""Sessions from selectors: which problems, backends, sizes, dtypes and threads are timed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

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
from calcbench.errors import SelectorError, short_repr
from calcbench.harness.every_problem import every_problem
from calcbench.operators import Operator, find_operator
from calcbench.problem.arguments import check_text, is_whole, list_of, whole_number, yes_or_no
from calcbench.problem.problem import Problem
from calcbench.problem.size import SizeLike, read_size
from calcbench.workers.limits import processors


def open_session(
    problems: ProblemSelector | Iterable[ProblemSelector] | None = None,
    backends: BackendSelector | Iterable[BackendSelector] | None = None,
    sizes: SizeLike | Iterable[SizeLike] | None = None,
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
    destination = (
        None if output is None else find_destination(_path(output), yes_or_no("resume", resume))
    )
    numbers = _read_each("threads", threads, _read_threads)
    if not isinstance(settings, (Settings, NoneType)):
        raise SelectorError(
            f"settings are a calcbench.Settings, such as calcbench.QUICK, "
            f"and not {short_repr(settings)}"
        )
    groups = cells.groups(
        _choose_problems(problems),
        _choose_backends(backends, dtypes),
        None if sizes is None else _read_each("sizes", sizes, read_size),
        numbers,
        whole_number("seed", seed, 0),
        find_operator(operator),
    )
    if shard is not None:
        groups = cells.shard(groups, shard)
    return Session(groups, settings, destination, default_witnesses())


def _read_each(what: str, given: Any, read: Callable[[Any], int]) -> list[int]:
    """Read one number or several, each once. Raises `SelectorError` for none."""
    many = list_of(what, given, lambda value: isinstance(value, (int, np.integer, Mapping)))
    if not many:
        raise SelectorError(f"{what}: none is given; leave it out for the default")
    return list(dict.fromkeys(map(read, many)))


def _read_threads(number: Any) -> int:
    if not is_whole(number, 1) or number > processors():
        raise SelectorError(
            f"threads must be from 1 to {processors()} here, got {short_repr(number)}"
        )
    return int(number)


def _path(output: Any) -> Path:
    """Read the name of a file. Raises `SelectorError` for what is none."""
    if not isinstance(output, (str, Path)):
        raise SelectorError(f"output is the name of a file, and not {short_repr(output)}")
    return Path(output)


def _choose_problems(problems: Any) -> list[Problem]:
    """Select the problems, or the default ones that can be run here."""
    selectors = list_selectors(problems, "problem")
    if selectors is not None:
        return select_problems(selectors)
    return [found for found in every_problem() if isinstance(found, Problem)]


def _choose_backends(backends: Any, dtypes: str | Iterable[str] | None) -> list[Backend]:
    """Select the backends in every dtype, each once."""
    chosen = list_of("dtypes", dtypes, lambda value: isinstance(value, (str, NoneType)))
    if not chosen:
        raise SelectorError("dtypes: none is given; leave it out for the default")
    for dtype in chosen if dtypes is not None else ():
        check_text("a dtype", dtype, "'float32'")
    found = [engine for dtype in chosen for engine in choose_backends(backends, dtype, load=False)]
    return list({engine.selector: engine for engine in found}.values())
