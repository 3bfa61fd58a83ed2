"""Comparison: run a problem on backends, and make a record of what each gives.

Every backend runs at several points (`judge.contract`), the results are judged (`judge.judge`), and
a symbolic backend may prove the hand-derived formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.certified.reference import Reference
from calcbench.errors import DeclarationError, Unsupported
from calcbench.harness.timing import time_call
from calcbench.judge.certifying import Certified
from calcbench.judge.connection import departure
from calcbench.judge.contract import Run, run_points
from calcbench.judge.judge import Outcome, judge
from calcbench.judge.points import LeftOut
from calcbench.judge.runner import Runner
from calcbench.judge.verdict import start_run_record
from calcbench.operators import Layout, Operator
from calcbench.operators.hand_derived import formula_for
from calcbench.operators.operator import highest_order
from calcbench.operators.points import points_for
from calcbench.problem.faults import RAISED, blamed_on, describe
from calcbench.problem.inputs import own_point, point_of_another_size, resolve_size
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.sampling import describe_data
from calcbench.problem.size import SizeLike
from calcbench.record.entrant import start_record
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record, Status

LARGEST_PROOF = 200
"""Numbers in an array up to which a formula is proved at another size too: 1,000 take a minute."""

LABELS = 64
"""Components whose names a record keeps: more than a table has room for."""


@dataclass(frozen=True, eq=False)
class Question:
    """What every backend is asked: an operator of a problem's cost, at some points."""

    problem: Problem
    operator: Operator
    where: Mapping[str, Point]
    """Point name → point; `own` is the problem's own."""
    size: int
    seed: int
    unsupported: str = ""
    """Why the problem does not have this operator: nobody is asked then."""
    certify: str = ""
    """One of `certified.extent.EXTENTS`; if empty, an estimate of the time decides."""
    left_out: LeftOut = field(default_factory=LeftOut)
    """Points at which nothing is run."""

    @cached_property
    def certified(self) -> Certified:
        """The certificates at the points, found when the first answers are judged."""
        return Certified(self.where, self.operator, self.certify)

    @property
    def own(self) -> Point:
        """The problem's own point."""
        return self.where["own"]

    def leave_out(self, points: LeftOut) -> Question:
        """Leave out points that calcbench chose."""
        return replace(self, where=points.keep(self.where), left_out=points)

    def skip(self, backends: Iterable[Backend]) -> list[Record]:
        """Make the records of backends that are not asked."""
        return [
            start_record(
                self.problem.name,
                backend,
                self.operator.selector,
                Status.SKIPPED,
                self.unsupported,
                size=self.size,
                seed=self.seed,
                read_from=self.problem.read_from,
            )
            for backend in backends
        ]


def pose(
    problem: Problem,
    operator: Operator,
    *,
    size: SizeLike | None = None,
    seed: int = 0,
    at: Mapping[str, Any] | None = None,
    direction: Mapping[str, Any] | None = None,
) -> Question:
    """Draw the problem's inputs, and choose the points.

    `direction` is what a product is taken with at the problem's own point: values by parameter,
    or by `C` for a cotangent. Raises `ProblemError` where the problem itself is at fault,
    `SelectorError` for a bad `at`, `direction`, `seed` or `size`, `NotInstalled` where the
    problem's own requirements are missing. An operator that the problem does not have makes a
    question that nobody is asked.
    """
    with blamed_on(problem.name):
        own = own_point(problem, size, seed, at)
        number = resolve_size(problem, size)
        try:
            chosen = operator.resolve(own)
        except Unsupported as error:
            return Question(problem, operator, {"own": own}, number, seed, str(error))
        return Question(problem, chosen, points_for(own, chosen, seed, direction), number, seed)


def compare_question(
    question: Question,
    backends: Sequence[Backend],
    *,
    timed: bool,
    witnesses: Iterable[Backend] = (),
    progress: Progress = silent,
) -> list[Record]:
    """Put a question to every backend, and judge what they answer: one record for each.

    `witnesses` run as well where the backends alone cannot decide; they get no record. `timed`
    adds the median seconds of a call. Whatever a backend does wrong is a record.
    """
    if question.unsupported:
        return question.skip(backends)
    name = question.problem.name
    runs = []
    for backend in backends:
        progress(f"{name} · {backend.selector}")
        runs.append(run_backend(question, backend, timed))
    progress(f"{name} · proving the hand-derived formula")
    proof = prove_formula(question, backends)
    progress(f"{name} · certifying the {question.operator.name}")
    return judge_runs(question, runs, witnesses, proof)


def run_backend(question: Question, backend: Backend, timed: bool) -> Run:
    """Run one backend at all points, and time a call at the problem's own."""
    with blamed_on(question.problem.name):
        run = run_points(backend, question.where, question.operator, left_out=question.left_out)
    if timed:
        time_call(run, question.own)
    run.prepared = None  # the judge needs the results alone, and a framework's may be large
    return run


