"""Rounded floats: the same tape of arrays, with radii that no rounding leaves."""

import math

import numpy as np
import pytest
import random_programs
from scipy.special import erfc

import calcbench
from calcbench.certified import balls, rounded, rounded_functions
from calcbench.certified.array_sweep import sweep_arrays, sweep_floats
from calcbench.certified.array_vocabulary import array_namespace
from calcbench.certified.arrays import exact, leaf
from calcbench.certified.certificate import certify
from calcbench.certified.reference import reference
from calcbench.certified.rounded import rounded_arithmetic
from calcbench.conformance.cases import control
from calcbench.conformance.probe import Probe
from calcbench.conformance.vocabulary import NAMES, cases_of
from calcbench.problem.inputs import own_point

UNIT = 2.0**-53


def on_floats(point, draw=None):
    with rounded_arithmetic(UNIT, draw):
        return sweep_floats(point, np.ones(()))


def on_arrays(point):
    with balls.precision(256):
        return sweep_arrays(point, np.ones(()), "float64")


def outside(found, truth):
    """Return the numbers whose radius the truth is outside of; what underflows may be 0."""
    radii = found.radii.ravel() + np.finfo(float).tiny
    numbers = zip(found.mid.ravel().tolist(), radii.tolist(), truth, strict=True)
    return [(mid, rad, ball) for mid, rad, ball in numbers if not abs(ball - mid) <= rad]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in control.case.cases])
def test_every_name_runs_on_floats(name):
    """Where it runs on arrays of balls: no comparison ties, and no number is out of range."""
    for case in cases_of(name):
        point = own_point(Probe([case]))
        truth, found = on_arrays(point), on_floats(point)
        if found is None:
            assert truth is None
        else:
            assert outside(found.partials, truth.partials) == []
            assert outside(found.value, [truth.value]) == []


@pytest.mark.parametrize("start", range(0, 100, 50))
def test_random_programs_lie_within_their_radii(start):
    count = 0
    for seed in range(start, start + 50):
        point = own_point(random_programs.program(seed))
        truth, found = on_arrays(point), on_floats(point)
        if truth is not None and found is not None:
            assert outside(found.partials, truth.partials) == [], seed
            count += found.partials.size
    assert count > 900


def test_a_slope_is_what_libraries_compute():
    """1 − y² for tanh: far out nothing is left of the slope, and a few units are allowed."""
    with rounded_arithmetic(UNIT):
        tape = []
        x = leaf(exact([20.0, 0.3]), tape)
        array_namespace().tanh(x)
        ((_, pull),) = tape[-1].edges
        slope = pull(rounded.as_rounded(np.ones(2)), lambda partial: partial.value)
    assert slope.mid[0] == 0.0
    assert np.all((slope.radii >= 2 * UNIT) & (slope.radii <= 20 * UNIT))


def radius_of_sum(terms):
    with rounded_arithmetic(UNIT):
        return float(np.add.reduce(rounded.variable(terms), 0).radii)


def test_the_root_of_the_length_is_what_a_sum_may_lose():
    """Of n different terms, added up in whatever order."""
    terms = np.random.default_rng(0).standard_normal(10_000)
    allowed = radius_of_sum(terms)
    assert allowed == pytest.approx(100 * UNIT * np.sum(np.abs(terms)))
    for order in (terms, np.sort(terms), terms.reshape(8, -1).T.ravel()):
        assert abs(np.add.accumulate(order)[-1] - math.fsum(terms)) <= allowed


@pytest.mark.parametrize("term", [0.1, 0.7, 1 / 3])
@pytest.mark.parametrize("count", [10_000, 100_000])
def test_equal_terms_lose_more(term, count):
    """Each addition is rounded the same way, for as long as the sum has the same exponent."""
    terms = np.full(count, term)
    lost = abs(np.add.accumulate(terms)[-1] - math.fsum(terms))
    assert lost > 4 * math.sqrt(count) * UNIT * count * term
    assert lost <= radius_of_sum(terms)


@pytest.mark.parametrize("shape", [(1, 500, 3), (40, 200, 2), (2, 100_000, 20)])
def test_products_of_matrices_lose_what_their_sums_do(shape):
    m, k, n = shape
    rng = np.random.default_rng(0)
    x, y = rng.choice([0.1, 0.7], (m, k)), rng.choice([-1 / 3, 0.9], (k, n))
    with rounded_arithmetic(UNIT):
        found = rounded.variable(x) @ rounded.variable(y)
    terms = x[:, :, None] * y
    lost = np.add.accumulate(terms, axis=1)[:, -1] - [[math.fsum(r) for r in t.T] for t in terms]
    assert np.all(np.abs(lost) <= found.radii)
    assert np.all(found.radii <= k * UNIT * (np.abs(x) @ np.abs(y)))


