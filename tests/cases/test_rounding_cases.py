"""Costs near 0: what is flushed to it, what errors are relative to there, and what rounds down."""

from pathlib import Path

import numpy as np
import pytest
from modes import installed

import calcbench
from calcbench.certified.certificate import certify
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status
from calcbench.report.comparison import comparison

FLUSHING = installed(["jax", "tensorflow"])
SUBNORMAL = 1e-310


def function(cost, **inputs):
    return calcbench.problem(**inputs)(cost)


def verify(problem, backends):
    return {record.backend: record for record in calcbench.verify(problem, backends).records}


# --- flushing -------------------------------------------------------------------------------------


def test_a_result_that_is_flushed_is_right():
    case = str(Path(__file__).parent / "subnormal_slope.py")
    for record in verify(case, ["finite_difference", "sympy", *FLUSHING]).values():
        assert record.status is Status.OK, record.reason


FLUSHED = {
    "parameter": (lambda xp, x, *, k: k * xp.sqrt(x), {"x": SUBNORMAL, "k": np.array(1.0)}),
    "data": (lambda xp, x, *, k: (1e300 * k) * x**2, {"x": 2.0, "k": np.array(SUBNORMAL)}),
}
"""Name → a cost and inputs, whose gradient is another one where a small number is 0."""


@pytest.mark.parametrize("name", FLUSHED)
def test_an_input_that_is_flushed_condemns_nobody(name):
    cost, inputs = FLUSHED[name]
    records = verify(function(cost, **inputs), ["sympy", *FLUSHING])
    assert records.pop("sympy").status is Status.OK
    for record in records.values():
        assert record.status is not Status.DISAGREE
        assert record.reason.startswith("no verdict: an input is 1e-310, outside the range of ")


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (lambda xp, x, *, k: xp.sum(k * x**2), ""),
        (lambda xp, x, *, k: xp.sum((1e300 * k)[:1] * x**2), "an input is 1e-310"),
    ],
)
def test_a_small_input_is_a_reason_where_it_matters(cost, expected):
    problem = function(cost, x=2.0, k=np.array([SUBNORMAL, 1.0]))
    assert certify(own_point(problem), "float64").range_fault == expected


# --- a scale of 0 ---------------------------------------------------------------------------------


def peak(scale):
    return function(lambda xp, w: xp.exp(-scale * w**2), w=0.0)


def test_an_error_beside_0_is_no_digit():
    records = verify(peak(1e8), ["finite_difference[scheme=forward]", "sympy"])
    forward = records["finite_difference[scheme=forward]"]
    assert forward.value["w"] == pytest.approx(-1.49, rel=1e-2)
    assert forward.status is Status.IMPRECISE
    assert forward.reason.startswith("no digit of ∂C/∂w is certain: an error of 1")
    assert records["sympy"].status is Status.OK


def test_a_small_error_beside_0_is_right():
    (record,) = verify(peak(1.0), ["finite_difference[scheme=forward]"]).values()
    assert record.status is Status.OK
    assert record.value["w"] != 0


# --- the column `needed` --------------------------------------------------------------------------


def needed(problem, operator):
    found = calcbench.compare(problem, "sympy", operator=operator, timed=False)
    table = comparison(found.records, width=200, wide=True)
    return float(table.rows[-1][list(table.columns).index("needed")].text)


def test_the_fewest_digits_of_the_kinds_count():
    """8 digits of C cancel, and none of its slope, which is a thousand times as large."""
    problem = function(lambda xp, x: (1e3 * x + 1e8) - 1e8, x=1e-3)
    both, value, slope = (
        needed(problem, operator) for operator in ("value_and_gradient", "cost", "gradient")
    )
    assert both == value < 9 < 14 < slope


# --- what rounds down -----------------------------------------------------------------------------

FORMULAS = {
    "another number": lambda xp, x, y: xp.floor(y) + 1e-3,
    "not rounded": lambda xp, x, y: y - 0.6,
    "rounded up": lambda xp, x, y: xp.ceil(y) - 1.0 + 1e-3 * xp.floor(xp.abs(y) / 50.0),
    "by its number": lambda xp, x, y: xp.where(xp.floor(y) > 40.0, 7.0, xp.floor(y)),
    "far away": lambda xp, x, y: xp.floor(y) + xp.round(y / 5000.0),
}
"""Name → a wrong formula for the slope of x·⌊y⌋ by x."""


@pytest.mark.parametrize("name", FORMULAS)
def test_a_wrong_formula_with_a_floor_is_found_out(name):
    formula = FORMULAS[name]

    def gradient(xp, x, y):
        return {"x": formula(xp, x, y), "y": 0.0 * x}

    problem = function(lambda xp, x, y: x * xp.floor(y), x=1.3, y=2.6, gradient=gradient)
    (record,) = verify(problem, ["by_hand"]).values()
    assert record.status is Status.DISAGREE


def test_a_right_formula_with_a_floor_is_right():
    def gradient(xp, x, y):
        return {"x": xp.floor(y), "y": 0.0 * x}

    problem = function(lambda xp, x, y: x * xp.floor(y), x=1.3, y=2.6, gradient=gradient)
    for record in verify(problem, ["by_hand", "finite_difference", "sympy"]).values():
        assert record.status is Status.OK, record.reason


def test_equal_numbers_that_were_rounded_are_no_tie():
    problem = function(lambda xp, x: xp.where(xp.floor(x) == 2.0, x**2, 0.0), x=2.6)
    found = certify(own_point(problem), "float64")
    assert not found.beside.any()
    assert found.value == pytest.approx([5.2], rel=1e-15)
