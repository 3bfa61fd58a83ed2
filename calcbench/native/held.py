"""Held: arguments that no derivative leads from, though the function moves with them.

`detach`, `no_grad` and `stop_gradient` hold constant what passes them. Where they stand on every
way from an argument to the value, the gradient is 0 by construction, whatever the function is; and
that is seldom meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from calcbench.certified.certificate import certify
from calcbench.certified.evaluation import NotCertified
from calcbench.native.function import Function, NativeProblem
from calcbench.native.values import is_active
from calcbench.operators.cost import Cost
from calcbench.problem.faults import RAISED
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


def find_held(
    function: Function, arguments: Arrays, value: float, names: Iterable[str]
) -> tuple[str, ...]:
    """List which of some arguments a function moves with, though no derivative leads from them."""
    return tuple(
        name
        for name in names
        if _moves(function, arguments, value, name) and not _leads(function, arguments, name)
    )


def _moves(function: Function, arguments: Arrays, value: float, name: str) -> bool:
    """Tell whether the value changes where an argument does, up as well as down."""
    array = arguments[name]
    step = np.sqrt(np.finfo(function.dtype).eps) * np.where(array == 0, 1.0, array)
    try:
        return all(
            float(function.call({**arguments, name: moved}).reshape(())) != value
            for moved in (array + step, array - step)
        )
    except RAISED:  # it has no value there
        return False


class _Watched(NativeProblem):
    """A native function of one of its arguments, which tells whether its value depends on it."""

    reached = True

    def __init__(self, function: Function, name: str) -> None:
        """Take the function, and the argument that moves."""
        super().__init__(function)
        self.parameters = (name,)
        self.data = tuple(n for n in function.arguments if n != name)

    def cost(self, xp: Any, *parameters: Any, **data: Any) -> Any:
        """Run the function, and look whether its value moves with the argument."""
        found = self.function.evaluate(xp, {self.parameters[0]: parameters[0], **data})
        self.reached = is_active(found)
        return found


def _leads(function: Function, arguments: Arrays, name: str) -> bool:
    """Tell whether a derivative leads from an argument to the value, as far as that is known."""
    problem = _Watched(function, name)
    point = Point(problem, {n: np.asarray(a, float) for n, a in arguments.items()})
    try:
        certify(point, function.dtype, Cost())
    except NotCertified:
        return True
    return problem.reached
