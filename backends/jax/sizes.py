"""What a function holds: how large its arrays become that depend on its parameters.

Each of them is there once for each direction, where several directions are taken at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

HELD = ("dot_general", "conv_general_dilated", "sort", "scan", "while", "cond")
"""Steps whose arguments and results are in memory. Most others XLA computes as they are needed."""


def largest_moving(jax: Any, apply: Any, parameters: Any, data: Any) -> int:
    """Count the numbers of the largest array that is held and depends on the parameters."""
    traced = jax.make_jaxpr(lambda *p: apply(p, data))(*parameters).jaxpr
    return _largest(traced, [True] * len(traced.invars))


def _largest(jaxpr: Any, depends: Sequence[bool]) -> int:
    """Go through a program's steps in order; `depends` tells of each argument whether it does.

    Of a step's results all do, if one of its arguments does.
    """
    # By identity: a number that stands in the program has no hash.
    moving = {id(v) for v, moves in zip(jaxpr.invars, depends, strict=True) if moves}
    found = 0
    for step in jaxpr.eqns:
        given = [id(v) in moving for v in step.invars]
        if not any(given):
            continue
        moving.update(map(id, step.outvars))
        if step.primitive.name in HELD:
            held = [v for v in (*step.invars, *step.outvars) if id(v) in moving]
            found = max([found, *(v.aval.size for v in held if _fractional(v))])
        for inner in _programs(step.params.values()):
            same = len(inner.invars) == len(given)  # else a loop's or a branch's own: all may
            found = max(found, _largest(inner, given if same else [True] * len(inner.invars)))
    return found


def _fractional(variable: Any) -> bool:
    return bool(np.issubdtype(variable.aval.dtype, np.floating))


def _programs(values: Any) -> Iterator[Any]:
    """Find the programs among a step's parameters: a loop's body, branches."""
    for value in values:
        if isinstance(value, (tuple, list)):
            yield from _programs(value)
        elif hasattr(getattr(value, "jaxpr", value), "eqns"):
            yield getattr(value, "jaxpr", value)
