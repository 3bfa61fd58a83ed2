"""The tape of arrays: the same truth as that of single numbers, which it hands over to."""

import numpy as np
import pytest
import random_programs

import calcbench as cb
from calcbench.certified import balls, budget, first_order, formulas
from calcbench.certified.array_sweep import sweep_arrays
from calcbench.certified.array_vocabulary import array_namespace
from calcbench.certified.arrays import exact, leaf
from calcbench.certified.formulas import evaluate_formula
from calcbench.certified.reference import reference, sweep
from calcbench.conformance.cases import control
from calcbench.conformance.probe import Probe
from calcbench.conformance.vocabulary import NAMES, cases_of
from calcbench.operators import GRADIENT, find_operator
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.vocabulary.composed import DEFINITIONS, approximations


def on_arrays(point, bits=128):
    with balls.precision(bits):
        return sweep_arrays(point, np.ones(()), "float64")


@pytest.fixture
def on_single_balls(monkeypatch):
    """Compute the reference number by number."""

    def compute(point, bits=512, operator=GRADIENT):
        with monkeypatch.context() as patch:
            patch.setattr(first_order, "sweep_arrays", lambda *_: None)
            return sweep(point, operator, bits)

    return compute


VALUE_AND_GRADIENT = find_operator("value_and_gradient")


def flat(reference):
    return [ball for array in reference.values.values() for ball in array.flat]


# --- the same truth -------------------------------------------------------------------------------


REFUSED = ("linalg.expm", "linalg.eigh", "linalg.eigvalsh", "linalg.svd", "linalg.svdvals")
"""What single balls alone know to prove."""


@pytest.mark.few(80, more=80)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in control.case.cases])
def test_every_name_runs_on_arrays(name):
    """Values and derivatives are in tests/vocabulary; here, that no case needs single balls."""
    for case in cases_of(name):
        point = own_point(Probe([case]))
        if name in REFUSED:
            assert on_arrays(point) is None
        elif on_arrays(point) is None:
            found = reference(point)  # unless a comparison ties
            assert any(np.any(tied) for tied in (*found.beside.values(), *found.rough.values()))


def check_program(seed, on_single_balls):
    """Count the numbers that arrays gave; every one must lie within its radius of the truth."""
    point = own_point(random_programs.program(seed))
    try:
        truth = flat(on_single_balls(point))
    except balls.Undecided:  # a number against itself, after two ways to compute it
        assert on_arrays(point) is None
        return 0
    found = on_arrays(point)
    if found is None:
        return 0
    wrong = [(b, t) for b, t in zip(found.partials, truth, strict=True) if not b.contains(t)]
    assert not wrong, (seed, wrong)
    return len(truth)


@pytest.mark.parametrize("start", range(0, 100, 25))
def test_random_programs_lie_within_their_radii(start, on_single_balls):
    counts = [check_program(seed, on_single_balls) for seed in range(start, start + 25)]
    assert sum(counts) > 400  # few tie: u against itself


@pytest.mark.parametrize("bits", [53, 128])
@pytest.mark.parametrize(
    "name", ["softmax_cross_entropy", "extended_rosenbrock", "diabetes_linear_regression"]
)
def test_all_that_is_said_of_a_gradient_is_the_same(name, bits, on_single_balls):
    """The magnitudes of what cancels, and the influence of roundings on the cost."""
    problem = cb.problems()[name]
    for point in points_for(own_point(problem)).values():
        single = on_single_balls(point, bits, VALUE_AND_GRADIENT)
        arrays = sweep(point, VALUE_AND_GRADIENT, bits)
        assert all(a.overlaps(b) for a, b in zip(flat(arrays), flat(single), strict=True))
        assert arrays.cost.overlaps(single.cost)
        for part in single.magnitudes:
            assert arrays.magnitudes[part] == pytest.approx(single.magnitudes[part], 1e-12)


def test_a_cotangent_is_one_sweep(on_single_balls):
    problem = cb.problems()["curve_fit_residuals"]
    operator = find_operator("pullback")
    (point,) = [points_for(own_point(problem), operator)["own"]]
    with balls.precision(128):
        assert sweep_arrays(point, point.seed_vector, "float64") is not None
    arrays, single = sweep(point, operator, 128), on_single_balls(point, operator=operator)
    assert all(a.overlaps(b) for a, b in zip(flat(arrays), flat(single), strict=True))


# --- what it hands over ---------------------------------------------------------------------------

HANDED_OVER = {
    "tie": (lambda xp, x: xp.sum(xp.maximum(x, 0.0)), [1.0, 0.0]),
    "tie of the largest": (lambda xp, x: xp.max(x), [1.0, 1.0]),
    "tie of two": (lambda xp, x: xp.where(x[0] >= x[1], x[0], x[1] * x[0]), [1.0, 1.0]),
    "whole number": (lambda xp, x: xp.sum(x * xp.floor(x)), [1.5, 2.0]),
    "half": (lambda xp, x: xp.sum(x * xp.round(x)), [1.25, 2.5]),
    "0·∞": (lambda xp, x: xp.sum(xp.sqrt(x) ** 2), [1.0, 0.0]),
    "not finite": (lambda xp, x: xp.sum(xp.log(x)), [1.0, -1.0]),
    "outside": (lambda xp, x: xp.sum(np.exp(x)), [1.0, -1.0]),
    "elements": (lambda xp, x: sum(x.tolist(), 0.0 * x[0]), [1.0, -1.0]),
    "truth": (lambda xp, x: xp.sum(x) if x[0] else 0.0, [1.0, -1.0]),
    "no array": (lambda xp, x: 3.0, [1.0, -1.0]),
    "constant power": (lambda xp, x: 2.0 + 0 * xp.sum(x**0), [1.0, -1.0]),
}


