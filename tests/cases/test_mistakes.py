"""Usual mistakes: each is told where it is, with what to write instead, and harms nobody else."""

import math
import random

import numpy as np
import pytest
import scipy.integrate
import scipy.special
from modes import require
from scipy.special import erf

import calcbench as cb
from calcbench.backend.numpy_cost import check_repeats
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status

QUICK = ("by_hand", "finite_difference")


def rows(problem, *backends, **options):
    """Backend → its record; no timing."""
    found = cb.compare(problem, list(backends), timed=False, **options).records
    return {record.backend: record for record in found}


# --- a fault of one backend, or of the formula, is its row ---------------------------------------


def forgotten(xp, x):
    {"x": 2 * x}


def misspelled(xp, x):
    return {"x": 2 * xp.expp(x)}


def of_a_list(xp, x):
    return [2 * x]


def of_another_name(xp, x):
    return {"y": 2 * x}


FORMULAS = {
    "must return a dict, but it returned None: its `return` is missing": forgotten,
    "xp.expp is not in the array vocabulary: did you mean 'exp'?": misspelled,
    "but it is a list": of_a_list,
    "lacks 'x'": of_another_name,
}


@pytest.mark.parametrize("words", FORMULAS)
@pytest.mark.parametrize("operator", ["gradient", "hessian"])
def test_a_malformed_formula_is_the_row_of_those_that_use_it(words, operator):
    @cb.problem(x=2.0, gradient=FORMULAS[words])
    def square(xp, x):
        return x**2

    found = rows(square, *QUICK, "finite_difference[of=cost]", "sympy", operator=operator)
    assert {found[name].status for name in ("finite_difference[of=cost]", "sympy")} == {Status.OK}
    blamed = found["by_hand" if operator == "gradient" else "finite_difference"]
    assert blamed.status is Status.ERROR
    assert words in blamed.reason
    with pytest.raises(cb.ProblemError):
        cb.gradient(square, "by_hand")


def test_a_formula_without_return_names_its_line():
    @cb.problem(x=2.0, gradient=forgotten)
    def square(xp, x):
        return x**2

    line = forgotten.__code__.co_firstlineno
    assert rows(square, "by_hand")["by_hand"].reason.startswith(f"test_mistakes.py:{line}: ")


def test_a_formula_without_return_in_one_branch():
    def gradient(xp, x):
        if x < 10:
            return {"x": 2 * x}

    @cb.problem(x=2.0, gradient=gradient)
    def square(xp, x):
        return x**2

    found = rows(square, *QUICK)
    assert found["finite_difference"].status is Status.OK
    assert found["by_hand"].status is Status.ERROR
    assert "but it is a NoneType, evaluated on balls" in found["by_hand"].reason


def test_a_cost_without_return_where_calcbench_chose_the_point():
    """It counts against nobody: the point is not judged."""

    @cb.problem(x=2.0, gradient=lambda x: {"x": 2 * x})
    def square(xp, x):
        if x > 1:
            return x**2

    found = rows(square, *QUICK)
    assert {record.status for record in found.values()} == {Status.OK}
    assert "not judged at zeros" in found["by_hand"].judged


def test_a_cost_that_raises_where_calcbench_chose_the_point():
    """The hand-derived formula does not, and is no evidence that the cost is defined there."""

    @cb.problem(x=2.0, gradient=lambda x: {"x": 2 * x})
    def square(xp, x):
        if x < 1:
            raise ValueError("too small")
        return x**2 + float(0 * x)  # off the balls: it is not certified

    found = rows(square, *QUICK)
    assert {record.status for record in found.values()} == {Status.OK}
    assert "ValueError: too small there (declare a domain)" in found["by_hand"].judged


@pytest.mark.parametrize("backend", QUICK)
def test_a_cost_that_breaks_its_contract_everywhere_is_bad_input(backend):
    @cb.problem(x=[1.0, 2.0], gradient=lambda x: {"x": x})
    def vector(xp, x):
        return x

    with pytest.raises(cb.ProblemError, match="must return one number"):
        rows(vector, backend)


def draws(xp, x):
    return xp.sum(x) * random.random()


def draws_by_numpy(xp, x):
    return xp.sum(x**2) + np.random.random()


def counts(xp, x, calls=[]):  # noqa: B006 (this is the mistake)
    calls.append(x)
    return xp.sum(x**2) * len(calls)


def remembers(xp, x, last={"x": 0.0}):  # noqa: B006 (this is the mistake)
    moved = xp.sum(x - last["x"])
    last["x"] = 2 * last["x"] + 1.0
    return moved**2


