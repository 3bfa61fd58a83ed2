"""`check` and `assert_gradient`: functions as they are, and the gradients that people write."""

from __future__ import annotations

import itertools
import math
import random
import sys
import time
import warnings
from typing import Any

import numpy as np
import pytest
from native.by_hand import TABLE, X, logistic, logistic_gradient

import calcbench as cb
from calcbench.api.trial import Trial
from calcbench.catalogue.door import default_problems
from calcbench.catalogue.selection import find_problem
from calcbench.native.front_ends import make
from calcbench.problem.inputs import own_point
from calcbench.vocabulary.numpy import NUMPY

w = np.array([0.3, -1.2, 0.7, 0.1])


def leaves(x: Any) -> list[np.ndarray]:
    """List the arrays of a gradient."""
    if isinstance(x, dict):
        return [leaf for value in x.values() for leaf in leaves(value)]
    if isinstance(x, (tuple, list)):
        return [leaf for value in x for leaf in leaves(value)]
    return [np.asarray(x)]


def changed(x: Any, fault: Any) -> Any:
    """Change every array of a gradient."""
    if isinstance(x, dict):
        return {key: changed(value, fault) for key, value in x.items()}
    if isinstance(x, tuple):
        return tuple(changed(value, fault) for value in x)
    return fault(np.asarray(x))


def one_by(relative: float) -> Any:
    """Change the largest number of each array by a part of it."""

    def fault(array: np.ndarray) -> np.ndarray:
        found = array.copy()
        found.flat[np.argmax(np.abs(found))] *= 1 + relative
        return found

    return fault


FAULTS = {
    "factor": lambda g: 0.5 * g,
    "sign": lambda g: -g,
    "1e-5": one_by(1e-5),
    "1e-9": one_by(1e-9),
    "mean for sum": lambda g: g / max(g.size, 2),
    "missing broadcast sum": lambda g: np.broadcast_to(g, (2, *g.shape)),
    "float32 leak": lambda g: g.astype(np.float32),
}


# --- right and wrong gradients --------------------------------------------------------------------


@pytest.mark.few(4)
@pytest.mark.parametrize("name", TABLE)
def test_gradient_by_hand_is_certified(name: str) -> None:
    f, gradient, draw = TABLE[name]
    found = cb.check(f, gradient, draw(np.random.default_rng(1)))
    assert found.ok, found
    assert found.digits is not None
    assert found.needed is not None
    assert found.digits >= found.needed > 11


@pytest.mark.few(4)
@pytest.mark.parametrize("name", TABLE)
def test_planted_faults_are_caught(name: str) -> None:
    f, gradient, draw = TABLE[name]
    x = draw(np.random.default_rng(2))
    for fault, change in FAULTS.items():
        found = cb.check(f, lambda *args: changed(gradient(*args), change), x)  # noqa: B023
        expected = "error" if fault == "missing broadcast sum" else "disagree"
        assert found.status == expected, (fault, found)


@pytest.mark.few(4)
@pytest.mark.parametrize("name", TABLE)
def test_one_partial_wrong_by_1e_10_is_found_where_rounding_is_less(name: str) -> None:
    f, gradient, draw = TABLE[name]
    rng = np.random.default_rng(3)
    x = draw(rng)
    right = cb.check(f, gradient, x)
    assert right.ok
    sizes = np.concatenate([np.ravel(part) for part in leaves(right.reference)])
    allowed = np.concatenate([np.ravel(part) for part in leaves(right.bound)])
    sharp = np.flatnonzero(allowed < 1e-11 * np.abs(sizes))
    assert len(sharp) > len(sizes) / 2
    for position in rng.choice(sharp, min(3, len(sharp)), replace=False):
        counted = iter(range(len(sizes)))

        def nudged(part: Any) -> Any:
            factors = [1 + 1e-10 * (next(counted) == position) for _ in range(np.size(part))]  # noqa: B023
            return part * np.reshape(factors, np.shape(part))

        wrong = cb.check(f, lambda *args: changed(gradient(*args), nudged), x)
        assert wrong.status == "disagree"
        assert wrong.outside == 1


