"""Request: what is to be compared, as selectors and options, and what they select."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from calcbench.backend.backend import Backend
from calcbench.catalogue.door import default_problems, problems
from calcbench.catalogue.selection import (
    BackendSelector,
    ProblemSelector,
    choose_backends,
    list_selectors,
    select_problems,
)
from calcbench.certified.extent import EXTENTS
from calcbench.errors import SelectorError, nearest, short_repr
from calcbench.harness.compare import Question, pose
from calcbench.operators import GRADIENT, Operator, find_operator, first_derivative
from calcbench.problem.arguments import check_text, whole_number, yes_or_no
from calcbench.problem.problem import Problem
from calcbench.problem.size import SizeLike, read_size


@dataclass(frozen=True)
class Request:
    """What `calcbench.compare` is asked for."""

    problems: ProblemSelector | Iterable[ProblemSelector] | None = None
    backends: BackendSelector | Iterable[BackendSelector] | None = None
    at: Mapping[str, Any] | None = None
    operator: str | Operator | None = None
    """If None, the gradient; of a vector-valued problem, its Jacobian."""
    direction: Mapping[str, Any] | None = None
    size: SizeLike | None = None
    seed: int = 0
    dtype: str | None = None
    timed: bool = True
    certify: str | None = None
    """One of `certified.extent.EXTENTS`; if None, an estimate of the time decides."""


class Selection:
    """What a request selects. A problem of the catalogue is loaded when its turn comes."""

    def __init__(self, request: Request, load: bool = True) -> None:
        """Select problems; import the files that are named.

        With `load`, the frameworks of backends that are named are imported when they are selected.
        Raises what `calcbench.compare` raises.
        """
        _check(request)
        self.request, self._load = request, load
        selectors = list_selectors(request.problems, "problem")
        self._chosen = None if selectors is None else select_problems(selectors)
        for option in ("at", "direction"):
            if getattr(request, option) is not None and not self.single:
                raise SelectorError(f"{option}: name the one problem whose parameters these are")
        self.operator = None if request.operator is None else find_operator(request.operator)

    @cached_property
    def backends(self) -> list[Backend]:
        """The backends. Raises what selecting them raises, and importing their frameworks."""
        return choose_backends(self.request.backends, self.request.dtype, self._load)

    def names_backend(self, backend: Backend) -> bool:
        """Tell whether the request names a backend, rather than all or the default ones."""
        selectors = list_selectors(self.request.backends, "backend") or []
        names = [s.partition("[")[0].strip() for s in selectors if isinstance(s, str)]
        return backend.name in names or backend in selectors

    @property
    def single(self) -> bool:
        """Whether one problem is selected: what is wrong with it is bad input, and no row."""
        return self._chosen is not None and len(self._chosen) == 1

    @property
    def operator_name(self) -> str:
        """How the operator is written in the record of a problem that could not be posed."""
        return (self.operator or GRADIENT).selector

    @property
    def names(self) -> list[str]:
        """The names of the problems, in order."""
        if self._chosen is None:
            return list(default_problems())
        return [problem.name for problem in self._chosen]

    def problem(self, number: int) -> Problem:
        """Return a problem. Raises `CalcbenchError` for one that does not import."""
        if self._chosen is not None:
            return self._chosen[number]
        found: Problem = problems()[self.names[number]]
        return found

    def pose(self, number: int) -> Question:
        """Draw the inputs of a problem, and choose its points; raises what `pose` raises."""
        problem, request = self.problem(number), self.request
        question = pose(
            problem,
            self.operator or first_derivative(problem),
            # A problem of one size keeps it, unless it is the only one.
            size=request.size if self.single or len(problem.sizes) > 1 else None,
            seed=request.seed,
            at=request.at,
            direction=request.direction,
        )
        return replace(question, certify=request.certify or "")


def _check(request: Request) -> None:
    """Raise `SelectorError` for what no problem could be compared with."""
    whole_number("seed", request.seed, 0)
    if request.size is not None:
        read_size(request.size)
    if request.dtype is not None:
        check_text("dtype", request.dtype, "'float32'")
    yes_or_no("timed", request.timed)
    if request.certify is not None:
        check_text("certify", request.certify, "'full'")
        if request.certify not in EXTENTS:
            raise SelectorError(
                f"certify: no {short_repr(request.certify)}: {nearest(request.certify, EXTENTS)}"
            )
