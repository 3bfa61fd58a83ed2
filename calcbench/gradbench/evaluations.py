"""Which function of GradBench is which operator of which problem, and how its numbers are written.

Facts of GradBench's protocol, from the pages of its evaluations (`evals/<name>/README.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.gradbench.descent import Descent, particle, saddle
from calcbench.gradbench.evaluation import (
    Choice,
    Evaluation,
    NewtonStep,
    OperatorOf,
    Write,
    by_name,
    first,
    flat,
    matrix,
    value,
)
from calcbench.operators.operator import VALUE, single
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays

Values = Mapping[str, Any]


def number(given: Any) -> Values:
    """Read an input that is a number, x."""
    return {"x": given}


def x_alone(given: Any) -> Values:
    """Read x off an input that has nothing else."""
    return {"x": given["x"]}


def llsq(given: Any) -> Values:
    """Read coefficients; the n places lie evenly between −1 and 1, and the values are their signs.

    A single place is −1 (GradBench divides by n − 1 there).
    """
    t = np.linspace(-1.0, 1.0, given["n"])
    return {"x": given["x"], "t": t, "s": np.sign(t)}


def kmeans(given: Any) -> Values:
    """Read points and centroids, both lists of rows."""
    return {"points": given["points"], "centroids": given["centroids"]}


def gmm(given: Any) -> Values:
    """Read a mixture; its sizes d, k and n are those of its arrays."""
    arrays = {name: given[name] for name in ("alpha", "mu", "q", "l", "x")}
    return {**arrays, "gamma": float(given["gamma"]), "m": given["m"]}


def lstm(given: Any) -> Values:
    """Read weights, the state at the start and the letters, in bits."""
    return {
        "main": given["main_params"],
        "extra": given["extra_params"],
        "state": given["state"],
        "sequence": given["sequence"],
    }


def det(given: Any) -> Values:
    """Read a square matrix, given row by row."""
    return {"A": np.reshape(given["A"], (given["ell"], given["ell"]))}


def ode(given: Any) -> Values:
    """Read the factors and the number of steps."""
    return {"x": given["x"], "s": given["s"]}


CAMERA_AND_POINT = 11 + 3 + 1
"""Numbers that a row of the Jacobian of `ba` has: of a camera, a point and a weight."""


def ba(given: Any) -> Values:
    """Read one camera, point, weight and observation, each as often as the input says."""
    n, m, p = given["n"], given["m"], given["p"]
    return {
        "cameras": np.tile(given["cam"], (n, 1)),
        "points": np.tile(given["x"], (m, 1)),
        "w": np.full(p, given["w"]),
        "camera": np.arange(p) % n,
        "point": np.arange(p) % m,
        "seen": np.tile(given["feat"], (p, 1)),
    }


def write_errors(point: Point, found: Arrays) -> Any:
    """Write the first two errors of projection and the first of the weights, with how many."""
    errors, count = found[VALUE], len(point["w"])
    return {
        "reproj_error": {"elements": errors[:2].tolist(), "repeated": count},
        "w_err": {"element": float(errors[2 * count]), "repeated": count},
    }


def write_compressed(point: Point, found: Arrays) -> Any:
    """Write compressed rows: where each begins, columns and values.

    Of each list as many numbers as two rows have, and the last one.
    """
    rows, columns = point.pattern(1)
    begins = np.searchsorted(rows, np.arange(point.outputs + 1))
    shown = 2 * CAMERA_AND_POINT
    arrays = {"rows": begins, "cols": columns, "vals": single(found)}
    return {name: [*array[:shown].tolist(), array[-1].item()] for name, array in arrays.items()}


def hand(given: Any) -> dict[str, Any]:
    """Read the bones and the skin of a hand."""
    model = given["data"]["model"]
    return {
        "relatives": model["base_relatives"],
        "inverses": model["inverse_base_absolutes"],
        "positions": model["base_positions"],
        "weights": model["weights"],
        "parents": tuple(model["parents"]),
        "mirrored": int(model["is_mirrored"]),
    }


def ht_simple(given: Any) -> Values:
    """Read a pose, and points with a vertex each."""
    data = given["data"]
    vertex = np.array(data["correspondences"])
    return {"pose": given["theta"], "measured": data["points"], "vertex": vertex, **hand(given)}


def ht_complicated(given: Any) -> Values:
    """Read a pose, and points with a triangle each and two weights in it."""
    data = given["data"]
    return {
        "u": given["us"],
        "pose": given["theta"],
        "measured": data["points"],
        "triangle": np.array(data["correspondences"]),
        "triangles": np.array(data["model"]["triangles"]),
        **hand(given),
    }


def ht(operator: str, write: Write) -> Evaluation:
    """State a function of `ht`, whose complicated inputs have weights in triangles."""
    return Choice(
        lambda given: "us" in given and len(given["us"]) > 0,
        OperatorOf("ht_complicated", ht_complicated, operator, write),
        OperatorOf("ht_simple", ht_simple, operator, write),
    )


LETTERS = ("ff", "fr", "rf", "rr")
"""The modes of both derivatives of `saddle` and `particle`, the outer one first."""

EVALUATIONS: Mapping[str, Mapping[str, Evaluation]] = {
    "hello": {
        "square": OperatorOf("hello", number, "cost", value),
        "double": OperatorOf("hello", number, "gradient", first),
    },
    "lse": {
        "primal": OperatorOf("lse", x_alone, "cost", value),
        "gradient": OperatorOf("lse", x_alone, "gradient", flat),
    },
    "llsq": {
        "primal": OperatorOf("llsq", llsq, "cost", value),
        "gradient": OperatorOf("llsq", llsq, "gradient", flat),
    },
    "kmeans": {
        "cost": OperatorOf("kmeans", kmeans, "cost", value),
        "dir": NewtonStep("kmeans", kmeans, first),
    },
    "gmm": {
        "objective": OperatorOf("gmm", gmm, "cost", value),
        "jacobian": OperatorOf("gmm", gmm, "gradient", by_name),
    },
    "lstm": {
        "objective": OperatorOf("lstm", lstm, "cost", value),
        "jacobian": OperatorOf("lstm", lstm, "gradient", flat),
    },
    "det": {
        "primal": OperatorOf("det", det, "cost", value),
        "gradient": OperatorOf("det", det, "gradient", flat),
    },
    "ode": {
        "primal": OperatorOf("ode_solution", ode, "cost", value),
        "gradient": OperatorOf("ode", ode, "gradient", flat),
    },
    "ba": {
        "objective": OperatorOf("ba", ba, "cost", write_errors),
        "jacobian": OperatorOf("ba", ba, "jacobian", write_compressed),
    },
    "ht": {
        "objective": ht("cost", value),
        "jacobian": ht("jacobian", matrix),
    },
    "saddle": {letters: Descent("saddle_game", saddle, letters) for letters in LETTERS},
    "particle": {letters: Descent("particle", particle, letters) for letters in LETTERS},
}
"""Module → function → what it is."""
