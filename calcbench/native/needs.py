"""What is needed of the numbers on the way: nothing, values alone, or slopes too.

A framework traces more than a result needs. A comparison that feeds nothing must not tie, and the
largest logit, which softmax subtracts behind a `stop_gradient`, has a value at a tie and needs no
slope.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from calcbench.certified.arrays import Array
from calcbench.certified.balls import Ball
from calcbench.certified.rounded import Rounded
from calcbench.native.movement import transpose
from calcbench.native.values import Numbers, boxed, hold, lift

UNUSED, VALUE, SLOPE = range(3)
"""What is needed of a number."""

Needs = tuple[int, ...]
"""One of these for each result, or for each operand."""


def enclose_extreme(xp: Any, name: str, x: Any, y: Any) -> Numbers:
    """Enclose the `maximum` or `minimum` of two constants, whichever that is."""
    x, y = lift(xp, x), lift(xp, y)
    method = "max" if name == "maximum" else "min"
    if isinstance(x, Array) and isinstance(y, Array):
        return Array(_extreme_values(method, x.value, y.value))
    each = np.frompyfunc(lambda p, q: Ball(getattr(p.value, method)(q.value)), 2, 1)
    return each(hold(xp, x), hold(xp, y))


def _extreme_values(method: str, x: Any, y: Any) -> Any:
    if isinstance(x, Rounded):  # two maxima are no farther apart than what they are maxima of
        found = getattr(np, f"{method}imum")(x.mid, y.mid)
        return Rounded(found, np.broadcast_to(np.maximum(x.rad, y.rad), found.shape))
    return np.frompyfunc(lambda p, q: getattr(p, method)(q), 2, 1)(x, y)


def enclose_extreme_along(
    xp: Any, name: str, x: Any, axes: Sequence[int], keepdims: bool = False
) -> Numbers:
    """Enclose the `max` or `min` of constants along axes."""
    x = lift(xp, x)
    if not axes:
        return x
    kept = tuple(a for a in range(x.ndim) if a not in axes)
    shape = tuple(x.shape[a] for a in kept)
    lanes = xp.reshape(transpose(xp, x, (*axes, *kept)), (-1, *shape))
    parts = [boxed(lanes[k]) for k in range(lanes.shape[0])]
    found = functools.reduce(functools.partial(enclose_extreme, xp, f"{name}imum"), parts)
    if not keepdims:
        return found
    return xp.reshape(found, tuple(1 if a in axes else n for a, n in enumerate(x.shape)))
