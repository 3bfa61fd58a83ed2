"""The judge: whether each backend's results are right, point by point.

Where the result can be certified (`calcbench.certified`), every backend is compared with the
truth, and the allowance is what ball arithmetic proves that rounding may do. Where it cannot,
the reason is kept and the backends vote (`judge.vote`). Where certifying all rows would take too
long, a sample of the rows is certified, and at full size the backends vote with the sample's
bound, scaled by its proven growth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.certified.certificate import SAMPLED_ROWS, SECONDS, Certificate
from calcbench.certified.reference import NotCertified, UndecidedHere
from calcbench.certified.sensitivity import true_sensitivity
from calcbench.judge.certifying import Certified
from calcbench.judge.contract import Run
from calcbench.judge.differing import differing_values
from calcbench.judge.formulas import Examination, examine_formula, judge_formula
from calcbench.judge.own_cost import judge_own_cost
from calcbench.judge.points import LeftOut, why_not_judged
from calcbench.judge.runner import InProcess, Runner
from calcbench.judge.scale import certified_scale, leaves_no_digit
from calcbench.judge.structure import check_structure
from calcbench.judge.verdict import Certificates, verdicts
from calcbench.judge.vote import Vote
from calcbench.operators import GRADIENT, Layout, Operator
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.problem.sampling import thin
from calcbench.problem.threads import one_thread
from calcbench.problem.whereabouts import SECOND_RUN
from calcbench.record.record import Record, Status

ENDED = (Status.TIMEOUT, Status.CRASH, Status.OUT_OF_MEMORY)
"""Ends of a process that a cost may have brought about: it is not run by the judge then."""


@dataclass(frozen=True)
class Outcome:
    """The verdicts on all runs, and what they were compared with at the problem's own point."""

    records: list[Record]
    certificate: Certificate | None
    """The certificate at the own point, in the dtype of the first run, if it has any number."""
    note: str
    """Why it is not certified, or on how much of the problem it is."""
    unseen: tuple[str, ...]
    """Which branches of the cost and its hand-derived formula were never taken, in words."""
    condition: float | None
    """Relative change of the result per relative change of its inputs, at the own point."""


@one_thread()
def judge(
    runs: list[Run],
    where: Mapping[str, Point],
    seed: int,
    witnesses: Iterable[Backend],
    operator: Operator = GRADIENT,
    runner: Runner | None = None,
    left_out: LeftOut | None = None,
    certified: Certified | None = None,
) -> Outcome:
    """Give every run its verdict: one record for each, in the order of the runs.

    `where` is point name → point, with a direction or cotangent where `operator` takes one;
    `operator` comes from `Operator.resolve`. `witnesses` are backends to run where the others
    contradict each other, or fewer than three have a result; `runner` is where backends run again,
    in this process if not given. Nothing is evaluated at points that are `left_out`; `certified`
    are certificates that another judgement of the same points may have found. Raises
    `ProblemError` for a declared structure that is not true, and for a cost that gives another
    value when it is run again.
    """
    runner, left_out = runner or InProcess(), LeftOut() if left_out is None else left_out
    dtypes = list(dict.fromkeys(run.backend.dtype for run in runs))
    certified = certified or Certified(where, operator)
    if SECOND_RUN not in left_out and not any(run.status in ENDED for run in runs):
        certified.check_repeats()
    certificates = certified.at(dtypes)
    own = certificates.get(("own", dtypes[0])) if dtypes else None
    certificate = own if isinstance(own, Certificate) else None
    if certificate is None:  # where there is one, it has checked the structure
        _check_structure(runs, where["own"], operator, runner)
    vote = Vote(runs, where, seed, list(witnesses), {}, operator, runner, _tied(certificates))
    if certified.sample:
        records = _judge_sample(vote, certified, dtypes)
    else:
        records = verdicts(vote, certificates)
    remarks = _remarks(vote, certificates, dtypes)
    if certificate is not None:
        remarks.append(certified.describe(_points_not_judged(vote, certificates)))
    remarks += left_out.remarks()
    examined = _examine_formula(
        runs, records, certified.sample or where, certificates, operator, left_out
    )
    records = [
        _judge_examined(record, examined) if run.backend.hand_derived else record
        for run, record in zip(runs, records, strict=True)
    ]
    records = [
        judge_own_cost(record, run, where["own"]) for run, record in zip(runs, records, strict=True)
    ]
    remarks += [*_describe_rows(where["own"]), *examined.unseen]
    condition = _certified_condition(certificate, seed) if certificate else vote.condition
    full = certificate if "own" not in certified.beyond else None
    whole = full if full and full.judged.any() else None
    note = "; ".join(dict.fromkeys(filter(None, remarks)))
    return Outcome(records, whole, note, examined.unseen, condition)


