"""Proofs in symbols: for all data, for these data, in pieces, and never beyond a deadline."""

import time

import pytest
import sympy

import calcbench
from calcbench.backends.sympy import proof as proofs
from calcbench.backends.sympy.deadline import deadline
from calcbench.catalogue.selection import choose_backends
from calcbench.errors import Unsupported
from calcbench.problem.inputs import own_point


def prove(problem):
    (symbolic,) = choose_backends("sympy")
    return symbolic.prove(own_point(problem))


def problem_with(cost, gradient, values, **options):
    class Stated(calcbench.Problem):
        """Whatever it is."""

        def inputs(self, size, rng):
            return values

    return type("Stated", (Stated,), {"cost": cost, "gradient": gradient, **options})()


def quadratic(gradient, matrix, **options):
    def cost(self, xp, x, *, A):
        return 0.5 * xp.sum(x * xp.matmul(A, x))

    return problem_with(cost, gradient, {"x": [0.3, -0.2], "A": matrix}, **options)


def textbook(self, xp, x, *, A):
    return {"x": xp.matmul(A, x)}


def test_a_formula_may_use_what_its_data_obey():
    assert prove(quadratic(textbook, [[2.0, 0.8], [0.8, 1.0]])) == "proved for these data"


def test_a_formula_whose_data_do_not_obey_is_refuted():
    assert prove(quadratic(textbook, [[2.0, 0.8], [0.7, 1.0]])) == "refuted in ∂C/∂x[0]"


def test_a_formula_for_all_data_is_proved():
    def general(self, xp, x, *, A):
        return {"x": 0.5 * (xp.matmul(A, x) + xp.matmul(xp.matrix_transpose(A), x))}

    assert prove(quadratic(general, [[2.0, 0.8], [0.7, 1.0]])) == "proved"


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1.0, -1.0, 1.0], "proved for these data"),
        ([1.0, -1.0, 0.5], "refuted in ∂C/∂w"),  # the third row alone does not obey
        ([1.0, -1.0] * 10, "not proved: not for all data, and these have 20 rows"),
    ],
)
def test_the_numbers_of_every_row_are_put_in(labels, said):
    def cost(self, xp, w, *, x, y):
        return xp.mean((y * w * x - 1) ** 2)

    def gradient(self, xp, w, *, x, y):
        return {"w": 2 * xp.mean((w * x - y) * x)}

    values = {"w": 0.3, "x": [0.5 + k for k in range(len(labels))], "y": labels}
    assert prove(problem_with(cost, gradient, values, rows=("x", "y"))) == said


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (lambda xp, x: xp.where(x < -1.0, 2.5, 2.0), "refuted in ∂C/∂x where x < -1"),
        (lambda xp, x: xp.where(x > 100.0, 2.5, 2.0), "refuted in ∂C/∂x where x > 100"),
        (lambda xp, x: xp.where(x < -1.0, 2.0, 2.0), "proved"),
        (lambda xp, x: xp.where(x > 1, xp.where(x < 0, 3.0, 2.0), 2.0), "proved"),  # no such x
        (
            lambda xp, x: xp.where(xp.sin(x) > 2, 3.0, 2.0),
            "not proved in ∂C/∂x where sin(x) > 2",  # no point shows that it is right
        ),
    ],
)
def test_each_piece_of_a_difference_is_looked_at(factor, said):
    def cost(self, xp, x):
        return x**2

    def gradient(self, xp, x):
        return {"x": factor(xp, x) * x}

    assert prove(problem_with(cost, gradient, {"x": 1.3})) == said


def absolute(xp, w):
    return xp.sum(xp.abs(w))


def rectified(xp, w):
    return xp.sum(xp.maximum(w, 0.0))


def nested(xp, w):
    return xp.sum(xp.abs(xp.where(w > 1, w**2, -w)))


