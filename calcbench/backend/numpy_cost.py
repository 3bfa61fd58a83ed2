"""The cost alone, in NumPy."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.calling import unpack_call
from calcbench.backend.prepared import Prepared
from calcbench.errors import ProblemError, write_apart
from calcbench.problem.faults import RAISED
from calcbench.problem.flat import largest_change, repeats
from calcbench.problem.point import Point
from calcbench.problem.sampling import thin
from calcbench.problem.threads import one_thread
from calcbench.vocabulary.numpy import numpy_in

ROWS = 1024
"""Rows on which a cost is run twice, where it has more."""

SECONDS = 2.0
"""Processor time of a run after which there is no second one."""


def prepare_numpy_cost(backend: Backend, point: Point) -> Prepared:
    """Prepare the cost in NumPy, on all rows at once."""
    problem = point.problem
    load = backend.loader(point)
    run = unpack_call(problem, problem.cost_on(backend.name, numpy_in(backend.dtype), numpy=True))
    check_value(point, run(load(point)))
    return Prepared(load, run, backend.unload_cost)


def check_value(point: Point, found: Any) -> None:
    """Raise `ProblemError` unless what a cost gave in NumPy is what the problem says."""
    point.problem.check_returned(found)
    value = np.asarray(found)
    point.problem.check_cost(value.shape, value.dtype, point.value_shape)


def check_cost(point: Point) -> None:
    """Raise `ProblemError` for a cost that is at fault by itself, whatever the backend."""
    fault = cost_fault(point)
    if isinstance(fault, ProblemError):
        raise fault


def cost_fault(point: Point) -> BaseException | None:
    """Run the cost in NumPy: what it raises, a `ProblemError` where it gives no cost, or None."""
    try:
        _evaluate(point)
    except RAISED as error:  # whatever a user's cost raises
        return error
    return None


def _evaluate(point: Point) -> np.ndarray:
    """Run the cost in NumPy, on copies of the numbers, as a flat vector."""
    problem = point.problem
    parameters, data = problem.split({name: array.copy() for name, array in point.values.items()})
    with np.errstate(all="ignore"):  # what overflows shows in the result
        value = problem.cost(numpy_in("float64"), *parameters, **data)
        check_value(point, value)
    return np.ravel(np.asarray(value, np.float64))


@one_thread()
def check_repeats(point: Point) -> None:
    """Raise `ProblemError` for a cost that gives another value when it is run again.

    It is no function of its inputs, so that nothing can be certified, and nobody condemned. What
    it raises is for others to tell, and one that takes long is not run for this again.
    """
    few = thin(point, ROWS)
    started = time.thread_time()
    try:
        value = _evaluate(few)
        if time.thread_time() - started > SECONDS:
            return
        again = _evaluate(few)
    except RAISED:
        return
    if repeats(value, again, float(np.finfo(np.float64).eps)):
        return
    k = largest_change(value, again)
    first, then = write_apart(value[k], again[k])
    raise ProblemError(
        f"problem {point.problem.name!r}: the cost gives another value when it is run again, "
        f"{first} and then {then}: it must not draw random numbers, nor keep what "
        "changes from call to call"
    )
