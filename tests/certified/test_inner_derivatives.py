"""Derivatives inside a cost, in balls: those of the functions, and not of series that end."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import MPContext

import calcbench
from calcbench.certified.certificate import certify
from calcbench.certified.evaluation import NotCertified
from calcbench.certified.reference import reference
from calcbench.operators import find_operator
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


SATURATED = {"tanh": 4.75, "sigmoid": 9.0, "expm1": -8.5, "softplus": -9.5}
"""Function → where libraries lose digits of its slope, which they take from its value."""


def slopes(name, at):
    """The sum of a function's slopes, by a derivative inside of the cost."""

    @calcbench.problem(t=[at, at + 0.5], domain={"t": (at - 1, at + 1)})
    def total(xp, t):
        return xp.sum(xp.grad(lambda z: xp.sum(getattr(xp, name)(z)))(t))

    return total


def descent(name, at):
    """Where three steps of gradient descent along a function lead, by its slopes in a loop."""

    @calcbench.problem(t=[at, at + 0.5], domain={"t": (at - 1, at + 1)})
    def end(xp, t):
        def step(s, _):
            return s - 0.1 * xp.grad(lambda z: xp.sum(getattr(xp, name)(z)))(s), None

        return xp.sum(xp.scan(step, t, None, length=3)[0])

    return end


def check(problem, backends, **options):
    found = calcbench.compare(problem, backends, **options).records
    assert [(r.status, r.reason) for r in found] == [("ok", "")] * len(backends)
    assert all(r.certified_digits > 15 for r in found)


@pytest.mark.few(6)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("operator", ["gradient", "hessian"])
@pytest.mark.parametrize("name", SATURATED)
def test_inner_slopes_may_lose_what_libraries_lose_of_them(name, operator, dtype):
    """In float64 at twice the point: there, as many of its digits are lost."""
    at = SATURATED[name] * (2 if dtype == "float64" else 1)
    check(slopes(name, at), ["autograd", "torch"], operator=operator, dtype=dtype)


@pytest.mark.few(1)
@pytest.mark.parametrize("name", SATURATED)
def test_slopes_in_a_loop_may_lose_what_libraries_lose_of_them(name):
    backends = ["torch", "jax", "tensorflow", "tensorflow[mode=function]"]
    check(descent(name, SATURATED[name]), backends, operator="hessian", dtype="float32")


@pytest.mark.parametrize(("dtype", "fault"), [("float32", 2e-4), ("float64", 1e-12)])
@pytest.mark.parametrize("name", SATURATED)
def test_faults_are_caught_where_slopes_have_their_digits(name, dtype, fault):
    point = own_point(slopes(name, 0.625)).round_to(dtype)
    certificate = certify(point, dtype, find_operator("hessian"))
    caught = certificate.bound < fault * np.abs(certificate.value)
    assert caught.tolist() == [True, False, False, True]  # off the diagonal it is 0