def judge_runs(
    question: Question,
    runs: list[Run],
    witnesses: Iterable[Backend],
    proof: str,
    runner: Runner | None = None,
    departure: Callable[[Backend, Point], str] = departure,
) -> list[Record]:
    """Judge what the backends answered: one record for each, with all that belongs to it.

    `runner` and `departure` are where backends run again, and are asked where a cost leaves `xp`:
    in this process if not given.
    """
    with blamed_on(question.problem.name):
        outcome = judge(
            runs,
            question.where,
            question.seed,
            witnesses,
            question.operator,
            runner,
            question.left_out,
            question.certified,
        )
    if outcome.unseen and proof.startswith("proved"):
        proof = "not proved: a branch was never taken"
    explained = [
        _explain(record, departure(run.backend, question.own))
        if record.status is Status.DISAGREE and not run.backend.hand_derived
        else record
        for run, record in zip(runs, outcome.records, strict=True)
    ]
    described = map(partial(_describe, question), explained, runs)
    return [
        _complete(record, run, outcome, proof) for run, record in zip(runs, described, strict=True)
    ]


def describe_runs(question: Question, runs: Iterable[Run]) -> list[Record]:
    """Make records of what backends answered that say nothing of how right it is."""
    start = partial(start_run_record, question.problem, operator=question.operator)
    return [_describe(question, start(run), run) for run in runs]


def _describe(question: Question, record: Record, run: Run) -> Record:
    """Add to a record what was asked, and what the backend answered."""
    own, answered = question.own, "own" in run.results
    return replace(
        record,
        size=question.size,
        seed=question.seed,
        components=own.size,
        at=own.parameters,
        direction=own.seed,
        value=run.results.get("own"),
        labels=component_labels(question.operator.layout(own)) if answered else (),
        seconds=run.seconds,
        data=describe_data(question.where),
    )


def _complete(record: Record, run: Run, outcome: Outcome, proof: str) -> Record:
    """Add to a record what the result was compared with, and the proof of the formula."""
    truth = outcome.certificate.truth if outcome.certificate else None
    return replace(
        _apply_proof(record, proof) if run.backend.hand_derived else record,
        proof=proof if run.backend.hand_derived else "",
        reference=reference_value(truth) if truth else None,
        certified_digits=truth.digits if truth else None,
        judged=outcome.note,
        condition=outcome.condition,
    )


def _explain(verdict: Record, where: str) -> Record:
    """Add to a wrong result where the cost leaves `xp`: a part of the derivative is lost there."""
    return replace(verdict, reason=f"{verdict.reason}; {where}") if where else verdict


def reference_value(truth: Reference) -> Arrays:
    """Return the reference by name, with NaN where there may be no derivative."""
    unknown = {name: truth.rough[name] | truth.open[name] for name in truth.rough}
    return {name: np.where(unknown[name], np.nan, array) for name, array in truth.value.items()}


def component_labels(layout: Layout) -> tuple[str, ...]:
    """Label the first `LABELS` components of a result: `∂C/∂w[0]`, `∂C/∂w[1]`, …"""
    return tuple(layout.label(k) for k in range(min(layout.size, LABELS)))


def _apply_proof(verdict: Record, proof: str) -> Record:
    """Make a record `disagree` where symbols refute the formula, even if its numbers agree."""
    if verdict.status is Status.OK and proof.startswith("refuted"):
        return replace(
            verdict, status=Status.DISAGREE, reason=f"the formula is {proof}, in symbols"
        )
    return verdict


def prove_formula(question: Question, backends: Iterable[Backend]) -> str:
    """Let a symbolic backend prove or refute the hand-derived formula.

    Returns what it says, or "" where there is no formula or no such backend. A joint operator has a
    formula for each part that is a derivative: the first that is not proved is told, or the last.
    """
    own = question.own
    stated = [part.terms(own) for part in question.operator.parts()]
    formulas = [formula_for(terms, question.problem) for terms in stated if highest_order(terms)]
    symbolic = [b for b in backends if b.kind == "symbolic" and not b.missing()]
    proof = ""
    for formula in formulas if symbolic and all(formulas) else ():
        proof = _prove_another_size(symbolic[0], own, formula, _prove(symbolic[0], own, formula))
        if not proof.startswith("proved"):
            break
    return proof


def _prove(backend: Backend, point: Point, formula: str) -> str:
    """Let a backend prove a formula; what it raises is the reason why it is not proved."""
    try:
        return backend.prove(point, formula)
    except DeclarationError:
        raise
    except RAISED as error:  # whatever a user's formula raises on symbols
        return f"not proved: {describe(error)}"


def _prove_another_size(backend: Backend, own: Point, formula: str, proof: str) -> str:
    """Prove a formula at another size too, and say for which sizes it is proved.

    Rows have no part in that: a proof is for some of them, whatever their number.
    """
    other = point_of_another_size(own) if proof.startswith("proved") else None
    if other is None or own.drawn is None or other.drawn is None:
        return proof
    if all(own[n].shape == other[n].shape for n in own.values if n not in own.row_names):
        return proof
    size, another = own.drawn[0], other.drawn[0]
    if max(array.size for array in other.values.values()) > LARGEST_PROOF:
        return f"{proof} for size {size}"
    second = _prove(backend, other, formula)
    if second.startswith("refuted"):
        return f"{second} at size {another}"
    if second.startswith("proved"):
        return f"{proof} for sizes {size} and {another}"
    return f"{proof} for size {size}"
