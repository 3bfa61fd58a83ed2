"""Whether the costs that frameworks have in their own code are the same function.

Their derivatives are judged as those of any backend. But a constant that one of them adds has no
derivative, so that the values are held against the reference, too.
"""

from __future__ import annotations

from dataclasses import replace

from calcbench.certified.certificate import certify
from calcbench.certified.reference import NotCertified
from calcbench.errors import write_apart
from calcbench.judge.contract import Run
from calcbench.operators import find_operator
from calcbench.problem.point import Point
from calcbench.record.record import Record, Status


def judge_own_cost(record: Record, run: Run, own: Point) -> Record:
    """Make a record `disagree` whose cost is not that of the reference, at the own point.

    Of one that disagrees already, this is told first.
    """
    disagrees = record.status is Status.DISAGREE
    if run.cost is None or (record.status.failed and not disagrees):
        return record
    dtype = run.backend.dtype
    try:
        truth = certify(own.with_seed({}).round_to(dtype), dtype, find_operator("cost"))
    except NotCertified:
        return record
    if abs(run.cost - truth.value[0]) <= truth.bound[0]:
        return record
    given, true = write_apart(run.cost, float(truth.value[0]))
    reason = (
        f"its cost is another function: {given}, and that of the reference is {true} "
        f"(allowed {truth.bound[0]:.2g})"
    )
    more = f"; {record.reason}" if disagrees else ""
    return replace(record, status=Status.DISAGREE, reason=reason + more)
