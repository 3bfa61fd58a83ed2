"""The default problems, for a comparison or a benchmark that names none."""

from __future__ import annotations

from collections.abc import Iterator

from calcbench.catalogue.door import default_problems, problems
from calcbench.errors import CalcbenchError, NotInstalled, SelectorError
from calcbench.operators import GRADIENT
from calcbench.problem.problem import Problem
from calcbench.record.entrant import NOBODY, start_record
from calcbench.record.record import Record, Status


def every_problem() -> Iterator[Problem | Record]:
    """Yield every default problem; one that does not import is a record; the others run."""
    catalogue = problems()
    for name in default_problems():
        try:
            yield catalogue[name]
        except CalcbenchError as error:
            yield record_failure(name, error)


def record_failure(name: str, error: CalcbenchError) -> Record:
    """Make the record of a problem that could not be run on any backend."""
    status = Status.NOT_INSTALLED if isinstance(error, NotInstalled) else Status.ERROR
    if isinstance(error, SelectorError):  # a component that this one of several does not have
        status = Status.SKIPPED
    return start_record(name, NOBODY, GRADIENT.selector, status, str(error))
