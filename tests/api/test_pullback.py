"""Pullbacks of functions as they are: a cotangent times the Jacobian, in the form of x."""

from __future__ import annotations

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
    assert "the gradient by x has the shape (4,), but x has the shape (3,)" in str(shapeless)


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


def test_slopes_of_each_output_are_chosen_for_themselves() -> None:
    """0, for relu(x) as for −relu(−x), is right of both, though every sum of the two has a slope
    on either side that is another.
    """

    def ramps(x: np.ndarray) -> Any:
        return np.concatenate([np.maximum(x, 0), -np.maximum(-x, 0)])

    def of(first: float, second: float) -> Any:
        def pullback(x: np.ndarray, u: Any) -> Any:
            return np.array([first * u[0] + second * u[2], u[1]])

        return check(ramps, pullback, KINK)

    for one in (0.0, 0.5, 1.0):
        for other in (0.0, 0.5, 1.0):
            found = of(one, other)
            assert found.ok, found
            assert found.chosen == 1
    up = cotangent(4)[[0, 2]] > 0
    for beyond in (np.where(up, 1.001, -0.001), np.where(up, -0.001, 1.001)):
        assert of(*beyond).status == "disagree"


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
    said = r"f gives a tuple of several, and one is differentiated: .* operator='pullback'"
    with pytest.raises(cb.ProblemError, match=said):
        cb.check(lambda x: (np.sum(x), x), np.ones_like, x, operator=operator, name="f")


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
