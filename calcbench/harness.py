"""The harness: run a problem on backends, and say for each what came out.

Every backend is prepared at one point and run at the others, twice at each, with the inputs
compared before and after; shapes and dtypes are checked; then the backends are judged against
each other (`agreement`). The result is one `Record` per backend.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from calcbench import agreement, points
from calcbench.agreement import Ballot, Consensus
from calcbench.errors import NotInstalled, ProblemError, Unsupported, first_line
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.problem import Arrays
from calcbench.record import Record, Status
from calcbench.timing import first_timing

FEWEST = 3
"""Independent results below which the backends' own witnesses are asked as well."""

SAMPLED_ROWS = 1024
"""Rows on which sensitivity is measured."""

Progress = Callable[[str], None]


@dataclass
class Run:
    """One backend on one problem: what it gave at each point, or why it gave nothing."""

    backend: Backend
    status: Status = Status.OK
    reason: str = ""
    gradients: dict[str, Arrays] = field(default_factory=dict)
    """Point → gradient."""
    bounds: dict[str, Arrays | None] = field(default_factory=dict)
    """Point → the method's own error bound."""
    seconds: dict[str, float] = field(default_factory=dict)


def compare(
    problem: Problem,
    backends: Iterable[Backend],
    *,
    size: int | None = None,
    seed: int = 0,
    at: Mapping[str, Any] | None = None,
    timed: bool = True,
    witnesses: Iterable[Backend] = (),
    progress: Progress = lambda text: None,
) -> list[Record]:
    """Run `problem` on every backend, and judge them against each other.

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
    verdicts = _judge(problem, runs, where, seed, witnesses)
    proof = _proof(problem, runs, own, progress)
    return [
        replace(
            verdict,
            size=points.chosen_size(problem, size),
            seed=seed,
            at={name: own[name] for name in problem.parameters},
            gradient=run.gradients.get("own"),
            proof=proof if run.backend.hand_derived else "",
            seconds=run.seconds,
        )
        for run, verdict in zip(runs, verdicts, strict=True)
    ]


def run_points(
    problem: Problem, backend: Backend, where: Mapping[str, Arrays], timed: bool = False
) -> Run:
    """Prepare once, at the last point; run at each point twice; check the contract."""
    run = Run(backend)
    limit = problem.limits.get(backend.name)
    size = max(array.size for array in where["own"].values())
    if limit and size > limit[0]:
        run.status, run.reason = Status.SKIPPED, f"beyond size {limit[0]:,}: {limit[1]}"
        return run
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result, and is judged there
            _run_points(problem, run, where, timed)
    except ProblemError:
        raise
    except NotInstalled as error:
        run.status, run.reason = Status.NOT_INSTALLED, str(error)
    except Unsupported as error:
        run.status, run.reason = Status.SKIPPED, str(error)
    except Exception as error:  # whatever a cost or a framework raises becomes a record
        run.status, run.reason = Status.ERROR, f"{type(error).__name__}: {first_line(error)}"
    return run


def _run_points(problem: Problem, run: Run, where: Mapping[str, Arrays], timed: bool) -> None:
    backend = run.backend
    if backend.requires and backend.requires[0] not in sys.modules and not backend.missing():
        started = time.perf_counter()
        backend.framework()
        run.seconds["import"] = time.perf_counter() - started
    elsewhere = where[list(where)[-1]]
    started = time.perf_counter()
    prepared = backend.prepare(problem, elsewhere)
    run.seconds["prepare"] = time.perf_counter() - started
    for point, inputs in where.items():
        kept = {name: array.copy() for name, array in inputs.items()}
        native = prepared.load(inputs)
        started = time.perf_counter()
        result = prepared.run(native)
        run.seconds.setdefault("first", time.perf_counter() - started)
        gradient = prepared.unload(result)
        again = prepared.unload(prepared.run(native))
        fault = (
            _shape_fault(problem, backend, gradient, inputs)
            or _touched(kept, inputs)
            or _unrepeatable(problem, backend, gradient, again)
        )
        run.gradients[point] = gradient
        if fault:
            run.status, run.reason = Status.DISAGREE, fault
            return
        run.bounds[point] = backend.error_bound(problem, inputs)
    if timed:
        run.seconds["call"] = first_timing(prepared.run, prepared.load(where["own"]))


def _evaluator(problem: Problem, prepared: Prepared) -> Callable[[Arrays], np.ndarray]:
    def evaluate(inputs: Arrays) -> np.ndarray:
        return agreement.flatten(prepared.unload(prepared.run(prepared.load(inputs))), problem)

    return evaluate


def _shape_fault(
    problem: Problem, backend: Backend, gradient: Arrays, inputs: Arrays
) -> str | None:
    """What is wrong with the form of a gradient: names, shapes, dtypes."""
    if list(gradient) != list(problem.parameters):
        return f"gave partials by {', '.join(gradient)} instead of {', '.join(problem.parameters)}"
    for name, partial in gradient.items():
        if partial.shape != inputs[name].shape:
            return f"∂C/∂{name} has shape {partial.shape}, the parameter {inputs[name].shape}"
        if partial.dtype != backend.dtype:
            return f"∂C/∂{name} is {partial.dtype} instead of {backend.dtype}"
    return None


def _touched(before: Arrays, after: Arrays) -> str | None:
    """Whether running changed the inputs."""
    changed = [name for name in before if not np.array_equal(before[name], after[name])]
    return f"changed its inputs: {', '.join(changed)}" if changed else None


def _unrepeatable(
    problem: Problem, backend: Backend, gradient: Arrays, again: Arrays
) -> str | None:
    """Whether the second run on the same native inputs gave another result.

    Threads may add in another order, so a few roundings are allowed.
    """
    unit = float(np.finfo(backend.dtype).eps)
    one, two = agreement.flatten(gradient, problem), agreement.flatten(again, problem)
    scale = np.max(np.abs(one[np.isfinite(one)]), initial=0.0)
    if np.allclose(one, two, rtol=16 * unit, atol=16 * unit * scale, equal_nan=True):
        return None
    position = int(np.nanargmax(np.abs(one - two)))
    shapes = {name: partial.shape for name, partial in gradient.items()}
    name = agreement.component(problem, shapes, position)
    return f"a second run gave another ∂C/∂{name}: {one[position]:.10g}, then {two[position]:.10g}"


def _judge(
    problem: Problem,
    runs: list[Run],
    where: Mapping[str, Arrays],
    seed: int,
    witnesses: Iterable[Backend],
) -> list[Record]:
    """Hold a vote at every point, and give every run its verdict."""
    kappa = _sensitivities(problem, runs, where, seed)
    shapes = {name: where["own"][name].shape for name in problem.parameters}
    verdicts = [_record(problem, run) for run in runs]
    extra: list[Run] | None = None
    for point, inputs in where.items():
        ballots = _ballots(problem, runs, point, inputs, kappa)
        if not ballots:
            continue
        agreed = agreement.consensus(ballots)
        if agreed.tied or len(ballots) < FEWEST:
            if extra is None:
                extra = [run_points(problem, witness, where) for witness in witnesses]
                if not kappa:
                    kappa = _sensitivities(problem, extra, where, seed)
            everyone = _ballots(problem, [*runs, *extra], point, inputs, kappa)
            agreed = agreement.consensus(everyone, range(len(runs), len(runs) + len(extra)))
        for index, ballot in ballots.items():
            verdicts[index] = _verdict(problem, verdicts[index], shapes, point, ballot, agreed)
    return verdicts


def _sensitivities(
    problem: Problem, runs: list[Run], where: Mapping[str, Arrays], seed: int
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
        evaluate = _evaluator(problem, run.backend.prepare(problem, few["own"]))
        for point, inputs in few.items():
            with np.errstate(all="ignore"):
                kappa = share * agreement.sensitivity(evaluate, inputs, seed)
            found[point] = np.fmax(found.get(point, kappa), kappa)
    return found


def _ballots(
    problem: Problem,
    runs: list[Run],
    point: str,
    inputs: Arrays,
    kappa: Mapping[str, np.ndarray],
) -> dict[int, Ballot]:
    """The runs that have a well-formed gradient at this point, by their position."""
    ballots = {}
    terms = max(array.size for array in inputs.values())
    for index, run in enumerate(runs):
        if run.status is not Status.OK:
            continue
        gradient = agreement.flatten(run.gradients[point], problem)
        own = run.bounds[point]
        bound = agreement.rounding_bound(gradient, kappa.get(point, 0.0), run.backend.dtype, terms)
        if own is not None:
            bound = bound + agreement.flatten(own, problem)
        ballots[index] = Ballot(gradient, bound, exact=own is None)
    return ballots


def _record(problem: Problem, run: Run) -> Record:
    """The record of a run before it is judged."""
    return Record(
        problem=problem.name,
        backend=run.backend.selector,
        operator="gradient",
        dtype=run.backend.dtype,
        status=run.status,
        reason=run.reason,
    )


def _verdict(
    problem: Problem,
    so_far: Record,
    shapes: Mapping[str, tuple[int, ...]],
    point: str,
    ballot: Ballot,
    agreed: Consensus,
) -> Record:
    """Add what one point says to a verdict; the first point that fails is the one reported."""
    digits = agreement.digits(ballot, agreed, so_far.dtype)
    verdict = replace(so_far, digits=min(digits, so_far.digits or digits))
    if so_far.status is not Status.OK:
        return verdict
    place = "" if point == "own" else f" at {point}"
    if not np.all(np.isfinite(agreed.reference)):
        position = int(np.flatnonzero(~np.isfinite(agreed.reference))[0])
        name = agreement.component(problem, shapes, position)
        value = ballot.gradient[position]
        return replace(
            verdict,
            status=Status.ERROR,
            digits=None,
            reason=f"no verdict: ∂C/∂{name}{place} is not finite ({value})",
        )
    fault = agreement.disagreement(problem, shapes, point, ballot, agreed)
    if fault:
        return replace(verdict, status=Status.DISAGREE, reason=str(fault), disagreement=fault)
    if agreed.tied:
        return replace(
            verdict,
            status=Status.DISAGREE,
            reason=f"no majority{place}: as many backends say otherwise",
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