@pytest.mark.few(12)
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", TABLE)
def test_right_gradient_at_random_points_is_never_condemned(name: str, seed: int) -> None:
    f, gradient, draw = TABLE[name]
    found = cb.check(f, gradient, draw(np.random.default_rng(100 + seed)))
    assert found.status == "ok", found


@pytest.mark.few(4)
@pytest.mark.parametrize("name", default_problems())
def test_problem_of_calcbench_is_right_as_a_numpy_function(name: str) -> None:
    problem = find_problem(name)
    point = own_point(problem)
    if problem.vector_valued or not problem.has_gradient or point.row_count > 1000:
        pytest.skip("no gradient by hand, or many rows")
    parameters, data = problem.split(point.values)

    def gradient(*parameters: Any) -> Any:
        found = problem.gradient(NUMPY, *parameters, **data)
        return tuple(found[each] for each in problem.parameters)

    found = cb.check(
        lambda *parameters: problem.cost(NUMPY, *parameters, **data), gradient, parameters
    )
    assert found.ok, found
    truths = cb.reference(problem).value.values()  # in which π is no float
    rows = zip(found.reference.values(), truths, found.bound.values(), strict=True)
    assert all(np.all(np.abs(ours - truth) <= bound) for ours, truth, bound in rows)


def test_texts_are_those_of_the_documentation() -> None:
    right = str(cb.check(logistic, logistic_gradient, w))
    assert right.startswith("logistic: ok (NumPy on balls; 4 partials, ")
    assert right.endswith(" s)")
    assert " digits, " in right

    def twelfth(w: np.ndarray) -> np.ndarray:
        found = logistic_gradient(w)
        found[1] /= 12
        return found

    wrong = str(cb.check(logistic, twelfth, w, name="Swish"))
    assert wrong.startswith("Swish: disagree (NumPy on balls; 4 partials, ")
    line = wrong.splitlines()[1]
    assert line.startswith(
        "  1 of 4 partials outside what rounding allows; the worst: ∂f/∂w[1] is "
    )
    assert line.endswith(" (×0.0833333)")


def test_single_precision_is_allowed_for() -> None:
    single = w.astype(np.float32)
    found = cb.check(logistic, lambda w: np.float32(logistic_gradient(w)), single)
    assert found.ok, found
    assert found.dtype == "float32"
    assert ", float32; " in str(found)
    off = cb.check(logistic, lambda w: np.float32(1.001 * logistic_gradient(w)), single)
    assert off.status == "disagree"


def test_several_points_are_checked() -> None:
    def right_at_own(x: np.ndarray) -> np.ndarray:
        return 2 * x if x[0] == 1.0 else 3 * x

    def squares(x: np.ndarray) -> Any:
        return np.sum(x**2)

    x = np.array([1.0, 2.0])
    assert cb.check(squares, right_at_own, x).ok
    found = cb.check(squares, right_at_own, x, points=3)
    assert found.status == "disagree"
    assert "at random-1" in str(found)
    everywhere = cb.check(squares, lambda x: 2 * x, x, points=3)
    assert everywhere.ok
    assert (everywhere.asked, everywhere.points, everywhere.proved) == (3, 3, 3)
    assert "points" not in str(everywhere)


