"""Running one backend on one problem at several points, and checking its contract.

The backend is prepared at one point and run at the others, twice at each, with the inputs
compared before and after; names, shapes and dtypes are checked.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from calcbench import agreement
from calcbench.errors import NotInstalled, ProblemError, Unsupported, first_line
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.problem import Arrays
from calcbench.record import Status
from calcbench.timing import first_timing

NO_MEMORY = ("can't allocate memory", "RESOURCE_EXHAUSTED", "OOM when allocating", "bad_alloc")
"""What frameworks write when memory is short, where they do not raise `MemoryError`."""


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


def run_points(
    problem: Problem,
    backend: Backend,
    where: Mapping[str, Arrays],
    timed: bool = False,
    prepared: Prepared | None = None,
) -> Run:
    """Prepare once, at the last point; run at each point twice; check the contract.

    What is `prepared` already, for inputs of these shapes, is not prepared again.
    """
    run = Run(backend)
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result, and is judged there
            check_limit(problem, backend, where["own"])
            prepared = prepared or _prepare(problem, run, where)
            _check_points(problem, run, prepared, where)
            if timed and run.status is Status.OK:
                run.seconds["call"] = first_timing(prepared.run, prepared.load(where["own"]))
    except ProblemError:
        raise
    except Exception as error:  # whatever a cost or a framework raises becomes a record
        run.status, run.reason = outcome(error)
    return run


def check_limit(problem: Problem, backend: Backend, inputs: Arrays) -> None:
    """Raise `Unsupported` where the problem says that it is too large for this backend."""
    limit = problem.limits.get(backend.name)
    if limit and max(array.size for array in inputs.values()) > limit[0]:
        raise Unsupported(f"beyond size {limit[0]:,}: {limit[1]}")


def outcome(error: BaseException) -> tuple[Status, str]:
    """What an exception makes of a cell, and the reason."""
    if isinstance(error, NotInstalled):
        return Status.NOT_INSTALLED, str(error)
    if isinstance(error, Unsupported):
        return Status.SKIPPED, str(error)
    reason = f"{type(error).__name__}: {first_line(error)}"
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in NO_MEMORY):
        return Status.OUT_OF_MEMORY, reason
    return Status.ERROR, reason


def timed_import(backend: Backend) -> float | None:
    """Seconds to import the backend's framework; None where it is loaded, or has none."""
    if not backend.requires or backend.requires[0] in sys.modules or backend.missing():
        return None
    started = time.perf_counter()
    backend.framework()
    return time.perf_counter() - started


def elsewhere(where: Mapping[str, Arrays]) -> Arrays:
    """The point to prepare at: not the one to run at, so that what is baked in shows."""
    return where[list(where)[-1]]


def _prepare(problem: Problem, run: Run, where: Mapping[str, Arrays]) -> Prepared:
    importing = timed_import(run.backend)
    if importing is not None:
        run.seconds["import"] = importing
    started = time.perf_counter()
    prepared = run.backend.prepare(problem, elsewhere(where))
    run.seconds["prepare"] = time.perf_counter() - started
    return prepared


def _check_points(
    problem: Problem, run: Run, prepared: Prepared, where: Mapping[str, Arrays]
) -> None:
    backend = run.backend
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


def sensitivities(
    problem: Problem, backend: Backend, where: Mapping[str, Arrays], seed: int
) -> dict[str, np.ndarray]:
    """Point → κ of every component of this backend's gradient (`agreement.sensitivity`)."""
    with np.errstate(all="ignore"):
        evaluate = evaluator(problem, backend.prepare(problem, where["own"]))
        return {
            point: agreement.sensitivity(evaluate, inputs, seed) for point, inputs in where.items()
        }


class Asking(Protocol):
    """How the judge asks a backend for more: in this process, or in one of the backend's own."""

    def run_points(self, problem: Problem, backend: Backend, where: Mapping[str, Arrays]) -> Run:
        """As the function `run_points`."""

    def sensitivities(
        self, problem: Problem, backend: Backend, where: Mapping[str, Arrays], seed: int
    ) -> dict[str, np.ndarray]:
        """As the function `sensitivities`."""


class Here:
    """Asks in this process."""

    run_points = staticmethod(run_points)
    sensitivities = staticmethod(sensitivities)


def evaluator(problem: Problem, prepared: Prepared) -> Callable[[Arrays], np.ndarray]:
    """A prepared gradient as a function from inputs to the vector of all partials."""

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
