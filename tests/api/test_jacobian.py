"""Jacobians of functions as they are: arrays by arrays, in the form that frameworks give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import calcbench as cb

A = np.random.default_rng(0).normal(size=(4, 3))
x = np.array([1.0, 2.0, 3.0])


def waves(x: np.ndarray) -> Any:
    return np.sin(A @ x)


def slopes(x: np.ndarray) -> Any:
    return np.cos(A @ x)[:, None] * A


def entry(k: int, shape: tuple[int, ...], by: float) -> np.ndarray:
    """Make an array with one number."""
    return by * (np.arange(np.prod(shape)) == k).reshape(shape)


def check(f: Any, jacobian: Any, x: Any, **options: Any) -> Any:
    return cb.check(f, jacobian, x, operator="jacobian", **options)


def test_jacobian_is_certified_and_a_wrong_partial_named() -> None:
    right = check(waves, slopes, x, points=3)
    assert right.ok, right
    assert (right.partials, right.proved) == (12, 3)
    assert right.reference["jacobian"].shape == (4, 3)
    for k in range(12):
        wrong = check(waves, lambda x: slopes(x) * (1 + entry(k, (4, 3), 1e-9)), x)  # noqa: B023
        assert wrong.status == "disagree"
        assert wrong.outside == 1
        assert f"∂f[{k // 3}]/∂x[{k % 3}] is " in str(wrong)


def test_outputs_of_several_axes_are_named_by_their_places() -> None:
    def slopes(x: np.ndarray) -> Any:
        eye = np.eye(3)
        return np.einsum("ik,j->ijk", eye, x) + np.einsum("jk,i->ijk", eye, x)

    assert check(lambda x: np.outer(x, x), slopes, x).ok
    wrong = check(lambda x: np.outer(x, x), lambda x: slopes(x) + entry(14, (3, 3, 3), 0.1), x)
    assert "∂f[1, 1]/∂x[2] is " in str(wrong)


def test_arguments_and_lists_have_their_forms() -> None:
    assert check(lambda a, b: a * b, lambda a, b: (b * np.eye(3), a), (x, 2.0)).ok
    swapped = check(lambda a, b: a * b, lambda a, b: (b * np.eye(3), 2 * a), (x, 2.0))
    assert "∂f[2]/∂b is 6, should be 3" in str(swapped)
    listed = check(
        lambda x: [x[0] * x[1], x[2] ** 2, 3.0],
        lambda x: np.array([[x[1], x[0], 0], [0, 0, 2 * x[2]], [0, 0, 0]]),
        x,
    )
    assert listed.ok, listed


def test_jacobian_that_is_not_certified_has_a_witness() -> None:
    F = np.exp(-2j * np.pi * np.outer(np.arange(2), np.arange(3)) / 3)

    def powers(x: np.ndarray) -> Any:
        return np.abs(np.fft.rfft(x)) ** 2

    def slopes(x: np.ndarray) -> Any:
        return 2 * np.real(np.conj(F @ x)[:, None] * F)

    right = check(powers, slopes, x, points=2)
    assert right.witnessed
    assert right.agreeing == 2
    for k in range(6):
        assert check(powers, lambda x: slopes(x) + entry(k, (2, 3), 1e-3), x).refuted  # noqa: B023


def test_kinks_of_outputs_are_not_judged() -> None:
    found = check(np.abs, lambda x: np.diag(np.sign(x)), np.array([0.0, 1.0]))
    assert found.ok
    assert found.no_derivative == 1
    wrong = check(np.abs, lambda x: np.diag(np.sign(x)) + 1e-9, np.array([0.0, 1.0]))
    assert wrong.status == "disagree"


def test_wrong_forms_get_a_sentence() -> None:
    found = check(waves, lambda x: slopes(x).T, x)
    assert found.status == "error"
    assert "has the shape (3, 4), but must have (4, 3): that of f(x), (4,), followed" in str(found)
    with pytest.raises(cb.ProblemError, match=r"gives one number .*operator='gradient'"):
        check(np.sum, np.ones_like, x)
    with pytest.raises(cb.ProblemError, match="operator='jacobian' checks the Jacobian"):
        cb.check(waves, slopes, x)
    with pytest.raises(TypeError, match="no Jacobian of its own"):
        check(waves, None, x)


@pytest.mark.parametrize("operator", ["gradient", "jacobian"])
@pytest.mark.parametrize("made", [lambda x: {"a": x, "b": x[0]}, lambda x: (x, x[0])])
def test_several_arrays_are_told_what_takes_them(made: Any, operator: str) -> None:
    with pytest.raises(cb.ProblemError, match=r"gives a (dict|tuple), and one.*='pullback'"):
        cb.check(made, np.ones_like, np.array([1.0, 2.0]), operator=operator)


def test_jacobian_that_is_not_given_is_asked_for_as_it_is_written() -> None:
    with pytest.raises(TypeError, match=r"check\(f, jacobian, x, operator='jacobian'\)"):
        cb.check(np.exp, x=np.array([1.0, 2.0]), operator="jacobian")


def test_function_that_is_not_repeatable_is_not_certified() -> None:
    rng = np.random.default_rng(0)
    found = check(lambda x: x * rng.normal(), lambda x: np.eye(3), x)
    assert "another value at the same x" in str(found)


def test_jacobians_of_torch_are_its_own_and_by_custom_rules() -> None:
    torch = pytest.importorskip("torch")
    t, B = torch.tensor(x), torch.tensor(A)

    class Square(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.saved_tensors[0]

    assert check(lambda x: torch.sin(B @ x), None, t).ok
    assert check(torch.outer, lambda *x: torch.func.jacrev(torch.outer, (0, 1))(*x), (t, t[:2])).ok
    wrong = check(lambda x: Square.apply(x), None, t)
    assert "∂f[2]/∂x[2] is 3, should be 6 (×0.5)" in str(wrong)
    dropping = check(lambda x: torch.nn.functional.dropout(torch.exp(x), 0.5), None, t)
    assert dropping.ok, dropping


def test_jacobians_of_jax_are_its_own() -> None:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    p = {"a": jnp.asarray(x), "b": jnp.asarray(x[:2])}

    def outer(p: Any) -> Any:
        return jnp.outer(p["a"], p["b"])

    assert check(outer, None, p).ok
    wrong = check(outer, jax.jacobian(lambda p: 2 * outer(p)), p)
    assert wrong.status == "disagree"
    assert "∂f[2, 0]/∂b[0] is 6, should be 3 (×2)" in str(wrong)
