"""The harness: run a problem on backends, and say for each what came out.

Every backend runs at several points (`running`), the gradients are judged (`judge`), and a
symbolic backend may prove the hand-derived formula. The result is one `Record` per backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from calcbench import points
from calcbench.certified.reference import Reference
from calcbench.errors import ProblemError, first_line
from calcbench.interfaces import Backend, Problem
from calcbench.interfaces.problem import Arrays
from calcbench.judge import judge
from calcbench.record import Record, Status
from calcbench.running import Run, run_points

Progress = Callable[[str], None]


def silent(text: str) -> None:
    """No progress."""


def compare(
    problem: Problem,
    backends: Iterable[Backend],
    *,
    size: int | None = None,
    seed: int = 0,
    at: Mapping[str, Any] | None = None,
    timed: bool = True,
    witnesses: Iterable[Backend] = (),
    progress: Progress = silent,
) -> list[Record]:
    """Run `problem` on every backend, and judge what they give.

    `witnesses` are asked as well where the backends alone cannot decide; they get no record.
    Raises `ProblemError` where the problem itself is at fault, `SelectorError` for a bad `at`
    or `size`, `NotInstalled` where the problem's own requirements are missing. Whatever a
    backend does wrong is a record.
    """
    own = points.inputs(problem, size, seed, at)
    where = points.points(problem, own, seed)
    runs = []
    for backend in backends:
        progress(f"{problem.name} · {backend.selector}")
        runs.append(run_points(problem, backend, where, timed))
    progress(f"{problem.name} · certifying the gradient")
    outcome = judge(problem, runs, where, seed, witnesses)
    truth = outcome.certificate.truth if outcome.certificate else None
    proof = _proof(problem, runs, own, progress)
    return [
        replace(
            _refuted(verdict, proof) if run.backend.hand_derived else verdict,
            size=points.chosen_size(problem, size),
            seed=seed,
            components=sum(own[name].size for name in problem.parameters),
            at={name: own[name] for name in problem.parameters},
            gradient=run.gradients.get("own"),
            proof=proof if run.backend.hand_derived else "",
            seconds=run.seconds,
            reference=shown(truth) if truth else None,
            certified_digits=truth.digits if truth else None,
            judged=outcome.note,
            condition=outcome.condition,
        )
        for run, verdict in zip(runs, outcome.records, strict=True)
    ]


def shown(truth: Reference) -> Arrays:
    """The reference, NaN where there is no derivative."""
    return {
        name: np.where(truth.rough[name], np.nan, partial)
        for name, partial in truth.gradient.items()
    }


def _refuted(verdict: Record, proof: str) -> Record:
    """A hand-derived formula that symbols refute is wrong, wherever the numbers agree."""
    if verdict.status is Status.OK and proof.startswith("refuted"):
        return replace(
            verdict, status=Status.DISAGREE, reason=f"the formula is {proof}, in symbols"
        )
    return verdict


def _proof(problem: Problem, runs: list[Run], own: Arrays, progress: Progress) -> str:
    """What a symbolic backend among the runs can say of the hand-derived formula."""
    if not problem.has_gradient:
        return ""
    for run in runs:
        if run.backend.kind == "symbolic" and run.status is not Status.NOT_INSTALLED:
            progress(f"{problem.name} · proving the hand-derived gradient")
            try:
                return run.backend.prove(problem, own)
            except ProblemError:
                raise
            except Exception as error:  # whatever a user's gradient raises on symbols
                return f"not proved: {type(error).__name__}: {first_line(error)}"
    return ""
