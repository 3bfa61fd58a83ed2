"""The cost alone, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.calling import unpack_call
from calcbench.backend.prepared import Prepared
from calcbench.errors import ProblemError
from calcbench.problem.faults import RAISED
from calcbench.problem.point import Point
from calcbench.vocabulary.numpy import numpy_in


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
    problem = point.problem
    parameters, data = problem.split({name: array.copy() for name, array in point.values.items()})
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result
            check_value(point, problem.cost(numpy_in("float64"), *parameters, **data))
    except RAISED as error:  # whatever a user's cost raises
        return error
    return None