def test_points_at_which_nothing_is_proved_are_told() -> None:
    """What is known at x alone is not said to be certified at all points."""

    def known_at_own(x: np.ndarray) -> Any:
        return np.sum(x**2 if abs(x[0] - 1) < 1e-3 else np.abs(np.fft.fft(x)) ** 2 / len(x))

    x = np.array([1.0, 2.0])
    found = cb.assert_gradient(known_at_own, lambda x: 2 * x, x, points=4)
    assert found.ok
    assert not found.certified
    assert found.as_json()["proved"] == 1
    assert found.as_json()["agreeing"] == 3
    assert str(found).endswith("\n  proved at 1 of 4 points; difference quotients agree at 3")
    with pytest.raises(AssertionError, match="proved at 1 of 4 points"):
        cb.assert_gradient(known_at_own, lambda x: 2 * x, x, certified=True, points=4)
    witnessed = cb.check(spectrum, spectrum_gradient, w, points=3)
    assert str(witnessed).endswith("; they agree at 3 of 3 points")
    elsewhere = cb.check(
        spectrum, lambda x: spectrum_gradient(x) * (1 + (x[0] != w[0])), w, points=3
    )
    assert not elsewhere.witnessed
    assert " at random-1; difference quotients disagree" in str(elsewhere)
    with pytest.raises(AssertionError, match="at random-1"):
        cb.assert_gradient(
            known_at_own, lambda x: 2 * x if abs(x[0] - 1) < 1e-3 else 2.01 * x, x, points=4
        )


def test_products_have_witnesses() -> None:
    def along(x: np.ndarray, v: np.ndarray) -> Any:
        return spectrum_gradient(x) @ v

    right = cb.check(spectrum, along, w, operator="pushforward", points=3)
    assert right.witnessed, right
    assert str(right).endswith("; they agree at 3 of 3 points")
    wrong = cb.check(spectrum, lambda x, v: 1.0001 * along(x, v), w, operator="pushforward")
    assert wrong.refuted
    assert not wrong.witnessed
    nothing = cb.check(spectrum, lambda x, v: spectrum_gradient(v), w, operator="hvp")
    assert nothing.witness is None  # NumPy has no gradient to difference


def test_empty_array_in_the_argument_moves_nowhere() -> None:
    x = {"a": np.array([1.0, 2.0]), "b": np.zeros(0)}
    found = cb.check(
        lambda x: np.sum(x["a"] ** 2), lambda x: {"a": 2 * x["a"], "b": x["b"]}, x, points=3
    )
    assert found.certified
    assert found.proved == 3


def test_points_where_the_function_has_no_value_do_not_count() -> None:
    def root(x: np.ndarray) -> Any:
        if abs(x[0] - 1e-3) > 1e-8:
            raise ValueError("only here")
        return np.sum(np.sqrt(x))

    x = np.array([1e-3, 2.0])
    assert cb.check(root, lambda x: 0.5 / np.sqrt(x), x, points=4).ok

    def raising(x: np.ndarray) -> np.ndarray:
        return 2 * x if abs(x[0] - 1e-3) < 1e-8 else x[:1]

    found = cb.assert_gradient(root, lambda x: 0.5 / np.sqrt(x), x, certified=True, points=4)
    assert str(found).endswith("proved at 1 of 4 points; no value at 3 of them")
    there = cb.check(lambda x: np.sum(x**2), raising, x, points=3)
    assert there.status == "error"


def test_witnesses_vouch_for_nothing_beside_the_domain() -> None:
    def alone(x: np.ndarray) -> Any:
        if x[0] != 1.0:
            raise ValueError("only here")
        return np.sum(x**2)

    found = cb.check(alone, lambda x: 2 * x, np.array([1.0, 2.0]))
    assert found.status == "not certified"
    assert not found.witnessed
    assert "difference quotients vouch for no digit" in str(found)


def test_single_precision_points_are_single_precision() -> None:
    def steep(x: np.ndarray) -> Any:
        return np.sum(np.exp(np.float32(20) * x))

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.float32(20) * np.exp(np.float32(20) * x)

    found = cb.check(steep, gradient, np.array([0.7, 0.9], dtype=np.float32), points=6)
    assert found.ok, found


def test_product_with_the_hessian_is_checked() -> None:
    def product(w: np.ndarray, v: np.ndarray) -> np.ndarray:
        s = 1 / (1 + np.exp(-(X @ w)))
        return X.T @ (s * (1 - s) * (X @ v)) / len(X)

    def entropy(w: np.ndarray) -> Any:
        return np.mean(np.log1p(np.exp(X @ w)))

    found = cb.check(entropy, product, w, operator="hvp")
    assert found.ok, found
    wrong = cb.check(entropy, lambda w, v: product(w, w), w, operator="hvp", points=2)
    assert wrong.status == "disagree"
    assert "the worst: (H·v)[w[" in str(wrong)
    with pytest.raises(TypeError, match=r"check\(f, hvp, x, operator='hvp'\)"):
        cb.check(entropy, None, w, operator="hvp")


