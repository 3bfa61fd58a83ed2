"""Pullbacks of functions as they are: a cotangent times the Jacobian, in the form of x."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import calcbench as cb
from calcbench.api.array_trials import PullbackTrial
from calcbench.native.front_ends import make

A = np.random.default_rng(0).normal(size=(4, 3))
x = np.array([1.0, 2.0, 3.0])


def waves(x: np.ndarray) -> Any:
    return np.sin(A @ x)


def back(x: np.ndarray, u: Any) -> Any:
    return A.T @ (np.cos(A @ x) * u)


def check(f: Any, pullback: Any, x: Any, **options: Any) -> Any:
    return cb.check(f, pullback, x, operator="pullback", **options)


def test_pullback_is_certified_and_a_wrong_number_named() -> None:
    right = check(waves, back, x, points=3)
    assert right.ok, right
    assert (right.partials, right.proved) == (3, 3)
    assert right.reference["x"].shape == (3,)
    for k in range(3):
        wrong = check(waves, lambda x, u: back(x, u) * (1 + 1e-9 * np.eye(3)[k]), x)  # noqa: B023
        assert wrong.status == "disagree"
        assert wrong.outside == 1
        assert f"(Jᵀu)[x[{k}]] is " in str(wrong)


@settings(max_examples=20)
@given(row=st.integers(0, 3), column=st.integers(0, 2), error=st.sampled_from([1e-10, 1e-3, -2.0]))
def test_a_wrong_entry_of_the_jacobian_is_caught_wherever_it_is(
    row: int, column: int, error: float
) -> None:
    """A cotangent of which no number is 0 sees every row."""
    slopes = np.cos(A @ x)[:, None] * A
    slopes[row, column] *= 1 + error
    found = check(waves, lambda x, u: slopes.T @ u, x)
    assert found.status == "disagree"
    assert f"(Jᵀu)[x[{column}]] is " in str(found)


class Both(NamedTuple):
    """What a function may give, beside plain tuples."""

    waves: Any
    size: Any


FORMS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "a number": (lambda x: np.sum(x**2), lambda x, u: 2 * u * x),
    "a function of NumPy": (np.sum, lambda x, u: np.full(3, u)),
    "one number in an array": (lambda x: np.sum(x**2, keepdims=True), lambda x, u: 2 * u[0] * x),
    "a matrix": (lambda x: np.outer(x, x), lambda x, u: (u + u.T) @ x),
    "a list of numbers": (lambda x: [x[0] * x[1], x[2] ** 2, 3.0],
                          lambda x, u: np.array([u[0] * x[1], u[0] * x[0], 2 * x[2] * u[1]])),
    "a tuple": (lambda x: (waves(x), x @ x), lambda x, u: back(x, u[0]) + 2 * u[1] * x),
    "a tuple of one": (lambda x: (waves(x),), lambda x, u: back(x, u[0])),
    "a dict": (lambda x: {"b": waves(x), "a": [x @ x, x]},
               lambda x, u: back(x, u["b"]) + 2 * u["a"][0] * x + u["a"][1]),
    "a tuple with names": (lambda x: Both(waves(x), x @ x),
                           lambda x, u: back(x, u.waves) + 2 * u.size * x),
}  # fmt: skip
"""What a function gives, which is the form of the cotangent, → it and its pullback."""


@pytest.mark.parametrize("form", FORMS)
def test_cotangent_has_the_form_of_what_the_function_gives(form: str) -> None:
    f, pullback = FORMS[form]
    right = check(f, pullback, x, points=2)
    assert right.ok, right
    assert right.proved == 2
    wrong = check(f, lambda x, u: pullback(x, u) * (1 + 1e-9), x)
    assert wrong.status == "disagree"


def test_result_has_the_form_of_the_argument() -> None:
    right = check(lambda a, b: a * b, lambda a, b, u: (b * u, u @ a), (x, 2.0))
    assert right.ok, right
    assert list(right.value) == ["a", "b"]
    swapped = check(lambda a, b: a * b, lambda a, b, u: (b * u, 2 * u @ a), (x, 2.0))
    assert "(Jᵀu)[b] is " in str(swapped)
    named = check(
        lambda p: p["A"] @ p["b"],
        lambda p, u: {"A": np.outer(u, p["b"]), "b": p["A"].T @ u},
        {"A": A, "b": x},
    )
    assert named.ok, named
    shapeless = check(waves, lambda x, u: u, x)
    assert shapeless.status == "error"
    assert (
        "the pullback by x has the shape (4,), but x has the shape (3,); a pullback is called as "
        in str(shapeless)
    )


def cotangent(count: int) -> Any:
    """Return the cotangent of a vector: what the pullback of x itself gives."""
    return check(lambda x: x, lambda x, u: u, np.ones(count)).value["x"]


def test_cotangent_is_drawn_the_same_each_time_and_moves_every_output() -> None:
    np.testing.assert_array_equal(cotangent(5), cotangent(5))
    assert len(set(np.abs(cotangent(100)))) == 100
    assert np.min(np.abs(cotangent(100))) > 0


def test_cotangent_is_of_the_dtype_of_the_value_and_written_over_without_harm() -> None:
    def f(x: np.ndarray) -> Any:
        return 2 * x, np.float64(2) * np.sum(x)

    def pullback(x: np.ndarray, u: Any) -> Any:
        assert (u[0].dtype, u[1].dtype) == ("float32", "float64")
        found = 2 * (u[0] + u[1])
        u[0][:] = 0
        return found

    found = check(f, pullback, x.astype(np.float32), points=3)
    assert found.certified, found
    assert found.dtype == "float32"


def test_numpy_has_no_pullback_of_its_own() -> None:
    with pytest.raises(TypeError, match=r"check\(f, pullback, x, operator='pullback'\)"):
        check(waves, None, x)


def test_pullback_that_is_not_certified_has_witnesses() -> None:
    F = np.exp(-2j * np.pi * np.outer(np.arange(2), np.arange(3)) / 3)

    def powers(x: np.ndarray) -> Any:
        return np.abs(np.fft.rfft(x)) ** 2

    def pullback(x: np.ndarray, u: Any) -> Any:
        return 2 * np.real(np.conj(F @ x)[:, None] * F).T @ u

    right = check(powers, pullback, x, points=2)
    assert right.witnessed
    assert right.agreeing == 2
    assert "numpy.fft.rfft" in right.reason
    both = check(lambda x: {"p": powers(x)}, lambda x, u: pullback(x, u["p"]), x)
    assert both.witnessed
    for k in range(3):
        wrong = check(powers, lambda x, u: pullback(x, u) + 1e-3 * np.eye(3)[k], x)  # noqa: B023
        assert wrong.refuted


def test_value_that_is_not_what_the_operations_give_is_not_certified() -> None:
    def hiding(x: np.ndarray) -> Any:
        return x, (2 if type(x) is np.ndarray else 3) * x[:1]

    found = check(hiding, lambda x, u: u[0] + 2 * u[1] * np.eye(3)[0], x)
    assert found.status == "not certified"
    assert found.reason.startswith("u·f(x) is ")
    assert ", and its operations on numbers with proof give " in found.reason
    assert found.witnessed


def test_complex_steps_are_witnesses_of_all_outputs() -> None:
    from scipy.optimize import rosen, rosen_der

    found = check(
        lambda x: (rosen(x), 2 * rosen(x)), lambda x, u: (u[0] + 2 * u[1]) * rosen_der(x), x
    )
    assert found.witnessed, found
    assert found.step is not None
    assert found.step.digits > 12


def test_outputs_are_joined_in_the_order_of_the_first_form() -> None:
    def f(x: np.ndarray) -> Any:
        if x[0] >= 1:
            return {"b": x, "a": (x**3, {"d": x[:1], "c": 2 * x})}
        return {"a": [x**3, {"c": 2 * x, "d": x[:1]}], "b": x}

    def pullback(x: np.ndarray, u: Any) -> Any:
        assert list(u) == ["b", "a"]
        first, rest = u["a"]
        return u["b"] + 3 * x**2 * first + rest["d"] * np.eye(2)[0] + 2 * rest["c"]

    found = check(f, pullback, np.array([1.0, 2.0]), points=8)
    assert found.ok, found
    assert (found.points, found.proved) == (8, 8)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (lambda x: {"a": x}, "{'a': (3,)}, and gave {'a': (3,), 'b': (3,)}"),
        (lambda x: {"a": x, "c": x}, "{'a': (3,), 'c': (3,)}"),
        (lambda x: {"a": x, "b": [x]}, "{'a': (3,), 'b': [(3,)]}"),
        (lambda x: (x, x), "((3,), (3,))"),
        (lambda x: np.ones(6), "(6,)"),
    ],
)
def test_another_form_at_another_call_is_refused(other: Any, said: str) -> None:
    calls = iter([lambda x: {"a": x, "b": x}])
    function = make("numpy", lambda x: next(calls, other)(x), x, "f")
    trial = PullbackTrial(function, lambda x, u: x, 60, 0)
    with pytest.raises(cb.ProblemError, match="f gives another form here: ") as caught:
        trial.at_points(1)
    assert said in str(caught.value)


def test_another_form_on_numbers_with_proof_is_not_certified() -> None:
    found = check(
        lambda x: (x, x) if type(x) is np.ndarray else (x, [x]), lambda x, u: u[0] + u[1], x
    )
    assert found.status == "not certified"
    assert "gives another form here: ((3,), [(3,)]), and gave ((3,), (3,))" in found.reason
    assert found.witnessed


def test_lists_of_lists_are_an_array() -> None:
    def hessian(x: np.ndarray) -> Any:
        return [[x[0] * x[1], x[1]], (x[1], 2.0)]

    def pullback(x: np.ndarray, u: Any) -> Any:
        return np.array([u[0, 0] * x[1], u[0, 0] * x[0] + u[0, 1] + u[1, 0]])

    assert check(hessian, pullback, x[:2]).certified
    cube = check(lambda x: [[[x[0]], [x[1]]]], lambda x, u: u.ravel(), x[:2])
    assert cube.certified
    jacobian = np.array([[[2.0, 1], [0, 1]], [[0, 1], [0, 0]]])
    assert cb.check(hessian, lambda x: jacobian, x[:2] * [1, 1], operator="jacobian").ok
    assert cb.check(lambda x: [[x @ x]], lambda x: 2 * x, x).certified


# --- kinks ----------------------------------------------------------------------------------------

KINK = np.array([0.0, 1.0])


def test_number_at_a_kink_is_held_against_the_slopes_of_the_outputs() -> None:
    right = check(np.abs, lambda x, u: np.sign(x) * u, KINK)
    assert right.ok
    assert (right.no_derivative, right.chosen) == (1, 1)
    assert "one valid choice: 1 partial without a derivative here" in str(right)
    edge = check(np.abs, lambda x, u: np.array([-u[0], u[1]]), KINK)
    assert edge.ok
    wrong = check(np.abs, lambda x, u: np.array([1.001 * u[0], u[1]]), KINK)
    assert wrong.status == "disagree"
    assert "outside of what lies between the one-sided derivatives; the worst: (Jᵀu)[x[0]] is " in (
        wrong.reason
    )


W = np.random.default_rng(0).normal(size=(20, 2))


@pytest.mark.parametrize(
    ("ramp", "slopes"),
    [
        (lambda x: np.maximum(x, 0), (0, 1)),
        (lambda x: np.minimum(x, 0), (0, 1)),
        (lambda x: np.maximum(-x, 0), (-1, 0)),
        (np.abs, (-1, 1)),
        (lambda x: np.where(x > 0, x, 0.1 * x), (0.1, 1)),
    ],
)
def test_layer_behind_a_kink_has_one_choice_for_all_its_outputs(
    ramp: Any, slopes: tuple[float, float]
) -> None:
    """Slopes that each output chose for itself could make any sum, with the sign flipped, too."""

    def of(factor: float) -> Any:
        def pullback(x: np.ndarray, u: Any) -> Any:
            return np.array([factor, (ramp(2.0) - ramp(1.0))]) * (W.T @ u)

        return check(lambda x: W @ ramp(x), pullback, KINK)

    lowest, highest = slopes
    for factor in (lowest, (lowest + highest) / 2, highest):
        found = of(factor)
        assert found.ok, found
        assert found.chosen == 1
    for factor in (lowest - 1e-3, highest + 1e-3, lowest - 2, highest + 2):
        found = of(factor)
        assert found.status == "disagree", (found, factor)
        assert "outside of what lies between the one-sided derivatives" in found.reason


def test_choices_of_two_comparisons_are_no_choice_of_the_function_and_not_called_wrong() -> None:
    """Of J = (c, 1 − c) each c is a choice; (0, 0) and (1, 1) come of programs, but are none."""
    u = cotangent(4)[[0, 2]]
    alike = np.sign(u[0] * u[1])  # makes both products of one sign, so that no other choice is such

    def of(first: float, second: float) -> Any:
        def ramps(x: np.ndarray) -> Any:
            return np.concatenate([np.maximum(x, 0), -alike * np.maximum(-x, 0)])

        def pullback(x: np.ndarray, u: Any) -> Any:
            return np.array([first * u[0] + alike * second * u[2], u[1]])

        return check(ramps, pullback, KINK)

    for c in (0.0, 0.25, 1.0):
        found = of(c, 1 - c)
        assert found.ok, found
        assert found.chosen == 1
    for both in (0.0, 1.0):
        found = of(both, both)
        assert found.ok, found
        assert found.chosen == 0
        assert "not judged: 1 partial without a derivative here" in str(found)
    for beyond in (-0.001, 1.001):
        assert of(beyond, beyond).status == "disagree"


def test_those_that_tie_each_alone_are_judged_one_by_one() -> None:
    found = check(np.abs, lambda x, u: np.array([0.5, -1, 1]) * u, np.array([0.0, 0.0, 2.0]))
    assert found.ok
    assert (found.no_derivative, found.chosen) == (2, 2)
    assert check(np.abs, lambda x, u: 9 + x, np.zeros(2)).status == "disagree"


def test_several_that_tie_together_are_not_judged() -> None:
    found = check(lambda x: np.abs(x[:2] + x[2]), lambda x, u: 0 * x, np.array([0.0, 1.0, 0.0]))
    assert found.status == "disagree"  # by x[1] there is a derivative
    assert found.chosen == 0
    none = check(lambda x: np.abs(x[:1] + x[1:]), lambda x, u: 9 + x, np.zeros(2))
    assert none.status == "not certified"
    assert "choice" not in none.reason


def test_jump_of_one_output_has_no_slopes() -> None:
    found = check(
        lambda x: (np.floor(x), x), lambda x, u: 7 * np.isin(x, [1.0]) + u[1], np.array([1.0, 1.5])
    )
    assert found.ok
    assert found.chosen == 0
    assert "not judged: 1 partial without a derivative here" in str(found)


# --- what is refused, and what is left as it was --------------------------------------------------


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: (x, 3), "gives int, and a pullback is of floating-point numbers"),
        (lambda x: x.astype(int), "gives int64, and"),
        (lambda x: {"a": x, "b": "text"}, "gives str, and"),
        (lambda x: None, "gives NoneType, and"),
        (lambda x: x + 1j, "gives complex128, and"),
        (lambda x: x[:0], "gives no number"),
        (lambda x: 1 / 0, "raises .*ZeroDivisionError"),
    ],
)
def test_what_is_no_real_number_is_refused(f: Any, said: str) -> None:
    with pytest.raises(cb.ProblemError, match=said):
        check(f, lambda x, u: x, x)


@pytest.mark.parametrize("operator", ["gradient", "jacobian", "hvp"])
def test_several_are_referred_to_the_pullback_by_other_operators(operator: str) -> None:
    said = r"f gives a tuple, and one array or number is differentiated: .* operator='pullback'"
    with pytest.raises(cb.ProblemError, match=said):
        cb.check(lambda x: (np.sum(x), x), np.ones_like, x, operator=operator, name="f")


CALLED = {
    "pullback": "a pullback is called as grad(w, u)",
    "pushforward": "a pushforward is called as grad(w, v)",
    "hvp": "an hvp is called as grad(w, v)",
}


@pytest.mark.parametrize("operator", CALLED)
def test_what_is_called_in_another_way_is_told_how(operator: str) -> None:
    def f(w: np.ndarray) -> Any:
        return w @ w

    calls = (lambda w: w, lambda u, w: A @ u @ w, lambda w, u: np.ones(7))
    for wrong in calls:
        found = cb.check(f, wrong, x, operator=operator)
        assert found.status == "error"
        assert found.reason.endswith(f"; {CALLED[operator]}"), found
    raised = cb.check(f, calls[0], x, operator=operator)
    assert raised.reason.startswith(f"the {operator} raises TypeError"), raised
    own = cb.check(f, lambda w: w[:2], x)
    assert own.reason == "the gradient by w has the shape (2,), but w has the shape (3,)"


def test_number_that_has_no_verdict_or_changes_is_named() -> None:
    def logs(x: np.ndarray) -> Any:
        return {"a": x, "b": np.log(x - x[1])}

    none = cb.check(logs, lambda x, u: x, np.array([3.0, 2.0, 4.0]), operator="pullback")
    assert none.reason == "no verdict: f(x).b[1] is -inf"
    rng = np.random.default_rng(0)
    changing = check(lambda x: np.append(x, rng.normal()), lambda x, u: u[:3], x)
    assert changing.reason.startswith("f gives another value at the same x: f(x)[3] is ")


def test_number_that_differences_are_against_is_named() -> None:
    def turned(x: np.ndarray) -> Any:
        return np.fft.fft(x).real

    wrong = check(turned, lambda x, u: turned(u) + np.array([0.0, 0.1, 0.0]), x)
    assert "disagree in 1 of 3 partials: (Jᵀu)[x[1]] is " in str(wrong)
    rows = turned(np.eye(3)) + np.array([0.0, 0.1, 0.0])
    jacobian = cb.check(turned, lambda x: rows, x, operator="jacobian")
    assert "1 of 3 partials: that of a sum of f(x) with weights by x[1] is " in str(jacobian)
    gradient = cb.check(lambda x: turned(x)[0], lambda x: np.array([1.0, 1.0, 2.0]), x)
    assert "disagree in 1 of 3 partials: ∂f/∂x[2] is 2, they give " in str(gradient)


def test_name_of_the_operator_in_other_tools_is_translated() -> None:
    with pytest.raises(cb.SelectorError, match="no operator 'vjp': it is 'pullback' here"):
        cb.check(waves, back, x, operator="vjp")
    with pytest.raises(cb.SelectorError, match="did you mean 'pullback'"):
        cb.check(waves, back, x, operator="pullbac")


def test_function_that_is_not_repeatable_is_not_certified() -> None:
    rng = np.random.default_rng(0)
    found = check(lambda x: (x, x * rng.normal()), lambda x, u: u[0], x)
    assert "another value at the same x" in str(found)
    calls = []

    def counting(x: np.ndarray) -> Any:
        calls.append(1)
        return {"x": 2 * x}

    assert check(counting, lambda x, u: 2 * u["x"], x).ok
    assert calls == []


def test_assertion_has_the_text() -> None:
    cb.assert_gradient(waves, back, x, certified=True, operator="pullback", points=2)
    with pytest.raises(AssertionError, match=r"\(Jᵀu\)\[x\["):
        cb.assert_gradient(waves, lambda x, u: 2 * back(x, u), x, operator="pullback")
