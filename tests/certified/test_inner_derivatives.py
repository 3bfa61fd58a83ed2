"""Derivatives inside a cost, in balls: those of the functions, and not of series that end."""

from __future__ import annotations

import pytest
from mpmath import MPContext

import calcbench
from calcbench.certified.evaluation import NotCertified
from calcbench.certified.reference import reference
from calcbench.problem.inputs import own_point

mp = MPContext()
mp.dps = 60


def matrix(xp, t):
    return xp.reshape(xp.stack([t, 1.5 - t, 0.5 + t * t, 2.0 * t]), (2, 2))


def exact_matrix(t):
    return mp.matrix([[t, 1.5 - t], [0.5 + t * t, 2 * t]])


def symmetric(x):
    return (x + x.T) / 2


CASES = {
    "log_ndtr": (
        -10.5,
        lambda xp, t: xp.log_ndtr(t),
        lambda t: mp.log(mp.erfc(-t / mp.sqrt(2)) / 2),
    ),
    "erfinv": (0.96875, lambda xp, t: xp.erfinv(t), mp.erfinv),
    "expm": (
        3.5,
        lambda xp, t: xp.linalg.expm(matrix(xp, t))[0, 1],
        lambda t: mp.expm(exact_matrix(t))[0, 1],
    ),
    "eigh": (
        0.75,
        lambda xp, t: xp.linalg.eigh(matrix(xp, t))[1][0, 0] ** 2,
        lambda t: mp.eigsy(symmetric(exact_matrix(t)))[1][0, 0] ** 2,
    ),
    "svdvals": (
        0.75,
        lambda xp, t: xp.linalg.svdvals(matrix(xp, t))[0],
        lambda t: mp.svd_r(exact_matrix(t), compute_uv=False)[0],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_proved_of_an_inner_derivative_is_true(name):
    at, function, exact = CASES[name]

    @calcbench.problem(t=at)
    def slope(xp, t):
        return xp.grad(lambda s: function(xp, s))(t)

    found = reference(own_point(slope)).values["t"][()]
    assert found.rad() < abs(found.mid()) * 1e-28
    # By central differences at 60 digits: twenty of them are right at least.
    assert abs(mp.mpf(found.str(40, radius=False)) / mp.diff(exact, mp.mpf(at), 2) - 1) < 1e-20


def test_the_inner_derivative_of_a_bessel_function_is_not_proved():
    @calcbench.problem(t=2.0)
    def slope(xp, t):
        return xp.grad(lambda s: xp.i0e(s))(t)

    with pytest.raises(NotCertified, match="i0e has no certified derivative inside"):
        reference(own_point(slope))


def test_shares_of_numbers_far_below_floats_are_true():
    @calcbench.problem(t=0.25)
    def share(xp, t):
        return xp.grad(lambda s: xp.logaddexp(s - 1e39, -1e39))(t)

    found = reference(own_point(share)).values["t"][()]
    true = mp.exp(mp.mpf(-0.25)) / (1 + mp.exp(mp.mpf(-0.25))) ** 2
    assert abs(mp.mpf(found.str(40, radius=False)) / true - 1) < 1e-30


def test_a_function_that_is_given_arrays_by_name_says_so():
    @calcbench.problem(t=0.25)
    def branch(xp, t):
        return xp.grad(lambda s: xp.where(condition=s > 0, x=s * s, y=0.0))(t)

    with pytest.raises(NotCertified, match=r"inside of xp.grad, xp.where takes its arrays by posi"):
        reference(own_point(branch))
