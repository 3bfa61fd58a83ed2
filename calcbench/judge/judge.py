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

from calcbench.backend.backend import Backend
from calcbench.certified.certificate import Certificate, affordable, certify
from calcbench.certified.reference import NotCertified, NotFiniteHere
from calcbench.judge.asking import SAMPLED_ROWS, Asking, Here, largest_sensitivities
from calcbench.judge.contract import Run
from calcbench.judge.structure import check_structure
from calcbench.judge.verdict import Certificates, verdicts
from calcbench.judge.vote import Vote
from calcbench.operators import GRADIENT, Layout, Operator
from calcbench.problem.flat import flatten
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.sampling import thinned
from calcbench.record.record import Record, Status


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
        entries = flatten(right[0].results["own"])
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
    return {point: thinned(problem, inputs, SAMPLED_ROWS) for point, inputs in where.items()}


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
    own = {"own": thinned(problem, where["own"], SAMPLED_ROWS)}
    kappa = largest_sensitivities(problem, exact, own, seed, operator, ask)["own"]
    size = float(np.max(np.abs(flatten(exact[0].results["own"]))))
    condition = float(np.max(kappa)) / size if size > 0 else np.nan
    return condition if np.isfinite(condition) else None
