"""Dual numbers: forward mode in plain Python, to be read (`number.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from calcbench.operators.function import Derived, Function

from .._numbers import OnNumbers, on_each
from . import number

DualNumber: Any = number.DualNumber


@dataclass(frozen=True)
class Dual(OnNumbers):
    """Forward mode by dual numbers: the cost is run once for every component."""

    name = "dual"
    kind = "exact"
    number = DualNumber

    def pushforward(self, function: Function) -> Derived:
        def push(parameters: Any, data: Any, direction: Any) -> Any:
            moving = on_each(DualNumber, parameters, direction)
            return on_each(slope_of, function.apply(moving, data))

        return Derived(push, "forward")


def slope_of(number: Any) -> Any:
    """Give the slope that a number carries; of a plain number, 0."""
    return number.slope if isinstance(number, DualNumber) else 0.0
