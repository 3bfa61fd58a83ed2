"""Verdicts: whether each run's results are right, point by point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from calcbench.certified.certificate import Certificate, certify
from calcbench.certified.reference import NotCertified, NotFiniteHere
from calcbench.judge import scoring
from calcbench.judge.contract import Run
from calcbench.judge.doubt import Doubt
from calcbench.judge.formulas import judge_formula
from calcbench.judge.points import why_not_judged
from calcbench.judge.scale import certified_scale
from calcbench.judge.scoring import Comparison
from calcbench.judge.vote import Ballot, Consensus, Vote, cast_ballot
from calcbench.operators import Layout, Operator
from calcbench.problem.flat import unflatten
from calcbench.problem.problem import Problem
from calcbench.record.entrant import start_record
from calcbench.record.record import Disagreement, Record, Status

Certificates = Mapping[tuple[str, str], Certificate | NotCertified]
"""(point, dtype) → the certificate, or why there is none."""


def verdicts(vote: Vote, certificates: Certificates) -> list[Record]:
    """Judge every run at every point: by its certificate, or else by the vote.

    One record for each run, in their order. A run that has already failed keeps its status.
    """
    own = vote.where["own"]
    layout = vote.operator.layout(own)
    records = [start_run_record(own.problem, run, vote.operator) for run in vote.runs]
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
        if record.status.failed:
            return record
        return replace(record, status=Status.ERROR, reason=f"no verdict: {found}")
    ballot, agreed = vote.at(point, index)
    if point != "own" and not np.all(np.isfinite(agreed.reference)):
        return record  # nobody has a number there: the harness chose a point outside the domain
    return _verdict(record, layout, point, ballot, agreed)


def _count_failure(record: Record, point: str, status: Status, reason: str) -> Record:
    """Add to a verdict that the run failed at a point where others are judged."""
    if record.status.failed:
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
    ballot = cast_ballot(run, point, certificate.bound, certificate.magnitude)
    agreed = _as_consensus(certificate, run.backend.dtype, len(vote.where))
    left_out = ~certificate.judged if point == "own" else ~certificate.judged | certificate.beside
    ballot, agreed = _mask(ballot, agreed, left_out)
    if point == "own" and certificate.open.any():
        voted = vote.at(point, index, certificate.open)
        ballot, agreed = _put_to_vote(ballot, agreed, certificate.open, *voted)
    after = _explain_limit(_verdict(record, layout, point, ballot, agreed), layout, certificate)
    if run.backend.hand_derived:
        return judge_formula(after, point, certificate)
    if run.differenced and after.status is not record.status:
        return _judge_differenced(after, point, certificate)
    return after


def judge_vector(
    record: Record, point: str, certificate: Certificate, ballot: Ballot, left_out: np.ndarray
) -> tuple[Record, Comparison]:
    """Add to a verdict what one result says at a point, and return it beside the truth.

    `left_out` tells for each number whether it is not judged.
    """
    layout = certificate.operator.layout(certificate.point)
    agreed = _as_consensus(certificate, record.dtype, 1)
    ballot, agreed = _mask(ballot, agreed, left_out)
    after = _explain_limit(_verdict(record, layout, point, ballot, agreed), layout, certificate)
    return after, scoring.compare(ballot, agreed)


def _judge_differenced(record: Record, point: str, certificate: Certificate) -> Record:
    """Blame the hand-derived gradient, if it is wrong, where its differences are not right."""
    here = certificate.point.with_seed({})
    try:
        gradient = certify(here, record.dtype)
    except NotCertified:
        return record
    clean = replace(record, status=Status.OK)
    judged = judge_formula(clean, point, gradient)
    if judged.status is Status.OK:
        return record
    reason = f"it stands on the hand-derived gradient, which is wrong: {judged.reason}"
    return replace(judged, reason=reason)


def _explain_limit(record: Record, layout: Layout, certificate: Certificate) -> Record:
    """Add to the reason that what was expected is a limit, where the chain rule has no value."""
    fault = record.disagreement
    why = {layout.label(int(k)): certificate.reasons[k] for k in np.flatnonzero(certificate.beside)}
    if fault is None or fault.point != "own" or fault.component not in why:
        return record
    explanation = f"; that is the limit beside the point ({why[fault.component]})"
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
    ballot = replace(
        ballot,
        value=np.where(where, voted.value, ballot.value),
        bound=np.where(where, voted.bound, ballot.bound),
    )
    return ballot, replace(
        agreed,
        reference=np.where(where, consensus.reference, agreed.reference),
        bound=np.where(where, consensus.bound, agreed.bound),
        scale=np.maximum(agreed.scale, consensus.scale),
        tied=consensus.tied,
        alone=where & consensus.alone,
        flushed=consensus.flushed,
        doubt=replace(consensus.doubt, where=where, unproved=agreed.doubt.unproved),
    )


def _as_consensus(certificate: Certificate, dtype: str, points: int) -> Consensus:
    """Make a certificate a consensus to compare with: the truth, to half a unit of the dtype.

    `points` is at how many points a result is compared, in all.
    """
    # Rounding the exact result to the dtype would be as large an error.
    half_unit = float(np.finfo(dtype).eps) / 2 * np.abs(certificate.value)
    return Consensus(
        reference=certificate.value,
        bound=half_unit,
        scale=certified_scale(certificate),
        range_fault=certificate.range_fault,
        doubt=_doubt(certificate, points),
    )


def _doubt(certificate: Certificate, points: int) -> Doubt:
    """Say where what is allowed is an estimate, and a larger bound is proved."""
    if np.array_equal(certificate.bound, certificate.proved):
        return Doubt()
    unproved = certificate.proved - certificate.bound
    return Doubt(
        comparisons=len(certificate.value) * points, unproved=np.nan_to_num(unproved, posinf=np.inf)
    )


def start_run_record(problem: Problem, run: Run, operator: Operator) -> Record:
    """Start the record of a run, before it is judged."""
    return start_record(
        problem.name,
        run.backend,
        operator.selector,
        run.status,
        run.reason,
        method=run.method,
        read_from=problem.read_from,
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
    found = scoring.compare(ballot, agreed)
    scored = _score(record, layout, point, found)
    if record.status.failed:
        return scored
    place = "" if point == "own" else f" at {point}"
    if agreed.tied:
        reason = f"no majority{place}: as many backends say otherwise"
        return replace(scored, status=Status.DISAGREE, digits=None, reason=reason)
    # First what says nothing about the method: the dtype cannot hold the true result, or, behind a
    # disagreement, an intermediate one. Then a disagreement. What is left is within its bounds, as
    # far as there are any, and that proves nothing where they are wide.
    fault = scoring.disagreement(layout, point, found)
    certain = fault is not None and not (agreed.blunt or agreed.contradicted)
    condemned = fault if fault is not None and certain and scoring.condemns(fault) else None
    nothing = _overflow(scored, layout, found) or (
        _out_of_range(scored, found) if condemned else _not_finite(scored, layout, found)
    )
    # At a point that the harness chose, what cannot be judged counts for and against nobody.
    unjudged = nothing or agreed.contradicted or (found.vague.any() and not condemned)
    if point != "own" and unjudged:
        return record
    if nothing:
        return replace(scored, status=Status.ERROR, digits=None, reason=f"no verdict: {nothing}")
    if condemned:
        reason = _describe(condemned, ballot)
        return replace(scored, status=Status.DISAGREE, reason=reason, disagreement=condemned)
    doubt = _imprecise(layout, place, found, fault)
    if doubt and scored.status is Status.OK:
        return replace(scored, status=Status.IMPRECISE, reason=doubt)
    return scored


def _score(record: Record, layout: Layout, point: str, found: Comparison) -> Record:
    """Lower the digits to those at this point; at the own point, add all that is measured there."""
    # Where there is no other result it agrees with itself, to all digits: that says nothing.
    compared = ~np.broadcast_to(found.agreed.alone, found.error.shape)
    if not compared.any():
        return record
    digits = scoring.digits(found, record.dtype)[compared]
    worst = float(np.min(digits))
    scored = replace(record, digits=worst if record.digits is None else min(worst, record.digits))
    if point != "own":
        return scored
    return replace(
        scored,
        digits_median=float(np.median(digits)),
        ulps=scoring.ulps(found, record.dtype),
        bound=unflatten(found.allowed, layout.shapes),
    )


def _describe(fault: Disagreement, ballot: Ballot) -> str:
    """Describe a disagreement, and whose fault it may be."""
    if ballot.independent:
        return str(fault)
    return f"{fault}; it stands on the hand-derived gradient, which may be wrong"


def _overflow(record: Record, layout: Layout, found: Comparison) -> str:
    """Say which component of the true result the dtype cannot hold, if any."""
    reference = found.agreed.reference
    with np.errstate(over="ignore"):
        finite = np.isfinite(reference.astype(record.dtype))
    if finite.all():
        return ""
    position = int(np.flatnonzero(~finite)[0])
    why = found.agreed.range_fault or f"{record.backend} gives {found.ballot.value[position]}"
    return f"{layout.label(position)} is not finite in {record.dtype} ({why})"


def _out_of_range(record: Record, found: Comparison) -> str:
    """Say which intermediate result the dtype cannot hold, if any."""
    fault = found.agreed.range_fault
    return f"{fault}, outside the range of {record.dtype}" if fault else ""


def _not_finite(record: Record, layout: Layout, found: Comparison) -> str:
    """Say which component of the result is no number, though nothing condemns it, if any."""
    wrong = np.flatnonzero(~np.isfinite(found.ballot.value))
    if not len(wrong):
        return ""
    position = int(wrong[0])
    value, reference = found.ballot.value[position], found.agreed.reference[position]
    said = f"{layout.label(position)} is {value:.6g}"
    unknown = found.agreed.blunt or found.agreed.contradicted
    if not unknown:
        said += f" instead of {reference:.6g}"
    if not found.ballot.exact:
        return f"{said}: its steps leave the domain of the cost, or the range of {record.dtype}"
    if unknown:
        return f"{said}, and no other result is certain"
    return f"{said}, and rounding in {record.dtype} may do that"


def _imprecise(layout: Layout, place: str, found: Comparison, fault: Disagreement | None) -> str:
    """Say why a result that nothing condemns is not known to be right, if it is not."""
    if found.vague.any():
        position = found.vaguest
        allowed, scale = found.allowed[position], found.agreed.scale[position]
        why = "nothing bounds its error"
        if np.isfinite(allowed):
            why = f"an error of {allowed:.1g} is allowed, beside {scale:.1g}"
        return f"no digit of {layout.label(position)}{place} is certain: {why}"
    if found.agreed.contradicted:
        return f"nothing{place} to compare with: every difference contradicts the exact result"
    if fault is not None:
        return f"outside its bound, but not for certain: {_describe(fault, found.ballot)}"
    if np.any(found.agreed.alone):
        return f"nothing{place} to compare with: there is no other result"
    return ""
