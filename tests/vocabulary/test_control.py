"""Loops and branches that do not end, do not fit, or are judged."""

from __future__ import annotations

import numpy as np
import pytest
from vocabulary.selectors import DIFFERENTIATING, gradient

import calcbench
from calcbench.backends.torch.derivatives import Torch
from calcbench.certified.evaluation import NotCertified
from calcbench.conformance.points import M, V
from calcbench.errors import LimitReached, Unsupported
from calcbench.operators import NAMES
from calcbench.problem.inputs import own_point


def test_a_loop_whose_formula_is_too_long_is_refused():
    problem = calcbench.problem(a=2.0)(
        lambda xp, a: xp.while_loop(
            lambda s: xp.abs(s * s - a) > 1e-9, lambda s: (s + a / s) / 2, a, 100
        )
    )
    with pytest.raises(Unsupported, match=r"over 300,000 operations after \d+ of 100 steps"):
        gradient("sympy", problem)


@pytest.mark.parametrize("selector", DIFFERENTIATING)
def test_lengths_that_differ_are_refused(selector):
    at = calcbench.problem(x=V, y=M)(
        lambda xp, x, y: xp.scan(lambda s, x: (s + x[0], None), 0.0, (x, y))[0]
    )
    with pytest.raises(
        ValueError, match="one length is needed, of xs or as length=…, and not 2 and 3"
    ):
        gradient(selector, at)


def slices_of_nothing(xp, w):
    return xp.scan(lambda s, x: (s * w[1], None), w[0], (), length=2)[0]


def one_step(xp, w):
    state, kept = xp.scan(lambda s, x: (s * x, s + x), w[0], w[1:])
    return state * kept[0]


def keeps_nothing_beside(xp, w):
    state, (kept, nothing) = xp.scan(lambda s, x: (s * x, (s + x, None)), w[0], w)
    assert nothing is None
    return state * kept[0]


@pytest.mark.parametrize(
    ("cost", "slopes"),
    [(slices_of_nothing, [4, 4]), (one_step, [8, 5]), (keeps_nothing_beside, [12, 2])],
)
@pytest.mark.parametrize("selector", DIFFERENTIATING)
def test_scans_of_little(cost, slopes, selector):
    """At w = (1, 2): w₀w₁²; w₀w₁(w₀ + w₁); w₀²w₁ · 2w₀."""
    found = gradient(selector, calcbench.problem(w=[1.0, 2.0])(cost))["w"]
    np.testing.assert_allclose(found, slopes, rtol=1e-6)


READ = np.array([3.0, 0.5, 2.0])
"""An array that is no parameter and no data."""


def reads_an_array(xp, w):
    state, kept = xp.scan(lambda s, x: (s * x + w[1], s), w[0], READ)
    return state + kept[2]


def reads_a_slice(xp, w):
    return xp.scan(lambda s, x: (s * x + w[1], None), w[0], READ[1:])[0]


def reads_integers_beside(xp, w):
    def step(s, read):
        x, k = read
        return s * x * xp.take(w, k), None

    return xp.scan(step, w[0], [READ, np.array([1, 0, 1])])[0]


@pytest.mark.few(14, more=40)
@pytest.mark.parametrize(
    ("cost", "slopes"),
    [(reads_an_array, [4.5, 5.5]), (reads_a_slice, [1, 3]), (reads_integers_beside, [24, 12])],
)
@pytest.mark.parametrize("selector", DIFFERENTIATING)
def test_scans_of_what_is_no_parameter_and_no_data(cost, slopes, selector):
    """At w = (1, 2): 4.5w₀ + 5.5w₁; w₀ + 3w₁; 3w₀²w₁²."""
    found = gradient(selector, calcbench.problem(w=[1.0, 2.0])(cost))["w"]
    np.testing.assert_allclose(found, slopes, rtol=1e-6)


