"""Branches: what is counted as one, which outcomes are seen, and how the others are found."""

import numpy as np
import pytest

import calcbench
from calcbench.certified.branches import search, unseen, visit
from calcbench.certified.formulas import evaluate_formula
from calcbench.certified.reference import NotCertified
from calcbench.operators import GRADIENT
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point


def problem_with(gradient, cost=lambda xp, x, y: x**2 * y, domain=None):
    """A problem of two parameters, with a gradient and perhaps another cost or domain."""

    class Branches(calcbench.Problem):
        """Two numbers."""

        def inputs(self, size, rng):
            return {"x": 1.3, "y": 0.7, "label": [1.0, -1.0]}

        def cost(self, xp, x, y, *, label):
            return cost(xp, x, y) + 0 * xp.sum(label)

        def gradient(self, xp, x, y, *, label):
            return gradient(xp, x, y, label)

    if domain is not None:
        Branches.domain = domain
    return Branches()


def known(problem):
    return [visit(point, GRADIENT) for point in points_for(own_point(problem)).values()]


def outcomes(visits):
    seen = {outcome for found in visits for outcome in found.outcomes}
    return {(site.text, holds) for site, holds in seen if not site.kink}


def is_beyond(visits, number):
    """Whether a point lies on the other side of a number than the first one."""
    first, *others = (float(found.point["x"]) for found in visits)
    return any((x - number) * (first - number) < 0 for x in others)


KINKS = {
    "abs": (lambda xp, x: xp.abs(x + 431.0), -431.0),
    "maximum": (lambda xp, x: xp.maximum(x, 312.0), 312.0),
    "Python's max": (lambda xp, x: max(x, 312.0), 312.0),
    "sign": (lambda xp, x: xp.sign(x + 300.0), -300.0),
    "relu": (lambda xp, x: xp.relu(x - 777.0), 777.0),
    "clip": (lambda xp, x: xp.clip(x, -5000.0, 5000.0), 5000.0),
    "floor": (lambda xp, x: xp.floor(x / 1000.0), 1000.0),
    "ceil": (lambda xp, x: xp.ceil(x / 1000.0), 1000.0),
    "round": (lambda xp, x: xp.round(x / 1000.0), 500.0),
    "remainder": (lambda xp, x: xp.remainder(x, 700.0), 700.0),
}
"""Name → a function of x, and where it has a kink or a jump."""


@pytest.mark.parametrize("name", KINKS)
def test_points_are_found_beyond_a_kink_that_nobody_is_told_of(name):
    function, number = KINKS[name]
    problem = problem_with(lambda xp, x, y, label: {"x": 0 * function(xp, x), "y": x**2})
    visits = known(problem)
    added = search(visits, GRADIENT)
    assert is_beyond([*visits, *added], number)
    assert unseen(outcome for found in visits for outcome in found.outcomes) == []


def test_what_was_rounded_is_compared_in_a_branch():
    def gradient(xp, x, y, label):
        return {"x": xp.where(xp.floor(x) + 1.0 > 40.0, 1.0, 2 * x * y), "y": x**2}

    visits = known(problem_with(gradient))
    assert outcomes(visits) == {("xp.floor(x) + 1.0 > 40.0", False)}
    assert ("xp.floor(x) + 1.0 > 40.0", True) in outcomes(search(visits, GRADIENT))


def everywhere(xp, x, y, label):
    return {"x": 2 * x * y, "y": x**2}


def test_what_the_vocabulary_compares_is_no_branch():
    def gradient(xp, x, y, label):
        top = xp.max(xp.stack([x, y, xp.maximum(x, 0.0), xp.minimum(x, y)]))
        return {"x": 2 * x * y + 0 * max(x, y) + 0 * top, "y": xp.abs(x) ** 2}

    assert outcomes(known(problem_with(gradient))) == set()


def test_what_data_decide_is_no_branch():
    def gradient(xp, x, y, label):
        return {"x": 2 * x * y + xp.sum(xp.where(label > 0, 0.0, 0.0 * x)), "y": x**2}

    assert outcomes(known(problem_with(gradient))) == set()


