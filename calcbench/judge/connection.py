"""Connection: whether a framework's record of the cost leads back to every parameter.

A cost that leaves `xp`, through SciPy or `float()`, may do so unnoticed by a framework that records
operations: the record ends there, and the partial comes out as 0. A framework that knows of no
connection says so if asked, and a cost that moves all the same is proof that there is one.
"""

from __future__ import annotations

import contextlib

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.problem.faults import RAISED, find_departure
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays

STEP = 2.0**-20
"""Relative change of a parameter by which the cost must move: far above rounding."""


def connection_fault(backend: Backend, point: Point, result: Arrays) -> str:
    """Say with which parameters the cost moves though the framework sees no connection, if any.

    A result without a 0 needs no question.
    """
    if all(np.all(array) for array in result.values()):
        return ""
    names: list[str] = []
    # A question that cannot be put casts no doubt on a result that there is.
    with contextlib.suppress(Exception):
        names = [name for name in backend.unconnected(point) if _moves(backend, point, name)]
    if not names:
        return ""
    where = departure(backend, point)
    return (
        f"unconnected: the cost moves with {', '.join(names)}, and {backend.name} has no record of "
        f"how ({where or 'the cost leaves xp: a function of NumPy or SciPy, or float()'})"
    )


def departure(backend: Backend, point: Point) -> str:
    """Say where the cost leaves `xp`, as far as the framework can tell; "" if nowhere."""
    try:
        backend.trace_cost(point)
    except RAISED as error:  # whatever a framework raises for want of a number
        return find_departure(error)
    return ""


def _moves(backend: Backend, point: Point, name: str) -> bool:
    """Tell whether the backend's own cost changes where this parameter does, up as well as down.

    A cost that jumps at a tie, such as `where(x > 0, 1, 2)` at 0, changes on one side alone.
    """
    array = point[name]
    step = STEP * np.where(array == 0, 1.0, array)
    prepared = backend.prepare(point, "cost")
    here, up, down = (
        flatten(prepared.evaluate(point.with_values({name: moved})).values())
        for moved in (array, array + step, array - step)
    )
    return not (
        np.array_equal(here, up, equal_nan=True) or np.array_equal(here, down, equal_nan=True)
    )