COMPILED = ("jax", "tensorflow[mode=function]", "tensorflow[mode=xla]")


def endless(xp, x):
    return xp.while_loop(lambda s: s > 1, lambda s: s + 1, x, 5)


@pytest.mark.parametrize("selector", [*DIFFERENTIATING, "certified"])
def test_a_loop_that_does_not_end_is_an_error(selector):
    problem = calcbench.problem(x=2.5)(endless)
    if selector == "sympy":
        assert np.isnan(gradient(selector, problem)["x"])
        return
    if selector in COMPILED:  # which cannot raise anything when they run
        assert np.isnan(gradient(selector, problem)["x"])
        return
    with pytest.raises((LimitReached, NotCertified), match="still holds after 5 steps"):
        gradient(selector, problem)


@pytest.mark.few(4)
@pytest.mark.parametrize("mode", ["eager", "func"])
@pytest.mark.parametrize(
    "operator", [n for n in NAMES if n not in ("jacobian", "second_derivative")]
)
def test_derivatives_inside_are_right_in_every_operator(operator, mode):
    """On torch's tape and its duals, where a function holds what it is not differentiated by."""

    @calcbench.problem(x=[0.3, -0.7], a=1.3)
    def nested(xp, x, *, a):
        by_first = xp.grad(lambda t, u: a * xp.sum(t * t * u) + t[0] * xp.exp(u[1]))
        twice = xp.grad(lambda s: s * xp.grad(lambda t: s * t * t * t * x[1])(s))(x[0])
        flat = xp.sum(xp.grad(lambda t: 0.0 * x[0])(xp.ones(2)))
        held = xp.sum(xp.grad(lambda t: xp.sum(t * x * x))(x))
        number = xp.grad(lambda t: t * t * x[0])(3.0)
        return xp.sum(by_first(x, x * x)) + twice * number + flat + held

    chosen = "partial[x[1]]" if operator == "partial" else operator
    (row,) = calcbench.verify(nested, f"torch[mode={mode}]", operator=chosen)
    assert (row.status, row.judged) == ("ok", "")


def test_nothing_is_recorded_of_a_cost_with_a_derivative_inside():
    problem = calcbench.problem(x=0.5)(lambda xp, x: xp.grad(lambda t: t**3)(x))
    point = own_point(problem)
    prepared = Torch().prepare(point, "cost")
    value = prepared.run(prepared.load(point))
    assert float(value) == 0.75
    assert not value.requires_grad


# --- what is judged of them -----------------------------------------------------------------------


def test_what_is_held_constant_on_purpose_is_no_cut_tape():
    @calcbench.problem(x=2.5, y=[0.5, 1.5])
    def held(xp, x, y):
        return xp.sum(y * y) * xp.stop_gradient(x)

    backends = ["torch", "finite_difference[scheme=complex]", "finite_difference"]
    torch, by_complex_step, by_differences = calcbench.compare(held, backends)
    assert (torch.status, by_complex_step.status) == ("ok", "ok")
    assert "cannot hold xp.stop_gradient(x) constant" in by_differences.reason


def test_a_formula_of_one_branch_is_told_by_the_other():
    @calcbench.problem(x=2.5, gradient=lambda x: {"x": 0.5 * x**-0.5})
    def root(xp, x):
        return xp.cond(x > 0.5, lambda: xp.sqrt(x), lambda: x * x)

    (row,) = calcbench.compare(root, ["by_hand"])
    assert row.status == "disagree"


def test_branches_that_meet_smoothly_have_a_derivative_where_they_do():
    @calcbench.problem(x=1.0, y=1.0)
    def meeting(xp, x, y):
        smooth = xp.cond(x > 1.0, lambda: x * x, lambda: 2 * x - 1)
        return smooth + xp.cond(y > 1.0, lambda: y * y, lambda: y)

    found = calcbench.reference(meeting)
    assert found.value["x"] == 2.0
    assert found.rough["y"]