def _describe_rows(own: Point) -> list[str]:
    """Say which rows were found, where the problem declares none."""
    return [own.rows.describe(own.row_count)] if own.rows.found else []


def _examine_formula(
    runs: list[Run],
    records: list[Record],
    where: Mapping[str, Point],
    certificates: Certificates,
    operator: Operator,
    left_out: LeftOut,
) -> Examination:
    """Examine the hand-derived formula beyond these points, if it is right at all of them."""
    right = [
        run.backend.dtype
        for run, record in zip(runs, records, strict=True)
        if run.backend.hand_derived and record.status is Status.OK
    ]
    judged = [
        found
        for (point, dtype), found in certificates.items()
        if isinstance(found, Certificate)
        and dtype in right[:1]
        and not why_not_judged(point, found, runs)
    ]
    if not judged:
        return Examination({})
    return examine_formula(where["own"], operator, judged, left_out)


def _judge_examined(record: Record, examined: Examination) -> Record:
    """Add to a verdict what the formula gives at the points where it was examined."""
    if examined.fault and not record.status.failed:
        return replace(record, status=Status.ERROR, reason=examined.fault)
    for point, certificate in examined.certificates.items():
        record = judge_formula(record, point, certificate)
    return record


def _tied(certificates: Certificates) -> dict[str, np.ndarray | bool]:
    """Tell for each point which components are open there, so that there may be a kink."""
    return {
        point: found.open if isinstance(found, Certificate) else True
        for (point, _), found in certificates.items()
        if isinstance(found, (Certificate, UndecidedHere))
    }


def _judge_sample(vote: Vote, certified: Certified, dtypes: Sequence[str]) -> list[Record]:
    """Judge runs where there are too many rows to certify: on a sample, and at full size by vote.

    A fault of a formula shows on few rows as well as on many, and there it meets a proof.
    What shows at full size alone (memory, accumulated rounding) is left to the vote; its bound is
    the proved one of the sample, scaled by how much it can grow. A backend must pass both. Where a
    comparison ties, the sample alone is judged: at full size nothing is known of what ties there.
    Points where all rows are certified need no sample.
    """
    sample, few = certified.sample, certified.on_sample(dtypes)
    runs = [
        vote.runner.run_points(run.backend, sample, vote.operator)
        if run.status is Status.OK
        else run
        for run in vote.runs
    ]
    take_vote = partial(
        Vote,
        seed=vote.seed,
        witnesses=vote.witnesses,
        operator=vote.operator,
        runner=vote.runner,
        tied=_tied(few),
    )
    small = take_vote(runs, sample, bounds={})
    on_sample = verdicts(small, few)
    # Of more rows, sums have more terms, whose roundings add up: the sample's bound is too narrow.
    growth = _growth(vote.where["own"], sample["own"])
    scaled = {
        key: (growth * found.proved, growth * found.magnitude)
        for key, found in few.items()
        if isinstance(found, Certificate) and _is_plain(found)
    }
    left_out = _points_not_judged(small, few) | _points_with_ties(few)
    judged = {name: p for name, p in vote.where.items() if name == "own" or name not in left_out}
    large = take_vote(vote.runs, judged, bounds=scaled)
    at_full_size = verdicts(large, certified.of_all_rows(dtypes))
    rows = sample["own"].row_count
    return [
        replace(small, digits=full.digits, reason=f"on {rows:,} rows: {small.reason}")
        if small.status is not Status.OK and not full.status.failed
        else full
        for small, full in zip(on_sample, at_full_size, strict=True)
    ]


def _is_plain(found: Certificate) -> bool:
    """Tell whether every number is certified by the chain rule: nothing ties, nothing is open."""
    return bool(np.all(found.judged & ~found.beside))


def _points_with_ties(certificates: Certificates) -> set[str]:
    """Return the points where the chain rule alone does not certify every number."""
    return {
        point
        for (point, _), found in certificates.items()
        if isinstance(found, Certificate) and not _is_plain(found)
    }


def _points_not_judged(vote: Vote, certificates: Certificates) -> set[str]:
    """Return the points where nobody is judged, by their certificates."""
    return {
        point
        for (point, _), found in certificates.items()
        if why_not_judged(point, found, vote.runs)
    }


