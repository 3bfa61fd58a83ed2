"""A tape: reverse mode in plain Python, to be read (`variable.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.operators.function import Derived, Function

from .._numbers import OnNumbers, on_each
from . import variable as tape

Variable: Any = tape.Variable
sweep: Any = tape.sweep


@dataclass(frozen=True)
class Tape(OnNumbers):
    """Reverse mode by a tape: the cost is run once, and gone back over once."""

    name = "tape"
    kind = "exact"
    number = Variable

    def pullback(self, function: Function) -> Derived:
        def pull(parameters: Any, data: Any, cotangent: Any) -> Any:
            variables = on_each(Variable, parameters)
            ends = list(pair(function.apply(variables, data), cotangent))
            slopes = sweep(*ends)
            return on_each(lambda variable: slopes.get(variable.time, 0.0), variables)

        return Derived(pull, "reverse")


def pair(values: Any, cotangents: Any) -> Any:
    """Yield every variable with its cotangent, of arrays or of tuples of arrays."""
    if isinstance(values, (tuple, list)):
        for each in zip(values, cotangents, strict=True):
            yield from pair(*each)
        return
    for value, cotangent in np.broadcast(np.asarray(values), np.asarray(cotangents)):
        if isinstance(value, Variable):
            yield value, cotangent
