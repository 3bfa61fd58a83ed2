"""The judge: what each backend's results are worth, point by point.

Where the result can be certified (`calcbench.certified`), every backend is held against the
truth, and the allowance is what ball arithmetic proves that rounding may do. Where it cannot,
the reason is kept and the backends vote (`agreement`). Where certifying all rows would take too
long, a sample of the rows is certified, and at full size the backends vote with the sample's
bound, scaled by its proven growth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calcbench import agreement, points
from calcbench.agreement import Ballot, Consensus
from calcbench.certified.certificate import Certificate, affordable, certify, formula_error
from calcbench.certified.reference import NotCertified, NotFiniteHere, NotSmoothHere
from calcbench.interfaces import Backend, Problem
from calcbench.interfaces.problem import Arrays
from calcbench.operators import GRADIENT, Layout, Operator
from calcbench.record import Disagreement, Record, Status
from calcbench.running import Asking, Here, Run
from calcbench.structured import check_structure

WITNESSED = 1000
"""Components up to which witnesses are asked: they evaluate the cost for every one."""

FEWEST = 3
"""Independent results below which the backends' own witnesses are asked as well."""

SAMPLED_ROWS = 1024
"""Rows that are certified, and on which sensitivity is measured, where there are too many."""


@dataclass(frozen=True)
class Outcome:
    """The verdicts on all runs, and what they were measured against at the problem's own point."""

    records: list[Record]
    certificate: Certificate | None
    """The certificate at the own point, in the dtype of the first run."""
    note: str
    """Why it is not certified, or on how much of the problem it is."""
    condition: float | None
    """Relative change of the result per relative change of its inputs, at the own point."""


Certificates = Mapping[tuple[str, str], Certificate | NotCertified]
"""(point, dtype) → the certificate, or why there is none."""


def judge(
    problem: Problem,
    runs: list[Run],
    where: Mapping[str, Arrays],
    seed: int,
    witnesses: Iterable[Backend],
    operator: Operator = GRADIENT,
    ask: Asking | None = None,
) -> Outcome:
    """Give every run its verdict. `ask` is where backends are asked for more, if need be.

    `operator` is settled, and the points hold its direction or cotangent.
    """
    ask = ask or Here()
    dtypes = list(dict.fromkeys(run.backend.dtype for run in runs))
    few = _affordable(problem, where, operator)
    certificates = certificates_at(problem, few, dtypes, operator)
    own = certificates.get(("own", dtypes[0])) if dtypes else None
    certificate = own if isinstance(own, Certificate) else None
    if certificate is None:
        _check_structure(problem, runs, where["own"], operator, ask)
    reason = _remarks(operator.layout(problem, where["own"]), certificates, dtypes)
    condition = _condition(problem, runs, few, seed, operator, ask)
    witnesses = list(witnesses)
    if few is where:
        vote = Vote(problem, runs, where, seed, witnesses, {}, operator, ask)
        return Outcome(verdicts(vote, certificates), certificate, reason, condition)
    some, all_rows = (len(inputs["own"][problem.rows[0]]) for inputs in (few, where))
    on_few = [
        ask.run_points(problem, run.backend, few, operator) if run.status is Status.OK else run
        for run in runs
    ]
    sample = verdicts(Vote(problem, on_few, few, seed, witnesses, {}, operator, ask), certificates)
    growth = _growth(problem, some, all_rows)
    scaled = {
        key: growth * found.bound
        for key, found in certificates.items()
        if isinstance(found, Certificate)
    }
    whole = verdicts(Vote(problem, runs, where, seed, witnesses, scaled, operator, ask), {})
    records = [
        replace(small, digits=full.digits, reason=f"on {some:,} rows: {small.reason}")
        if small.status.failed and full.status is Status.OK
        else full
        for small, full in zip(sample, whole, strict=True)
    ]
    note = reason or f"certified on {some:,} of {all_rows:,} rows; at full size by vote"
    return Outcome(records, None, note, condition)


