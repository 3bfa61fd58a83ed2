"""Costs of which the certificate said too much, too little, or the wrong thing."""

from pathlib import Path

import numpy as np
import pytest
from modes import installed

import calcbench
from calcbench.catalogue.selection import select_backends, select_problems
from calcbench.certified.certificate import certify
from calcbench.operators import find_operator
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status

HERE = Path(__file__).parent
FRAMEWORKS = installed(["sympy", "torch", "tensorflow", "jax"])


def case(name):
    (problem,) = select_problems([str(HERE / f"{name}.py")])
    return problem


def certificate(problem, operator="gradient", dtype="float64", **at):
    problem = case(problem) if isinstance(problem, str) else problem
    return certify(own_point(problem, at=at or None), dtype, find_operator(operator))


def compare(problem, backends, operator="gradient"):
    """The records of a comparison, by backend."""
    problem = str(HERE / f"{problem}.py") if isinstance(problem, str) else problem
    found = calcbench.compare(problem, backends, operator=operator, timed=False)
    return {record.backend: record for record in found.records}


def function(cost, **inputs):
    return calcbench.problem(**inputs)(cost)


# --- the truth ----------------------------------------------------------------------------

TRUTH = [
    ("saturated_tanh", "gradient", [1 / np.cosh(5.0) ** 2, 1 / np.cosh(0.3) ** 2]),
    ("squared_norm_at_zero", "gradient", [0, 0]),
    ("squared_norm_at_zero", "hessian", [2, 0, 0, 2]),
    ("squared_norm_by_hand", "gradient", [0, 0]),
    ("touching_maxima", "gradient", [1]),
    ("sinc_guarded", "gradient", [0]),
    ("sinc_guarded", "hessian", [-1 / 3]),
    ("power_with_data_exponent", "gradient", [-4]),
    ("power_with_data_exponent", "hessian", [12]),
    ("all_masked_logsumexp", "gradient", [0, 0, 2]),
    ("all_masked_logsumexp", "hessian", [0] * 9),
    ("subnormal_slope", "gradient", [-9.22631527e-318]),
    ("logistic_map", "gradient", [4.88562221289e11, 1.01344648828e11]),
    ("negative_binomial", "gradient", [-10 / (1 + np.exp(-20.0)) + 10 / (1 + np.exp(20.0))]),
    ("five_fast_waves", "gradient", 1000 * np.cos(1000 * np.array([0.3, 1.0, 2.0, 3.0, 4.0]))),
]


@pytest.mark.parametrize(("name", "operator", "truth"), TRUTH)
def test_the_truth_is_certified(name, operator, truth):
    found = certificate(name, operator)
    assert found.judged.all()
    assert found.digits > 30
    assert found.value == pytest.approx(truth, rel=1e-8, abs=0.0)


def test_rump_has_the_value_of_exact_arithmetic():
    found = certificate("rump", "value_and_gradient")
    assert found.value[0] == pytest.approx(-54767 / 66192, rel=1e-15)
    assert found.bound[0] > 1e20


def test_no_float_has_a_digit_of_the_logistic_map():
    assert np.all(certificate("logistic_map").bound > 1e11)


@pytest.mark.parametrize("logit", [36.0, 40.0])
def test_a_bound_that_is_not_finite_is_infinite(logit):
    """1 − p is a rounding away from 0, and what is divided by it could be anything."""
    found = certificate("negative_binomial", logit=logit)
    assert found.value == pytest.approx([-10])
    assert found.bound.tolist() == [np.inf]


# --- what rounding may do -----------------------------------------------------------------

