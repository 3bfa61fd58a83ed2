"""The contract of a backend: run it at several points, and check what any result must be.

The backend is prepared at one point and run at all, twice at each. Results must have the right
names, shapes and dtypes, the inputs must be unchanged, and the second run must repeat the first.
What goes wrong is kept point by point: it counts only where the point can be judged, and whether
it can is for the judge to say. The problem's own point always counts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sized
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.numpy_cost import check_cost
from calcbench.backend.prepared import Prepared
from calcbench.errors import (
    DeclarationError,
    NotInstalled,
    ProblemError,
    Unsupported,
    full_text,
    write_apart,
)
from calcbench.judge.connection import connection_fault
from calcbench.operators import GRADIENT, Layout, Operator
from calcbench.operators.operator import single
from calcbench.problem import whereabouts
from calcbench.problem.faults import RAISED, describe
from calcbench.problem.flat import flatten, largest_change, repeats, same_numbers
from calcbench.problem.point import Point, component_name
from calcbench.problem.problem import Arrays
from calcbench.problem.threads import one_thread
from calcbench.record.record import Status

NO_MEMORY = ("can't allocate memory", "RESOURCE_EXHAUSTED", "OOM when allocating", "bad_alloc")
"""What frameworks write when memory is short, if they do not raise `MemoryError`."""


@dataclass
class Run:
    """One backend on one problem: its results at each point, or why there are none."""

    backend: Backend
    status: Status = Status.OK
    reason: str = ""
    method: str = ""
    """How the backend takes the derivative (`Prepared.method`)."""
    results: dict[str, Arrays] = field(default_factory=dict)
    """Point → result."""
    bounds: dict[str, Arrays | None] = field(default_factory=dict)
    """Point → the method's own error bound; only for points without a failure."""
    failures: dict[str, tuple[Status, str]] = field(default_factory=dict)
    """Point → what went wrong there: the status that it is worth, and the reason."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Step (`import`, `prepare`, `first`, …) → seconds."""
    cost: float | None = None
    """The backend's cost at the problem's own point, where it may be code of its own."""
    prepared: Prepared | None = None
    """The prepared operator, to be timed."""

    @property
    def exact(self) -> bool:
        """Whether it has a result, of a method without an error of its own."""
        return self.status is Status.OK and None in self.bounds.values()

    @property
    def differenced(self) -> bool:
        """Whether it is made of differences of the hand-derived gradient."""
        return not self.backend.hand_derived and "hand-derived" in self.method


def pack(run: Run) -> dict[str, Any]:
    """Take what can be sent of a run to another process: all but the backend and what it made."""
    names = {entry.name for entry in fields(run)} - {"backend", "prepared"}
    return {name: getattr(run, name) for name in names}


def unpack(backend: Backend, packed: Mapping[str, Any]) -> Run:
    """Make a run of what `pack` gave."""
    return Run(backend, **packed)


@one_thread()
def run_points(
    backend: Backend,
    where: Mapping[str, Point],
    operator: Operator = GRADIENT,
    prepared: Prepared | None = None,
    left_out: Sized = (),
) -> Run:
    """Prepare once, at the last point; run at each point twice; check the contract.

    `where` is point name → point. With `prepared`, for inputs of these shapes, nothing is prepared
    again; `left_out` are points that are not in `where`. Raises `ProblemError` where the cost is at
    fault by itself, in NumPy too, or declares what is not true; whatever else is raised becomes the
    run's status and reason.
    """
    run = Run(backend)
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result, and is judged there
            check_limit(backend, where["own"])
            prepared = prepared or _prepare(run, where, operator, left_out)
            run.method = prepared.method
            _check_points(run, prepared, where, operator)
            if run.status is Status.OK:
                run.prepared = prepared
            if run.status is Status.OK:
                run.cost = _own_cost(backend, where["own"])
            if run.status is Status.OK and "own" in run.results:
                cut = connection_fault(backend, where["own"], run.results["own"])
                run.status, run.reason = (Status.ERROR, cut) if cut else (Status.OK, "")
    except DeclarationError:
        raise
    except RAISED as error:  # whatever a cost or a framework raises becomes a record
        if isinstance(error, ProblemError):
            check_cost(where["own"])
        run.status, run.reason = classify_error(error)
    return run


def check_limit(backend: Backend, point: Point) -> None:
    """Raise `Unsupported` where the problem is too large for this backend, or not in its code."""
    if backend.requires:
        point.problem.require_cost(backend.name)
    limit = point.problem.limits.get(backend.name)
    if limit and max(array.size for array in point.values.values()) > limit[0]:
        raise Unsupported(f"beyond size {limit[0]:,}: {limit[1]}")


def classify_error(error: BaseException) -> tuple[Status, str]:
    """Classify an exception: the status of a record that it ends, and the reason."""
    if isinstance(error, NotInstalled):
        return Status.NOT_INSTALLED, str(error)
    if isinstance(error, Unsupported):
        return Status.SKIPPED, str(error)
    reason = describe(error)
    if isinstance(error, MemoryError) or any(sign in full_text(error) for sign in NO_MEMORY):
        return Status.OUT_OF_MEMORY, reason
    return Status.ERROR, reason


