"""Decompositions in balls: first and second derivatives, what is left out, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import MPContext

import calcbench
from calcbench.certified import decompositions
from calcbench.certified.certificate import certify
from calcbench.certified.evaluation import NotCertified, UndecidedHere
from calcbench.certified.reference import reference
from calcbench.problem.inputs import own_point
from calcbench.problem.problem import Problem

mp = MPContext()
mp.dps = 60
STEP = mp.mpf(10) ** -15

SQUARE = np.array([[2.0, 0.5, -0.25], [0.125, 1.0, 0.75], [0.5, -0.25, -1.5]])
TALL = np.array([[0.5, -1.25], [1.5, 0.75], [-1.0, 2.25]])
WEIGHTS = np.arange(1.0, 10.0).reshape(3, 3)


def eigenvector(xp: Any, x: Any) -> Any:
    values, vectors = xp.linalg.eigh(x)
    return values[2] * vectors[1, 0] ** 2


def exact_eigenvector(x: Any) -> Any:
    values, vectors = mp.eigsy((x + x.T) / 2)
    return values[2] * vectors[1, 0] ** 2


def singular(xp: Any, x: Any) -> Any:
    u, s, v = xp.linalg.svd(x, full_matrices=False)
    return s[1] * u[2, 0] ** 2 * v[1, 0] ** 2


def exact_singular(x: Any) -> Any:
    u, s, v = mp.svd_r(x, full_matrices=False)
    return s[1] * u[2, 0] ** 2 * v[1, 0] ** 2


def triangular(xp: Any, x: Any) -> Any:
    q, r = xp.linalg.qr(x)
    return q[1, 1] ** 2 * r[0, 1] ** 2


def exact_triangular(x: Any) -> Any:
    q, r = mp.qr(x, mode="skinny")
    return q[1, 1] ** 2 * r[0, 1] ** 2


def exponential(xp: Any, x: Any) -> Any:
    return xp.sum(xp.asarray(WEIGHTS) * xp.linalg.expm(3 * x))


def exact_exponential(x: Any) -> Any:
    found = mp.expm(3 * x)
    return sum(WEIGHTS[i, j] * found[i, j] for i in range(3) for j in range(3))


COSTS: dict[str, tuple[Callable[..., Any], np.ndarray, Callable[..., Any]]] = {
    "eigh": (eigenvector, SQUARE, exact_eigenvector),
    "svd": (singular, TALL, exact_singular),
    "qr": (triangular, TALL, exact_triangular),
    "expm": (exponential, SQUARE, exact_exponential),
}


def problem_of(name: str, at: np.ndarray | None = None) -> Problem:
    cost, own, _ = COSTS[name]
    return calcbench.problem(x=own if at is None else at)(cost)


def differences(name: str) -> tuple[np.ndarray, np.ndarray]:
    """First partials, and second ones by the first component, by central differences."""
    _, at, exact = COSTS[name]
    places = [*np.ndindex(at.shape)]

    def moved(*steps: tuple[tuple[int, int], Any]) -> Any:
        x = mp.matrix(at.tolist())
        for place, by in steps:
            x[place] += by
        return exact(x)

    def slope(place: tuple[int, int], *beside: tuple[tuple[int, int], Any]) -> Any:
        ahead, behind = moved((place, STEP), *beside), moved((place, -STEP), *beside)
        return (ahead - behind) / (2 * STEP)

    first = [slope(place) for place in places]
    second = [
        (slope(place, (places[0], STEP)) - slope(place, (places[0], -STEP))) / (2 * STEP)
        for place in places
    ]
    return np.array(first, dtype=float), np.array(second, dtype=float)


@pytest.mark.parametrize("name", COSTS)
def test_first_and_second_derivatives(name):
    problem = problem_of(name)
    first, second = differences(name)
    gradient, hessian = (
        reference(own_point(problem)),
        calcbench.reference(problem, operator="hessian"),
    )
    assert min(gradient.digits, hessian.digits) > 25
    np.testing.assert_allclose(gradient.value["x"].ravel(), first, rtol=1e-14, atol=1e-14)
    (block,) = hessian.value.values()
    row = np.reshape(block, (first.size, first.size))[0]
    np.testing.assert_allclose(row, second, rtol=1e-13, atol=1e-13)


def test_what_a_short_taylor_polynomial_leaves_out_is_enclosed(monkeypatch):
    """Of degree 5, ten digits are not known; the truth is inside all the same."""
    first, second = differences("expm")
    monkeypatch.setattr(decompositions, "_degree", lambda bits: 5)
    problem = problem_of("expm")
    gradient, hessian = (
        reference(own_point(problem)),
        calcbench.reference(problem, operator="hessian"),
    )
    (block,) = hessian.values.values()
    for balls, truth in ((gradient.values["x"].ravel(), first), (np.ravel(block)[:9], second)):
        assert all(1e-12 < float(ball.rad()) < 100 for ball in balls)
        assert all(ball.contains(float(t)) for ball, t in zip(balls, truth, strict=True))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([2, 3, 5]))
def test_what_a_library_rounds_is_within_the_bound(seed, n):
    """The slope of an eigenvalue is v vᵀ: as NumPy has v, near or far from its neighbours."""
    x = np.random.default_rng(seed).normal(size=(n, n))
    certificate = certify(
        own_point(calcbench.problem(x=x)(lambda xp, x: xp.linalg.eigvalsh(x)[0])), "float64"
    )
    vector = np.linalg.eigh((x + x.T) / 2)[1][:, 0]
    error = np.abs(np.outer(vector, vector).ravel() - certificate.value)
    assert np.all(error <= certificate.bound)


@pytest.mark.parametrize("name", ["eigh", "svd"])
def test_values_that_coincide_are_not_certified(name):
    at = np.eye(3) if name == "eigh" else np.eye(3, 2)
    with pytest.raises(UndecidedHere, match="two eigenvalues, which may be equal"):
        reference(own_point(problem_of(name, at)))


def test_eigenvalues_that_nearly_coincide_take_more_bits():
    at = np.diag([1.0, 1.0 + 2.0**-50, -3.0])
    found = calcbench.problem(x=at)(lambda xp, x: xp.linalg.eigvalsh(x)[1])
    expected = np.zeros((3, 3))
    expected[0, 0] = 1.0
    np.testing.assert_allclose(reference(own_point(found)).value["x"], expected, atol=1e-14)


def test_large_matrices_are_refused_at_once():
    large = calcbench.problem(x=np.eye(33))(lambda xp, x: xp.sum(xp.linalg.eigvalsh(x)))
    with pytest.raises(NotCertified, match="certified up to 32 × 32, not 33"):
        reference(own_point(large))


def test_what_is_not_finite_is_no_certificate():
    at = np.array([[1e300, 0.0], [0.0, 1e300]])
    huge = calcbench.problem(x=at)(lambda xp, x: xp.sum(xp.linalg.expm(x * 1e300)))
    with pytest.raises(NotCertified):
        reference(own_point(huge), seconds=2.0)
