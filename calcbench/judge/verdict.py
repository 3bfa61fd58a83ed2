"""Verdicts: what each run's results are worth, point by point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from calcbench.certified.certificate import Certificate, formula_error
from calcbench.certified.reference import NotCertified, NotFiniteHere, NotSmoothHere
from calcbench.judge import scoring
from calcbench.judge.contract import Run
from calcbench.judge.vote import Ballot, Consensus, Vote, cast_ballot
from calcbench.operators import Layout, Operator
from calcbench.problem.flat import unflatten
from calcbench.problem.problem import Problem
from calcbench.record.record import Disagreement, Record, Status

Certificates = Mapping[tuple[str, str], Certificate | NotCertified]
"""(point, dtype) → the certificate, or why there is none."""


def verdicts(vote: Vote, certificates: Certificates) -> list[Record]:
    """Judge every run at every point: by its certificate, or else by the vote."""
    own = vote.where["own"]
    layout = vote.operator.layout(own)
    records = [_record(own.problem, run, vote.operator) for run in vote.runs]
    for point in vote.where:
        for index, run in enumerate(vote.runs):
            if run.status is Status.OK:
                found = certificates.get((point, run.backend.dtype))
                records[index] = _judge_at_point(vote, index, records[index], layout, point, found)
    return records


def _judge_at_point(
    vote: Vote,
    index: int,
    record: Record,
    layout: Layout,
    point: str,
    found: Certificate | NotCertified | None,
) -> Record:
    """Add to a verdict what one point says: by the certificate, or else by the vote."""
    run = vote.runs[index]
    if isinstance(found, Certificate):
        if point != "own" and not np.all(np.isfinite(found.value[~found.rough])):
            return record  # a point that the harness chose, outside the domain: see _remarks
        ballot = cast_ballot(run, point, found.bound)
        ballot, agreed = _mask_rough(ballot, _as_consensus(found, run.backend.dtype), found.rough)
        after = _verdict(record, layout, point, ballot, agreed)
        if run.backend.hand_derived:
            return _judge_formula(after, layout, point, found)
        differenced = "hand-derived" in run.method and after.status is Status.DISAGREE
        if differenced and record.status is Status.OK:
            reason = f"{after.reason}; it stands on the hand-derived gradient, which may be wrong"
            return replace(after, reason=reason)
        return after
    if isinstance(found, NotFiniteHere):
        if point != "own" or record.status is not Status.OK:
            return record
        return replace(record, status=Status.ERROR, reason=f"no verdict: {found}")
    after = _verdict(record, layout, point, *vote.at(point, index))
    if isinstance(found, NotSmoothHere) and after.status is not record.status:
        # Where there may be no derivative backends differ by convention, and none is wrong.
        return record
    return after


def _mask_rough(ballot: Ballot, agreed: Consensus, rough: np.ndarray) -> tuple[Ballot, Consensus]:
    """Leave out the components that have no derivative: they are compared as 0 with 0."""
    if not rough.any():
        return ballot, agreed
    value, reference = ballot.value.copy(), agreed.reference.copy()
    value[rough] = reference[rough] = 0.0
    return replace(ballot, value=value), replace(agreed, reference=reference)


def _as_consensus(certificate: Certificate, dtype: str) -> Consensus:
    """Make a certificate the consensus to be held against: the truth, to half a unit."""
    half_unit = float(np.finfo(dtype).eps) / 2 * np.abs(certificate.value)
    return Consensus(
        reference=certificate.value,
        bound=half_unit,
        scale=float(np.max(certificate.magnitude)),
        range_fault=certificate.range_fault,
    )


def _judge_formula(
    record: Record,
    layout: Layout,
    point: str,
    certificate: Certificate,
) -> Record:
    """Judge the hand-derived formula itself, evaluated without rounding.

    However badly conditioned the cost, a wrong formula has no rounding to hide below.
    """
    if record.status is not Status.OK:
        return record
    try:
        error, allowed = formula_error(certificate)
    except NotCertified:
        return record
    wrong = (np.abs(error) > allowed) & ~certificate.rough
    if not wrong.any():
        return record
    position = int(np.argmax(np.where(wrong, np.abs(error), -1.0)))
    label = layout.label(position)
    true = float(certificate.value[position])
    found = Disagreement(point, label, true + float(error[position]), true, 0.0)
    place = "" if point == "own" else f" at {point}"
    return replace(
        record,
        status=Status.DISAGREE,
        disagreement=found,
        reason=f"the formula for {label}{place} is off by {abs(error[position]):.2g}, "
        f"a relative {abs(error[position] / true) if true else np.inf:.2g}, without any rounding",
    )


def _record(problem: Problem, run: Run, operator: Operator) -> Record:
    """Start the record of a run, before it is judged."""
    return Record(
        problem=problem.name,
        backend=run.backend.selector,
        operator=operator.selector,
        dtype=run.backend.dtype,
        status=run.status,
        reason=run.reason,
        method=run.method,
    )


def _verdict(
    record: Record,
    layout: Layout,
    point: str,
    ballot: Ballot,
    agreed: Consensus,
) -> Record:
    """Add what one point says to a verdict; the first point that fails is the one reported."""
    if record.status is Status.ERROR:
        return record
    digits = scoring.digits(ballot, agreed, record.dtype)
    worst = float(np.min(digits))
    verdict = replace(record, digits=worst if record.digits is None else min(worst, record.digits))
    if point == "own":
        verdict = replace(
            verdict,
            digits_median=float(np.median(digits)),
            ulps=scoring.ulps(ballot, agreed, record.dtype),
            bound=unflatten(ballot.bound + agreed.bound, layout.shapes),
        )
    if record.status is not Status.OK:
        return verdict
    place = "" if point == "own" else f" at {point}"
    with np.errstate(over="ignore"):
        finite = np.isfinite(agreed.reference.astype(record.dtype))
    if not finite.all():
        position = int(np.flatnonzero(~finite)[0])
        label = layout.label(position)
        why = agreed.range_fault or f"{record.backend} gives {ballot.value[position]}"
        return replace(
            verdict,
            status=Status.ERROR,
            digits=None,
            reason=f"no verdict: {label}{place} is not finite in {record.dtype} ({why})",
        )
    fault = scoring.disagreement(layout, point, ballot, agreed)
    if fault and agreed.range_fault:
        return replace(
            verdict,
            status=Status.ERROR,
            digits=None,
            reason=f"no verdict{place}: {agreed.range_fault}, outside the range of {record.dtype}",
        )
    if fault:
        return replace(verdict, status=Status.DISAGREE, reason=str(fault), disagreement=fault)
    empty = scoring.vacuous_component(ballot, agreed, record.dtype)
    if empty is not None:
        label = layout.label(empty)
        value, true = ballot.value[empty], agreed.reference[empty]
        return replace(
            verdict,
            status=Status.ERROR,
            digits=None,
            reason=f"no verdict: {label}{place} is {value:.6g} instead of {true:.6g}, and "
            f"rounding in {record.dtype} may do that (the bound is {ballot.bound[empty]:.1g})",
        )
    if agreed.tied:
        return replace(
            verdict,
            status=Status.DISAGREE,
            reason=f"no majority{place}: as many backends say otherwise",
        )
    return verdict
