"""Comparisons of several problems, one after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from calcbench.catalogue.available import default_witnesses
from calcbench.errors import CalcbenchError
from calcbench.harness.compare import compare_question
from calcbench.harness.every_problem import record_failure
from calcbench.harness.request import Request, Selection
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record


def compare_each(request: Request, progress: Progress = silent) -> Iterator[list[Record]]:
    """Compare as `calcbench.compare`; yield the records of each problem as it is finished.

    Raises what `calcbench.compare` raises, when the first records are asked for.
    """
    selection = Selection(request)
    backends, witnesses = selection.backends, default_witnesses()
    for number, name in enumerate(selection.names):
        try:
            yield compare_question(
                selection.pose(number),
                backends,
                timed=request.timed,
                witnesses=witnesses,
                progress=progress,
            )
        except CalcbenchError as error:
            if selection.single:
                raise
            failure = record_failure(name, error)
            yield [replace(failure, operator=selection.operator_name)]