SATURATED = {
    "tanh": function(lambda xp, w: xp.sum(xp.tanh(w)), w=[5.0, 10.0, 20.0, -20.0, 400.0, 0.3]),
    "sigmoid": function(lambda xp, w: xp.sum(xp.sigmoid(w)), w=[6.0, 40.0, -40.0, 0.0, -5.0]),
    "expm1": function(lambda xp, w: xp.sum(xp.expm1(w)), w=[-40.0, -5.0, -300.0, 1.0]),
    "softplus": function(lambda xp, w: xp.sum(xp.softplus(w)), w=[-33.1, 33.3, 100.7, 1.0]),
    "logsumexp": function(lambda xp, w: xp.logsumexp(w), w=[1000.3, 1000.7, 1001.9]),
    "logaddexp": function(lambda xp, w: xp.logaddexp(w[0], w[1]), w=[-800.3, -801.9]),
    "chain": function(
        lambda xp, w, *, x: xp.mean(xp.sigmoid(3 * xp.tanh(xp.matmul(w, x)))),
        w=[[3.0, 2.5], [1.5, -7.0]],
        x=[2.3, 1.7],
    ),
}


@pytest.mark.parametrize("operator", ["gradient", "hessian"])
@pytest.mark.parametrize("name", SATURATED)
def test_what_libraries_give_in_saturation_is_right(name, operator):
    records = compare(SATURATED[name], FRAMEWORKS, operator)
    assert {r.status for r in records.values()} == {Status.OK}, [r.reason for r in records.values()]


NATURAL = {
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "sigmoid": lambda x: (1 / (1 + np.exp(-x))) * (1 - 1 / (1 + np.exp(-x))),
    "expm1": lambda x: np.expm1(x) + 1,
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NATURAL)
def test_the_bound_covers_natural_formulas(name, dtype):
    """And no more than a few units of the 1 that they are computed with.

    Of tanh 8·(2·8 + 1): JAX loses 7 units of it, and its square twice as many.
    """
    x = np.linspace(-45.0, 45.0 if name != "expm1" else 1.0, 181).astype(dtype)
    problem = function(lambda xp, w: xp.sum(getattr(xp, name)(w)), w=x.astype(np.float64))
    found = certificate(problem, dtype=dtype)
    with np.errstate(over="ignore"):
        error = np.abs(NATURAL[name](x) - found.value)
    assert np.all(error <= found.bound)
    unit = float(np.finfo(dtype).eps) / 2
    few = 137 if name == "tanh" else 64  # and one unit of the slope
    assert np.all(found.bound <= few * unit * np.maximum(1.0, found.value))


def test_a_fault_of_a_saturated_slope_shows():
    """Where the slope is not lost, a relative error of 1e-9 is no rounding."""

    class Wrong(calcbench.Problem):
        def inputs(self, size, rng):
            return {"w": [5.0, 0.3]}

        def cost(self, xp, w):
            return xp.sum(xp.tanh(w))

        def gradient(self, xp, w):
            return {"w": (1 - xp.tanh(w) ** 2) * (1 + 1e-9)}

    assert compare(Wrong(), ["by_hand"])["by_hand"].status is Status.DISAGREE


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_to_flush_to_zero_is_no_fault(dtype):
    problem = function(lambda xp, x: 1.0 + xp.exp(-x), x=730.0 if dtype == "float64" else 95.0)
    found = certificate(problem, dtype=dtype)
    assert 0 < abs(found.value[0]) < np.finfo(dtype).smallest_normal <= found.bound[0]


# --- differences --------------------------------------------------------------------------


def test_the_bound_of_waves_faster_than_the_step_is_proved():
    (backend,) = select_backends(["finite_difference[scheme=richardson]"])
    point = own_point(case("five_fast_waves"))
    bound = backend.error_bound(point)
    assert bound.proved["w"].all()
    error = backend.prepare(point).evaluate(point)["w"] - certificate("five_fast_waves").value
    assert np.all(np.abs(error) <= bound["w"])


def test_an_estimate_is_not_called_proved():
    @calcbench.problem(x=[0.3, 1.0])
    def beyond_the_vocabulary(xp, x):
        return np.sum(np.arctan(1000.0 * x))

    (backend,) = select_backends(["finite_difference[scheme=richardson]"])
    point = own_point(beyond_the_vocabulary)
    bound = backend.error_bound(point)
    assert not bound.proved["x"].any()
    truth = 1000 / (1 + (1000 * point["x"]) ** 2)
    assert np.all(np.abs(backend.prepare(point).evaluate(point)["x"] - truth) <= bound["x"])


