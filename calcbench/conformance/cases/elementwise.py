"""Functions of one number, with their derivatives in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.conformance.case import Case
from calcbench.conformance.exact import elementwise, mp
from calcbench.conformance.points import ORDINARY, SMALL


@dataclass(frozen=True)
class Elementwise:
    """A function of one number, its derivative, and the points at which it is tried."""

    value: Callable[[Any], Any]
    slope: Callable[[Any], Any]
    at: tuple[float, ...]
    scale: float = 0.0


ELEMENTWISE = {
    "exp": Elementwise(mp.exp, mp.exp, (*ORDINARY, *SMALL, -40.0, 40.0, -800.0, 700.0)),
    # Some libraries compute its slope as expm1 + 1, whose natural scale is 1.
    "expm1": Elementwise(
        mp.expm1, mp.exp, (*ORDINARY, *SMALL, -40.0, 40.0, -800.0, 700.0), scale=1.0
    ),
    "log": Elementwise(mp.log, lambda x: 1 / x, (0.3, 1.0, 2.5, 1e-8, 1 + 1e-8, 1e-300, 1e300)),
    "log1p": Elementwise(
        mp.log1p, lambda x: 1 / (1 + x), (-0.3, 0.3, 1.0, *SMALL, -1 + 1e-8, 800.0, 1e300)
    ),
    "sqrt": Elementwise(
        mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), (0.3, 1.0, 2.5, 1e-8, 1e-300, 1e300)
    ),
    "sin": Elementwise(mp.sin, mp.cos, (*ORDINARY, *SMALL, -40.0, 40.0, 800.0, 1e6)),
    "cos": Elementwise(mp.cos, lambda x: -mp.sin(x), (*ORDINARY, *SMALL, -40.0, 40.0, 800.0, 1e6)),
    "tan": Elementwise(
        mp.tan, lambda x: 1 + mp.tan(x) ** 2, (*ORDINARY, *SMALL, 1.57, -40.0, 40.0, 800.0, 1e6)
    ),
    # Likewise 1 − tanh² …
    "tanh": Elementwise(
        mp.tanh,
        lambda x: mp.sech(x) ** 2,
        (*ORDINARY, *SMALL, -40.0, 40.0, -800.0, 800.0),
        scale=1.0,
    ),
    "abs": Elementwise(abs, mp.sign, (*ORDINARY, -1e-8, 1e-8, -1e-300, 1e-300, -800.0, 1e300)),
    # … and s·(1 − s).
    "sigmoid": Elementwise(
        lambda x: 1 / (1 + mp.exp(-x)),
        lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2,
        (*ORDINARY, *SMALL, -40.0, 40.0, -800.0, 800.0),
        scale=1.0,
    ),
    "softplus": Elementwise(
        lambda x: mp.log(1 + mp.exp(x)),
        lambda x: 1 / (1 + mp.exp(-x)),
        (*ORDINARY, *SMALL, -20.5, 20.5, -40.0, 40.0, -800.0, 800.0, -1000.0, 1000.0),
    ),
}

LENGTH = max(len(entry.at) for entry in ELEMENTWISE.values())


def elementwise_cases(name: str, without: Sequence[float] = ()) -> list[Case]:
    """Make cases of a vector of all the points, and of a scalar and a matrix of ordinary ones.

    `without` are points that a method does not resolve.
    """
    entry = ELEMENTWISE[name]
    at = [x for x in entry.at if x not in without]
    # Vectors of one length for all names: jax[mode=eager] compiles once per shape.
    shapes = {"vector": np.resize(at, LENGTH), "scalar": at[0], "matrix": [at[0:2], at[1:3]]}
    return [
        Case(
            f"{name}, {what}",
            lambda xp, x: getattr(xp, name)(x),
            (np.array(x),),
            elementwise(entry.value),
            slope=entry.slope,
            scale=entry.scale,
        )
        for what, x in shapes.items()
    ]


CASES = {name: elementwise_cases(name) for name in ELEMENTWISE}