def _check_structure(
    problem: Problem, runs: list[Run], own: Arrays, operator: Operator, ask: Asking
) -> None:
    """Raise `ProblemError` for a declared structure that is not true; a certificate has done so."""
    right = [run for run in runs if run.status is Status.OK]
    if right:
        entries = agreement.flatten(right[0].results["own"])
        check_structure(problem, operator, own, entries, [run.backend for run in right], ask)


def certificates_at(
    problem: Problem,
    where: Mapping[str, Arrays],
    dtypes: Iterable[str],
    operator: Operator = GRADIENT,
) -> Certificates:
    """Certify every point for every dtype, or say why not."""
    return {
        (point, dtype): _certificate(problem, inputs, dtype, operator)
        for point, inputs in where.items()
        for dtype in dtypes
    }


def _remarks(layout: Layout, certificates: Certificates, dtypes: Sequence[str]) -> str:
    """What is not certified, and which components or points are not judged, in one sentence."""
    told = []
    here = {point: found for (point, dtype), found in certificates.items() if dtype == dtypes[0]}
    uncertified: dict[str, list[str]] = {}
    for point, found in here.items():
        if isinstance(found, NotFiniteHere) and point != "own":
            told.append(f"not judged at {point}: {found} there (declare a domain)")
        elif not isinstance(found, Certificate):
            uncertified.setdefault(str(found), []).append(point)
        elif point != "own" and not np.all(np.isfinite(found.value[~found.rough])):
            told.append(f"not judged at {point}: the result is not finite there")
        elif point == "own" and found.rough.any():
            rough = [int(k) for k in np.flatnonzero(found.rough)]
            listed = ", ".join(map(layout.label, rough[:3])) + (", …" if rough[3:] else "")
            told.append(f"not smooth here, hence not judged: {listed} (a comparison ties)")
    for reason, places in uncertified.items():
        nowhere = places == ["own"] or len(places) == len(here)
        at = "" if nowhere else f" at {', '.join(places)}"
        told.append(f"not certified{at}: {reason}")
    return "; ".join(dict.fromkeys(told))


def _affordable(
    problem: Problem, where: Mapping[str, Arrays], operator: Operator
) -> Mapping[str, Arrays]:
    """The points themselves, or with fewer rows where certifying all would take too long."""
    if affordable(problem, where["own"], operator):
        return where
    return {point: points.thinned(problem, inputs, SAMPLED_ROWS) for point, inputs in where.items()}


def _growth(problem: Problem, some: int, rows: int) -> float:
    """How much larger the rounding bound of all rows may be than that of a sample.

    A sum of n terms, in any order, errs by at most n − 1 roundings of Σ |terms| (Higham,
    Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2). A mean keeps Σ |terms|
    / n; a sum has that many more terms as well.
    """
    factor = rows / some
    return factor**2 if problem.reduction == "sum" else factor


def _certificate(
    problem: Problem, inputs: Arrays, dtype: str, operator: Operator
) -> Certificate | NotCertified:
    """The certificate for evaluations in `dtype`, at the inputs as that dtype holds them."""
    held = {
        name: array.astype(dtype).astype(np.float64) if array.dtype.kind == "f" else array
        for name, array in inputs.items()
    }
    try:
        return certify(problem, held, dtype, operator)
    except NotCertified as error:
        return error


def verdicts(vote: Vote, certificates: Certificates) -> list[Record]:
    """Judge every run at every point: by its certificate, or else by the vote."""
    layout = vote.operator.layout(vote.problem, vote.where["own"])
    records = [_record(vote.problem, run, vote.operator) for run in vote.runs]
    for point in vote.where:
        for index, run in enumerate(vote.runs):
            if run.status is Status.OK:
                found = certificates.get((point, run.backend.dtype))
                records[index] = _at_point(vote, index, records[index], layout, point, found)
    return records