def test_a_mask_in_the_data_does_not_end_an_enclosure():
    problem = function(
        lambda xp, x, *, keep: xp.sum(xp.where(keep > 0, x**3, 0.0)) + xp.sum(x[keep == 1]),
        x=[0.3, 1.0],
        keep=[0.0, 1.0],
    )
    (backend,) = select_backends(["finite_difference"])
    assert backend.error_bound(own_point(problem)).proved["x"].all()


# --- beside the point: ties and 0·∞ -------------------------------------------------------

SMOOTH = {
    "x·|x|": (lambda xp, x: x * xp.abs(x), [0.0], [0.0]),
    "√x⁴": (lambda xp, x: xp.sqrt(x**4), [0.0], [0.0]),
    "(x²)^1.5": (lambda xp, x: (x**2) ** 1.5, [0.0], [0.0]),
    "√√x⁸": (lambda xp, x: xp.sqrt(xp.sqrt(x**8)), [0.0], [0.0]),
    "distance times distance": (lambda xp, x: xp.sqrt((x - 3) ** 2) ** 2 + x, [3.0], [1.0]),
    "huber": (lambda xp, x: xp.where(xp.abs(x) < 1, x**2 / 2, xp.abs(x) - 0.5), [0.0], [0.0]),
    "huber at its joint": (
        lambda xp, x: xp.where(xp.abs(x) < 1, x**2 / 2, xp.abs(x) - 0.5),
        [-1.0],
        [-1.0],
    ),
    "relu squared": (lambda xp, x: xp.maximum(x, 0.0) ** 2, [0.0], [0.0]),
    "maximum and minimum": (
        lambda xp, x, y: xp.maximum(x, y) + xp.minimum(x, y),
        [2.0, 2.0],
        [1.0, 1.0],
    ),
    "maximum of one and the same": (lambda xp, x: xp.maximum(2 * x, x + x), [0.7], [2.0]),
    "sinc by ==": (
        lambda xp, x: xp.where(x == 0, 1.0, xp.sin(x) / xp.where(x == 0, 1.0, x)),
        [0.0],
        [0.0],
    ),
    "tanh x / x": (
        lambda xp, x: xp.where(x != 0, xp.tanh(x) / xp.where(x != 0, x, 1.0), 1.0) + x,
        [0.0],
        [1.0],
    ),
    "0·∞ beside others": (
        lambda xp, x, y: xp.sqrt(x**2 + 0 * y) ** 2 + xp.sin(x) * y + y**3,
        [0.0, 2.0],
        [2.0, 12.0],
    ),
}
"""Name → the cost, where, and its gradient, which the chain rule has not, or has by luck."""

ROUGH = {
    "|x|": (lambda xp, x: xp.abs(x), [0.0]),
    "norm": (lambda xp, x: xp.sqrt(x**2), [0.0]),
    "√|x|": (lambda xp, x: xp.sqrt(xp.abs(x)), [0.0]),
    "relu": (lambda xp, x: xp.maximum(x, 0.0), [0.0]),
    "jump": (lambda xp, x: xp.where(x > 0, 1.0, 0.0), [0.0]),
    "another value at one point": (lambda xp, x: xp.where(x == 0, 5.0, x), [0.0]),
    "guard of the wrong value": (
        lambda xp, x: xp.where(x == 0, 0.9, xp.sin(x) / xp.where(x == 0, 1.0, x)),
        [0.0],
    ),
}


def at(cost, numbers):
    return function(cost, **dict(zip("xy", numbers, strict=False)))


BETWEEN = {
    "three relus": (
        lambda xp, x, y: xp.maximum(x + y, 0.0) - xp.maximum(x, 0.0) - xp.where(y > 0, y, 0.0),
        [0.0, 0.0],
    ),
    "two distances": (lambda xp, x, y: xp.abs(x + y) - xp.abs(x) - xp.abs(y), [0.0, 0.0]),
}
"""Smooth along both axes, and between them not."""


