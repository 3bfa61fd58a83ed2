"""Which function of GradBench is which operator of which problem, and how its numbers are written.

Facts of GradBench's protocol, from the pages of its evaluations (`evals/<name>/README.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.gradbench.evaluation import (
    Evaluation,
    NewtonStep,
    OperatorOf,
    by_name,
    first,
    flat,
    value,
)

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
}
"""Module → function → what it is."""
