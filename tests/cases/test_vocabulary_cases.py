"""Costs from bug reports whose names meant different things on different backends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import calcbench
from calcbench.catalogue.files import load_file
from calcbench.problem.problem import Problem

EVERY = (
    "sympy",
    "finite_difference[scheme=complex]",
    "torch",
    "torch[mode=func]",
    "tensorflow",
    "jax",
    "autograd",
)


def case(name: str) -> Problem:
    """Load the problem of one file of this folder."""
    (problem,) = load_file(Path(__file__).parent / f"{name}.py")
    return problem


def gradient(problem: Any, selector: str) -> list[float]:
    """The gradient as one flat list, in the order of the parameters."""
    found = calcbench.gradient(problem, selector)
    return [float(x) for partial in found.values() for x in np.ravel(partial)]


# --- a parameter that has the name of a function ---------------------------------------------


def test_a_parameter_named_exp():
    expected = [2 * np.exp(0.5), np.exp(0.5)]
    assert gradient(case("parameter_named_exp"), "sympy") == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    "name", ["pi", "sum", "S", "N", "E", "I", "Symbol", "x0", "b0", "lambdify", "Sigmoid", "numpy"]
)
def test_a_parameter_of_any_name(name):
    """Named like SymPy's names, the compiled code's, or the elements of an array beside it."""
    scope: dict[str, Any] = {}
    exec(
        f"def cost(xp, {name}, b):\n"
        f"    shared = xp.exp({name}) * xp.sum(b)\n"
        f"    return shared * xp.pi + shared**2 + xp.sum(xp.sigmoid(b)) * xp.log({name})",
        scope,
    )
    cost = calcbench.problem(**{name: 0.5, "b": [2.0, 3.0]})(scope["cost"])
    expected = gradient(cost, "finite_difference[scheme=complex]")
    assert gradient(cost, "sympy") == pytest.approx(expected, rel=1e-14)


# --- second derivatives that are 0 by rule ---------------------------------------------------

SECOND = ("sympy", "torch", "torch[mode=func]", "jax", "autograd")

PIECEWISE_LINEAR = {
    "abs": lambda xp, w, v: 0.3 * xp.abs(w) + v,
    "abs of a sum": lambda xp, w, v: xp.abs(w + v),
    "abs of abs": lambda xp, w, v: xp.abs(xp.abs(w) - 1) - v,
    "maximum": lambda xp, w, v: xp.maximum(w, v),
    "maximum of a number": lambda xp, w, v: xp.maximum(w, 0) + 2 * v,
    "where": lambda xp, w, v: xp.where(w > 0, 3 * w, v),
    "max": lambda xp, w, v: xp.max(xp.stack([w, v])),
    "linear": lambda xp, w, v: 3 * w - v,
    "unused": lambda xp, w, v: 3 * w,
}


@pytest.mark.parametrize("selector", SECOND)
def test_abs_has_the_second_derivative_0(selector):
    assert calcbench.second_derivative(case("abs_second_order"), selector) == 0.0


@pytest.mark.parametrize("selector", SECOND)
@pytest.mark.parametrize("cost", PIECEWISE_LINEAR.values(), ids=PIECEWISE_LINEAR)
def test_what_is_piecewise_linear_has_the_second_derivative_0(cost, selector):
    problem = calcbench.problem(w=2.0, v=0.5)(cost)
    assert np.array_equal(calcbench.hessian(problem, selector), np.zeros((2, 2)))
    product = calcbench.hvp(problem, {"w": 1.0, "v": -2.0}, selector)
    assert product == {"w": 0.0, "v": 0.0}


@pytest.mark.parametrize("selector", SECOND)
def test_a_cost_that_is_linear_in_some_parameters(selector):
    problem = calcbench.problem(w=[2.0, -0.5], v=0.5)(lambda xp, w, v: v * xp.sum(xp.abs(w)) + v**2)
    expected = [[0, 0, 1], [0, 0, -1], [1, -1, 2]]
    assert np.array_equal(calcbench.hessian(problem, selector), expected)