class Keeps(cb.Problem):
    """A cost that counts its calls: C = n·Σx."""

    def __init__(self):
        self.calls = 0

    def inputs(self, size, rng):
        return {"x": rng.normal(size=size)}

    def cost(self, xp, x):
        self.calls += 1
        return xp.sum(x) * self.calls


CHANGING = [draws, draws_by_numpy, counts, remembers]


@pytest.mark.parametrize("cost", [*CHANGING, Keeps], ids=lambda cost: cost.__name__)
def test_a_cost_that_gives_another_value_when_it_is_run_again_is_bad_input(cost):
    problem = Keeps() if cost is Keeps else cb.problem(x=[1.0, 2.0])(cost_alone(cost))
    for ask in (
        lambda: rows(problem, "finite_difference", "sympy"),
        lambda: rows(problem, "finite_difference", certify="none"),
        lambda: cb.reference(problem),
        lambda: cb.steps(problem, backends=["finite_difference"]),
    ):
        with pytest.raises(cb.ProblemError, match="gives another value when it is run again"):
            ask()


def cost_alone(cost):
    """The cost as a function of x alone: its default is not data."""
    return lambda xp, x: cost(xp, x)


def test_of_many_rows_a_few_are_run_again():
    lengths = []

    @cb.problem(a=0.3, y=np.linspace(0, 1, 100_000), rows=("y",))
    def cost(xp, a, *, y):
        lengths.append(len(y))
        return xp.mean(xp.exp(a * y)) * (1 + len(lengths))

    with pytest.raises(cb.ProblemError, match="gives another value when it is run again"):
        cb.reference(cost)
    assert max(lengths) < 2_000


def test_what_one_run_gives_is_given_by_the_next_where_it_is_nan_or_infinite():
    check_repeats(own_point(cb.problem(x=[0.0, 1.0])(lambda xp, x: xp.sum(xp.log(x)))))
    check_repeats(own_point(cb.problem(x=[-1.0, 1.0])(lambda xp, x: xp.sum(xp.log(x)))))


def test_a_formula_that_draws_is_the_row_of_by_hand():
    @cb.problem(x=[1.0, 2.0], gradient=lambda xp, x: {"x": 2 * x * (1 + 1e-9 * random.random())})
    def square(xp, x):
        return xp.sum(x**2)

    found = rows(square, *QUICK)
    assert found["by_hand"].reason.startswith("a second run gave another ∂C/∂x[")
    assert found["finite_difference"].status is Status.OK


def relu(xp, x):
    return xp.sum((x > 0) * x)


@pytest.mark.parametrize("at", [2.0, [1.0, -2.0]])
@pytest.mark.parametrize("backend", ["sympy", "tensorflow"])
def test_a_condition_times_a_number(backend, at):
    require(backend)
    problem = cb.problem(x=at)(relu)
    found = rows(problem, "finite_difference", backend)
    assert found["finite_difference"].status is Status.OK
    assert found[backend].status is Status.ERROR
    remedy = "a condition becomes a number by xp.where(condition, 1.0, 0.0)"
    assert remedy in found[backend].reason


def test_that_remedy_removes_the_fault():
    @cb.problem(x=[1.0, -2.0])
    def mended(xp, x):
        return xp.sum(xp.where(x > 0, 1.0, 0.0) * x)

    assert rows(mended, "sympy")["sympy"].status is Status.OK


def test_a_disagreement_shows_where_the_numbers_differ():
    @cb.problem(w=[1.0, 2.0], gradient=lambda xp, w: {"w": 2.0000000001 * w})
    def squares(xp, w):
        return xp.sum(w**2)

    by_hand = rows(squares, *QUICK)["by_hand"]
    assert by_hand.reason == (
        "∂C/∂w[1] is 4.0000000002, expected 4 (off by 2e-10, allowed 7.5e-15)"
    )


def test_a_formula_that_changes_a_little_shows_by_how_much():
    runs = []

    def changes(xp, x):
        runs.append(x)
        return {"x": 2 * x * (1 + 1e-12 * len(runs))}

    by_hand = rows(cb.problem(x=2.0, gradient=changes)(lambda xp, x: x**2), "by_hand")["by_hand"]
    first, then = by_hand.reason.removeprefix("a second run gave another ∂C/∂x: ").split(", then ")
    assert first != then


# --- a remedy removes what was raised, or is not told ---------------------------------------------


def by_numpy_twice(xp, x):
    return np.sum(np.sin(x))


def in_a_long_statement(xp, x):
    return xp.sum(
        xp.cos(x) * np.sin(x),
    ) + np.max([1.0])


def by_scipy_of_float(xp, x):
    return scipy.special.erf(float(x[0]))