def _at_point(
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
        ballot = _ballot(run, point, found.bound)
        ballot, agreed = _smooth(ballot, _proved(found, run.backend.dtype), found.rough)
        after = _verdict(record, layout, point, ballot, agreed)
        if run.backend.hand_derived:
            return _formula(vote.problem, after, layout, point, found)
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


def _smooth(ballot: Ballot, agreed: Consensus, rough: np.ndarray) -> tuple[Ballot, Consensus]:
    """The same with nothing to be said of the components that have no derivative."""
    if not rough.any():
        return ballot, agreed
    value, reference = ballot.value.copy(), agreed.reference.copy()
    value[rough] = reference[rough] = 0.0
    return replace(ballot, value=value), replace(agreed, reference=reference)


class Vote:
    """The vote at the points that are not certified; held once per point, and only if needed."""

    def __init__(
        self,
        problem: Problem,
        runs: list[Run],
        where: Mapping[str, Arrays],
        seed: int,
        witnesses: list[Backend],
        bounds: Mapping[tuple[str, str], np.ndarray],
        operator: Operator = GRADIENT,
        ask: Asking | None = None,
    ) -> None:
        """Take rounding bounds by (point, dtype); those not given are measured."""
        self.problem, self.runs, self.where, self.seed = problem, runs, where, seed
        self.witnesses, self.bounds, self.ask = witnesses, bounds, ask or Here()
        self.operator = operator
        self.held: dict[str, tuple[dict[int, Ballot], Consensus]] = {}
        self.extra: list[Run] | None = None
        self.kappa: dict[str, np.ndarray] | None = None

    def at(self, point: str, index: int) -> tuple[Ballot, Consensus]:
        """The ballot of one run at one point, and what the vote there agreed on."""
        if point not in self.held:
            self.held[point] = self._hold(point)
        ballots, agreed = self.held[point]
        return ballots[index], agreed

    def _hold(self, point: str) -> tuple[dict[int, Ballot], Consensus]:
        ballots = self._ballots(self.runs, point)
        agreed = agreement.consensus(ballots)
        components = len(agreed.reference)
        if (agreed.tied or len(ballots) < FEWEST) and components <= WITNESSED:
            if self.extra is None:
                self.extra = [
                    Here.run_points(self.problem, witness, self.where, self.operator)
                    for witness in self.witnesses
                ]
                self.kappa = None  # measured again: there may have been no exact backend
            everyone = [*self.runs, *self.extra]
            ballots = self._ballots(everyone, point)
            agreed = agreement.consensus(ballots, range(len(self.runs), len(everyone)))
        return ballots, agreed

    def _ballots(self, runs: list[Run], point: str) -> dict[int, Ballot]:
        return {
            index: _ballot(run, point, self._rounding(runs, run, point))
            for index, run in enumerate(runs)
            if run.status is Status.OK
        }

    def _rounding(self, runs: list[Run], run: Run, point: str) -> np.ndarray:
        known = self.bounds.get((point, run.backend.dtype))
        if known is not None:
            return known
        if self.kappa is None:
            self.kappa = _sensitivities(
                self.problem, runs, self.where, self.seed, self.operator, self.ask
            )
        value = agreement.flatten(run.results[point])
        terms = max(array.size for array in self.where[point].values())
        kappa = self.kappa.get(point, 0.0)
        return agreement.rounding_bound(value, kappa, run.backend.dtype, terms)


def _ballot(run: Run, point: str, rounding: np.ndarray) -> Ballot:
    own = run.bounds[point]
    bound = rounding if own is None else rounding + agreement.flatten(own)
    return Ballot(agreement.flatten(run.results[point]), bound, exact=own is None)


def _proved(certificate: Certificate, dtype: str) -> Consensus:
    """A certificate as the consensus to be held against: the truth, to half a unit."""
    half_unit = float(np.finfo(dtype).eps) / 2 * np.abs(certificate.value)
    return Consensus(
        reference=certificate.value,
        bound=half_unit,
        scale=float(np.max(certificate.magnitude)),
        range_fault=certificate.range_fault,
    )


def _formula(
    problem: Problem,
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
        error, allowed = formula_error(problem, certificate)
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


def _sensitivities(
    problem: Problem,
    runs: list[Run],
    where: Mapping[str, Arrays],
    seed: int,
    operator: Operator,
    ask: Asking,
) -> dict[str, np.ndarray]:
    """κ at every point: the larger of what two exact backends find, in case one is at fault.

    Over many rows it is found on some of them: a mean is as sensitive on a sample.
    """
    few = {point: points.thinned(problem, inputs, SAMPLED_ROWS) for point, inputs in where.items()}
    share = 1.0
    if problem.rows and problem.reduction == "sum":
        share = len(where["own"][problem.rows[0]]) / len(few["own"][problem.rows[0]])
    exact = [run for run in runs if run.bounds and None in run.bounds.values()][:2]
    found: dict[str, np.ndarray] = {}
    for run in exact:
        kappas = ask.sensitivities(problem, run.backend, few, seed, operator)
        for point, kappa in kappas.items():
            found[point] = np.fmax(found.get(point, share * kappa), share * kappa)
    return found


def _condition(
    problem: Problem,
    runs: list[Run],
    where: Mapping[str, Arrays],
    seed: int,
    operator: Operator,
    ask: Asking,
) -> float | None:
    """The condition number of the operator at the own point, found with one exact backend."""
    exact = [run for run in runs if run.bounds and None in run.bounds.values()][:1]
    if not exact:
        return None
    own = {"own": points.thinned(problem, where["own"], SAMPLED_ROWS)}
    kappa = _sensitivities(problem, exact, own, seed, operator, ask)["own"]
    size = float(np.max(np.abs(agreement.flatten(exact[0].results["own"]))))
    condition = float(np.max(kappa)) / size if size > 0 else np.nan
    return condition if np.isfinite(condition) else None


def _record(problem: Problem, run: Run, operator: Operator) -> Record:
    """The record of a run before it is judged."""
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
    so_far: Record,
    layout: Layout,
    point: str,
    ballot: Ballot,
    agreed: Consensus,
) -> Record:
    """Add what one point says to a verdict; the first point that fails is the one reported."""
    if so_far.status is Status.ERROR:
        return so_far
    digits = agreement.digits(ballot, agreed, so_far.dtype)
    worst = float(np.min(digits))
    verdict = replace(so_far, digits=worst if so_far.digits is None else min(worst, so_far.digits))
    if point == "own":
        verdict = replace(
            verdict,
            digits_median=float(np.median(digits)),
            ulps=agreement.ulps(ballot, agreed, so_far.dtype),
            bound=agreement.unflatten(ballot.bound + agreed.bound, layout.shapes),
        )
    if so_far.status is not Status.OK:
        return verdict
    place = "" if point == "own" else f" at {point}"
    with np.errstate(over="ignore"):
        held = np.isfinite(agreed.reference.astype(so_far.dtype))
    if not held.all():
        position = int(np.flatnonzero(~held)[0])
        label = layout.label(position)
        why = agreed.range_fault or f"{so_far.backend} gives {ballot.value[position]}"
        return replace(
            verdict,
            status=Status.ERROR,
            digits=None,
            reason=f"no verdict: {label}{place} is not finite in {so_far.dtype} ({why})",
        )
    fault = agreement.disagreement(layout, point, ballot, agreed)
    if fault and agreed.range_fault:
        return replace(
            verdict,
            status=Status.ERROR,
            digits=None,
            reason=f"no verdict{place}: {agreed.range_fault}, outside the range of {so_far.dtype}",
        )
    if fault:
        return replace(verdict, status=Status.DISAGREE, reason=str(fault), disagreement=fault)
    empty = agreement.unproven(ballot, agreed, so_far.dtype)
    if empty is not None:
        label = layout.label(empty)
        value, true = ballot.value[empty], agreed.reference[empty]
        return replace(
            verdict,
            status=Status.ERROR,
            digits=None,
            reason=f"no verdict: {label}{place} is {value:.6g} instead of {true:.6g}, and "
            f"rounding in {so_far.dtype} may do that (the bound is {ballot.bound[empty]:.1g})",
        )
    if agreed.tied:
        return replace(
            verdict,
            status=Status.DISAGREE,
            reason=f"no majority{place}: as many backends say otherwise",
        )
    return verdict