def test_derivative_along_a_direction_is_checked() -> None:
    x = (w, np.array([2.0, -1.0]))

    def f(a: np.ndarray, b: np.ndarray) -> Any:
        return np.sum(np.sin(a)) * np.prod(b)

    def along(a: np.ndarray, b: np.ndarray, v: Any) -> Any:
        return np.cos(a) @ v[0] * np.prod(b) + np.sum(np.sin(a)) * (b[::-1] @ v[1])

    right = cb.check(f, along, x, operator="pushforward", points=2)
    assert right.ok, right
    assert right.partials == 1
    wrong = cb.check(f, lambda a, b, v: along(a, b, v) + 1e-9, x, operator="pushforward")
    assert wrong.status == "disagree"
    assert "1 of 1 partial outside what rounding allows" in str(wrong)
    with np.errstate(all="raise"):  # the caller's own, which is not the derivative's
        quiet = cb.check(
            f, lambda a, b, v: along(a, b, v) + np.exp(-800 * b[0]), x, operator="pushforward"
        )
    assert quiet.ok, quiet
    odd = cb.check(f, lambda a, b, v: a, x, operator="pushforward")
    assert odd.status == "error"
    assert "must be one real number" in str(odd)


def test_components_are_named_by_arguments() -> None:
    def f(params: dict[str, Any], scale: float) -> Any:
        return np.sum(params["layers.0.weight"] ** 2) * scale

    def gradient(params: dict[str, Any], scale: float) -> Any:
        by = 2 * params["layers.0.weight"] * scale
        by[1, 0] = 0.0
        return {"layers.0.weight": by}, np.sum(params["layers.0.weight"] ** 2)

    found = cb.check(f, gradient, ({"layers.0.weight": np.ones((2, 2))}, 3.0))
    assert "∂f/∂params.layers.0.weight[1, 0] is 0, should be 6" in str(found)
    state = cb.check(lambda p: np.sum(p["w"]), lambda p: {"w": [2.0]}, {"w": np.ones(1)})
    assert "∂f/∂w[0] is 2, should be 1" in str(state)


# --- where there is no verdict --------------------------------------------------------------------


def spectrum(x: np.ndarray) -> Any:
    return np.sum(np.abs(np.fft.rfft(x)) ** 2 * [1.0, 2.0, 3.0])


def spectrum_gradient(x: np.ndarray) -> np.ndarray:
    waves = np.exp(-2j * np.pi * np.outer(np.arange(3), np.arange(4)) / 4)
    return 2 * np.real(([1.0, 2.0, 3.0] * (waves @ x).conj()) @ waves)


def test_what_is_not_known_is_told_with_witnesses() -> None:
    right = cb.check(spectrum, spectrum_gradient, w, name="solver")
    assert right.status == "not certified"
    assert not right.ok
    assert right.witnessed
    told = str(right)
    assert told.startswith("solver: not certified: numpy.fft.rfft at test_checking.py:")
    assert "; difference quotients agree to " in told
    assert told.endswith(" needed, estimated)")
    wrong = cb.check(spectrum, lambda x: 1.001 * spectrum_gradient(x), w)
    assert wrong.status == "not certified"
    assert not wrong.witnessed
    assert "difference quotients disagree in 4 of 4 partials" in str(wrong)


def test_complex_steps_see_what_difference_quotients_do_not() -> None:
    from scipy.optimize import rosen, rosen_der

    right = cb.check(rosen, rosen_der, w)
    assert right.status == "not certified"
    assert right.witnessed
    assert right.step is not None
    assert right.step.digits > 13
    assert "; difference quotients agree to " in str(right)
    assert "; complex steps agree to 1" in str(right)
    off = cb.check(rosen, lambda x: rosen_der(x) * (1 + 1e-10), w)
    assert off.witness is not None
    assert off.witness.agrees
    assert not off.witnessed
    assert "complex steps disagree in 4 of 4 partials" in str(off)
    real = cb.check(spectrum, spectrum_gradient, w)
    assert real.step is None