def by_its_bare_name(xp, x):
    return xp.sum(erf(x))


def by_quadrature(xp, x):
    return scipy.integrate.quad(lambda t: math.exp(1.0) * t, 0.0, float(x[0]))[0]


def of_a_number(xp, x):
    return abs(float(x[0])) ** 2


def largest(xp, x):
    return max(abs(x))


def larger(xp, x):
    return max(x[0], x[1])


def of_a_helper_of_mine(xp, x):
    return doubled(float(x[0]))


def halved(xp, x):
    while x[0] > 0.2: x = x / 2  # fmt: skip  # noqa: E701
    return x[0]


def chosen(xp, x):
    return x[0] if x[0] > 0 else x[1]


def doubled(x):
    return 2.0 * x


REMEDIES = {
    by_numpy_twice: "; use xp.sum and xp.sin in place of np.sum and np.sin",
    in_a_long_statement: "; use xp.sin in place of np.sin",
    by_scipy_of_float: "; use xp.erf in place of scipy.special.erf, without float()",
    by_its_bare_name: "; use xp.erf in place of erf",
    by_quadrature: "",
    of_a_number: "; leave float() out: xp computes with arrays as they are",
    largest: "; use xp.max in place of max",
    larger: "; use xp.maximum in place of max",
    of_a_helper_of_mine: "",
    halved: "; a loop cannot depend on a value: use xp.iterate, with a number of steps",
    chosen: "; use xp.where(condition, value, other) in place of a Python branch",
}


@pytest.mark.parametrize("cost", REMEDIES)
def test_the_remedy_is_for_what_was_raised(cost):
    reason = rows(cb.problem(x=[0.3, 0.4])(cost), "sympy")["sympy"].reason
    assert reason.startswith("test_mistakes.py:")
    assert reason.partition("; ")[2] == REMEDIES[cost].removeprefix("; ")


def test_an_operation_in_place():
    require("torch")

    @cb.problem(x=[1.0, 2.0])
    def moved(xp, x):
        x += 1
        return xp.sum(x)

    reason = rows(moved, "torch")["torch"].reason
    assert reason.endswith("; write x = x + 1 in place of x += 1")


def test_abs_of_python_is_certified():
    """It does what `xp.abs` does, on balls too."""

    @cb.problem(x=-1.5)
    def size(x):
        return abs(x) ** 3

    found = rows(size, "finite_difference")["finite_difference"]
    assert found.status is Status.OK
    assert found.reference["x"] == pytest.approx(-6.75)


# --- what a framework runs, and loses -------------------------------------------------------------


def all_by_numpy(xp, x):
    return xp.sum(np.exp(x))


def a_factor_by_numpy(xp, x):
    return xp.sum(x * np.exp(x))


def a_component_by_numpy(xp, x):
    return np.exp(x[0]) + x[1]


LOST = {
    all_by_numpy: Status.ERROR,
    a_factor_by_numpy: Status.DISAGREE,
    a_component_by_numpy: Status.DISAGREE,
}


@pytest.mark.parametrize("operator", ["gradient", "hvp"])
@pytest.mark.parametrize("cost", LOST)
def test_a_lost_derivative_is_condemned_with_the_remedy(cost, operator):
    """TensorFlow takes the numbers out of its tensors, and goes on."""
    require("tensorflow")
    found = rows(cb.problem(x=[0.3, 0.4])(cost), "tensorflow", operator=operator)["tensorflow"]
    assert found.status.failed
    assert operator == "hvp" or found.status is LOST[cost]
    line = cost.__code__.co_firstlineno + 1
    assert f"test_mistakes.py:{line}: use xp.exp in place of np.exp" in found.reason


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_a_derivative_lost_by_float(backend):
    require(backend)

    @cb.problem(x=0.3)
    def taken(xp, x):
        return scipy.special.erf(float(x)) * x

    found = rows(taken, backend)[backend]
    assert found.status is Status.DISAGREE
    assert found.reason.endswith(": use xp.erf in place of scipy.special.erf, without float()")


def test_a_branch_of_python_is_no_departure():
    """A wrong formula elsewhere is not explained by what an eager framework runs well."""
    require("torch")

    class Torn(cb.Problem):
        def inputs(self, size, rng):
            return {"x": 2.0}

        def cost(self, xp, x):
            return x**2 if float(x) > 0 else -x

        def cost_torch(self, xp, x):
            return x**3 if x > 0 else -x

    found = rows(Torn(), "torch", "finite_difference")["torch"]
    assert found.status is Status.DISAGREE
    assert "leaves xp" not in found.reason
    assert "in place of" not in found.reason
