"""Functions that detach, no_grad or stop_gradient holds constant as a whole, or by an argument."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import calcbench as cb

HELD = "f moves with x, but no derivative leads there"


def test_function_that_torch_holds_constant_is_not_ok() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)

    def unseen(x: Any) -> Any:
        with torch.no_grad():
            return (x**2).sum()

    for f in (unseen, lambda x: (x.detach() ** 2).sum(), lambda x: (x.data**2).sum()):
        assert cb.check(f, x=x).status == "not certified"
    found = cb.check(unseen, x=x)
    assert found.reason.startswith(HELD)
    assert "difference quotients disagree" in str(found)
    mended = cb.check(unseen, lambda x: 2 * x, x)
    assert mended.witnessed  # of the function itself it is right


def test_argument_that_is_held_constant_is_named() -> None:
    torch = pytest.importorskip("torch")
    x = {"a": torch.tensor([1.0]).double(), "b": torch.tensor([2.0]).double()}
    found = cb.check(lambda p: (p["a"] * p["b"].detach()).sum(), x=x)
    assert found.ok
    assert found.held == ("b",)
    assert "held constant, though f moves with it: b" in str(found)
    both = cb.check(lambda p: (p["a"] * p["b"].detach() + 0 * p["b"]).sum(), x=x)
    assert both.held == ()


def test_function_that_stop_gradient_holds_is_not_ok() -> None:
    jax = pytest.importorskip("jax")
    found = cb.check(
        lambda x: jax.numpy.sum(jax.lax.stop_gradient(x) ** 2), x=jax.numpy.array([1.0, 2.0])
    )
    assert found.status == "not certified"
    assert found.reason.startswith(HELD)


def test_constants_and_flat_places_are_not_held() -> None:
    x = np.array([1.0, 2.0])
    assert cb.check(lambda x: 3.0, np.zeros_like, x).ok
    assert cb.check(lambda x: np.sum(x**2), np.zeros_like, np.zeros(2)).ok
    assert cb.check(lambda x: np.sum(np.maximum(-x, 0)), np.zeros_like, x).ok
    assert cb.check(lambda x: np.sum(np.floor(x) * x.size), np.zeros_like, x + 0.5).ok