def test_function_that_is_not_repeatable_is_not_certified() -> None:
    rng = np.random.default_rng(0)
    found = cb.check(lambda x: np.sum(x * rng.normal()), lambda x: x, w)
    assert found.status == "not certified"
    assert "another value at the same x" in str(found)


def test_value_that_its_operations_do_not_give_is_not_certified() -> None:
    calls = []

    def counting(x: np.ndarray) -> Any:
        calls.append(type(x) is np.ndarray)
        return np.sum(x) + (0.0 if calls[-1] else 1.0)

    found = cb.check(counting, np.ones_like, w)
    assert found.status == "not certified"
    assert "numbers with proof give" in str(found)


def test_partials_without_a_derivative_are_not_judged() -> None:
    def sizes(x: np.ndarray) -> Any:
        return np.sum(np.abs(x))

    found = cb.check(sizes, np.sign, np.array([0.0, 2.0]))
    assert found.ok
    assert found.no_derivative == 1
    assert "one valid choice: 1 partial without a derivative here" in str(found)
    none = cb.check(sizes, np.sign, np.array([0.0]))
    assert none.status == "not certified"
    assert not none.ok
    assert not none.witnessed
    assert "difference quotients vouch for no digit" in str(none)
    with pytest.raises(AssertionError, match="one-sided derivatives differ here"):
        cb.assert_gradient(sizes, np.sign, np.array([0.0]))


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_what_is_no_number_is_not_right_where_there_is_no_derivative(number: float) -> None:
    def slope(x: np.ndarray) -> np.ndarray:
        return np.where(x == 0, number, np.sign(x))

    found = cb.check(lambda x: np.sum(np.abs(x)), slope, np.array([2.0, 0.0]))
    assert found.status == "error"
    assert f"∂f/∂x[1] is {number}; one-sided derivatives differ there" in str(found)
    with pytest.raises(AssertionError, match="one-sided"):
        cb.assert_gradient(lambda x: np.sum(np.abs(x)), slope, np.array([2.0, 0.0]))


def test_kink_that_nothing_proves_has_no_witness() -> None:
    def sizes(x: np.ndarray) -> Any:
        return np.sum(np.abs(np.fft.fft(x)))

    found = cb.check(sizes, np.zeros_like, np.zeros(3))
    assert found.status == "not certified"
    assert not found.witnessed
    shifted = np.array([0.5, 0.0, -0.5])
    steep = cb.check(lambda x: sizes(x) + np.abs(x[1]), lambda x: 7 * x, shifted)
    assert not steep.witnessed


def test_verdict_by_estimate_or_limit_says_so() -> None:
    def slow(x: np.ndarray) -> Any:
        return np.sum(np.sqrt(x**2 * np.abs(x)))

    found = cb.check(slow, lambda x: 1.5 * np.sqrt(np.abs(x)) * np.sign(x) + 1, np.array([0.0]))
    assert found.status == "disagree"
    assert "; that is the limit beside the point (" in str(found)
    f, gradient, draw = TABLE["Gaussian process"]
    x = draw(np.random.default_rng(1))
    right = cb.check(f, gradient, x)
    (reference,), (bound,) = right.reference.values(), right.bound.values()
    off = cb.check(f, lambda x: reference + 10 * bound, x)
    assert off.status == "disagree"
    assert ", by estimate; a right result is that far off with probability " in str(off)
    assert "estimate" not in str(cb.check(f, lambda x: 2 * reference, x))


