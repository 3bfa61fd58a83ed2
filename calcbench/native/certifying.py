"""The certificate of a native function: what is true of it, and what rounding is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from calcbench.certified.balls import Undecided
from calcbench.certified.certificate import Certificate
from calcbench.certified.certificate import certify as certify_point
from calcbench.certified.evaluation import NotCertified
from calcbench.certified.kinks import Kink
from calcbench.native.function import Function
from calcbench.native.problems import NativeProblem, NativeSum, NativeVector
from calcbench.native.reasons import explain
from calcbench.operators import Operator, find_operator
from calcbench.operators.cost import Cost
from calcbench.problem.flat import Shape
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays

VALUE_AND_GRADIENT = find_operator("value_and_gradient")


class Certified(NamedTuple):
    """What is proved of a native function at its argument."""

    certificate: Certificate
    dtype: str
    """The coarsest dtype of its active operations: what is allowed is for that."""


def point_of(function: Function, arguments: Arrays | None = None, outputs: Shape = ()) -> Point:
    """Make the point at a function's own arguments, or at others of the same shapes.

    `outputs` is the shape of what it gives, if that is not one number.
    """
    values = function.arguments if arguments is None else arguments
    problem = NativeVector(function, outputs) if outputs else NativeProblem(function)
    return Point(problem, {n: np.asarray(a, float) for n, a in values.items()})


def certify(
    function: Function,
    operator: Operator = VALUE_AND_GRADIENT,
    arguments: Arrays | None = None,
    seed: Arrays | None = None,
    seconds: float = 60.0,
    outputs: Shape = (),
) -> Certified:
    """Certify an operator of a native function at its arguments, or at others.

    `seed` is the direction or cotangent, for an operator that takes one; `outputs` is the shape of
    what the function gives, if that is not one number. The certificate has a
    number and its allowance for the value and for every partial, in the order of the operator's
    layout. Raises `NotCertified` with the reason where that cannot be done: what `NotKnown` names,
    or a sweep that takes longer than `seconds` of processor time.
    """
    point = point_of(function, arguments, outputs).with_seed(seed or {})
    return _certify(function, point, operator, seconds)


def certify_sum(
    function: Function, arguments: Arrays, weights: np.ndarray, seconds: float
) -> Certified:
    """Certify the sum of all numbers that a native function gives, each times its weight.

    One sweep does for all of them. Raises as `certify`.
    """
    values = {n: np.asarray(a, float) for n, a in arguments.items()}
    return _certify(function, Point(NativeSum(function, weights), values), Cost(), seconds)


def _certify(function: Function, point: Point, operator: Operator, seconds: float) -> Certified:
    while True:
        dtype = function.dtype
        found = _certify_point(point, dtype, operator, seconds)
        # A coarser operation may have come up on the way, and allows more.
        if function.dtype == dtype:
            return Certified(found, dtype)


def find_slopes(function: Function, find: Callable[[str], dict[int, Kink]]) -> dict[int, Kink]:
    """Find the slopes beside a point, by `kinks`, in the coarsest dtype of both sides.

    `find` takes the dtype.
    """
    while True:
        dtype = function.nearby
        with function.aside():
            found = find(dtype)
        if function.nearby == dtype:
            return found


def _certify_point(point: Point, dtype: str, operator: Operator, seconds: float) -> Certificate:
    """Certify at a point; what a user's code raised is told in terms of that code."""
    try:
        return certify_point(point, dtype, operator, seconds=seconds)
    except NotCertified as error:
        cause = error.__cause__  # one of ours says itself that a tie is the matter
        if type(error) is NotCertified and cause is not None and not isinstance(cause, Undecided):
            error.args = (explain(cause),)
        raise