@pytest.mark.parametrize("name", BETWEEN)
def test_kinks_between_the_axes_are_not_smooth(name):
    assert certificate(at(*BETWEEN[name])).rough.all()


@pytest.mark.parametrize("name", SMOOTH)
def test_sides_that_agree_are_the_derivative(name):
    cost, numbers, truth = SMOOTH[name]
    found = certificate(at(cost, numbers))
    assert found.judged.all()
    assert found.value == pytest.approx(truth, rel=1e-15, abs=0.0)
    assert np.all(found.bound < 1e-13)


@pytest.mark.parametrize("name", ROUGH)
def test_sides_that_differ_are_not_smooth(name):
    found = certificate(at(*ROUGH[name]))
    assert found.rough.all()
    assert not found.open.any()


def test_python_if_is_approached_from_both_sides():
    @calcbench.problem(x=0.0)
    def branches(xp, x):
        return xp.exp(x) if x > 0 else 1 + x

    assert certificate(branches).value.tolist() == [1.0]
    assert certificate(branches, "hessian").rough.all()


def test_second_derivatives_beside_a_point():
    """Of w²·b/2 inside a Huber loss, at 0, where |w| ties all along the line of b."""

    @calcbench.problem(w=0.0, b=0.5)
    def huber(xp, w, b):
        return xp.where(xp.abs(w) < 1, w**2 * b / 2, xp.abs(w) - 0.5)

    found = certificate(huber, "hessian")
    assert found.judged.all()
    assert found.value.tolist() == [0.5, 0.0, 0.0, 0.0]


def test_directions_beside_a_point():
    problem = function(lambda xp, x: xp.sqrt(xp.sum(x**2)) ** 2, x=[0.0, 0.0])
    for operator, truth in {"pushforward": [0.0], "hvp": [6.0, -2.0]}.items():
        point = own_point(problem)
        point = point.with_seed({"x": np.array([3.0, -1.0])})
        found = certify(point, "float64", find_operator(operator))
        assert found.judged.all()
        assert found.value.tolist() == truth


def test_each_output_has_its_own_ties():
    class Two(calcbench.Problem):
        def inputs(self, size, rng):
            return {"x": 0.0, "y": 2.0}

        def outputs(self, inputs):
            return 2

        def cost(self, xp, x, y):
            return xp.stack([xp.abs(x) * y, x * xp.abs(x) + y**2])

    found = certificate(Two(), "jacobian")
    assert found.rough.tolist() == [True, False, False, False]
    assert found.value[found.judged].tolist() == [0.0, 0.0, 4.0]


# --- what stays open ----------------------------------------------------------------------


def test_what_no_way_certifies_is_open_alone():
    """√(−x²) is defined at 0 alone: there is no other side."""
    problem = function(lambda xp, x, y: xp.sqrt(-(x**2)) ** 2 + y**2, x=0.0, y=2.0)
    found = certificate(problem)
    assert found.open.tolist() == [True, False]
    assert found.open_reason.startswith("0·∞ in the chain rule at sqrt, and beside the point ")
    assert (found.value[1], found.digits) == (4.0, np.inf)
    record = compare(problem, ["finite_difference"])["finite_difference"]
    assert f"not certified: {found.open_reason}: ∂C/∂x" in record.judged
    assert np.isnan(record.reference["x"])
    assert record.reference["y"] == 4.0


def test_an_exponent_that_no_neighbour_has_is_open():
    found = certificate(function(lambda xp, x, k: x**k, x=-1.0, k=4.0))
    assert found.open.tolist() == [False, True]
    assert found.value[0] == -4.0
    assert found.open_reason == (
        "0·∞ in the chain rule at **, and beside the point ** has no series"
    )


def test_nan_is_condemned_and_zero_is_right():
    records = compare("squared_norm_by_hand", ["by_hand", *installed(["sympy", "torch", "jax"])])
    for name in ("by_hand", "sympy"):
        assert records[name].status is Status.OK, records[name].reason
    for name in set(records) & {"torch", "jax"}:
        assert records[name].status in (Status.DISAGREE, Status.ERROR)
        assert "is nan, expected 0" in records[name].reason
        assert not records[name].proof