def test_many_weights_of_zero_are_settled_beside_the_point() -> None:
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(20, 60)), rng.normal(size=20)
    weights = rng.normal(size=60) * (rng.random(60) < 0.3)

    def lasso(w: np.ndarray) -> Any:
        return np.mean((A @ w - b) ** 2) + 0.1 * np.sum(np.abs(w))

    def gradient(w: np.ndarray) -> np.ndarray:
        return A.T @ (A @ w - b) / 10 + 0.1 * np.sign(w)

    found = cb.check(lasso, gradient, weights)
    assert found.ok, found
    assert found.no_derivative == np.sum(weights == 0)
    assert cb.check(lasso, lambda w: gradient(w) * (1 + 1e-9), weights).status == "disagree"


def test_bound_without_a_digit_is_imprecise() -> None:
    def cancelling(x: np.ndarray) -> Any:
        return (np.exp(x[0] * 1e-9) - 1 - 1e-9 * x[0]) ** 2

    def gradient(x: np.ndarray) -> np.ndarray:
        grown = np.exp(x * 1e-9)
        return 2 * (grown - 1 - 1e-9 * x) * 1e-9 * (grown - 1)

    found = cb.check(cancelling, gradient, np.array([1.0]))
    assert found.status == "imprecise", found
    assert "no digit of ∂f/∂x[0] is certain" in str(found)


@pytest.mark.parametrize(
    ("gradient", "said"),
    [
        (lambda w: w[:3], "the gradient by w has the shape (3,), but w has the shape (4,)"),
        (lambda w: None, "the gradient by w must be real numbers, got None"),
        (lambda w: 1j * w, "the gradient by w must be real numbers"),
        (lambda w: 1 // 0, "the gradient raises"),
    ],
)
def test_gradient_of_another_form_is_an_error(gradient: Any, said: str) -> None:
    found = cb.check(logistic, gradient, w)
    assert found.status == "error"
    assert said in str(found)
    with pytest.raises(AssertionError):
        cb.assert_gradient(logistic, gradient, w)


def test_nan_is_never_right() -> None:
    wrong = cb.check(logistic, lambda w: np.full(4, np.nan), w)
    assert wrong.status == "disagree"
    assert "is nan, should be" in str(wrong)
    nowhere = cb.check(logistic, logistic_gradient, np.array([1.0, np.nan, 0.0, 0.0]))
    assert nowhere.status == "error"
    assert "f(x) is nan" in str(nowhere)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((logistic, logistic_gradient), TypeError, "check needs x"),
        ((logistic, None, w), TypeError, "has no gradient of its own"),
        ((logistic, w, logistic_gradient), cb.SelectorError, "x comes third"),
        ((3.0, logistic_gradient, w), cb.SelectorError, "f must be a function"),
        ((logistic, logistic_gradient, np.zeros(0)), cb.SelectorError, "no floating-point number"),
        ((logistic, logistic_gradient, 3), cb.SelectorError, "constant: write 3.0, or x.astype"),
        ((logistic, logistic_gradient, "abc"), cb.SelectorError, "differentiate by: got 'abc'"),
        (
            (logistic, logistic_gradient, w[:2]),
            cb.ProblemError,
            "logistic raises by_hand.py:21: ValueError",
        ),
        ((np.cumsum, np.ones_like, w), cb.ProblemError, "must give one real number"),
    ],
)
def test_wrong_arguments_get_a_sentence(arguments: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        cb.check(*arguments)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda x: 1 / (x.size - 2), "raises .*ZeroDivisionError"),
        (lambda x: (x, 1.0), "gives a tuple"),
    ],
)
def test_function_that_fails_is_called_once(given: Any, said: str) -> None:
    calls = itertools.count()

    def f(x: np.ndarray) -> Any:
        next(calls)
        return given(x)

    trial = Trial(make("numpy", f, np.ones(2)), np.ones_like, 60, 0)
    with pytest.raises(cb.ProblemError, match=said):
        trial.at_points(1)
    assert next(calls) == 1


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"points": 0}, "points must be a whole number of at least 1"),
        ({"operator": "gradients"}, "did you mean 'gradient'"),
        ({"name": 3}, "name must be a text"),
        ({"seconds": "long"}, "seconds must be a number above 0"),
    ],
)
def test_wrong_options_get_a_sentence(option: Any, said: str) -> None:
    with pytest.raises(cb.SelectorError, match=said):
        cb.check(logistic, logistic_gradient, w, **option)


