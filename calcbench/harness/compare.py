"""The harness: run a problem on backends, and say for each what came out.

Every backend runs at several points (`running`), the results are judged (`judge`), and a
symbolic backend may prove the hand-derived formula. The result is one `Record` per backend.
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
from calcbench.judge.judge import judge
from calcbench.operators import GRADIENT, Layout, Operator
from calcbench.operators.hand_derived import formula_for
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point, resolve_size
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays, Problem
from calcbench.record.progress import Progress, silent
from calcbench.record.record import Record, Status

LABELS = 64
"""Components whose names a record keeps: more than a table shows."""


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
    """Run `problem` on every backend, and judge what they give.

    `direction` is what a product is taken with at the problem's own point: values by parameter,
    or by `C` for a cotangent. `witnesses` are asked as well where the backends alone cannot
    decide; they get no record. Raises `ProblemError` where the problem itself is at fault,
    `SelectorError` for a bad `at`, `direction` or `size`, `NotInstalled` where the problem's own
    requirements are missing. Whatever a backend does wrong is a record, and so is an operator
    that the problem does not have.
    """
    own = own_point(problem, size, seed, at)
    number = resolve_size(problem, size)
    try:
        chosen = operator.resolve(own)
    except Unsupported as error:
        return [_skipped_record(problem, b, operator, str(error), number, seed) for b in backends]
    where = points_for(own, chosen, seed, direction)
    own = where["own"]
    runs = []
    for backend in backends:
        progress(f"{problem.name} · {backend.selector}")
        run = run_points(backend, where, chosen)
        if timed:
            time_call(run, own)
        run.prepared = None  # the judge needs the results alone
        runs.append(run)
    progress(f"{problem.name} · certifying the {chosen.name}")
    outcome = judge(runs, where, seed, witnesses, chosen)
    truth = outcome.certificate.truth if outcome.certificate else None
    proof = _prove_formula(own, chosen, runs, progress)
    labels = component_labels(chosen.layout(own))
    return [
        replace(
            _apply_proof(verdict, proof) if run.backend.hand_derived else verdict,
            size=number,
            seed=seed,
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
        for run, verdict in zip(runs, outcome.records, strict=True)
    ]


def reference_value(truth: Reference) -> Arrays:
    """Return the reference, with NaN where there is no derivative."""
    return {name: np.where(truth.rough[name], np.nan, array) for name, array in truth.value.items()}


def component_labels(layout: Layout) -> tuple[str, ...]:
    """Label the first components of a result."""
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
    """Condemn a hand-derived formula that symbols refute, wherever the numbers agree."""
    if verdict.status is Status.OK and proof.startswith("refuted"):
        return replace(
            verdict, status=Status.DISAGREE, reason=f"the formula is {proof}, in symbols"
        )
    return verdict


def _prove_formula(own: Point, operator: Operator, runs: list[Run], progress: Progress) -> str:
    """Let a symbolic backend among the runs prove or refute the hand-derived formula."""
    problem = own.problem
    formula = formula_for(operator.terms(own), problem)
    if not formula:
        return ""
    for run in runs:
        if run.backend.kind == "symbolic" and run.status is not Status.NOT_INSTALLED:
            progress(f"{problem.name} · proving the hand-derived {formula}")
            try:
                return run.backend.prove(own, formula)
            except ProblemError:
                raise
            except Exception as error:  # whatever a user's formula raises on symbols
                return f"not proved: {type(error).__name__}: {first_line(error)}"
    return ""
