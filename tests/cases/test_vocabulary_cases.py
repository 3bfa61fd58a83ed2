"""Costs from bug reports whose names meant different things on different backends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import calcbench
from calcbench.catalogue.files import load_file
from calcbench.certified.reference import reference
from calcbench.errors import ProblemError
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem
from calcbench.record.record import Status

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


def value(problem: Any, selector: str) -> float:
    """The cost by one backend."""
    return float(calcbench.value_and_gradient(problem, selector)[0])


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


# --- a Cholesky factor reads both triangles --------------------------------------------------

DETERMINED = 0.349244
"""The slope by a01 + a10 in the case, from the issue: each of the two has half of it."""


def slope_of_factor(a: np.ndarray, index: tuple[int, int]) -> float:
    """The derivative of Σ L by one entry, L Lᵀ = (a + aᵀ)/2: L Φ(L⁻¹ dA L⁻ᵀ), summed.

    Murray, Differentiation of the Cholesky decomposition (2016), equation 8.
    """
    unit = np.zeros_like(a)
    unit[index] = 1.0
    factor = np.linalg.cholesky((a + a.T) / 2)
    inverse = np.linalg.inv(factor)
    middle = inverse @ (unit + unit.T) @ inverse.T / 2
    halved = np.tril(middle) - np.diag(np.diag(middle)) / 2
    return float(np.sum(factor @ halved))


@pytest.mark.parametrize("selector", EVERY)
def test_the_slope_by_a_mirrored_pair_is_split_evenly(selector):
    found = np.reshape(gradient(case("cholesky_of_parameter"), selector), (2, 2))
    assert found[0, 1] == pytest.approx(DETERMINED / 2, abs=5e-7)
    assert found[1, 0] == pytest.approx(found[0, 1], rel=1e-14)


def test_the_certified_slope_by_a_mirrored_pair_is_split_evenly():
    found = reference(own_point(case("cholesky_of_parameter"))).value["a"]
    assert found[0, 1] == found[1, 0] == pytest.approx(DETERMINED / 2, abs=5e-7)


@pytest.mark.parametrize("selector", EVERY)
def test_a_factor_of_a_lopsided_matrix(selector):
    a = np.array([[4.0, 1.5, -0.5], [0.25, 3.0, 1.0], [0.75, -0.5, 2.5]])
    problem = calcbench.problem(a=a)(lambda xp, a: xp.sum(xp.linalg.cholesky(a)))
    expected = [slope_of_factor(a, index) for index in np.ndindex(a.shape)]
    assert gradient(problem, selector) == pytest.approx(expected, rel=1e-13)
    assert value(problem, selector) == pytest.approx(np.linalg.cholesky((a + a.T) / 2).sum())


# --- rows that are masked whole --------------------------------------------------------------

INF = float("inf")


def masked(xp: Any, x: Any, keep: Any) -> Any:
    return xp.where(keep > 0, x, -INF)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("selector", EVERY)
def test_a_row_that_is_masked_whole(selector):
    problem = case("all_masked_logsumexp")
    assert gradient(problem, selector) == [0.0, 0.0, 2.0]
    assert value(problem, selector) == 0.6


ROWS = {"x": [[0.5, 1.5], [1.0, 2.0]], "keep": np.array([[0.0, 0.0], [1.0, 1.0]])}
SHARES = np.exp([1.0, 2.0]) / np.exp([1.0, 2.0]).sum()
SPREAD = np.zeros((4, 4))
SPREAD[2:, 2:] = np.diag(SHARES) - np.outer(SHARES, SHARES)


def softmax_over_rows(xp: Any, x: Any, *, keep: Any) -> Any:
    return xp.logsumexp(xp.logsumexp(masked(xp, x, keep), axis=1))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("selector", EVERY)
def test_one_row_of_several_is_masked_whole(selector):
    problem = calcbench.problem(**ROWS)(softmax_over_rows)
    assert gradient(problem, selector) == pytest.approx([0, 0, *SHARES], rel=1e-14)
    kept = calcbench.problem(**ROWS)(
        lambda xp, x, *, keep: xp.sum(
            xp.exp(xp.logsumexp(masked(xp, x, keep), axis=1, keepdims=True))
        )
    )
    assert gradient(kept, selector) == pytest.approx([0, 0, *np.exp([1.0, 2.0])], rel=1e-14)


PAIRED = {
    "masked first": (lambda xp, x, y, *, keep: xp.logaddexp(masked(xp, x, keep), y), 0.3, (0, 1)),
    "masked second": (lambda xp, x, y, *, keep: xp.logaddexp(y, masked(xp, x, keep)), 0.3, (0, 1)),
    "a number": (lambda xp, x, y, *, keep: xp.logaddexp(-INF, y) + keep, 0.3, (0, 1)),
    "both masked": (
        lambda xp, x, y, *, keep: xp.logaddexp(
            xp.logaddexp(masked(xp, x, keep), masked(xp, y, keep)), 3 * y
        ),
        0.9,
        (0, 3),
    ),
    "the largest of none": (
        lambda xp, x, y, *, keep: xp.exp(xp.maximum(masked(xp, x, keep), masked(xp, y, keep))) + y,
        0.3,
        (0, 1),
    ),
    "far apart": (lambda xp, x, y, *, keep: xp.logaddexp(900 * y, -900 * x) + keep, 270, (0, 900)),
}


@pytest.mark.few(15)
@pytest.mark.parametrize("selector", EVERY)
@pytest.mark.parametrize(("cost", "total", "slopes"), PAIRED.values(), ids=PAIRED)
def test_a_pair_with_a_masked_one(cost, total, slopes, selector):
    """Value, slopes and second derivatives, all of which are 0 here."""
    problem = calcbench.problem(x=1.0, y=0.3, keep=0.0)(cost)
    assert value(problem, selector) == pytest.approx(total, rel=1e-15)
    assert gradient(problem, selector) == pytest.approx(list(slopes), rel=1e-15)
    if not selector.startswith("finite"):
        assert np.array_equal(calcbench.hessian(problem, selector), np.zeros((2, 2)))


@pytest.mark.parametrize("selector", ["sympy", "tensorflow", "jax", "autograd"])
def test_second_derivatives_beside_a_row_that_is_masked_whole(selector):
    problem = calcbench.problem(**ROWS)(softmax_over_rows)
    assert calcbench.hessian(problem, selector) == pytest.approx(SPREAD, abs=1e-15)


PAIR = calcbench.problem(x=0.0, y=0.0)(lambda xp, x, y: xp.logaddexp(x, y))


@pytest.mark.parametrize("selector", ["torch", "autograd"])
@given(x=st.floats(-1e3, 1e3), y=st.floats(-1e3, 1e3))
@settings(max_examples=25)
def test_logaddexp_has_sigmoids_for_slopes(selector, x, y):
    problem = PAIR
    at = {"x": x, "y": y}
    share = 1 / (1 + np.exp(min(y - x, 700.0)))
    found = calcbench.gradient(problem, selector, at=at)
    assert found["x"] == pytest.approx(share, rel=1e-12, abs=1e-300)
    assert found["x"] + found["y"] == pytest.approx(1, rel=1e-12)
    curvature = share * (1 - share)
    hessian = calcbench.hessian(problem, selector, at=at)
    expected = [[curvature, -curvature], [-curvature, curvature]]
    assert hessian == pytest.approx(np.array(expected), abs=1e-12)


# --- integers where numbers meet --------------------------------------------------------------


@pytest.mark.parametrize("selector", EVERY)
def test_an_integer_branch(selector):
    problem = case("integer_in_where")
    assert (gradient(problem, selector), value(problem, selector)) == ([1.0], 2.0)
    below = calcbench.gradient(problem, selector, at={"x": -2.0})
    assert below["x"] == 0.0


INTEGERS = {
    "where of two": (lambda xp, x: xp.where(x > 0, 1, 0) * x, 1.0),
    "where of two alone": (lambda xp, x: xp.where(x > 0, 1, 0), 0.0),
    "where inside where": (lambda xp, x: xp.where(x > 0, xp.where(x > 1, 3, 0), 0) * x, 3.0),
    "to a negative power": (lambda xp, x: xp.where(x > 0, 2, 4) ** -1 * x, 0.5),
    "sum": (lambda xp, x: xp.sum(xp.where(xp.stack([x, -x]) > 0, 1, 0)) * x, 1.0),
    "maximum": (lambda xp, x: xp.maximum(x, 0) + xp.maximum(0, x), 2.0),
    "maximum of two": (lambda xp, x: xp.maximum(2, 1) ** -1 * x, 0.5),
    "minimum of two": (lambda xp, x: xp.minimum(2, 1) * x, 1.0),
    "logaddexp of two": (lambda xp, x: xp.logaddexp(0, 0) * x, np.log(2)),
    "stack": (lambda xp, x: xp.sum(xp.stack([x, 0, 3])), 1.0),
    "stack of integers": (lambda xp, x: xp.sum(xp.stack([4, 2]) ** -1) * x, 0.75),
    "an element of a stack": (lambda xp, x: xp.stack([x, 0])[1], 0.0),
    "no times": (lambda xp, x: 0 * x, 0.0),
}


@pytest.mark.parametrize("selector", EVERY)
@pytest.mark.parametrize(("cost", "slope"), INTEGERS.values(), ids=INTEGERS)
def test_integers_are_numbers_of_the_run(cost, slope, selector):
    problem = calcbench.problem(x=2.0)(cost)
    assert gradient(problem, selector) == pytest.approx([slope], rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("name", ["finite_difference", "torch", "tensorflow", "jax", "autograd"])
@pytest.mark.parametrize("cost", [each[0] for each in INTEGERS.values()], ids=INTEGERS)
def test_numbers_take_the_precision_of_the_run(cost, name):
    """Beside float32, neither an integer nor a number such as 0.1 makes a float64."""
    dtypes = set()

    @calcbench.problem(x=2.0)
    def noted(xp, x):
        found = cost(xp, x) + x * xp.where(x > 0, 0.1, 0.7)
        dtypes.add(str(found.dtype).replace("<dtype: '", "").replace("torch.", "").strip("'>"))
        return found

    calcbench.gradient(noted, f"{name}[dtype=float32]")
    assert dtypes == {"float32"}


@pytest.mark.parametrize("selector", [each for each in EVERY if each != "tensorflow"])
def test_a_cost_that_is_an_integer_is_refused(selector):
    with pytest.raises(ProblemError, match="must return a real floating-point number"):
        gradient(calcbench.problem(x=2.0)(lambda xp, x: 3), selector)


# --- SymPy's patience ------------------------------------------------------------------------


def test_a_gaussian_process_is_refused_before_it_is_written_out():
    """It took 102 s, and then was refused; at eight points nothing came in 240 s."""
    (record,) = calcbench.verify(case("gp_seven_points"), "sympy").records
    assert record.status is Status.SKIPPED
    assert record.reason == "the formula would have over 300,000 operations"


@pytest.mark.parametrize("operator", ["gradient", "hessian"])
@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.0])
def test_sympy_differentiates_a_power_at_0(operator, exponent):
    """SymPy's own k·xᵏ/x is 0/0 there, where k·xᵏ⁻¹ is not."""
    power = calcbench.problem(x=0.0, k=exponent)(lambda xp, x, *, k: x**k)
    expected = 2.0 if (operator, exponent) == ("hessian", 2.0) else 0.0
    found = getattr(calcbench, operator)(power, "sympy")
    assert np.ravel(found["x"] if operator == "gradient" else found).tolist() == [expected]