def test_problem_is_referred_to_compare() -> None:
    @cb.problem(x=1.0)
    def paraboloid(x: Any) -> Any:
        return x**2

    with pytest.raises(cb.SelectorError, match="compare"):
        cb.check(paraboloid, lambda x: 2 * x, 1.0)


# --- in a test ------------------------------------------------------------------------------------


def test_assert_gradient_raises_with_the_text() -> None:
    assert cb.assert_gradient(logistic, logistic_gradient, w).ok
    with pytest.raises(AssertionError, match="disagree") as raised:
        cb.assert_gradient(logistic, lambda w: -logistic_gradient(w), w)
    assert "outside what rounding allows" in str(raised.value)


def test_assert_gradient_takes_witnesses_unless_certified_is_wanted() -> None:
    assert cb.assert_gradient(spectrum, spectrum_gradient, w).witnessed
    with pytest.raises(AssertionError, match=r"not certified: numpy\.fft\.rfft"):
        cb.assert_gradient(spectrum, spectrum_gradient, w, certified=True)
    with pytest.raises(AssertionError, match="difference quotients disagree"):
        cb.assert_gradient(spectrum, lambda x: 1.1 * spectrum_gradient(x), w)


# --- what is left as it was -----------------------------------------------------------------------


class Model:
    """A model whose forward pass keeps what its backward pass needs."""

    def forward(self, w: np.ndarray) -> Any:
        self.z = X @ w
        self.calls = getattr(self, "calls", 0) + 1
        return np.mean(np.log1p(np.exp(-self.z)))

    def backward(self, w: np.ndarray) -> Any:
        self.forward(w)
        return X.T @ (-1 / (1 + np.exp(self.z))) / len(X)


def test_model_keeps_what_it_kept() -> None:
    model = Model()
    model.forward(w)
    before = dict(vars(model))
    assert cb.check(model.forward, model.backward, w).ok
    assert vars(model) == before


class Memo:
    """Value and gradient together, kept for the last argument, as SciPy does with `jac=True`."""

    def __init__(self) -> None:
        self.x: Any = None
        self.found: Any = None

    def both(self, x: np.ndarray) -> Any:
        if self.x is None or not np.all(x == self.x):
            self.x = np.asarray(x).copy()
            self.found = np.sum(x**3), 3 * x**2
        return self.found

    def value(self, x: np.ndarray) -> Any:
        return self.both(x)[0]

    def gradient(self, x: np.ndarray) -> Any:
        return self.both(x)[1]


def test_function_that_remembers_its_last_argument_is_not_condemned() -> None:
    memo = Memo()
    found = cb.check(memo.value, memo.gradient, w)
    assert found.ok or found.witnessed, found
    wrong = cb.check(memo.value, lambda x: 2 * memo.gradient(x), w)
    assert not wrong.ok
    assert not wrong.witnessed


def test_arguments_seeds_and_modules_are_left_as_they_were() -> None:
    def f(x: np.ndarray) -> Any:
        x *= 2.0
        np.random.rand()
        random.random()
        np.seterr(all="ignore")
        warnings.simplefilter("ignore", EncodingWarning)
        return np.sum(np.zeros(4) + x)

    def gradient(x: np.ndarray) -> np.ndarray:
        x += 1.0
        return np.full(4, 2.0)

    x = w.copy()
    states = np.random.get_state()[1].tolist(), random.getstate()
    errors, modules = np.geterr(), set(sys.modules)
    namespace = dict(vars(np)), dict(f.__globals__)
    assert cb.check(f, gradient, x).ok
    with pytest.raises(cb.ProblemError):
        cb.check(lambda x: x[7], gradient, x)
    np.testing.assert_array_equal(x, w)
    assert (np.random.get_state()[1].tolist(), random.getstate()) == states
    assert np.geterr() == errors
    assert not any(kind is EncodingWarning for _, _, kind, _, _ in warnings.filters)
    assert (dict(vars(np)), dict(f.__globals__)) == namespace
    loaded = {name.partition(".")[0] for name in set(sys.modules) - modules}
    assert not loaded & {"torch", "jax", "tensorflow"}


