"""The decorator: options beside the values of the arguments."""

import numpy as np
import pytest

import calcbench as cb
from calcbench.problem.inputs import own_point

RNG = np.random.default_rng(1)
X = RNG.standard_normal((40, 2))
Y = X @ [1.0, -2.0] + 0.1 * RNG.standard_normal(40)
START = {"w": [0.1, 0.2], "X": X, "y": Y}


def squares(xp, w, *, X, y):
    return xp.mean((xp.matmul(X, w) - y) ** 2)


def slope(xp, w, *, X, y):
    residual = xp.matmul(X, w) - y
    return {"w": 2 * xp.mean(xp.reshape(residual, (-1, 1)) * X, axis=0)}


def status(problem, backend, **options):
    (record,) = cb.compare(problem, [backend], **options).records
    return record


def test_a_gradient_is_derived_by_hand_and_proved():
    problem = cb.problem(**START, rows=("X", "y"), gradient=slope)(squares)
    found = cb.compare(problem, ["by_hand", "sympy"]).records
    assert [record.status for record in found] == ["ok", "ok"]
    assert found[0].proof == "proved"
    wrong = cb.problem(**START, gradient=lambda xp, w, *, X, y: {"w": 0 * w})(squares)
    assert status(wrong, "by_hand").status == "disagree"


def test_formulas_take_xp_only_if_they_name_it():
    @cb.problem(
        x=3.0,
        y=2.0,
        gradient=lambda x, y: {"x": 2 * x, "y": -2 * y},
        hvp=lambda direction, x, y: {"x": 2 * direction["x"], "y": -2 * direction["y"]},
        hessian=lambda x, y: {("x", "x"): 2.0, ("x", "y"): 0.0, ("y", "y"): -2.0},
    )
    def saddle(x, y):
        return x**2 - y**2

    assert cb.gradient(saddle, "by_hand") == {"x": 6.0, "y": -4.0}
    product = cb.hvp(saddle, {"x": 1.0, "y": 1.0}, "by_hand")
    assert product == {"x": 2.0, "y": -2.0}
    assert np.array_equal(cb.hessian(saddle, "by_hand"), [[2, 0], [0, -2]])
    assert saddle(3.0, 2.0) == 5.0


def test_a_function_of_outputs_is_vector_valued():
    @cb.problem(
        x=[1.0, 2.0], outputs=lambda inputs: 2, jacobian=lambda xp, x: {"x": 2 * np.diag(x)}
    )
    def both(xp, x):
        return x**2

    assert both.vector_valued
    assert np.array_equal(cb.jacobian(both, "by_hand"), [[2, 0], [0, 4]])


def test_an_option_that_is_an_argument_is_that_argument():
    @cb.problem(w=2.0, rows=3.0, domain=[1.0, 2.0], sizes=4.0)
    def cost(xp, w, sizes, *, rows, domain):
        return w * sizes * rows * xp.sum(domain)

    assert cb.gradient(cost, "finite_difference")["w"] == pytest.approx(36.0)
    assert cost.rows == ()
    assert cost.sizes == (1,)
    assert cost.parameters == ("w", "sizes")


def test_the_size_of_declared_rows_is_how_many_are_taken():
    problem = cb.problem(**START, rows=("X", "y"), sizes=(10, 40))(squares)
    assert problem.sizes == (10, 40)
    assert own_point(problem)["X"].shape == (10, 2)
    assert np.array_equal(own_point(problem, 25)["y"], Y[:25])
    with pytest.raises(cb.SelectorError, match="has 40 rows, got size 41"):
        own_point(problem, 41)
    assert cb.problem(**START, rows=("X", "y"))(squares).sizes == (40,)
    assert status(problem, "finite_difference", size=20).size == 20


def test_fixed_data_have_one_size():
    problem = cb.problem(**START)(squares)
    assert problem.sizes == (1,)
    with pytest.raises(cb.SelectorError, match="has one size"):
        own_point(problem, 20)
    with pytest.raises(cb.ProblemError, match=r"sizes needs rows=…"):
        own_point(cb.problem(**START, sizes=(10, 40))(squares))


def test_long_data_give_a_size_without_a_declaration():
    x = np.linspace(0.0, 1.0, 1000)
    long = cb.problem(a=1.0, x=x)(lambda xp, a, *, x: xp.mean((a - x) ** 2))
    assert long.sizes == (1000,)
    assert own_point(long, 1000).row_count == 1000


def test_a_domain_may_be_an_interval_or_a_function():
    inside = cb.problem(r=2.0, domain={"r": (0.0, np.inf)})(lambda xp, r: xp.log(r))
    assert inside.intervals == {"r": (0.0, np.inf)}
    assert status(inside, "finite_difference").status == "ok"

    def valid(values):
        return values["r"] > 0

    outside = cb.problem(r=2.0, domain=valid)(lambda xp, r: xp.log(r))
    assert outside.intervals == {}
    assert outside.domain({"r": 2.0}) is True
