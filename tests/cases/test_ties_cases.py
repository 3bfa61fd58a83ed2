"""Costs at a tie or at 0·∞: what they are called, and what is certified of them."""

import math

import numpy as np
import pytest
from modes import installed

import calcbench
from calcbench.certified.certificate import certify
from calcbench.certified.reference import UndecidedHere
from calcbench.operators import find_operator
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status

TORCH = installed(["torch"])


def function(cost, **inputs):
    return calcbench.problem(**inputs)(cost)


def certificate(problem, operator="gradient"):
    return certify(own_point(problem), "float64", find_operator(operator))


def verify(problem, backends):
    return {record.backend: record for record in calcbench.verify(problem, backends).records}


def beside_tie(term):
    """x·|x|, whose slope at 0 is 0, and one term more."""
    return function(lambda xp, x: x * xp.abs(x) + term(xp, x), x=0.0)


# --- beside a tie ---------------------------------------------------------------------------------

SMOOTH = {
    "floor": (lambda xp, x: x * xp.floor(x + 1.7), 1.0),
    "ceil": (lambda xp, x: x * xp.ceil(x + 1.7), 2.0),
    "round": (lambda xp, x: x * xp.round(x + 1.7), 2.0),
    "remainder": (lambda xp, x: xp.remainder(x + 1.7, 1.0), 1.0),
    "a jump times 0": (lambda xp, x: x**2 * xp.floor(x), 0.0),
    "a half times 0": (lambda xp, x: x**2 * xp.round(x + 2.5), 0.0),
    "erf": (lambda xp, x: xp.erf(x), 2 / math.sqrt(math.pi)),
    "erfc": (lambda xp, x: xp.erfc(x), -2 / math.sqrt(math.pi)),
    "atan": (lambda xp, x: xp.atan(x + 1.0), 0.5),
    "gammaln": (lambda xp, x: xp.gammaln(x + 1.0), -0.5772156649015329),
    "digamma": (lambda xp, x: xp.digamma(x + 1.0), math.pi**2 / 6),
}
"""Name → a term, and its slope at 0."""


@pytest.mark.parametrize("name", SMOOTH)
def test_a_function_beside_a_tie_is_certified(name):
    term, slope = SMOOTH[name]
    found = certificate(beside_tie(term))
    assert found.judged.all()
    assert found.value == pytest.approx([slope], rel=1e-15, abs=0.0)
    assert np.all(found.bound < 1e-13)


@pytest.mark.parametrize("name", ["floor", "ceil", "round", "remainder"])
def test_a_jump_is_not_smooth(name):
    jumps = function(lambda xp, x: x * STEPS[name](xp, x), x=2.0)
    assert certificate(jumps).rough.all()


STEPS = {
    "floor": lambda xp, x: xp.floor(x),
    "ceil": lambda xp, x: xp.ceil(x),
    "round": lambda xp, x: xp.round(x + 0.5),
    "remainder": lambda xp, x: xp.remainder(x, 1.0),
}


# --- what has no series ---------------------------------------------------------------------------


def safe_log(xp, x):
    return xp.log(xp.where(x > 0, x, 1.0))


def determinant(xp, A):
    sign, logarithm = xp.linalg.slogdet(A)
    return sign * xp.exp(logarithm)


def test_a_tie_without_a_series_is_not_called_a_kink():
    """The slope of x² log x at 0 is 0, but log x is no power of x."""
    problem = function(lambda xp, x: xp.where(x > 0, x**2 * safe_log(xp, x), 0.0), x=0.0)
    found = certificate(problem)
    assert found.open.all()
    assert not found.rough.any()
    assert found.open_reason == "a comparison ties, and beside the point log has no series"
    records = verify(problem, ["finite_difference", "sympy"])
    assert {record.status for record in records.values()} == {Status.OK}
    assert "not smooth" not in records["sympy"].judged


def test_a_slope_without_end_is_elected_by_nobody():
    """Of x log x at 0 every difference gives another number, and the slope is −∞."""
    problem = function(lambda xp, x: xp.where(x > 0, x * safe_log(xp, x), 0.0), x=0.0)
    records = verify(problem, ["finite_difference", "sympy"])
    assert {record.status for record in records.values()} == {Status.OK}
    assert "not smooth here, as far as differences tell" in records["sympy"].judged


SINGULAR = {
    "exactly": (np.array([[1.0, 2.0], [2.0, 4.0]]), np.array([[4.0, -2.0], [-2.0, 1.0]])),
    "but for rounding": (
        np.arange(1.0, 10.0).reshape(3, 3),
        np.array([[-3.0, 6.0, -3.0], [6.0, -12.0, 6.0], [-3.0, 6.0, -3.0]]),
    ),
}
"""Name → a matrix, and the transpose of its adjugate."""


@pytest.mark.parametrize("name", SINGULAR)
def test_the_determinant_of_a_singular_matrix_is_not_called_a_kink(name):
    matrix, adjugate = SINGULAR[name]
    problem = function(determinant, A=matrix)
    records = verify(problem, ["finite_difference", "sympy"])
    assert records["finite_difference"].status is Status.OK
    assert records["finite_difference"].value["A"] == pytest.approx(adjugate, rel=1e-6)
    assert records["sympy"].status is not Status.OK  # it gives 0
    assert "not smooth" not in records["sympy"].judged
    assert "not certified: a comparison" in records["sympy"].judged


def test_a_tie_of_rounded_numbers_is_undecided():
    problem = function(determinant, A=SINGULAR["but for rounding"][0])
    with pytest.raises(UndecidedHere, match="a comparison is not decided at 2048 bits"):
        certificate(problem)