def test_finite_value_is_not_called_infinite() -> None:
    def f(x: np.ndarray) -> Any:
        return np.arctan2(x[0], x[1]) + x[2] ** 2

    found = cb.check(f, lambda x: np.array([np.nan, np.nan, 2 * x[2]]), np.array([0.0, 0.0, 1.0]))
    assert str(found) == (
        "f: not certified: f(x) is 1, but f on numbers with proof is not a finite number; "
        "difference quotients vouch for no digit"
    )


def test_iterator_is_no_argument() -> None:
    with pytest.raises(cb.SelectorError, match=r"x is an iterator.*dict\(model.named_parameters"):
        cb.check(logistic, logistic_gradient, (row for row in X))


def test_result_has_numbers_by_name() -> None:
    found = cb.check(logistic, logistic_gradient, w)
    assert found.value.keys() == found.reference.keys() == found.bound.keys() == {"w"}
    error = np.abs(found.value["w"] - found.reference["w"])
    assert np.all(error <= found.bound["w"])
    assert found.partials == X.shape[1]


def test_length_of_any_number_of_coordinates_is_certified() -> None:
    def f(x: np.ndarray) -> float:
        return math.hypot(*x) + math.hypot(x[0]) + math.hypot(x[0], x[1])

    def gradient(x: np.ndarray) -> np.ndarray:
        pair = np.append(x[:2] / np.hypot(x[0], x[1]), 0.0)
        return x / np.linalg.norm(x) + [1.0, 0.0, 0.0] + pair

    assert cb.check(f, gradient, np.array([1.0, 2.0, 3.0])).ok


def test_what_is_held_constant_may_be_left_out_of_the_gradient() -> None:
    def f(p: dict[str, Any]) -> Any:
        return np.sum(p["w"] ** 2) * p["n"]

    x = {"w": np.ones(3), "n": 3}
    assert cb.check(f, lambda p: {"w": 2 * p["w"] * p["n"]}, x).ok
    found = cb.check(f, lambda p: {"n": 3}, x)
    assert (found.status, found.reason) == (
        "error",
        "the gradient must be a dict of w, n, but it lacks w",
    )
    assert "it has b beside" in cb.check(f, lambda p: {**p, "b": 3}, x).reason


def test_worst_of_partials_that_are_all_beyond_bounds_is_the_largest_error() -> None:
    with warnings.catch_warnings(action="error"):
        found = cb.check(lambda x: 3.0, lambda x: 2 * x, np.array([1.0, 2.0, 3.0]))
    assert "the worst: ∂f/∂x[2] is 6, should be 0" in found.reason


def test_complex_steps_round_as_the_largest_partial_needs() -> None:
    """One partial is 0, of which they give 1e-16: half a rounding of the others."""
    columns = np.c_[np.ones(3), [0.0, 1.0, 2.0]]

    def slope(y: np.ndarray) -> Any:
        return np.linalg.lstsq(columns, y, rcond=None)[0][1]

    right, wrong, y = np.array([[-0.5, 0.0, 0.5], [-0.5, 1e-12, 0.5], [1.0, 2.0, 3.0]])
    assert cb.check(slope, lambda y: right, y).witnessed
    assert not cb.check(slope, lambda y: wrong, y).witnessed


def test_seconds_bound_the_differences_too() -> None:
    def slow(x: np.ndarray) -> Any:
        until = time.thread_time() + 0.002
        while time.thread_time() < until:
            pass
        return np.sum(np.abs(np.fft.fft(x)) ** 2)

    x = np.random.default_rng(0).normal(size=650)
    found = cb.check(slow, lambda x: 1300 * x, x, seconds=0.4)
    assert found.witnessed
    assert found.witness is not None
    assert 0 < len(found.witness.positions) < 100
    assert f"in {len(found.witness.positions)} of 650 partials and along a direction" in str(found)
    assert found.seconds < 3
