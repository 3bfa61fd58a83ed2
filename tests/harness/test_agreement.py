"""Every backend, problem and point: does the gradient agree, and to the digits promised?"""

import functools

import numpy as np
import pytest

import calcbench
from calcbench.catalogue.door import default_backends
from calcbench.catalogue.selection import select_backends
from calcbench.judge.contract import run_points
from calcbench.operators.points import points_for
from calcbench.problem.flat import flatten
from calcbench.problem.inputs import problem_inputs
from calcbench.record.record import Status

EXACT = 1e-13
"""Relative to the largest component: what exact methods and complex step must keep."""

TOLERANCE = {
    "by_hand": EXACT,
    "sympy": EXACT,
    "finite_difference": 1e-8,
    "finite_difference[scheme=complex]": EXACT,
    "finite_difference[scheme=richardson]": 1e-9,
    "finite_difference[scheme=forward]": 1e-5,
    "torch": EXACT,
    "torch[mode=func]": EXACT,
    "torch[mode=compile]": EXACT,
    "tensorflow": EXACT,
    "tensorflow[mode=function]": EXACT,
    "tensorflow[mode=xla]": EXACT,
    "jax": EXACT,
    "jax[mode=eager]": EXACT,
}

COMPILE = "torch[mode=compile]"

COMPILED = ("batch_regression", "softmax_cross_entropy")
"""The problems that it is tried on: it takes seconds to compile each."""

JUDGES = ("by_hand", "sympy", "torch", "jax", "finite_difference[scheme=complex]")

POINTS = ("own", "zeros", "random-1", "random-2")


@functools.cache
def problem(name):
    return calcbench.problems()[name]


COSTS = [name for name in calcbench.problems() if not problem(name).vector_valued]
"""The problems that have a gradient; the others are in test_operators.py."""


@functools.cache
def where(name):
    return points_for(problem(name), problem_inputs(problem(name)))


@functools.cache
def run(name, selector):
    (backend,) = select_backends([selector])
    return run_points(problem(name), backend, where(name))


@functools.cache
def reference(name, point):
    """The componentwise median of five methods that share no code below the cost."""
    vectors = [flatten(run(name, judge).results[point]) for judge in JUDGES]
    return np.median(vectors, axis=0)


def points_of(name):
    """The points of a problem, from its domain alone: tests are collected without its data."""
    zeros = all(low < 0 < high for low, high in problem(name).domain.values())
    return [point for point in POINTS if zeros or point != "zeros"]


def cells(selectors):
    return [
        pytest.param(name, selector, point, id=f"{name}-{selector}-{point}")
        for selector in selectors
        for name in (COMPILED if selector == COMPILE else COSTS)
        for point in points_of(name)
    ]


@pytest.mark.parametrize(("name", "selector", "point"), cells(s for s in TOLERANCE if s != COMPILE))
def test_gradient(name, selector, point):
    check(name, selector, point)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "selector", "point"), cells([COMPILE]))
def test_gradient_compiled(name, selector, point):
    check(name, selector, point)


def check(name, selector, point):
    assert set(where(name)) == set(points_of(name))
    result = run(name, selector)
    assert result.status is Status.OK, result.reason
    gradient = flatten(result.results[point])
    expected = reference(name, point)
    scale = np.max(np.abs(expected))
    if scale == 0:  # a stationary point
        assert np.max(np.abs(gradient)) <= TOLERANCE[selector]
    else:
        assert np.max(np.abs(gradient - expected)) / scale <= TOLERANCE[selector]


@pytest.mark.parametrize("name", COSTS)
def test_verdicts(name):
    """The harness says ok to all of them, and the hand-derived formula is proved."""
    records = calcbench.verify(name).records
    verdicts = {r.backend: (r.status, r.reason) for r in records}
    assert verdicts == dict.fromkeys(default_backends(), (Status.OK, ""))
    assert [r.proof for r in records if r.backend == "by_hand"] == ["proved"]


@pytest.mark.parametrize("name", ["batch_regression", "softmax_cross_entropy", "damped_wave"])
def test_float32_is_judged_as_float32(name):
    records = calcbench.verify(name, dtype="float32").records
    assert {r.status for r in records} == {Status.OK}, [r.reason for r in records]
    exact = [r for r in records if r.backend != "finite_difference[dtype=float32]"]
    assert all(5 < r.digits < 7.3 for r in exact), [(r.backend, r.digits) for r in exact]


def test_delta_method():
    """y = x² + 2x + 2 at 2: the forward quotient is 6 + Δ, so the error is Δ."""
    for delta in (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6):
        (backend,) = select_backends([f"finite_difference[scheme=forward,delta={delta}]"])
        slope = calcbench.gradient("delta_method", backend)["x"]
        assert slope == pytest.approx(6 + delta, rel=1e-9)
    records = calcbench.verify(
        "delta_method", ["by_hand", "finite_difference[scheme=forward,delta=0.1]"]
    ).records
    assert [r.status for r in records] == [Status.OK, Status.OK]
    assert records[1].digits == pytest.approx(0, abs=2)


@pytest.mark.parametrize("selector", [s for s in TOLERANCE if s != COMPILE])
def test_prepared_at_one_size_refuses_another(selector):
    line = problem("straight_line_at_scale")
    (backend,) = select_backends([selector])
    prepared = backend.prepare(line, problem_inputs(line, 1000))
    with pytest.raises(calcbench.ProblemError, match="prepare it again"):
        prepared.load(problem_inputs(line, 1001))