@pytest.mark.parametrize("cost", [lambda xp, x: xp.abs(xp.sin(xp.pi * x))])
def test_a_kink_that_no_precision_decides_condemns_nobody(cost):
    problem = function(cost, x=1.0)
    records = verify(problem, ["finite_difference", "sympy", *TORCH])
    assert {record.status for record in records.values()} == {Status.OK}
    assert "not smooth here, as far as differences tell" in records["sympy"].judged


# --- the edge of a domain -------------------------------------------------------------------------

EDGES = {
    "√(x³)": lambda xp, x, y: xp.sqrt(x**3) + y**2,
    "√x³": lambda xp, x, y: xp.sqrt(x) ** 3 + y**2,
    "x·√x": lambda xp, x, y: x * xp.sqrt(x) + y**2,
    "(√x)³ as powers": lambda xp, x, y: (x**0.5) ** 3 + y**2,
    "x²·√x": lambda xp, x, y: x**2 * xp.sqrt(x) + y**2,
}


@pytest.mark.parametrize("name", EDGES)
def test_at_the_edge_of_the_domain_the_limit_from_inside_is_the_derivative(name):
    problem = function(EDGES[name], x=0.0, y=2.0)
    found = certificate(problem)
    assert found.judged.all()
    assert found.value.tolist() == [0.0, 4.0]
    complex_step = "finite_difference[scheme=complex]"
    records = verify(problem, ["finite_difference", complex_step, *TORCH])
    assert records[complex_step].status is Status.OK
    assert "its steps leave the domain" in records["finite_difference"].reason
    for name in TORCH:
        assert records[name].reason.endswith(
            "is nan, expected 0 (off by nan, allowed 2.2e-308); that is the limit beside the point "
            f"({found.reasons[0]})"
        )


# --- conditions of loops --------------------------------------------------------------------------

RESIDUALS = {
    "abs": lambda xp, r: xp.abs(r) > 1e-9,
    "abs of Python": lambda xp, r: abs(r) > 1e-9,
    "maximum": lambda xp, r: xp.maximum(r, -r) > 1e-9,
    "minimum": lambda xp, r: xp.minimum(r, -r) < -1e-9,
    "max": lambda xp, r: xp.max(xp.abs(xp.stack([r, 2 * r]))) > 1e-9,
    "any": lambda xp, r: xp.any(xp.abs(xp.stack([r, 2 * r])) > 1e-9),
}


def root_by(goes_on, a, further=lambda xp, root, a: root):
    """√a by Newton's method, which ends where s² − a is 0 but for rounding."""

    def cost(xp, a):
        root = xp.while_loop(
            lambda s: goes_on(xp, s * s - a), lambda s: 0.5 * (s + a / s), 0.3 * a + 1.0, 50
        )
        return further(xp, root, a)

    return function(cost, a=a)


@pytest.mark.parametrize("goes_on", RESIDUALS.values(), ids=RESIDUALS)
@pytest.mark.parametrize("operator", ["gradient", "hessian"])
def test_of_a_condition_nothing_is_wanted_but_whether_it_holds(goes_on, operator):
    a = 8.5823
    found = certificate(root_by(goes_on, a), operator)
    assert found.judged.all()
    assert not found.beside.any()
    truth = a**-0.5 / 2 if operator == "gradient" else -(a**-1.5) / 4
    assert found.value == pytest.approx([truth], rel=1e-12)
    assert np.all(found.bound <= 1e-12)


def test_a_tie_after_a_loop_is_looked_at_from_both_sides():
    """Beside the point the loop runs on series, and its condition is decided as any other."""

    def hinge(xp, root, a):
        return root + xp.maximum(a - 4.0, 0.0)

    found = certificate(root_by(RESIDUALS["abs"], 4.0, hinge))
    assert found.rough.all()


def test_a_condition_that_ties_is_a_tie():
    def cost(xp, a):
        return xp.while_loop(lambda s: xp.abs(s) > 1.0, lambda s: s / 2, a, 10)

    assert certificate(function(cost, a=4.0)).rough.all()


def test_what_leaves_a_condition_is_enclosed_with_its_slope():
    """The slope of 3·|a| is −3 at −2; of what a condition keeps, it is within [−3, 3]."""

    def cost(xp, a):
        kept = []

        def goes_on(s):
            kept.append(3 * xp.abs(a))
            return kept[-1] > 100

        return xp.while_loop(goes_on, lambda s: s, a, 3) * 0 + kept[-1]

    (ball,) = certificate(function(cost, a=-2.0)).truth.values["a"].flat
    assert ball.contains(-3)
    assert not ball.contains(-4)


# --- 0·∞ ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [2.0, 0.1, -3.7])
@pytest.mark.parametrize("count", [2, 3, 7])
def test_the_deviation_of_equal_numbers(number, count):
    x = np.full(count, number)
    squared = certificate(function(lambda xp, x: xp.std(x) ** 2, x=x))
    assert squared.judged.all()
    assert not squared.value.any()
    assert set(squared.reasons) == {"0·∞ in the chain rule at sqrt"}
    assert certificate(function(lambda xp, x: xp.std(x), x=x)).rough.all()


def test_the_reason_for_a_limit_is_the_one_that_holds():
    def zero_times_infinity(xp, x):
        return xp.std(x) ** 2

    def tie(xp, x):
        return xp.where(x[0] > 2, x[1] * xp.expm1(x[0] - 2), x[1] * (x[0] - 2)) + xp.relu(x[2])

    here = [2.0, 2.0, 2.0]
    for cost, reason in ((zero_times_infinity, "0·∞ in the chain rule at sqrt"), (tie, TIE)):
        found = certificate(function(cost, x=here))
        assert {str(why) for why in found.reasons[found.beside]} == {reason}


TIE = "a comparison ties"
