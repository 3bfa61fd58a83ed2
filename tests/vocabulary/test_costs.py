"""Costs as people write them, on every backend, against the certified gradient and Hessian."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import calcbench
from calcbench.catalogue.files import load_file
from calcbench.problem.problem import Problem
from calcbench.record.record import Status

FOLDER = Path(__file__).parent / "costs"

COSTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "loops")
"""Those with loops are in test_loop_costs."""

EVERY_RUN = ("sympy", "finite_difference", "finite_difference[scheme=complex]", "autograd", "torch")

COMPILED = (
    "torch[mode=func]",
    "jax",
    *(f"tensorflow[mode={m}]" for m in ("eager", "function", "xla")),
)
"""Further backends, which take a second or more for each cost."""

REFUSED = {
    ("eigenvalue_loss", "sympy"): "eigenvalues, here of an array of shape",
    ("matrix_factorisation", "sympy"): "eigenvalues, here of an array of shape",
}
"""(cost, backend) → why that backend refuses it. There are no others."""


def load(name: str) -> Problem:
    (problem,) = load_file(FOLDER / f"{name}.py")
    return problem


@pytest.mark.few(4)
@pytest.mark.parametrize(
    "selectors",
    [EVERY_RUN, pytest.param(COMPILED, marks=pytest.mark.full)],
    ids=["quick", "compiled"],
)
@pytest.mark.parametrize(
    "name",
    # Its formula takes SymPy a quarter of a minute.
    [pytest.param(each, marks=pytest.mark.full) if each == "small_cnn" else each for each in COSTS],
)
def test_every_backend_has_the_certified_gradient(name, selectors):
    backends = calcbench.backends()
    installed = [s for s in selectors if not backends[s.partition("[")[0]].missing()]
    for row in calcbench.compare(load(name), installed or ["finite_difference"]):
        if (name, row.backend) in REFUSED:
            assert row.status is Status.SKIPPED
            assert re.match(REFUSED[name, row.backend], row.reason)
        else:
            assert row.status is Status.OK, f"{row.backend}: {row.status} {row.reason}"


@pytest.mark.parametrize("name", COSTS)
def test_first_and_second_derivatives_are_certified(name):
    problem = load(name)
    gradient, hessian = (
        calcbench.reference(problem),
        calcbench.reference(problem, operator="hessian"),
    )
    for reference in (gradient, hessian):
        assert reference.digits > 25
        assert not any(np.any(flags) for flags in (reference.open | reference.rough).values())
