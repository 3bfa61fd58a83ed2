"""The races: which problem and size, and what the peers call it in GradBench's protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Values = Mapping[str, Any]
"""A problem's arrays by name."""


@dataclass(frozen=True)
class Race:
    """One evaluation of GradBench at one size."""

    problem: str
    size: Any
    message: Callable[[Values], dict[str, Any]]
    """The problem's values → the input that the protocol has for them."""
    cost: str = "objective"
    derivative: str = "jacobian"
    """What the protocol calls the cost and its derivative."""
    keys: tuple[str, ...] = ()
    """The order of the parts of a peer's answer, where they have names."""
    note: str = ""

    @property
    def name(self) -> str:
        """`gmm d=10,k=25,n=1000`."""
        size = self.size
        told = ",".join(f"{k}={v}" for k, v in size.items()) if isinstance(size, dict) else size
        return f"{self.problem} {told}"


def lists(values: Values) -> dict[str, Any]:
    """Send every array as nested lists."""
    return {name: np.asarray(value).tolist() for name, value in values.items()}


def llsq(values: Values) -> dict[str, Any]:
    return {"x": values["x"].tolist(), "n": len(values["t"])}


def gmm(values: Values) -> dict[str, Any]:
    n, d = values["x"].shape
    return {**lists(values), "n": n, "d": d, "k": len(values["alpha"])}


def det(values: Values) -> dict[str, Any]:
    return {"A": values["A"].ravel().tolist(), "ell": len(values["A"])}


def lstm(values: Values) -> dict[str, Any]:
    names = {"main": "main_params", "extra": "extra_params"}
    return {names.get(name, name): part for name, part in lists(values).items()}


PLAIN = {"cost": "primal", "derivative": "gradient"}

RACES = [
    *(Race("lse", n, lists, **PLAIN) for n in (2_500, 160_000, 1_280_000)),
    *(Race("llsq", {"n": n, "m": 128}, llsq, **PLAIN) for n in (16, 1_024, 16_392)),
    *(
        Race(
            *("gmm", {"d": d, "k": k, "n": 1_000}, gmm),
            keys=("alpha", "mu", "q", "l"),
        )
        for d, k in ((2, 5), (10, 25), (32, 25), (64, 100))
    ),
    *(
        Race(
            *("kmeans", {"k": k, "n": n, "d": d}, lists, "cost", "dir"),
        )
        for k, n, d in ((10, 1_000, 8), (100, 10_000, 16), (1_000, 10_000, 8))
    ),
    *(Race("lstm", {"l": 2, "c": c, "b": 14}, lstm) for c in (1_024, 4_096)),
    *(Race("det", n, det, **PLAIN) for n in (5, 8, 10)),
    *(
        Race(
            *("ode", {"n": n, "s": 10}, lists),
            **PLAIN,
            note="the C++ has the closed form of the exact solution, and differentiates nothing; "
            "GradBench's JAX runs in float32",
        )
        for n in (1_000, 10_000, 100_000)
    ),
]
"""In the order of the table. A problem that calcbench does not have yet is left out."""