def timed_import(backend: Backend) -> float | None:
    """Import the backend's framework, and return the seconds that took.

    None where it is loaded already, is missing, or is not needed.
    """
    if not backend.requires or backend.requires[0] in sys.modules or backend.missing():
        return None
    started = time.perf_counter()
    backend.framework()
    return time.perf_counter() - started


def prepare_away(
    backend: Backend, where: Mapping[str, Point], operator: str | Operator, left_out: Sized
) -> tuple[Prepared, float]:
    """Prepare an operator at the last point, rather than the problem's own; with the seconds.

    A number that is wrongly compiled in as a constant then shows as a fault at the own point. Where
    the last point cannot be prepared at, for the cost may be undefined there, the own one is; and
    where points are left out, for it tells whether the cost can be run at all.
    """
    last = "own" if left_out else [*where][-1]
    started = time.perf_counter()
    try:
        with whereabouts.at("point", last):
            return backend.prepare(where[last], operator), time.perf_counter() - started
    except (DeclarationError, Unsupported):
        raise
    except RAISED:  # whatever a cost or a framework raises, and raises again if it is no fault
        started = time.perf_counter()  # of the point
        return backend.prepare(where["own"], operator), time.perf_counter() - started


def _own_cost(backend: Backend, own: Point) -> float | None:
    """Evaluate the cost of a backend that runs a framework's own code; None for any other."""
    runs = backend.name if backend.requires else "numpy"
    if runs not in own.problem.native_costs:
        return None
    if backend.hand_derived or own.problem.vector_valued:
        return None
    return float(single(backend.prepare(own.with_seed({}), "cost").evaluate(own)))


def _prepare(run: Run, where: Mapping[str, Point], operator: Operator, left_out: Sized) -> Prepared:
    """Import the framework and prepare the operator, with the seconds of each."""
    importing = timed_import(run.backend)
    if importing is not None:
        run.seconds["import"] = importing
    prepared, run.seconds["prepare"] = prepare_away(run.backend, where, operator, left_out)
    return prepared


def _check_points(
    run: Run, prepared: Prepared, where: Mapping[str, Point], operator: Operator
) -> None:
    """Run at each point twice, and keep what goes wrong there; at the own point it ends the run."""
    layout = operator.layout(where["own"])
    for name, point in where.items():
        try:
            with whereabouts.at("point", name):
                fault = _check_point(run, prepared, name, point, layout)
                if not fault:
                    run.bounds[name] = run.backend.error_bound(point, operator)
        except RAISED as error:  # whatever a cost or a framework raises becomes a record
            if name == "own" and isinstance(error, ProblemError):
                raise
            run.failures[name] = classify_error(error)
        else:
            if fault:
                run.failures[name] = Status.DISAGREE, fault
        if name == "own" and name in run.failures:
            run.status, run.reason = run.failures[name]
            return


def _check_point(
    run: Run, prepared: Prepared, name: str, point: Point, layout: Layout
) -> str | None:
    """Run at one point twice; say how the results break the contract, if they do."""
    before = {key: array.copy() for key, array in point.values.items()}
    native = prepared.load(point)
    started = time.perf_counter()
    result = prepared.run(native)
    run.seconds.setdefault("first", time.perf_counter() - started)
    value = prepared.unload(result)
    again = prepared.unload(prepared.run(native))
    run.results[name] = value
    return (
        _shape_fault(layout, run.backend, value)
        or _input_fault(before, point.values)
        or _repeat_fault(layout, run.backend, value, again)
    )


def _shape_fault(layout: Layout, backend: Backend, value: Arrays) -> str | None:
    """Say what is wrong with the form of a result: names, shapes, dtypes."""
    if list(value) != list(layout.shapes):
        return f"gave {', '.join(value)} instead of {', '.join(layout.shapes)}"
    start = 0
    for name, array in value.items():
        expected = layout.shapes[name]
        if array.shape != expected:
            return (
                f"{_array_label(layout, name, start)} has shape {array.shape} instead of {expected}"
            )
        if array.dtype != backend.dtype:
            return (
                f"{_array_label(layout, name, start)} is {array.dtype} instead of {backend.dtype}"
            )
        start += array.size
    return None


def _array_label(layout: Layout, name: str, start: int) -> str:
    """Label an array of a result, as `∂C/∂w`, by the label of its first number, `∂C/∂w[0]`."""
    shape = layout.shapes[name]
    label = layout.label(start)
    whole = label.removesuffix(component_name("", (0,) * len(shape)))
    return whole if whole != label or shape == () else f"the {name}"


def _input_fault(before: Arrays, after: Arrays) -> str | None:
    """Say which inputs the run has changed, if any."""
    changed = [name for name in before if not same_numbers(before[name], after[name])]
    return f"changed its inputs: {', '.join(changed)}" if changed else None


def _repeat_fault(layout: Layout, backend: Backend, value: Arrays, again: Arrays) -> str | None:
    """Say where a second run on the same native inputs gave another result, if it did."""
    one, two = (flatten(found.values(), np.float64) for found in (value, again))
    if repeats(one, two, float(np.finfo(backend.dtype).eps)):
        return None
    position = largest_change(one, two)
    label = layout.label(position)
    first, then = write_apart(one[position], two[position])
    return f"a second run gave another {label}: {first}, then {then}"