@pytest.mark.parametrize("name", HANDED_OVER)
def test_what_single_balls_settle(name):
    cost, x = HANDED_OVER[name]

    @cb.problem(x=x)
    def problem(xp, x):
        return cost(xp, x)

    found = on_arrays(own_point(problem))
    assert (found is None) == (name != "constant power")


def test_ties_of_data_alone_are_none():
    @cb.problem(x=[1.0, 2.0], y=[0.0, 1.0])
    def labelled(xp, x, *, y):
        return xp.sum(xp.where(y > 0, x, x * x)) + xp.max(y - y)

    found = on_arrays(own_point(labelled))
    assert [float(ball) for ball in found.partials] == [2.0, 1.0]


def test_it_gives_up_in_time(monkeypatch):
    monkeypatch.setattr(budget, "LARGEST", 90_000)

    @cb.problem(x=np.linspace(0, 1, 400))
    def long(xp, x):
        return xp.sum(xp.sin(x) * xp.cos(x) * xp.exp(x))

    point = own_point(long)
    assert on_arrays(point) is not None  # without a limit
    with pytest.raises(budget.TooSlow), budget.limit(1e9):
        on_arrays(point)


# --- formulas -------------------------------------------------------------------------------------


def test_formulas_are_evaluated_on_arrays(monkeypatch):
    """At a size that takes single balls too long."""

    class Squares(cb.Problem):
        def inputs(self, size, rng):
            return {"w": np.ones(8), "X": rng.standard_normal((3000, 8)), "y": np.ones(3000)}

        def cost(self, xp, w, *, X, y):
            return xp.sum((xp.matmul(X, w) - y) ** 2) / 2

        def gradient(self, xp, w, *, X, y):
            return {"w": xp.matmul(xp.matrix_transpose(X), xp.matmul(X, w) - y)}

    monkeypatch.setattr(formulas, "run_on_balls", None)
    point = own_point(Squares())
    truth = reference(point).values["w"]
    found = evaluate_formula(point, 128)["w"]
    assert all(a.overlaps(b) for a, b in zip(found, truth, strict=True))
    near = evaluate_formula(point, 53, rounded=True)["w"]
    assert all(0 < ball.rad() < 1e-12 * abs(ball) for ball in near)


def test_numpy_takes_no_parameter_for_plain_numbers():
    """Else a slope would be lost in silence."""
    constant = exact([1.0, 2.0])
    assert [float(ball) for ball in np.asarray(constant)] == [1.0, 2.0]
    with pytest.raises(TypeError, match="plain numbers"):
        np.asarray(leaf(constant, []))


def test_what_is_approximated_by_its_definition_is_no_definition_on_arrays_of_balls():
    """A truncated series is not the function: its certificate would not be a proof."""
    truncated = {
        name
        for name, definition in DEFINITIONS.items()
        if definition.__module__ == approximations.__name__ or name == "linalg.expm"
    }
    assert truncated
    assert truncated <= array_namespace().spelling.keys()


@pytest.mark.parametrize(
    "cost",
    [
        lambda xp, x: xp.i0e(x),
        lambda xp, x: xp.polygamma(1, x),
        lambda xp, x: xp.linalg.expm(xp.reshape(x, (1, 1)))[0, 0],
    ],
)
def test_special_functions_are_certified_wherever_they_are_evaluated(cost):
    @cb.problem(x=1.5)
    def own(xp, x):
        return cost(xp, x)

    (record,) = cb.compare(own, ["finite_difference"]).records
    assert record.certified_digits > 15
    assert record.status == "ok"


RESTING = {
    "masked": lambda xp, w, m: xp.sum(xp.maximum(w * m, 0.0) ** 2),
    "chosen": lambda xp, w, m: xp.sum(xp.abs(xp.where(m > 0, w, 0.0))),
    "pooled": lambda xp, w, m: xp.sum(
        xp.max(xp.maximum(xp.reshape(xp.concat([w * m, xp.zeros((2,))]), (-1, 2)), 0.0), axis=1)
    ),
    "moved": lambda xp, w, m: xp.sum(xp.maximum(xp.exp((w * m)[::-1]) * m, xp.tanh(w * m) * 0.0)),
    "added": lambda xp, w, m: xp.sum(xp.maximum(-(w * m) - (m - m * w), w * 0.0 + 0.0)),
}
"""Costs of which numbers tie that stay where they are."""


@pytest.mark.parametrize("name", RESTING)
def test_ties_of_numbers_at_rest_do_no_harm(name, on_single_balls):
    cost = RESTING[name]

    @cb.problem(w=[0.5, -2.0, 3.0, 1.5], m=[1.0, 0.0, 1.0, 0.0])
    def resting(xp, w, *, m):
        return cost(xp, w, m)

    point = own_point(resting)
    found = on_arrays(point)
    assert found is not None
    truth = on_single_balls(point)
    assert not truth.rough["w"].any()
    partials = np.array([float(number.mid()) for number in found.partials])
    np.testing.assert_allclose(partials, truth.value["w"], rtol=1e-14)


@pytest.mark.parametrize("w", [[0.0, 1.0], [1.0, 0.0]])
def test_ties_of_numbers_that_move_are_left_to_single_balls(w):
    @cb.problem(w=w, m=[0.0, 1.0])
    def moving(xp, w, *, m):
        return xp.sum(xp.maximum(w * m, xp.minimum(w, 0.0) * w))

    assert (on_arrays(own_point(moving)) is None) == (0.0 in w)
