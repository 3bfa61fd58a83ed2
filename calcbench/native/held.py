"""Held: arguments that no derivative leads from, whether the function moves with them or not.

`detach`, `no_grad` and `stop_gradient` hold constant what passes them. Where they stand on every
way from an argument to the value, the gradient is 0 by construction, whatever the function is; and
that is seldom meant. Nor is an argument that the function does not use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from calcbench.certified.certificate import certify
from calcbench.certified.evaluation import NotCertified
from calcbench.native.function import Function
from calcbench.native.problems import NativeProblem
from calcbench.native.values import is_active
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


ONE_BY_ONE = 8
"""Arguments that the value does not move with, of which each is looked at for itself."""


def find_cut(function: Function, arguments: Arrays, value: Any, names: Iterable[str]) -> Cut:
    """Find of which arguments, among those without a slope, no derivative leads to the value."""
    known = {name: moves(function, arguments, value, name) for name in names}
    moving, still = ([n for n, moved in known.items() if moved is way] for way in (True, False))
    held = [name for name in moving if not _leads(function, arguments, [name])]
    if still and _leads(function, arguments, still):  # as from what a ramp cuts off
        few = still if 1 < len(still) <= ONE_BY_ONE else []
        still = [name for name in few if not _leads(function, arguments, [name])]
    return Cut(tuple(held), tuple(still))


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
    """A native function of some of its arguments, which tells whether its value depends on them."""

    reached = True

    def __init__(self, function: Function, names: Sequence[str]) -> None:
        """Take the function, and the arguments that move."""
        super().__init__(function)
        self.parameters = tuple(names)
        self.data = tuple(n for n in function.arguments if n not in names)

    def cost(self, xp: Any, *parameters: Any, **data: Any) -> Any:
        """Run the function, and look whether its value moves with those arguments."""
        given = dict(zip(self.parameters, parameters, strict=True))
        found = self.function.evaluate(xp, {**given, **data})
        self.reached = is_active(found)
        return xp.sum(found)


def _leads(function: Function, arguments: Arrays, names: Sequence[str]) -> bool:
    """Tell whether a derivative leads from arguments to the value, as far as that is known."""
    problem = _Watched(function, names)
    point = Point(problem, {n: np.asarray(a, float) for n, a in arguments.items()})
    try:
        certify(point, function.dtype, Cost())
    except NotCertified:
        return True
    return problem.reached