def test_comparisons_of_cost_and_formula_are_branches_by_file_and_line():
    def cost(xp, x, y):
        return xp.where(x * y > 100, x**2 * y, x**2 * y)

    def gradient(xp, x, y, label):
        if y <= 5:
            return everywhere(xp, x, y, label)
        return everywhere(xp, x, y, label)

    found = known(problem_with(gradient, cost))
    (one, other) = sorted({site for v in found for site, _ in v.outcomes}, key=lambda s: s.line)
    assert (one.text, other.text) == ("x * y > 100", "y <= 5")
    assert one.file == other.file == __file__
    assert other.line - one.line == 3
    assert unseen(o for v in found for o in v.outcomes) == [
        f"`x * y > 100` at line {one.line} was never true",
        f"`y <= 5` at line {other.line} was never false",
    ]


@pytest.mark.parametrize(
    "condition",
    [
        lambda x, y: x < -1.0,
        lambda x, y: x > 1e6,
        lambda x, y: x * x + y * y > 1e4,
        lambda x, y: x - y < -123.456,
        lambda x, y: x < 1e-9,
        lambda x, y: x**3 + x > 1000,
    ],
)
def test_both_sides_are_found(condition):
    def gradient(xp, x, y, label):
        return {"x": xp.where(condition(x, y), 2 * x, 2 * x) * y, "y": x**2}

    visits = known(problem_with(gradient))
    every = [*visits, *search(visits, GRADIENT)]
    assert unseen(o for v in every for o in v.outcomes) == []


def test_two_comparisons_are_found_together():
    def gradient(xp, x, y, label):
        return {"x": xp.where((x > 50) & (y > 60), 2 * x, 2 * x) * y, "y": x**2}

    visits = known(problem_with(gradient))
    found = search(visits, GRADIENT)
    assert any(v.point["x"] > 50 and v.point["y"] > 60 for v in found)


def test_a_branch_outside_the_domain_stays_unseen():
    def gradient(xp, x, y, label):
        return {"x": xp.where(x < -1.0, 3 * x, 2 * x) * y, "y": x**2}

    visits = known(problem_with(gradient, domain={"x": (0.0, np.inf)}))
    every = [*visits, *search(visits, GRADIENT)]
    assert all(v.point["x"] > 0 for v in every)
    (text,) = unseen(o for v in every for o in v.outcomes)
    assert text.startswith("`x < -1.0` at line ")
    assert text.endswith(" was never true")


def test_a_condition_that_never_holds_is_given_up():
    def gradient(xp, x, y, label):
        return {"x": xp.where(x**2 < -1.0, 3 * x, 2 * x) * y, "y": x**2}

    visits = known(problem_with(gradient))
    found = search(visits, GRADIENT)
    assert len(unseen(o for v in (*visits, *found) for o in v.outcomes)) == 1


def test_a_formula_that_leaves_the_vocabulary_is_not_seen():
    def gradient(xp, x, y, label):
        return {"x": 2 * float(x) * y, "y": x**2}

    with pytest.raises(NotCertified, match="TypeError"):
        visit(own_point(problem_with(gradient)), GRADIENT)


def test_without_a_branch_nothing_is_searched():
    visits = known(problem_with(everywhere))
    assert search(visits, GRADIENT) == []


def test_a_formula_that_takes_too_long_in_balls_is_given_up():
    class Normal(calcbench.Problem):
        """Least squares, whose formula multiplies two matrices first."""

        def inputs(self, size, rng):
            return {"w": np.ones(60), "X": np.ones((60, 60)), "y": np.ones(60)}

        def cost(self, xp, w, *, X, y):
            return xp.sum((xp.matmul(X, w) - y) ** 2) / 2

        def gradient(self, xp, w, *, X, y):
            square = xp.matmul(xp.matrix_transpose(X), X)
            return {"w": xp.matmul(square, w) - xp.matmul(xp.matrix_transpose(X), y)}

    point = own_point(Normal())
    assert evaluate_formula(point, 53)["w"].shape == (60,)
    with pytest.raises(NotCertified, match="too long"):
        evaluate_formula(point, 53, seconds=0.001)
