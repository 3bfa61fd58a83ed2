"""Germs: what they expand to is what the function is, just beside the point."""

import math
from fractions import Fraction

import mpmath
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from calcbench.certified import balls, special
from calcbench.certified.germs import UNDEFINED, UNKNOWN, Germ, Unordered, beside, expansion

T = mpmath.mpf(2) ** -12

FUNCTIONS = {
    "exp": (lambda x: x.exp(), mpmath.exp),
    "expm1": (lambda x: x.expm1(), mpmath.expm1),
    "log": (lambda x: (x * x + 1).log(), lambda x: mpmath.log(x * x + 1)),
    "log1p": (lambda x: (x * x).log1p(), lambda x: mpmath.log1p(x * x)),
    "sin": (lambda x: x.sin_cos()[0], mpmath.sin),
    "cos": (lambda x: x.sin_cos()[1], mpmath.cos),
    "tan": (lambda x: x.tan(), mpmath.tan),
    "sec": (lambda x: x.sec(), mpmath.sec),
    "tanh": (lambda x: x.tanh(), mpmath.tanh),
    "sech": (lambda x: x.sech(), mpmath.sech),
    "root of a square": (lambda x: (x * x).sqrt(), abs),
    "fractional power": (lambda x: (x * x) ** arb(0.75), lambda x: abs(x) ** 1.5),
    "inverse": (lambda x: 1 / x, lambda x: 1 / x),
    "quotient": (lambda x: x.sin_cos()[0] / x, lambda x: mpmath.sin(x) / x),
    "power": (lambda x: (x + 2) ** -3, lambda x: (x + 2) ** -3),
    "erf": (lambda x: special.value("erf", x), mpmath.erf),
    "atan": (lambda x: special.value("atan", x), mpmath.atan),
    "gammaln": (
        lambda x: special.value("gammaln", x + 2.5),
        lambda x: mpmath.loggamma(x + 2.5),
    ),
    "trigamma": (
        lambda x: special.slope("digamma", x + 2.5),
        lambda x: mpmath.psi(1, x + 2.5),
    ),
    "exponential": (lambda x: arb(3) ** x, lambda x: mpmath.power(3, x)),
}


def value(germ, t):
    """The sum of the terms that are known."""
    return mpmath.fsum(
        mpmath.mpf(c.mid().str(40, radius=False)) * t ** mpmath.mpf(float(power))
        for power, c in germ.terms.items()
    )


@given(st.sampled_from(sorted(FUNCTIONS)), st.sampled_from([0.0, 0.5, -0.75]), st.booleans())
def test_a_germ_is_its_function(name, here, ahead):
    ours, theirs = FUNCTIONS[name]
    sign = 1 if ahead else -1
    with balls.precision(160), mpmath.workdps(40):
        germ = ours(beside(arb(here), sign))
        # Coefficients of these functions are below 3 per power of 1/|here|, and t is 2⁻¹².
        rest = 4.0**7 * T ** mpmath.mpf(float(min(germ.order, 6)))
        assert abs(value(germ, T) - theirs(mpmath.mpf(here) + sign * T)) <= rest
        assert germ.order >= 3


def test_powers_between_are_infinite_derivatives():
    t = beside(arb(0), 1)
    start, slope = expansion(t.sqrt(), 1)
    assert (float(start), float(slope)) == (0.0, math.inf)
    assert float(expansion(-t.sqrt(), 1)[1]) == -math.inf
    assert [float(c) for c in expansion(t ** arb(1.5), 1)] == [0.0, 0.0]


@pytest.mark.parametrize(
    "germ",
    [
        beside(arb(0), 1).log(),
        (1 / beside(arb(0), 1)).exp(),
        1 / Germ({}),
        beside(arb(0), -1).sqrt(),
        UNKNOWN * Germ({}),
    ],
)
def test_what_has_no_series_is_unknown(germ):
    assert germ.is_nan()
    assert expansion(germ, 0)[0].is_nan()
    with pytest.raises(Unordered):
        _ = germ > 0


def test_comparisons_go_by_the_first_difference():
    t = beside(arb(0), 1)
    assert t > 0
    assert -t < arb(0)
    assert t * t < t
    assert t + t == 2 * t
    assert arb(1) > t
    with pytest.raises(Unordered):
        _ = Germ({Fraction(1): arb(0, 1e-9)}) > 0


def test_minus_infinity_is_below_every_germ():
    assert beside(arb(0), 1) != arb.neg_inf()


@given(st.integers(-9, 9), st.sampled_from([-1, 1]), st.sampled_from([0.0, 0.25]))
def test_beside_a_whole_number_the_side_decides_what_is_below(whole, sign, more):
    found = beside(arb(whole + more), sign).floor()
    assert found == math.floor(whole + more + sign / 1024)


def test_what_is_below_a_rounded_whole_number_is_not_known():
    with pytest.raises(Unordered):
        beside(arb(2, 1e-20), 1).floor()


def test_a_germ_is_divided_exactly():
    third = beside(arb(6), 1) / arb(3)
    assert third.terms[Fraction(0)].is_exact()
    assert third > 2


def test_the_root_of_what_is_negative_is_undefined():
    below = beside(arb(0), -1)
    assert below.sqrt() is UNDEFINED
    assert below.log() is UNDEFINED
    assert beside(arb(0), 1).log() is not UNDEFINED