def _check_structure(runs: list[Run], own: Point, operator: Operator, runner: Runner) -> None:
    """Raise `ProblemError` for a declared structure that is not true."""
    complete = [run for run in runs if run.status is Status.OK]
    complete.sort(key=lambda run: not run.exact)  # by difference quotients only if by no other
    if complete:
        entries = flatten(complete[0].results["own"].values(), np.float64)
        check_structure(operator, own, entries, [run.backend for run in complete], runner)


def _remarks(vote: Vote, certificates: Certificates, dtypes: Sequence[str]) -> list[str]:
    """Say which points are not certified, and which points or components are not judged."""
    # The remarks are about the problem: one dtype speaks for all.
    here = {point: found for (point, dtype), found in certificates.items() if dtype == dtypes[0]}
    layout = vote.operator.layout(vote.where["own"])
    remarks = [_remark(vote, layout, point, found) for point, found in here.items()]
    uncertified: dict[str, list[str]] = {}
    for point, found in here.items():
        if not isinstance(found, Certificate) and not why_not_judged(point, found, vote.runs):
            uncertified.setdefault(str(found), []).append(point)
    for reason, places in uncertified.items():
        nowhere = places == ["own"] or len(places) == len(here)
        at = "" if nowhere else f" at {', '.join(places)}"
        remarks.append(f"not certified{at}: {reason}")
    rough = vote.unsmooth.get("own", np.zeros(0, dtype=bool))
    if rough.any():
        listed = _list_components(layout, rough)
        remarks.append(f"not smooth here, as far as differences tell, hence not judged: {listed}")
    remarks.append(differing_values(vote.runs, layout, _not_judged(vote, here)))
    return [remark for remark in remarks if remark]


def _remark(vote: Vote, layout: Layout, point: str, found: Certificate | NotCertified) -> str:
    """Say what is not judged at a point."""
    reason = why_not_judged(point, found, vote.runs)
    if reason:
        return f"not judged at {point}: {reason}"
    if not isinstance(found, Certificate):
        return ""
    if point == "own":
        return _open_components(layout, found)
    vague = leaves_no_digit(found.bound, certified_scale(found), found.flushed)
    if np.any(vague[found.judged]):
        return f"not judged at {point}: rounding may leave no digit there"
    return ""


def _open_components(layout: Layout, certificate: Certificate) -> str:
    """Name the components that have no derivative, and those that are not certified."""
    rough, unknown = (
        _list_components(layout, which) for which in (certificate.rough, certificate.open)
    )
    why = "one-sided derivatives differ, as far as can be told"
    remarks = [f"not smooth here, hence not judged: {rough} ({why})"] if rough else []
    remarks += [f"not certified: {certificate.open_reason}: {unknown}"] if unknown else []
    return "; ".join(remarks)


def _not_judged(
    vote: Vote, here: Mapping[str, Certificate | NotCertified]
) -> dict[str, np.ndarray]:
    """Tell for each point which components are not judged there, though they have values."""
    found = dict(vote.unsmooth)
    for point, certificate in here.items():
        if isinstance(certificate, Certificate):
            found[point] = found.get(point, False) | certificate.rough
    return found


def _list_components(layout: Layout, which: np.ndarray) -> str:
    """List the labels of the first few components of those that are chosen."""
    chosen = np.flatnonzero(which).tolist()
    return ", ".join(map(layout.label, chosen[:3])) + (", …" if chosen[3:] else "")


def _growth(whole: Point, sample: Point) -> float:
    """Return how much larger the rounding bound of all rows may be than that of a sample.

    A sum of n terms, in any order, errs by at most n − 1 roundings of Σ |terms| (Higham,
    Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2). A mean keeps Σ |terms|
    / n; a sum has that many more terms as well.
    """
    factor = whole.row_count / sample.row_count
    return factor**2 if whole.rows.reduction == "sum" else factor


def _certified_condition(certificate: Certificate, seed: int) -> float | None:
    """Measure the condition number at a certificate's point: κ relative to the largest component.

    None where nothing is judged, all is 0, or it cannot be measured.
    """
    judged = certificate.judged
    if not np.any(certificate.value[judged]):
        return None
    try:
        kappa = _true_sensitivity(certificate, seed)
    except NotCertified:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        condition = float(np.max((kappa / certified_scale(certificate))[judged]))
    return condition if np.isfinite(condition) else None


def _true_sensitivity(certificate: Certificate, seed: int) -> np.ndarray:
    """Measure κ at a certificate's point; where there are many rows, on some of them."""
    own = certificate.point
    few = thin(own, SAMPLED_ROWS)
    share = own.row_count / few.row_count if own.rows.reduction == "sum" else 1.0
    return share * true_sensitivity(few, certificate.operator, seed, SECONDS)