@pytest.mark.parametrize(
    ("cost", "formula", "said"),
    [
        (absolute, lambda xp, w: xp.where(w > 0, 1.0, -1.0), "proved"),
        (absolute, lambda xp, w: xp.where(w >= 0, 1.0, -1.0), "proved"),
        (absolute, lambda xp, w: w / xp.abs(w), "proved"),
        (absolute, lambda xp, w: xp.where(w > 3, 2.0, xp.where(w > 0, 1.0, -1.0)), "refuted"),
        (rectified, lambda xp, w: xp.where(w > 0, 1.0, 0.0), "proved"),
        (rectified, lambda xp, w: xp.where(w >= 0, 1.0, 0.0), "proved"),
        (rectified, lambda xp, w: xp.where(w >= 0, 1.0, 0.5), "refuted"),
        (nested, lambda xp, w: xp.where(w > 1, 2 * w, xp.where(w > 0, 1.0, -1.0)), "proved"),
        (nested, lambda xp, w: xp.where(w > 1, 2 * w, xp.where(w > 0, 1.0, 1.0)), "refuted"),
        (lambda xp, w: xp.max(w), lambda xp, w: xp.where(w >= xp.max(w), 1.0, 0.0), "proved"),
        (lambda xp, w: xp.max(w), lambda xp, w: xp.where(w == xp.max(w), 1.0, 0.0), "proved"),
        (lambda xp, w: xp.max(w), lambda xp, w: xp.where(w != xp.max(w), 1.0, 0.0), "refuted"),
        (lambda xp, w: xp.max(w), lambda xp, w: xp.where(w < xp.max(w), 1.0, 0.0), "refuted"),
    ],
)
def test_where_a_comparison_ties_nothing_is_refuted(cost, formula, said):
    """At zeros, one of the points, every formula says something else of |w| and max(w, 0)."""
    problem = problem_with(
        lambda self, xp, w: cost(xp, w),
        lambda self, xp, w: {"w": formula(xp, w)},
        {"w": [1.0, -2.0]},
    )
    assert prove(problem).split(" ")[0] == said


def test_many_comparisons_that_tie_refute_nothing():
    """More than are gone through one by one: at zeros the formula differs, and is right."""

    def cost(self, xp, w):
        return xp.sum(xp.maximum(w, 0.0)) ** 2

    def gradient(self, xp, w):
        return {"w": 2 * xp.sum(xp.maximum(w, 0.0)) * xp.where(w >= 0, 1.0, 0.0) + 0 * w}

    assert not prove(problem_with(cost, gradient, {"w": [0.1 * k for k in range(12)]})).startswith(
        "refuted"
    )


def test_what_differs_for_other_data_is_not_multiplied_out():
    """A Mahalanobis distance of three, whose difference is thousands of products."""

    def cost(self, xp, mu, *, x, cov):
        z = xp.linalg.solve(xp.linalg.cholesky(cov), x - mu)
        return 0.5 * xp.sum(z * z)

    def gradient(self, xp, mu, *, x, cov):
        return {"mu": xp.linalg.solve(cov, mu - x)}

    values = {
        "mu": [0.1, -0.3, 0.2],
        "x": [1.0, 0.5, -0.4],
        "cov": [[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 1.5]],
    }
    assert prove(problem_with(cost, gradient, values)) == "proved for these data"


def test_a_piece_outside_the_domain_refutes_nothing():
    def cost(self, xp, x):
        return x**2

    def gradient(self, xp, x):
        return {"x": xp.where(x < -1.0, 7.0, 2.0) * x}

    problem = problem_with(cost, gradient, {"x": 1.3}, domain=lambda self, v: bool(v["x"] > 0))
    assert prove(problem) == "not proved in ∂C/∂x where x < -1"


def test_a_rounded_constant_refutes_nothing_at_any_scale():
    def cost(self, xp, x):
        return 1e9 * x**3 / 3

    def gradient(self, xp, x):
        return {"x": 1e9 * x**2 * (1 / 3) * 3.0000000000000004}

    assert not prove(problem_with(cost, gradient, {"x": 1e6})).startswith("refuted")


def test_without_data_nothing_is_proved_for_them(monkeypatch):
    def cost(self, xp, x):
        return xp.sin(x) ** 2

    def gradient(self, xp, x):
        return {"x": xp.sin(2 * x)}

    problem = problem_with(cost, gradient, {"x": 1.3})
    assert prove(problem) == "proved"
    monkeypatch.setattr(proofs, "LARGEST_SIMPLIFICATION", 0)
    assert prove(problem) == "not proved in ∂C/∂x"


def compute_for_ever():
    while True:
        pass


def test_a_deadline_interrupts():
    started = time.thread_time()
    with pytest.raises(Unsupported, match="longer than 0 seconds"), deadline(0.1):
        compute_for_ever()
    assert 0.1 <= time.thread_time() - started < 5


def test_an_inner_deadline_leaves_the_outer_one():
    with deadline(60):
        with pytest.raises(Unsupported), deadline(0.05):
            compute_for_ever()
        assert sum(range(1000)) == 499500


def test_a_deadline_that_is_kept_leaves_no_trace():
    for _ in range(20):
        with deadline(0.2):
            pass
    time.sleep(0.3)


def test_powers_as_high_as_a_float_makes_them_are_not_simplified():
    """SymPy would take e^(x·p/2⁵⁴) for the p-th power of a root, and end the process."""
    x = sympy.Symbol("x", real=True)
    high = sympy.Rational(0.3)
    assert not proofs._simplifies(sympy.exp(high * x) ** 2 - sympy.exp(2 * high * x + x - x) + x)
    assert not proofs._simplifies((1 + x) ** high - x)
    assert proofs._simplifies(sympy.exp(x / 3) ** 3 - sympy.exp(x))