def test_slopes_of_touching_maxima_are_held_against_the_proof():
    (record,) = compare("touching_maxima", ["sympy"]).values()
    assert record.status is Status.DISAGREE
    assert "is 1.5, expected 1" in record.reason


def test_what_a_guard_hides_is_named():
    """Of sin x / x, guarded by 1 at 0, every exact backend differentiates the 1."""
    records = compare("sinc_guarded", ["finite_difference", *FRAMEWORKS], "hessian")
    assert records.pop("finite_difference").status is Status.OK
    assert {r.status for r in records.values()} == {Status.DISAGREE}
    assert all("is 0, expected -0.3333333333" in r.reason for r in records.values())
    assert all(
        "the limit beside the point (a comparison ties)" in r.reason for r in records.values()
    )


def test_nobody_is_asked_for_limits_elsewhere():
    """At zeros, which nobody asked for, SymPy gives 1.5, and frameworks NaN for the norm."""
    for problem in (
        function(SMOOTH["√x⁴"][0], x=2.0),
        function(lambda xp, x: xp.maximum(x, xp.maximum(xp.exp(x) - 1, x * 1)), x=2.0),
    ):
        records = compare(problem, FRAMEWORKS)
        assert {r.status for r in records.values()} == {Status.OK}, [
            r.reason for r in records.values()
        ]


def test_a_row_without_a_number_is_no_reference():
    (record,) = compare(at(*ROUGH["|x|"]), ["finite_difference"]).values()
    assert record.reference is None
    assert record.certified_digits is None


# --- comparisons and −∞ -------------------------------------------------------------------


def test_equal_data_choose_their_branch():
    """A label of 1.0 that was not equal to 1 had certified the gradient of the other branch."""
    problem = function(
        lambda xp, x, *, y: xp.sum(xp.where(y == 1, x**2, 3 * x)) + xp.sum(xp.where(y != 1, x, 0)),
        x=[0.5, 1.5, -0.25],
        y=[1.0, 0.0, 1.0],
    )
    assert certificate(problem).value.tolist() == [1.0, 4.0, -0.5]


def test_minus_infinity_adds_nothing():
    def cost(xp, x, *, keep):
        return xp.logsumexp(xp.where(keep > 0, x, -float("inf")))

    problem = function(cost, x=[0.5, 1.5, 2.0], keep=[1.0, 0.0, 1.0])
    softmax = np.exp([0.5, 2.0]) / np.sum(np.exp([0.5, 2.0]))
    found = certificate(problem)
    assert found.value == pytest.approx([softmax[0], 0, softmax[1]], rel=1e-15)
    assert np.all(np.isfinite(found.bound))
    (backend,) = select_backends(["finite_difference"])
    assert backend.error_bound(own_point(problem)).proved["x"].all()


@pytest.mark.parametrize("never", [np.nan, np.inf, -np.inf])
def test_what_is_not_chosen_poisons_nothing(never):
    problem = function(lambda xp, x: xp.sum(xp.where(x > 0, x**2, never)), x=[0.5, 1.5])
    assert certificate(problem).value.tolist() == [1.0, 3.0]
    assert certificate(problem, "hessian").value.tolist() == [2.0, 0.0, 0.0, 2.0]


def test_the_logarithm_of_a_mask():
    problem = function(
        lambda xp, x, *, keep: xp.logsumexp(x + xp.log(keep)), x=[0.5, 1.5], keep=[1.0, 0.0]
    )
    assert certificate(problem).value.tolist() == [1.0, 0.0]


def test_the_logarithm_of_zero_is_no_constant():
    """It is −∞, but it moves: logsumexp(log x, 0) = log(1 + x) has the slope 1."""
    problem = function(lambda xp, x: xp.logaddexp(xp.log(x), 0.0), x=0.0)
    assert certificate(problem).open.tolist() == [True]
