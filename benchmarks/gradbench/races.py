"""The races: which problem and size, and what the peers call it in GradBench's protocol."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from calcbench.catalogue.selection import find_problem
from calcbench.problem.inputs import own_point

Values = Mapping[str, Any]
"""A problem's arrays by name."""


@dataclass(frozen=True)
class Race:
    """One evaluation of GradBench at one size."""

    problem: str
    size: Any
    given: Callable[[Race, Path], Any]
    """The race, and the peer's checkout → the input, as the protocol has it."""
    cost: str = "objective"
    derivative: str = "jacobian"
    """What the protocol calls the cost and its derivative."""
    keys: tuple[str, ...] = ()
    """The order of the parts of a peer's answer, where they have names."""
    double: bool = True
    """Whether GradBench's own JAX computes in float64 there."""
    closed_form: bool = False
    """Whether the C++ differentiates nothing, and is left out of the mean."""
    compiled: bool = True
    """Whether the C++ takes part. Calls that multiply two numbers its compiler leaves out."""

    @property
    def name(self) -> str:
        """`gmm d=10,k=25,n=1000`."""
        size = self.size
        told = ",".join(f"{k}={v}" for k, v in size.items()) if isinstance(size, dict) else size
        return f"{self.problem} {told}"


def drawn(message: Callable[[Values], Any]) -> Callable[[Race, Path], Any]:
    """Draw calcbench's own numbers for the problem, and write them as the protocol does."""
    return partial(_draw, message)


def _draw(message: Callable[[Values], Any], race: Race, checkout: Path) -> Any:
    return message(own_point(find_problem(race.problem), race.size).values)


def lists(values: Values) -> dict[str, Any]:
    """Send every array as nested lists."""
    return {name: np.asarray(value).tolist() for name, value in values.items()}


def hello(values: Values) -> float:
    """Send the number alone."""
    return float(values["x"])


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


def ba(race: Race, checkout: Path) -> dict[str, Any]:
    """Read GradBench's file of so many observations: sizes, one camera, point, weight and place."""
    (file,) = (checkout / "evals" / "ba" / "data").glob(f"*_p{race.size}.txt")
    sizes, *numbers = [line.split() for line in file.read_text("utf-8").splitlines()]
    camera, point, (weight,), seen = [[float(x) for x in line] for line in numbers]
    counts = {name: int(x) for name, x in zip("nmp", sizes, strict=True)}
    return {**counts, "cam": camera, "x": point, "w": weight, "feat": seen}


def ht(race: Race, checkout: Path) -> dict[str, Any]:
    """Read GradBench's file of that kind and number of points, by GradBench's own reader."""
    sys.path.insert(0, str(checkout / "python" / "gradbench"))
    kind, points = race.size["kind"], race.size["points"]
    folder = checkout / "evals" / "ht" / "data" / f"{kind}_small"
    (file,) = folder.glob(f"*_c{points}.txt")
    io: Any = importlib.import_module("gradbench.evals.ht.io")
    read: dict[str, Any] = io.read_hand_instance(
        str(folder / "model"), str(file), kind == "complicated"
    ).to_dict()
    return read


PLAIN = {"cost": "primal", "derivative": "gradient"}

RACES = [
    Race("hello", 1, drawn(hello), "square", "double", double=False, compiled=False),
    *(Race("lse", n, drawn(lists), **PLAIN) for n in (2_500, 160_000, 1_280_000)),
    *(Race("llsq", {"n": n, "m": 128}, drawn(llsq), **PLAIN) for n in (16, 1_024, 16_392)),
    *(
        Race(
            *("gmm", {"d": d, "k": k, "n": 1_000}, drawn(gmm)),
            keys=("alpha", "mu", "q", "l"),
        )
        for d, k in ((2, 5), (10, 25), (32, 25), (64, 100))
    ),
    *(
        Race(
            *("kmeans", {"k": k, "n": n, "d": d}, drawn(lists), "cost", "dir"),
        )
        for k, n, d in ((10, 1_000, 8), (100, 10_000, 16), (1_000, 10_000, 8))
    ),
    *(Race("lstm", {"l": 2, "c": c, "b": 14}, drawn(lstm)) for c in (1_024, 4_096)),
    *(Race("det", n, drawn(det), **PLAIN) for n in range(5, 11)),
    *(
        Race(
            *("ode", {"n": n, "s": 10}, drawn(lists)),
            **PLAIN,
            double=False,
            closed_form=True,
        )
        for n in (1_000, 10_000, 100_000)
    ),
    *(Race("ba", p, ba, keys=("vals",)) for p in (31_843, 36_455)),
    *(
        Race("ht", {"kind": kind, "points": points}, ht)
        for kind in ("simple", "complicated")
        for points in (100, 800, 6_400)
    ),
]
"""In the order of the table. GradBench's Python tools have no saddle and no particle."""
