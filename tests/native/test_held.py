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


# --- what is not used -----------------------------------------------------------------------------

ZEROS = {
    "gradient": lambda x: 0 * x,
    "pushforward": lambda x, v: 0.0,
    "pullback": lambda x, u: 0 * x,
    "hvp": lambda x, v: 0 * x,
}
UNUSED = "f(x) does not depend on x here: does f use it?"


@pytest.mark.parametrize("operator", ZEROS)
def test_function_that_does_not_use_its_argument_is_told_so(operator: str) -> None:
    x = np.array([1.0, 2.0])
    found = cb.check(lambda x: 3.0, ZEROS[operator], x, operator=operator)
    assert found.ok
    assert found.unused == ("x",)
    assert str(found).endswith(f"\n  {UNUSED}")
    used = cb.check(lambda x: 3.0 * x[0] * 0.0, ZEROS[operator], x, operator=operator)
    assert used.ok
    assert used.unused == ()


def test_arguments_that_are_not_used_are_named_beside_a_wrong_gradient() -> None:
    x = {name: np.ones(2) for name in "abcdefgh"}
    found = cb.check(lambda p: np.sum(p["h"]), lambda p: {n: np.ones(2) for n in p}, x)
    assert found.status == "disagree"
    assert found.unused == tuple("abcdefg")
    assert str(found).endswith(
        "\n  f(x) does not depend on a, b, c, d, e, … here: does f use them?"
    )
    assert found.as_json()["unused"] == list("abcdefg")
    ramps = cb.check(
        lambda p: np.sum(np.maximum(-p["a"], 0)) + p["b"][0] * 0.0,
        lambda p: {n: 0 * a for n, a in p.items()},
        {name: x[name] for name in "abc"},
    )
    assert ramps.ok  # a decides that it counts for nothing, and is used
    assert ramps.unused == ("c",)


def test_jacobian_that_is_0_by_construction_is_not_ok() -> None:
    x = np.array([1.0, 2.0])
    found = cb.check(lambda x: np.ones(3), lambda x: np.zeros((3, 2)), x, operator="jacobian")
    assert found.ok
    assert found.unused == ("x",)
    torch = pytest.importorskip("torch")
    held = cb.check(lambda x: x.detach() ** 2, x=torch.tensor(x), operator="jacobian")
    assert held.status == "not certified"
    assert held.reason.startswith(HELD)


def test_module_that_torch_is_not_told_of_is_named_with_what_to_write() -> None:
    torch = pytest.importorskip("torch")
    net, x = torch.nn.Linear(2, 1).double(), torch.ones(2).double()
    for operator in ("gradient", "pullback"):
        found = cb.check(lambda weight: net(x).sum(), x=net.weight, operator=operator)
        assert found.status == "error"
        assert found.reason.startswith(
            "autograd finds no way from x to f(x), which does not depend on x: does f use its "
            "argument? (a module computes with parameters of its own"
        )
    for operator in ("hvp", "pushforward"):
        found = cb.check(lambda weight: net(x).sum(), x=net.weight, operator=operator)
        assert found.ok
        assert "f(x) does not depend on weight here: does f use it?" in str(found)
    own = cb.check(lambda weight: 2 * net(x).sum().detach(), x=net.weight)
    assert own.ok
    assert own.unused == ("weight",)
    through = cb.check(lambda x: (x.detach() * net.weight).sum(), x=x)
    assert "f(x), though f moves with x: all is held constant (detach, no_grad" in through.reason


def test_gradient_that_is_0_by_construction_is_not_ok_beside_what_is_unused_or_empty() -> None:
    torch = pytest.importorskip("torch")
    w, empty = torch.tensor([1.0, 2.0]).double(), torch.zeros(0).double()

    def loss(p: Any) -> Any:
        with torch.no_grad():
            return (p["w"] ** 2).sum() + p["e"].sum()

    for more in ({}, {"b": w}, {"b": w, "c": w}):
        found = cb.check(loss, x={"w": w, "e": empty, **more}, points=2)
        assert found.status == "not certified", more
        assert found.reason.startswith(HELD)
        assert found.unused == tuple(more)
    used = cb.check(lambda p: loss(p) + p["b"].sum(), x={"w": w, "e": empty, "b": w})
    assert used.ok
    assert used.held == ("w",)


def test_any_number_of_unused_arguments_is_told_beside_those_that_lead() -> None:
    x = {f"p{k:02}": np.ones(2) for k in range(30)}
    found = cb.check(
        lambda p: np.sum(p["p00"]) + np.sum(np.maximum(-p["p07"], 0)),
        lambda p: {n: a if n == "p00" else 0 * a for n, a in p.items()},
        x,
    )
    assert found.ok
    assert found.unused == tuple(n for n in x if n not in ("p00", "p07"))


def test_arguments_are_not_looked_at_for_longer_than_the_seconds_of_a_check() -> None:
    from calcbench.native import held
    from calcbench.native.numpy.function import NumpyFunction

    x = {name: np.ones(2) for name in "abcd"}
    function = NumpyFunction(lambda p: np.sum(p["a"]) + np.sum(np.maximum(-p["b"], 0)), x)
    at = function.arguments
    assert held.find_cut(function, at, 2.0, "bcd", seconds=60).unused == ("c", "d")
    assert held.find_cut(function, at, 2.0, "bcd", seconds=1e-9).unused == ()
