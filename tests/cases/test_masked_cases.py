"""Data with −∞ and NaN, which costs mask."""

import numpy as np
import pytest

import calcbench

nan, inf = np.nan, np.inf
BACKENDS = ["finite_difference", "finite_difference[scheme=complex]", "autograd"]


@calcbench.problem(w=[0.5, -1.0, 2.0], mask=[0.0, -inf, 0.0], x=[1.0, 2.0, 3.0])
def attention(xp, w, *, mask, x):
    return xp.sum(xp.softmax(w + mask) * x) + xp.logsumexp(w + mask)


@calcbench.problem(w=[0.5, -1.0, 2.0], y=[1.0, nan, 3.0], seen=[1.0, 0.0, 1.0])
def missing(xp, w, *, y, seen):
    return xp.sum(seen * (w - xp.where(seen > 0, y, 0.0)) ** 2)


@calcbench.problem(w=[0.5, -1.0, 2.0], y=[1.0, nan, 3.0])
def missing_by_itself(xp, w, *, y):
    there = y <= inf
    return xp.sum(xp.where(there, (w - xp.where(there, y, 0.0)) ** 2, 0.0))


@calcbench.problem(w=0.5, y=[*np.linspace(-1, 1, 99), nan], seen=[1.0] * 99 + [0.0])
def many(xp, w, *, y, seen):
    return xp.sum(seen * (w - xp.where(seen > 0, y, 0.0)) ** 2)


@pytest.mark.parametrize("problem", [attention, missing, missing_by_itself, many])
def test_masked_data_are_certified(problem):
    comparison = calcbench.compare(problem, BACKENDS)
    assert [(row.status, row.reason) for row in comparison] == [("ok", "")] * len(BACKENDS)
    assert all(row.certified_digits > 10 for row in comparison)


def test_minus_infinity_is_judged_at_every_point():
    assert "not judged" not in str(calcbench.compare(attention, BACKENDS))


def test_what_is_not_masked_gets_no_verdict():
    @calcbench.problem(w=[0.5, -1.0, 2.0], y=[1.0, nan, 3.0])
    def unmasked(xp, w, *, y):
        return xp.sum((w - y) ** 2)

    for row in calcbench.compare(unmasked, BACKENDS):
        assert row.status == "error"
        assert "finite" in row.reason


def test_a_symbol_does_not_stand_for_nan():
    (row,) = calcbench.compare(missing_by_itself, ["sympy"])
    assert (row.status, "'y' contains NaN" in row.reason) == ("skipped", True)


def test_a_parameter_is_a_number():
    with pytest.raises(calcbench.ProblemError, match="'w' contains NaN or infinity"):
        calcbench.gradient(calcbench.problem(w=[1.0, nan])(lambda xp, w: xp.sum(w)), "by_hand")
