"""Loops that end by a condition, in SymPy. It imports SymPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy


def while_loop(
    holds: Callable[[Any], Any],
    array: Callable[[Any], Any],
    condition: Callable[[Any], Any],
    step: Callable[[Any], Any],
    state: Any,
    limit: int,
) -> Any:
    """Write out the state after 0, 1, … steps: a piece for each, where the condition fails first.

    `holds` makes a condition of a number, `array` what the vocabulary computes with.

    No piece lies within another, which SymPy would take minutes to multiply out. Where the loop
    does not end there is no piece, which is NaN.
    """
    states, ends = [state], []
    for _ in range(limit):
        ends.append(_fails(holds, condition, states[-1]))
        states.append(step(states[-1]))
    ends.append(_fails(holds, condition, states[-1]))
    return _join(states, ends, array)


def _fails(holds: Callable[[Any], Any], condition: Callable[[Any], Any], state: Any) -> Any:
    return sympy.Not(holds(np.asarray(condition(state), dtype=object)[()]))


def _join(states: Sequence[Any], ends: Sequence[Any], array: Callable[[Any], Any]) -> Any:
    """Make the pieces of every number of a state, of its arrays one by one."""
    if isinstance(states[0], (tuple, list)):
        return tuple(_join(part, ends, array) for part in zip(*states, strict=True))
    first = np.asarray(states[0], dtype=object)
    found = np.empty(first.shape, dtype=object)
    for index in np.ndindex(found.shape):
        numbers = [np.broadcast_to(np.asarray(s, dtype=object), first.shape)[index] for s in states]
        found[index] = sympy.Piecewise(*zip(numbers, ends, strict=True))
    return array(found)
