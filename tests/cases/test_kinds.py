"""Other inputs of the kinds that once went wrong."""

import math

import mpmath
import numpy as np
import pytest

import calcbench
from calcbench.certified.reference import reference
from calcbench.certified.series import taylor_bounds
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status

BY_RULE = ["sympy", "finite_difference"]

MASK = np.array([True, False, True])

CONDITIONS = {
    "where": (lambda xp, x, m: xp.where(m, x, 0.0), 2.0),
    "where not": (lambda xp, x, m: xp.where(xp.logical_not(m), x, 0.0), 1.0),
    "where and": (lambda xp, x, m: xp.where(xp.logical_and(m, x > 0), x, 0.0), 2.0),
    "where or": (lambda xp, x, m: xp.where(xp.logical_or(m, x < 0), x, 0.0), 2.0),
}


def verified(problem, backends=BY_RULE):
    return calcbench.verify(problem, backends).records


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("mask", [MASK, MASK.astype(float), MASK.astype(int), 3.0 * MASK])
def test_numbers_are_conditions_where_they_are_not_0(name, mask):
    cost, slope = CONDITIONS[name]
    problem = calcbench.problem(x=2.0, m=mask)(lambda xp, x, *, m: xp.sum(cost(xp, x, m)))
    assert reference(own_point(problem)).value["x"] == slope
    assert {record.status for record in verified(problem)} == {Status.OK}


BESIDE = {
    "atan": lambda xp, x: xp.atan(xp.maximum(x, 0.0)),
    "erf": lambda xp, x: xp.erf(x) + 0 * xp.abs(x),
    "erfc": lambda xp, x: xp.erfc(xp.abs(x)),
    "gammaln": lambda xp, x: xp.gammaln(1 + xp.abs(x)),
    "atan2": lambda xp, x: xp.atan2(x, 1.0 + 0 * x),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_special_function_beside_a_tie_ends_no_process(name):
    tied = calcbench.problem(x=0.0)(lambda xp, x: BESIDE[name](xp, x))
    records = verified(tied)
    assert not any(record.status.failed for record in records if record.backend != "sympy")


@pytest.mark.parametrize("x", [-0.5, -1.25, -2.5])
def test_the_logarithm_of_gamma_below_0(x):
    """ψ(x) = ψ(1 − x) − π/tan(πx), by reflection (DLMF 5.5.4)."""
    negative = calcbench.problem(x=x)(lambda xp, x: xp.gammaln(x))
    reflected = calcbench.problem(x=1 - x)(lambda xp, x: xp.gammaln(x))
    expected = float(reference(own_point(reflected)).value["x"]) - math.pi / math.tan(math.pi * x)
    found = float(reference(own_point(negative)).value["x"])
    assert abs(found - expected) < 4 * np.spacing(10.0)
    assert {record.status for record in verified(negative)} == {Status.OK}


@pytest.mark.parametrize("constant", [0.12345678901234568, math.pi, 1 / 3, 1e-17 / 3])
def test_sympy_keeps_all_digits_of_constants(constant):
    scaled = calcbench.problem(x=0.3)(lambda xp, x: constant * x)
    assert calcbench.gradient(scaled, "sympy")["x"] == constant


def test_a_step_whose_square_overflows():
    far = calcbench.problem(x=1e200)(lambda xp, x: x * 1e-200)
    assert {record.status for record in verified(far)} == {Status.OK}


@pytest.mark.parametrize("a", [1.47, 1.4616, 2.5])
def test_digamma_near_its_zero_is_as_right_as_libraries_are(a):
    """They add it up from terms of the size of 1."""
    problem = calcbench.problem(a=a)(lambda xp, a: xp.gammaln(a))
    assert not any(record.status.failed for record in verified(problem, ["jax", "sympy"]))


WRONG = {
    "|x|": lambda xp, x: 2 * xp.abs(x),
    "√x²": lambda xp, x: 2 * xp.sqrt(x * x),
    "max": lambda xp, x: 2 * xp.maximum(x, -25.0),
    "min": lambda xp, x: 2 * xp.minimum(x, 40.0),
    "clip": lambda xp, x: 2 * xp.clip(x, -25.0, 500.0),
    "relu": lambda xp, x: 2 * x + xp.relu(x - 40.0),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_formula_that_is_right_on_one_side_of_a_kink_is_refuted(name):
    class Square(calcbench.Problem):
        """x²."""

        def inputs(self, size, rng):
            return {"x": 1.3}

        def cost(self, xp, x):
            return x**2

        def gradient(self, xp, x):
            return {"x": WRONG[name](xp, x)}

    by_hand, _ = verified(Square(), ["by_hand", "sympy"])
    assert by_hand.status is Status.DISAGREE
    assert "refuted in ∂C/∂x" in by_hand.proof


def test_differences_of_digamma_are_enclosed():
    """By the Taylor series of ψ over an interval, with as many terms as are asked for."""
    problem = calcbench.problem(x=2.0)(lambda xp, x: xp.digamma(x))
    bounds = taylor_bounds(own_point(problem), "x", (), np.float64(1e-3), 3)
    psi = mpmath.taylor(mpmath.digamma, 2, 3)
    for bound, coefficient in zip(bounds, psi, strict=True):
        assert abs(coefficient) <= bound < np.inf