def test_whole_powers_of_what_is_negative_have_a_radius():
    """Of exponents that are data: what is below 0 has a power, and no logarithm."""

    @calcbench.problem(w=[-0.3, 0.7], n=np.array([2.0, 3.0, -3.0]))
    def powers(xp, w, *, n):
        return xp.sum((xp.sum(w**3) - w[0] * w[1] - 1.5) ** n)

    found, truth = on_floats(own_point(powers)), on_arrays(own_point(powers))
    assert np.all(np.isfinite(found.partials.radii))
    assert outside(found.partials, truth.partials) == []


def test_a_tangent_within_a_radius_of_more_than_one_may_be_anything():
    with rounded_arithmetic(UNIT):
        value, _ = rounded_functions.RULES["tan"](rounded.Rounded([0.1, 0.1], np.array([0.5, 3.0])))
    assert value.radii[0] == pytest.approx(math.tan(0.6) - math.tan(0.1))
    assert value.radii[1] == np.inf


def test_what_underflows_may_be_large_within_its_radius():
    with rounded_arithmetic(UNIT), np.errstate(all="ignore"):
        value = rounded.exp(rounded.Rounded([-1000.0, -1000.0], np.array([0.0, 900.0])))
    assert np.all(value.mid == 0.0)
    assert value.radii == pytest.approx([0.0, math.exp(-100.0)], rel=1e-10)


def test_whole_constants_are_exact():
    """So a label of −1 is equal to −1; a parameter's numbers are rounded, whatever they are."""
    with rounded_arithmetic(UNIT):
        labels = exact(np.array([0.0, 1.0]))
        signs = 2 * labels - 1
        assert (signs == 1).tolist() == [False, True]
        assert float(array_namespace().sum(signs).value.rad) == 0.0
        assert np.all((leaf(labels, []) + 1).value.radii[1:] > 0)
        with pytest.raises(balls.Undecided):
            _ = 0.1 * (labels + 1) + 0.2 == 0.4


def test_numbers_beyond_floats_are_left_to_balls():
    @calcbench.problem(x=800.0)
    def large(xp, x):
        return xp.log(1 + xp.exp(x))

    assert on_arrays(own_point(large)) is not None
    assert on_floats(own_point(large)) is None


def test_what_is_masked_adds_nothing():
    @calcbench.problem(x=[0.5, 1.5, 2.0], keep=[1.0, 0.0, 1.0])
    def masked(xp, x, *, keep):
        return xp.logsumexp(xp.where(keep > 0, x, -float("inf")))

    found = on_floats(own_point(masked)).partials
    assert found.mid[1] == found.radii[1] == 0.0
    assert np.all((found.radii[[0, 2]] > 0) & (found.radii[[0, 2]] < 1e-14))


def test_libraries_stay_inside_the_radius_of_a_factor():
    """Cholesky, solve and determinant in NumPy."""
    a = np.random.default_rng(1).standard_normal((6, 6))

    @calcbench.problem(a=a @ a.T + np.eye(6), b=np.arange(6.0))
    def forms(xp, a, b):
        factor = xp.linalg.cholesky(a)
        x = xp.linalg.solve(a, b)
        return xp.sum(factor * factor[0, 0]) + xp.sum(x) + xp.linalg.slogdet(a)[1]

    point = own_point(forms)
    cost, truth = on_floats(point).value, reference(point)
    by_numpy = float(forms.cost(calcbench.vocabulary.numpy.NUMPY, **point.parameters))
    assert float(cost.radii) < 1e-11
    assert outside(cost, [truth.cost]) == []
    assert abs(by_numpy - float(truth.cost)) < float(cost.radii)


@pytest.mark.parametrize("on_balls", [False, True])
def test_a_value_in_the_tail_of_erfc_is_allowed_what_scipy_loses(on_balls):
    @calcbench.problem(x=[2.7, 7.3, 11.9, 18.0, 25.1], y=np.ones(5))
    def tails(xp, x, y):
        kink = xp.sum(abs(x - x)) if on_balls else 0.0  # a tie, which takes single balls
        return xp.sum(y * xp.erfc(x)) + kink

    found = certify(own_point(tails), "float64")
    by_scipy = erfc(np.array([2.7, 7.3, 11.9, 18.0, 25.1]))
    assert np.all(np.abs(by_scipy - found.value[5:]) <= found.bound[5:])
    assert np.all(found.bound[5:] < 1e-11 * by_scipy)


def test_simulated_roundings_are_as_large_as_they_are_drawn():
    """Each operation is off by 8u·ξ times what it may lose, forward and backward."""

    @calcbench.problem(x=0.7, y=1.3)
    def product(xp, x, y):
        return x * y

    plain = on_floats(own_point(product))
    upwards = on_floats(own_point(product), lambda shape: 1.0)
    assert upwards.value.mid / plain.value.mid - 1 == pytest.approx(8 * UNIT, rel=0.2)
    assert upwards.partials.mid == pytest.approx([1.3, 0.7], rel=20 * UNIT)
    assert np.all(upwards.partials.mid != plain.partials.mid)
