"""Held: arguments that no derivative leads from, whether the function moves with them or not.

`detach`, `no_grad` and `stop_gradient` hold constant what passes them. Where they stand on every
way from an argument to the value, the gradient is 0 by construction, whatever the function is; and
that is seldom meant. Nor is an argument that the function does not use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from calcbench.certified.arrays import Array
from calcbench.certified.certificate import certify
from calcbench.certified.evaluation import NotCertified
from calcbench.native.function import Function
from calcbench.native.problems import NativeProblem
from calcbench.native.values import boxed
from calcbench.operators.cost import Cost
from calcbench.problem.faults import RAISED
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays


class Cut(NamedTuple):
    """Arguments by which there is no derivative, because none leads from them to the value."""

    held: tuple[str, ...] = ()
    """Those that the function moves with all the same, ..."""
    unused: tuple[str, ...] = ()
    """... and those that it does not depend on."""

    def is_all_of(self, arguments: Arrays) -> bool:
        """Tell whether some are held, and no derivative leads from any other that has numbers."""
        known = {*self.held, *self.unused}
        return bool(self.held) and all(n in known for n, a in arguments.items() if np.size(a))


def find_cut(
    function: Function, arguments: Arrays, value: Any, names: Sequence[str], seconds: float
) -> Cut:
    """Find of which arguments, among those without a slope, no derivative leads to the value.

    None are found where a run takes longer than these seconds of processor time.
    """
    leading = _find_leading(function, arguments, seconds) if names else set()
    cut = {n: moves(function, arguments, value, n) for n in names if n not in leading}
    held, unused = (tuple(n for n, moved in cut.items() if moved is way) for way in (True, False))
    return Cut(held, unused)


def moves(function: Function, arguments: Arrays, value: Any, name: str) -> bool:
    """Tell whether the value changes where an argument does, up as well as down."""
    array = arguments[name]
    step = np.sqrt(np.finfo(function.dtype).eps) * np.where(array == 0, 1.0, array)
    try:
        return all(
            bool(np.any(np.ravel(function.call({**arguments, name: moved})) != np.ravel(value)))
            for moved in (array + step, array - step)
        )
    except RAISED:  # it has no value there
        return False


class _Watched(NativeProblem):
    """A native function which tells from which of its arguments its value is computed."""

    def __init__(self, function: Function) -> None:
        """Take the function; until it is run, its value may be of any argument."""
        super().__init__(function)
        self.leading = set(self.parameters)

    def cost(self, xp: Any, *parameters: Any) -> Any:
        """Run the function, and go back from its value to where derivatives lead from."""
        given = dict(zip(self.parameters, parameters, strict=True))
        found = self.function.evaluate(xp, given)
        reached = _reached_from(found)
        self.leading = {n for n, x in given.items() if not reached.isdisjoint(map(id, _parts(x)))}
        return xp.sum(found)


def _find_leading(function: Function, arguments: Arrays, seconds: float) -> set[str]:
    """Find those arguments from which derivatives lead to the value; all, where it is not known.

    Also those from which only zeros do, as from what a ramp cuts off.
    """
    problem = _Watched(function)
    point = Point(problem, {n: np.asarray(a, float) for n, a in arguments.items()})
    try:
        certify(point, function.dtype, Cost(), seconds=seconds)
    except NotCertified:
        return set(arguments)
    return problem.leading


def _reached_from(value: Any) -> set[int]:
    """Return the ids of all that a value is computed from by operations that have a slope."""
    found: set[int] = set()
    left = _parts(value)
    while left:
        each = left.pop()
        if id(each) not in found:
            found.add(id(each))
            left += [operand for operand, _ in each.edges]
    return found


def _parts(x: Any) -> list[Any]:
    """List what carries edges of numbers with proof: an array, or each single ball."""
    return [x] if isinstance(x, Array) else list(np.ravel(boxed(x)))
