"""Verdicts: whether each run's results are right, point by point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from calcbench.certified.certificate import Certificate
from calcbench.certified.reference import NotCertified, NotFiniteHere, NotSmoothHere
from calcbench.judge import scoring
from calcbench.judge.contract import Run
from calcbench.judge.formulas import judge_formula
from calcbench.judge.points import why_not_judged
from calcbench.judge.vote import Ballot, Consensus, Vote, cast_ballot
from calcbench.operators import Layout, Operator
from calcbench.problem.flat import unflatten
from calcbench.problem.problem import Problem
from calcbench.record.record import Record, Status

Certificates = Mapping[tuple[str, str], Certificate | NotCertified]
"""(point, dtype) → the certificate, or why there is none."""


def verdicts(vote: Vote, certificates: Certificates) -> list[Record]:
    """Judge every run at every point: by its certificate, or else by the vote.

    One record for each run, in their order. A run that has already failed keeps its status.
    """
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
    if why_not_judged(point, found, vote.runs):
        return record
    if point in run.failures:
        return _count_failure(record, point, *run.failures[point])
    if isinstance(found, Certificate):
        return _judge_certified(vote, index, record, layout, point, found)
    if isinstance(found, NotFiniteHere):
        if record.status is not Status.OK:
            return record
        return replace(record, status=Status.ERROR, reason=f"no verdict: {found}")
    after = _verdict(record, layout, point, *vote.at(point, index))
    if isinstance(found, NotSmoothHere) and after.status is not record.status:
        # Where there may be no derivative backends differ by convention, and none is wrong.
        return record
    return after


def _count_failure(record: Record, point: str, status: Status, reason: str) -> Record:
    """Add to a verdict that the run failed at a point where others are judged."""
    if record.status is not Status.OK:
        return record
    return replace(record, status=status, reason=f"{reason} (at {point})")


def _judge_certified(
    vote: Vote,
    index: int,
    record: Record,
    layout: Layout,
    point: str,
    certificate: Certificate,
) -> Record:
    """Add to a verdict what a certificate says of a run's result at one point.

    At the problem's own point, components that it leaves open are put to the vote. At other points,
    which nobody asked for, those are left out that the chain rule has no value for.
    """
    run = vote.runs[index]
    ballot = cast_ballot(run, point, certificate.bound)
    agreed = _as_consensus(certificate, run.backend.dtype)
    left_out = ~certificate.judged if point == "own" else ~certificate.judged | certificate.beside
    ballot, agreed = _mask(ballot, agreed, left_out)
    if point == "own" and certificate.open.any():
        ballot, agreed = _put_to_vote(ballot, agreed, certificate.open, *vote.at(point, index))
    after = _explain_limit(_verdict(record, layout, point, ballot, agreed), layout, certificate)
    if run.backend.hand_derived:
        return judge_formula(after, point, certificate)
    # A second derivative may be a difference of the hand-derived gradient. It is the gradient then
    # that is wrong, perhaps, and not the scheme.
    differenced = run.differenced and after.status is Status.DISAGREE
    if differenced and record.status is Status.OK:
        reason = f"{after.reason}; it stands on the hand-derived gradient, which may be wrong"
        return replace(after, reason=reason)
    return after


def _explain_limit(record: Record, layout: Layout, certificate: Certificate) -> Record:
    """Add to the reason that what was expected is a limit, where the chain rule has no value."""
    fault = record.disagreement
    limits = {layout.label(int(k)) for k in np.flatnonzero(certificate.beside)}
    if fault is None or fault.point != "own" or fault.component not in limits:
        return record
    explanation = "; that is the limit from both sides of a tie or of 0·∞ in the chain rule"
    if record.reason.endswith(explanation):
        return record
    return replace(record, reason=record.reason + explanation)


def _mask(ballot: Ballot, agreed: Consensus, left_out: np.ndarray) -> tuple[Ballot, Consensus]:
    """Leave out components that are not certified: they are compared as 0 with 0."""
    if not left_out.any():
        return ballot, agreed

    def masked(vector: np.ndarray) -> np.ndarray:
        return np.where(left_out, 0.0, vector)

    ballot = replace(ballot, value=masked(ballot.value), bound=masked(ballot.bound))
    agreed = replace(agreed, reference=masked(agreed.reference), bound=masked(agreed.bound))
    return ballot, agreed


def _put_to_vote(
    ballot: Ballot, agreed: Consensus, where: np.ndarray, voted: Ballot, consensus: Consensus
) -> tuple[Ballot, Consensus]:
    """Take some components from a vote: what the run gave, what was agreed on, and the bounds."""
    value = np.where(where, voted.value, ballot.value)
    bound = np.where(where, voted.bound, ballot.bound)
    reference = np.where(where, consensus.reference, agreed.reference)
    allowed = np.where(where, consensus.bound, agreed.bound)
    return (
        replace(ballot, value=value, bound=bound),
        replace(agreed, reference=reference, bound=allowed, tied=consensus.tied),
    )


def _as_consensus(certificate: Certificate, dtype: str) -> Consensus:
    """Make a certificate a consensus to compare with: the truth, to half a unit of the dtype."""
    # Rounding the exact result to the dtype would be as large an error.
    half_unit = float(np.finfo(dtype).eps) / 2 * np.abs(certificate.value)
    return Consensus(
        reference=certificate.value,
        bound=half_unit,
        scale=float(np.max(certificate.magnitude[certificate.judged], initial=0.0)),
        range_fault=certificate.range_fault,
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
    scored = _score(record, layout, point, ballot, agreed)
    if record.status is not Status.OK:
        return scored
    place = "" if point == "own" else f" at {point}"
    # First what says nothing about the method: the dtype cannot hold the true result, or, behind a
    # disagreement, an intermediate one. Then a disagreement. What is left is within its bounds, and
    # that proves nothing where they allow anything, or where another camp of the vote is as large.
    overflow = _overflow(scored, layout, place, ballot, agreed)
    if overflow:
        return _without_verdict(scored, overflow)
    fault = scoring.disagreement(layout, point, ballot, agreed)
    if fault and agreed.range_fault:
        reason = f"no verdict{place}: {agreed.range_fault}, outside the range of {record.dtype}"
        return _without_verdict(scored, reason)
    if fault:
        return replace(scored, status=Status.DISAGREE, reason=str(fault), disagreement=fault)
    vacuous = _vacuous(scored, layout, place, ballot, agreed)
    if vacuous:
        return _without_verdict(scored, vacuous)
    if agreed.tied:
        reason = f"no majority{place}: as many backends say otherwise"
        return replace(scored, status=Status.DISAGREE, reason=reason)
    return scored


def _score(record: Record, layout: Layout, point: str, ballot: Ballot, agreed: Consensus) -> Record:
    """Lower the digits to those at this point; at the own point, add all that is measured there."""
    digits = scoring.digits(ballot, agreed, record.dtype)
    worst = float(np.min(digits))
    scored = replace(record, digits=worst if record.digits is None else min(worst, record.digits))
    if point != "own":
        return scored
    return replace(
        scored,
        digits_median=float(np.median(digits)),
        ulps=scoring.ulps(ballot, agreed, record.dtype),
        bound=unflatten(ballot.bound + agreed.bound, layout.shapes),
    )


def _without_verdict(record: Record, reason: str) -> Record:
    """End a record in an error: at this point, nobody could be right or wrong."""
    return replace(record, status=Status.ERROR, digits=None, reason=reason)


def _overflow(
    record: Record, layout: Layout, place: str, ballot: Ballot, agreed: Consensus
) -> str | None:
    """Say which component of the true result the dtype cannot hold, if any."""
    with np.errstate(over="ignore"):
        finite = np.isfinite(agreed.reference.astype(record.dtype))
    if finite.all():
        return None
    position = int(np.flatnonzero(~finite)[0])
    label = layout.label(position)
    why = agreed.range_fault or f"{record.backend} gives {ballot.value[position]}"
    return f"no verdict: {label}{place} is not finite in {record.dtype} ({why})"


def _vacuous(
    record: Record, layout: Layout, place: str, ballot: Ballot, agreed: Consensus
) -> str | None:
    """Say which component is within its bound only because the bound allows anything, if any."""
    position = scoring.vacuous_component(ballot, agreed, record.dtype)
    if position is None:
        return None
    value, true = ballot.value[position], agreed.reference[position]
    return (
        f"no verdict: {layout.label(position)}{place} is {value:.6g} instead of {true:.6g}, and "
        f"rounding in {record.dtype} may do that (the bound is {ballot.bound[position]:.1g})"
    )
