"""Comparison: run a problem on backends, and make a record of what each gives.

Every backend runs at several points (`judge.contract`), the results are judged (`judge.judge`), and
a symbolic backend may prove the hand-derived formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.certified.reference import Reference
from calcbench.errors import ProblemError, Unsupported, first_line
from calcbench.harness.timing import time_call
from calcbench.judge.contract import Run, run_points
from calcbench.judge.judge import Outcome, judge
from calcbench.operators import GRADIENT, Layout, Operator
from calcbench.operators.hand_derived import formula_for
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point, point_of_another_size, resolve_size
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays, Problem
from calcbench.problem.sampling import describe_data
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record, Status

LARGEST_PROOF = 200
"""Numbers in an array up to which a formula is proved at another size too: 1,000 take a minute."""

LABELS = 64
"""Components whose names a record keeps: more than a table has room for."""


def compare_problem(
    problem: Problem,
    backends: Iterable[Backend],
    *,
    size: int | None = None,
    seed: int = 0,
    at: Mapping[str, Any] | None = None,
    operator: Operator = GRADIENT,
    direction: Mapping[str, Any] | None = None,
    timed: bool = True,
    witnesses: Iterable[Backend] = (),
    progress: Progress = silent,
) -> list[Record]:
    """Run `problem` on every backend, and judge their results: one record for each.

    `direction` is what a product is taken with at the problem's own point: values by parameter,
    or by `C` for a cotangent. `witnesses` run as well where the backends alone cannot decide; they
    get no record. `timed` adds the median seconds of a call. Raises `ProblemError` where the
    problem itself is at fault, `SelectorError` for a bad `at`, `direction` or `size`,
    `NotInstalled` where the problem's own requirements are missing. Whatever a backend does wrong
    is a record, and so is an operator that the problem does not have.
    """
    own = own_point(problem, size, seed, at)
    number = resolve_size(problem, size)
    try:
        chosen = operator.resolve(own)
    except Unsupported as error:
        return [_skipped_record(problem, b, operator, str(error), number, seed) for b in backends]
    where = points_for(own, chosen, seed, direction)
    own = where["own"]
    runs = [_run(backend, where, chosen, timed, progress) for backend in backends]
    progress(f"{problem.name} · certifying the {chosen.name}")
    outcome = judge(runs, where, seed, witnesses, chosen)
    proof = _prove_formula(own, chosen, runs, progress)
    if outcome.unseen and proof.startswith("proved"):
        proof = "not proved: a branch was never taken"
    labels = component_labels(chosen.layout(own))
    data = describe_data(where)
    return [
        replace(
            _complete(verdict, run, own, outcome, proof, labels), size=number, seed=seed, data=data
        )
        for run, verdict in zip(runs, outcome.records, strict=True)
    ]


def _run(
    backend: Backend,
    where: Mapping[str, Point],
    operator: Operator,
    timed: bool,
    progress: Progress,
) -> Run:
    """Run one backend at all points, and time a call at the problem's own."""
    progress(f"{where['own'].problem.name} · {backend.selector}")
    run = run_points(backend, where, operator)
    if timed:
        time_call(run, where["own"])
    run.prepared = None  # the judge needs the results alone, and a framework's may be large
    return run


def _complete(
    verdict: Record, run: Run, own: Point, outcome: Outcome, proof: str, labels: tuple[str, ...]
) -> Record:
    """Add to a verdict where and what was computed, what it was compared with, and the proof."""
    truth = outcome.certificate.truth if outcome.certificate else None
    return replace(
        _apply_proof(verdict, proof) if run.backend.hand_derived else verdict,
        components=own.size,
        at=own.parameters,
        direction=own.seed,
        value=run.results.get("own"),
        labels=labels if "own" in run.results else (),
        proof=proof if run.backend.hand_derived else "",
        seconds=run.seconds,
        reference=reference_value(truth) if truth else None,
        certified_digits=truth.digits if truth else None,
        judged=outcome.note,
        condition=outcome.condition,
    )


def reference_value(truth: Reference) -> Arrays:
    """Return the reference by name, with NaN where there may be no derivative."""
    unknown = {name: truth.rough[name] | truth.open[name] for name in truth.rough}
    return {name: np.where(unknown[name], np.nan, array) for name, array in truth.value.items()}


def component_labels(layout: Layout) -> tuple[str, ...]:
    """Label the first `LABELS` components of a result: `∂C/∂w[0]`, `∂C/∂w[1]`, …"""
    return tuple(layout.label(k) for k in range(min(layout.size, LABELS)))


def _skipped_record(
    problem: Problem, backend: Backend, operator: Operator, reason: str, size: int, seed: int
) -> Record:
    """Make the record of an operator that the problem does not have."""
    return Record(
        problem=problem.name,
        backend=backend.selector,
        operator=operator.selector,
        dtype=backend.dtype,
        status=Status.SKIPPED,
        reason=reason,
        size=size,
        seed=seed,
    )


def _apply_proof(verdict: Record, proof: str) -> Record:
    """Make a record `disagree` where symbols refute the formula, even if its numbers agree."""
    if verdict.status is Status.OK and proof.startswith("refuted"):
        return replace(
            verdict, status=Status.DISAGREE, reason=f"the formula is {proof}, in symbols"
        )
    return verdict


def _prove_formula(own: Point, operator: Operator, runs: list[Run], progress: Progress) -> str:
    """Let a symbolic backend among the runs prove or refute the hand-derived formula.

    Returns what it says, or "" where there is no formula or no such backend.
    """
    formula = formula_for(operator.terms(own), own.problem)
    if not formula:
        return ""
    for run in runs:
        if run.backend.kind == "symbolic" and run.status is not Status.NOT_INSTALLED:
            progress(f"{own.problem.name} · proving the hand-derived {formula}")
            proof = _prove(run.backend, own, formula)
            return _prove_another_size(run.backend, own, formula, proof)
    return ""


def _prove(backend: Backend, point: Point, formula: str) -> str:
    """Let a backend prove a formula; what it raises is the reason why it is not proved."""
    try:
        return backend.prove(point, formula)
    except ProblemError:
        raise
    except Exception as error:  # whatever a user's formula raises on symbols
        return f"not proved: {type(error).__name__}: {first_line(error)}"


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
