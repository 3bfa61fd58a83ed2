"""The hand-derived formula where no backend runs: in each of its branches, and at another size.

There it is evaluated in balls alone, beside the certificate. Backends do not run there: what a
formula decides by its parameters or their number is its own, and nobody else's.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

import numpy as np

from calcbench.certified.branches import search, unseen, visit
from calcbench.certified.certificate import (
    SAMPLED_ROWS,
    SECONDS,
    Certificate,
    certify,
    formula_allowance,
    formula_error,
)
from calcbench.certified.formulas import gives
from calcbench.certified.reference import NotCertified
from calcbench.errors import CalcbenchError, DeclarationError, FormulaError, ProblemError
from calcbench.operators import Operator, matrix_operator
from calcbench.operators.hand_derived import ORDER, formula_for
from calcbench.problem import whereabouts
from calcbench.problem.inputs import point_of_another_size
from calcbench.problem.point import Point
from calcbench.problem.sampling import thin
from calcbench.problem.whereabouts import BRANCHES, OTHER_SIZE
from calcbench.record.record import Disagreement, Record, Status

MOST_NUMBERS = 4
"""Parameters up to which a reason names their values."""

FEW_ROWS = 64
"""Rows to certify of another size: a formula that stands on their number shows on any other."""


@dataclass(frozen=True)
class Examination:
    """What is known of a hand-derived formula beyond the points at which backends run."""

    certificates: dict[str, Certificate]
    """Name of a point (`branch-1`, `size 100`) → what is certified there."""
    unseen: tuple[str, ...] = ()
    """What of the branches of the cost and the formula was never taken, in words."""
    fault: str = ""
    """Why what the formula gives is not of the right form, in some branch of it."""


def examine_formula(
    own: Point, operator: Operator, judged: Iterable[Certificate], left_out: Container[str]
) -> Examination:
    """Certify points in every branch of the cost and its hand-derived formula, and another size.

    `judged` are the points at which everybody is judged; `left_out` are points at which nothing can
    be run, by name. Nothing is certified of a problem that has no formula for the operator.
    """
    formula = formula_for(operator.terms(own), own.problem)
    if not formula:
        return Examination({})
    if not gives(own, operator):  # a value as well, perhaps: the formula alone is examined
        operator = matrix_operator(own, ORDER[formula])
    found, size = Examination({}), dict[str, Certificate]()
    if BRANCHES in left_out:
        found = Examination({}, (f"the branches of the hand-derived {formula} are unseen",))
    else:
        try:
            with whereabouts.at("point", BRANCHES):
                found = _certify_branches(operator, formula, judged)
        except FormulaError as error:
            return Examination({}, fault=str(error))
    if OTHER_SIZE not in left_out:
        with whereabouts.at("point", OTHER_SIZE):
            size = _certify_another_size(own, operator)
    return replace(found, certificates={**found.certificates, **size})


def _certify_branches(
    operator: Operator, formula: str, judged: Iterable[Certificate]
) -> Examination:
    """Look for points in every branch, and certify them; what is left over is unseen."""
    # Every comparison is looked at, which takes single numbers: on a sample, where rows are many.
    own, *others = (thin(certificate.point, SAMPLED_ROWS) for certificate in judged)
    try:
        known = [visit(own, operator, time.thread_time() + SECONDS)]
    except NotCertified as error:
        return Examination({}, (f"the branches of the hand-derived {formula} are unseen: {error}",))
    if not known[0].outcomes:
        return Examination({})
    for point in others:
        with contextlib.suppress(NotCertified):
            known.append(visit(point, operator, time.thread_time() + SECONDS))
    certificates: dict[str, Certificate] = {}
    outcomes = {outcome for found in known for outcome in found.outcomes}
    deadline = time.thread_time() + SECONDS
    for found in search(known, operator):
        branches = {outcome for outcome in found.outcomes if not outcome[0].kink}
        if branches <= outcomes and time.thread_time() > deadline:
            continue
        certificate = _certify(found.point, operator)
        if certificate is not None:
            certificates[f"branch-{len(certificates) + 1}"] = certificate
            outcomes |= found.outcomes
    return Examination(certificates, tuple(unseen(outcomes)))


def _certify_another_size(own: Point, operator: Operator) -> dict[str, Certificate]:
    """Certify the point of another size that the problem declares, if there is one."""
    try:
        other = point_of_another_size(own)
        if other is None or other.drawn is None:
            return {}
        few = operator.seed_point(thin(other, FEW_ROWS), np.random.default_rng(0))
        certificate = _certify(few, operator)
    except DeclarationError:
        raise
    except CalcbenchError:  # it has no such component at that size, or cannot be drawn
        return {}
    return {} if certificate is None else {f"size {other.drawn[0]}": certificate}


def _certify(point: Point, operator: Operator) -> Certificate | None:
    """Certify a point in float64; None where that cannot be done, or gives nothing to judge by."""
    try:
        found = certify(point, "float64", operator)
    except DeclarationError:
        raise
    except (NotCertified, ProblemError):  # no cost is at fault at a point that nobody asked for
        return None
    return found if np.all(np.isfinite(found.value[found.judged])) else None


def judge_formula(record: Record, point: str, certificate: Certificate) -> Record:
    """Add to a verdict what the formula gives at a point, evaluated without rounding.

    However badly conditioned the cost, a wrong formula has no rounding to hide below. So it shows
    on a sample of the rows, where they are many.
    """
    if record.status.failed:
        return record
    few = _on_few_rows(certificate)
    try:
        error = formula_error(few)
        if not error.any():
            return record
        allowed = formula_allowance(few)
    except NotCertified:
        return record
    except FormulaError as fault:
        place = _place(point, certificate.point)
        return replace(record, status=Status.ERROR, reason=f"{fault}{place}")
    wrong = (np.abs(error) > allowed) & few.judged
    if not wrong.any():
        return record
    position = int(np.argmax(np.where(wrong, np.abs(error), -1.0)))
    label = few.operator.layout(few.point).label(position)
    true = float(few.value[position])
    value, bound = true + float(error[position]), float(allowed[position])
    sampled = "" if few is certificate else f"on {few.point.row_count:,} rows: "
    return replace(
        record,
        status=Status.DISAGREE,
        disagreement=Disagreement(point, label, value, true, bound),
        reason=f"{sampled}the formula for {label}{_place(point, certificate.point)} is off by "
        f"{abs(error[position]):.2g}, "
        f"a relative {abs(error[position] / true) if true else np.inf:.2g}, without any rounding",
    )


def _on_few_rows(certificate: Certificate) -> Certificate:
    """Certify a sample of the rows, where they are many; all of them where that cannot be done."""
    few = thin(certificate.point, SAMPLED_ROWS)
    if few.row_count == certificate.point.row_count:
        return certificate
    return _certify(few, certificate.operator) or certificate


def _place(name: str, point: Point) -> str:
    """Say where a formula was evaluated: in a branch with the parameters, if they are few."""
    if name == "own":
        return ""
    if not name.startswith("branch") or point.size > MOST_NUMBERS:
        return f" at {name}"
    numbers = (f"{point.component(k)} = {x:.6g}" for k, x in enumerate(point.vector))
    return f" at {', '.join(numbers)}"
