"""Pushforwards of functions as they are: the Jacobian times a direction, in the form of f(x)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import calcbench as cb

A = np.random.default_rng(0).normal(size=(4, 3))
x = np.array([1.0, 2.0, 3.0])


def waves(x: np.ndarray) -> Any:
    return np.sin(A @ x)


def along(x: np.ndarray, v: np.ndarray) -> Any:
    return np.cos(A @ x) * (A @ v)


def check(f: Any, pushforward: Any, x: Any, **options: Any) -> Any:
    return cb.check(f, pushforward, x, operator="pushforward", **options)


def test_pushforward_is_certified_and_a_wrong_number_named() -> None:
    right = check(waves, along, x, points=3)
    assert right.ok, right
    assert (right.partials, right.proved) == (4, 3)
    assert right.reference["value"].shape == (4,)
    for k in range(4):
        wrong = check(waves, lambda x, v: along(x, v) * (1 + 1e-9 * np.eye(4)[k]), x)  # noqa: B023
        assert wrong.status == "disagree"
        assert wrong.outside == 1
        assert f"(J·v)[{k}] is " in str(wrong)


@settings(max_examples=20)
@given(row=st.integers(0, 3), column=st.integers(0, 2), error=st.sampled_from([1e-10, 1e-3, -2.0]))
def test_a_wrong_entry_of_the_jacobian_is_caught_wherever_it_is(
    row: int, column: int, error: float
) -> None:
    """A direction of which no number is 0 sees every column."""
    slopes = np.cos(A @ x)[:, None] * A
    slopes[row, column] *= 1 + error
    found = check(waves, lambda x, v: slopes @ v, x)
    assert found.status == "disagree"
    assert f"(J·v)[{row}] is " in str(found)


class Both(NamedTuple):
    """What a function may give, beside plain tuples."""

    waves: Any
    size: Any


def off(product: Any) -> Any:
    """Spoil each number of a product a little."""
    if isinstance(product, dict):
        return {key: off(part) for key, part in product.items()}
    if isinstance(product, Both):
        return Both(*map(off, product))
    if isinstance(product, (list, tuple)):
        return [off(part) for part in product]
    return product * (1 + 1e-9)


FORMS: dict[str, tuple[Callable[..., Any], Callable[..., Any], list[str], str]] = {
    "a number": (lambda x: np.sum(x**2), lambda x, v: 2 * x @ v, ["value"], "∇f·v"),
    "one number in an array": (lambda x: np.sum(x**2, keepdims=True), lambda x, v: 2 * x @ v,
                               ["value"], "∇f·v"),
    "a matrix": (lambda x: np.outer(x, x), lambda x, v: np.outer(x, v) + np.outer(v, x),
                 ["value"], "(J·v)["),
    "a list of numbers": (lambda x: [x[0] * x[1], x[2] ** 2],
                          lambda x, v: [x[0] * v[1] + v[0] * x[1], 2 * x[2] * v[2]],
                          ["value"], "(J·v)["),
    "a tuple": (lambda x: (waves(x), x @ x), lambda x, v: (along(x, v), 2 * x @ v),
                ["0", "1"], "(J·v)."),
    "a tuple of one": (lambda x: (waves(x),), lambda x, v: (along(x, v),), ["0"], "(J·v).0["),
    "a tuple of one number": (lambda x: (x @ x,), lambda x, v: (2 * x @ v,), ["0"], "(J·v).0"),
    "a dict": (lambda x: {"b": waves(x), "a": [x @ x, x]},
               lambda x, v: {"a": (2 * x @ v, v), "b": along(x, v)},
               ["b", "a.0", "a.1"], "(J·v)."),
    "a tuple with names": (lambda x: Both(waves(x), x @ x),
                           lambda x, v: Both(along(x, v), 2 * x @ v),
                           ["waves", "size"], "(J·v)."),
}  # fmt: skip
"""What a function gives → it, its pushforward, names of the result, and a label of its numbers."""


@pytest.mark.parametrize("form", FORMS)
def test_result_has_the_form_of_what_the_function_gives(form: str) -> None:
    f, pushforward, names, label = FORMS[form]
    right = check(f, pushforward, x, points=2)
    assert right.ok, right
    assert right.proved == 2
    assert list(right.value) == list(right.reference) == names
    wrong = check(f, lambda x, v: off(pushforward(x, v)), x)
    assert wrong.status == "disagree"
    assert f"the worst: {label}" in str(wrong)


@pytest.mark.parametrize(
    ("pushforward", "said"),
    [
        (lambda x, v: v, r"J·v must be a dict of b, a"),
        (lambda x, v: {"b": v}, r"J·v must be a dict of b, a, but it lacks a"),
        (lambda x, v: {"b": v, "a": [v]}, r"J·v must have 2 parts"),
        (lambda x, v: {"b": v, "a": [v, v]}, r"\(J·v\).b has the shape \(3,\), but f\(x\).b has"),
        (lambda x, v: {"b": A @ v, "a": [None, v]}, r"\(J·v\).a.0 must be real numbers"),
        (lambda x, v: {"b": A @ v + 1j, "a": [1.0, v]}, r"\(J·v\).b must be real numbers"),
    ],
)
def test_result_of_another_form_is_told(pushforward: Any, said: str) -> None:
    found = check(lambda x: {"b": waves(x), "a": [x @ x, x]}, pushforward, x)
    assert found.status == "error"
    assert re.search(said, found.reason), found


def test_direction_has_the_form_of_the_argument() -> None:
    right = check(lambda a, b: a * b, lambda a, b, v: b * v[0] + a * v[1], (x, 2.0))
    assert right.ok, right
    named = check(
        lambda p: p["A"] @ p["b"],
        lambda p, v: v["A"] @ p["b"] + p["A"] @ v["b"],
        {"A": A, "b": x},
        points=2,
    )
    assert named.certified, named
    coarse = check(
        lambda x: (2 * x, np.float64(2) * np.sum(x)),
        lambda x, v: (2 * v, np.float64(2) * np.sum(v)),
        x.astype(np.float32),
        points=3,
    )
    assert coarse.certified, coarse
    assert coarse.dtype == "float32"


def test_numpy_has_no_pushforward_of_its_own() -> None:
    with pytest.raises(TypeError, match=r"check\(f, pushforward, x, operator='pushforward'\)"):
        check(waves, None, x)


def test_pushforward_that_is_not_certified_has_witnesses() -> None:
    F = np.exp(-2j * np.pi * np.outer(np.arange(2), np.arange(3)) / 3)

    def powers(x: np.ndarray) -> Any:
        return np.abs(np.fft.rfft(x)) ** 2

    def pushforward(x: np.ndarray, v: Any) -> Any:
        return 2 * np.real(np.conj(F @ x) * (F @ v))

    right = check(powers, pushforward, x, points=2)
    assert right.witnessed
    assert right.agreeing == 2
    assert "numpy.fft.rfft" in right.reason
    both = check(lambda x: {"p": powers(x)}, lambda x, v: {"p": pushforward(x, v)}, x)
    assert both.witnessed
    for k in range(2):
        wrong = check(powers, lambda x, v: pushforward(x, v) + 1e-3 * np.eye(2)[k], x)  # noqa: B023
        assert wrong.refuted


def test_value_that_is_not_what_the_operations_give_is_not_certified() -> None:
    def hiding(x: np.ndarray) -> Any:
        return x, (2 if type(x) is np.ndarray else 3) * x[:1]

    found = check(hiding, lambda x, v: (v, 2 * v[:1]), x)
    assert found.status == "not certified"
    assert found.reason.startswith("f(x), summed with weights, is ")
    assert ", and its operations on numbers with proof give " in found.reason
    assert found.witnessed


# --- kinks ----------------------------------------------------------------------------------------

KINK = np.array([0.0, 1.0])


def test_number_at_a_kink_is_held_against_the_slopes_of_its_output() -> None:
    def of(slope: float, other: float = 1.0) -> Any:
        return check(np.abs, lambda x, v: np.array([slope, other]) * v, KINK)

    for slope in (-1.0, 0.0, 0.3, 1.0):
        assert of(slope).ok, of(slope)
        assert (of(slope).no_derivative, of(slope).chosen) == (1, 1)
        assert of(slope, 1 + 1e-9).status == "disagree"
    for slope in (-1.001, 1.001):
        assert of(slope).status == "disagree"
        assert "what lies between the one-sided derivatives; the worst: (J·v)[0] is " in str(
            of(slope)
        )
    given = of(float("nan"))
    assert given.status == "error"
    assert "(J·v)[0] is nan; one-sided derivatives differ there" in given.reason


@settings(max_examples=5)
@given(slope=st.floats(-1, 1), scale=st.sampled_from([-2.0, 0.5, 3.0]))
def test_what_other_components_add_beside_a_kink_is_the_same_on_both_sides(
    slope: float, scale: float
) -> None:
    at = np.array([0.0, scale])

    def f(x: np.ndarray) -> Any:
        return {"ramp": np.abs(x[0]) * x[1] + x[1] ** 2, "smooth": x[0] * x[1]}

    def pushforward(slope: float) -> Any:
        return lambda x, v: {
            "ramp": slope * x[1] * v[0] + 2 * x[1] * v[1],
            "smooth": x[0] * v[1] + x[1] * v[0],
        }

    right = check(f, pushforward(slope), at)
    assert right.ok, right
    assert right.chosen == 1
    for beyond in (-1.01, 1.01):
        assert check(f, pushforward(beyond), at).status == "disagree"


def test_numbers_of_outputs_that_share_a_kink_are_no_valid_choices_by_themselves() -> None:
    W = np.array([[1.0], [-2.0], [0.5], [3.0]])

    def of(*c: float) -> Any:
        return check(
            lambda x: W @ np.maximum(x, 0), lambda x, v: W[:, 0] * c * v[0], np.array([0.0])
        )

    between = of(0.0, 1.0, 0.3, 0.8)
    assert between.status == "not certified"
    assert between.reason.endswith("one-sided derivatives differ here, of every partial")
    assert "valid choice" not in str(between)
    assert of(0.0, 0.0, 0.0, 0.0).status == "not certified"  # relu'(0) = 0 is not condemned
    wrong = of(0.0, 1.0, 0.3, 1.001)
    assert wrong.status == "disagree"
    assert wrong.outside == 1
    assert "the worst: (J·v)[3] is " in str(wrong)


def test_outputs_that_components_decide_each_alone_are_judged_one_by_one() -> None:
    def of(*slopes: float) -> Any:
        return check(
            lambda x: (np.abs(x), np.maximum(x[0], 0) + x[2]),
            lambda x, v: (slopes[:3] * v, slopes[3] * v[0] + v[2]),
            np.array([0.0, 0.0, 3.0]),
        )

    for right in ((0.0, 0.5, 1.0, 0.0), (-1.0, 1.0, 1.0, 1.0)):
        assert of(*right).ok, of(*right)
        assert of(*right).chosen == 1  # x[1] decides one output, and x[0] two
        assert "not judged: 2 partials without a derivative here" in str(of(*right))
    wrong = {
        "(J·v).0[0]": (1.001, 0.0, 1.0, 0.0),
        "(J·v).0[1]": (0.0, -1.001, 1.0, 0.0),
        "(J·v).1": (0.0, 0.0, 1.0, -0.001),
    }
    for label, slopes in wrong.items():
        assert of(*slopes).outside == 1
        assert f"the worst: {label} is " in str(of(*slopes))


def test_outputs_that_several_decide_together_are_not_judged_and_others_are() -> None:
    def of(last: float) -> Any:
        return check(
            lambda x: (np.abs(x[0] + x[1]), x[2] ** 2),
            lambda x, v: (9.0 * v[0], last * x[2] * v[2]),
            np.array([0.0, 0.0, 3.0]),
        )

    assert of(2.0).ok
    assert of(2.0).chosen == 0
    assert "not judged: 1 partial without a derivative here" in str(of(2.0))
    wrong = of(2.0 + 1e-9)
    assert wrong.status == "disagree"
    assert "the worst: (J·v).1 is " in str(wrong)


def test_jump_of_one_output_has_no_slopes() -> None:
    found = check(lambda x: (np.floor(x), x), lambda x, v: (7 * v, v), np.array([1.0, 1.5]))
    assert found.status == "disagree"  # of what does not jump
    assert found.outside == 1
    right = check(
        lambda x: (np.floor(x), x), lambda x, v: ([7 * v[0], 0.0], v), np.array([1.0, 1.5])
    )
    assert right.ok, right
    assert right.chosen == 0
    assert "not judged: 1 partial without a derivative here" in str(right)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: (x, 3), "gives int, and a pushforward is of floating-point numbers"),
        (lambda x: x.astype(int), "gives int64, and"),
        (lambda x: {"a": x, "b": "text"}, "gives str, and"),
        (lambda x: None, "gives NoneType, and"),
        (lambda x: x[:0], "gives no number"),
        (lambda x: 1 / 0, "raises .*ZeroDivisionError"),
    ],
)
def test_what_is_no_real_number_is_refused(f: Any, said: str) -> None:
    with pytest.raises(cb.ProblemError, match=said):
        check(f, lambda x, v: v, x)


def test_assertion_has_the_text() -> None:
    cb.assert_gradient(waves, along, x, certified=True, operator="pushforward", points=2)
    with pytest.raises(AssertionError, match=r"\(J·v\)\["):
        cb.assert_gradient(waves, lambda x, v: 2 * along(x, v), x, operator="pushforward")
