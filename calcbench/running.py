"""Running one backend on one problem at several points, and checking its contract.

The backend is prepared at one point and run at the others, twice at each, with the inputs
compared before and after; names, shapes and dtypes are checked.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from calcbench import agreement
from calcbench.errors import NotInstalled, ProblemError, Unsupported, first_line
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.problem import Arrays
from calcbench.record import Status
from calcbench.timing import first_timing


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
