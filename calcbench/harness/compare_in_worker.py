"""Comparisons in workers: users' files, costs and plugins never run in the process that prints.

One worker serves all problems and the backends that are light. Each framework has a worker of its
own, where it is imported meanwhile, and loaded once. Where a step ends its worker (it exits,
crashes, hangs, or eats all memory), that is a record, and another one goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from calcbench.errors import CalcbenchError
from calcbench.harness.every_problem import record_failure
from calcbench.harness.host import Host
from calcbench.harness.request import Request
from calcbench.harness.trial import Draft, Trial
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record


def compare_in_worker(
    request: Request,
    timeout: float,
    start: str = "spawn",
    progress: Progress = silent,
    draft: Draft | None = None,
) -> Iterator[list[Record]]:
    """Compare as `compare_each`, in workers; `start` is their start method.

    A step of a problem may take `timeout` seconds: its inputs, one backend, the proof, the
    verdicts. A `draft` is given what is there of a problem while the rest is awaited. Raises what
    `calcbench.compare` raises.
    """
    host = Host(request, timeout, start)
    try:
        plan = host.select()
        for number, name in enumerate(plan.problems):
            trial = Trial(host, plan, number, progress, draft)
            try:
                yield trial.records()
            except CalcbenchError as error:
                if plan.single or error is host.refusal:
                    raise
                yield [replace(record_failure(name, error), operator=plan.operator)]
    finally:
        host.stop()
