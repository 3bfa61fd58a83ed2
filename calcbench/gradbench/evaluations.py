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
from calcbench.gradbench.fields import (
    read_numbers,
    take,
    take_arrays,
    take_indices,
    take_number,
    take_whole,
)
from calcbench.operators.operator import VALUE, single
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays

Values = Mapping[str, Any]


def number(given: Any) -> Values:
    """Read an input that is a number, x."""
    return {"x": read_numbers("the input", given, 0)}


def x_alone(given: Any) -> Values:
    """Read x off an input that has nothing else."""
    return take_arrays(given, x="n")


def llsq(given: Any) -> Values:
    """Read coefficients; the n places lie evenly between −1 and 1, and the values are their signs.

    A single place is −1 (GradBench divides by n − 1 there).
    """
    t = np.linspace(-1.0, 1.0, take_whole(given, "n"))
    return {**take_arrays(given, x="m"), "t": t, "s": np.sign(t)}


def kmeans(given: Any) -> Values:
    """Read points and centroids, both lists of rows."""
    return take_arrays(given, points="n d", centroids="k d")


def gmm(given: Any) -> Values:
    """Read a mixture; its sizes d, k and n are those of its arrays."""
    arrays = take_arrays(given, alpha="k", mu="k d", q="k d", x="n d")
    k, d = arrays["mu"].shape
    below = take_arrays(given, {"k": k, "d(d−1)/2": d * (d - 1) // 2}, l="k d(d−1)/2")
    take_number(given, "m")  # which stays as it is
    return {**arrays, **below, "gamma": take_number(given, "gamma"), "m": given["m"]}


def lstm(given: Any) -> Values:
    """Read weights, the state at the start and the letters, in bits."""
    extra = take_arrays(given, extra_params="3 b")["extra_params"]
    bits = extra.shape[1]
    known = {"b": bits, "4b": 4 * bits}
    arrays = take_arrays(given, known, main_params="2l 4b", state="2l b", sequence="c b")
    return {"main": arrays.pop("main_params"), "extra": extra, **arrays}


def det(given: Any) -> Values:
    """Read a square matrix, given row by row."""
    ell = take_whole(given, "ell")
    entries = take_arrays(given, {"ell²": ell * ell}, A="ell²")["A"]
    return {"A": entries.reshape(ell, ell)}


def ode(given: Any) -> Values:
    """Read the factors and the number of steps."""
    return {**take_arrays(given, x="n"), "s": take_whole(given, "s")}


CAMERA_AND_POINT = 11 + 3 + 1
"""Numbers that a row of the Jacobian of `ba` has: of a camera, a point and a weight."""


def ba(given: Any) -> Values:
    """Read one camera, point, weight and observation, each as often as the input says."""
    n, m, p = (take_whole(given, name) for name in ("n", "m", "p"))
    one = take_arrays(given, cam="11", x="3", feat="2")
    return {
        "cameras": np.tile(one["cam"], (n, 1)),
        "points": np.tile(one["x"], (m, 1)),
        "w": np.full(p, take_number(given, "w")),
        "camera": np.arange(p) % n,
        "point": np.arange(p) % m,
        "seen": np.tile(one["feat"], (p, 1)),
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
    model = take(take(given, "data"), "model", "'data'")
    arrays = take_arrays(
        model,
        base_relatives="bones 4 4",
        inverse_base_absolutes="bones 4 4",
        base_positions="vertices 4",
        weights="vertices bones",
    )
    bones = len(arrays["base_relatives"])
    take_arrays(model, {"bones": bones}, parents="bones")
    parents = take_indices(model, "parents", 1, bones, least=-1)
    return {
        "relatives": arrays["base_relatives"],
        "inverses": arrays["inverse_base_absolutes"],
        "positions": arrays["base_positions"],
        "weights": arrays["weights"],
        "parents": tuple(parents.tolist()),
        "mirrored": int(take_number(model, "is_mirrored")),
    }


def pose_and_points(given: Any) -> dict[str, Any]:
    """Read a pose, and the points that were measured."""
    pose, data = take_arrays(given, theta="26")["theta"], take(given, "data")
    return {"pose": pose, "measured": take_arrays(data, points="n 3")["points"]}


def ht_simple(given: Any) -> Values:
    """Read a pose, and points with a vertex each."""
    known = {**pose_and_points(given), **hand(given)}
    vertex = take_indices(given["data"], "correspondences", 1, len(known["positions"]))
    return {**known, "vertex": vertex}


def ht_complicated(given: Any) -> Values:
    """Read a pose, and points with a triangle each and two weights in it."""
    known = {**pose_and_points(given), **hand(given)}
    data = given["data"]
    triangles = take_indices(data["model"], "triangles", 2, len(known["positions"]))
    return {
        "u": take_arrays(given, {"n": len(known["measured"])}, us="n 2")["us"],
        "triangle": take_indices(data, "correspondences", 1, len(triangles)),
        "triangles": triangles,
        **known,
    }


def ht(operator: str, write: Write) -> Evaluation:
    """State a function of `ht`, whose complicated inputs have weights in triangles."""
    return Choice(
        lambda given: isinstance(given, Mapping) and given.get("us", []) != [],
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
    "saddle": {letters: Descent("minimax", saddle, letters) for letters in LETTERS},
    "particle": {letters: Descent("particle", particle, letters) for letters in LETTERS},
}
"""Module → function → what it is."""
