"""Pullbacks by torch, JAX and TensorFlow, of arrays and of several: certified, faults caught."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import calcbench as cb

V = np.linspace(-1.0, 2.0, 4)
M = np.random.default_rng(0).normal(size=(3, 4))


def check(f: Any, pullback: Any, x: Any, **options: Any) -> Any:
    return cb.check(f, pullback, x, operator="pullback", **options)


# --- torch ----------------------------------------------------------------------------------------


def test_pullbacks_of_torch_are_its_own() -> None:
    torch = pytest.importorskip("torch")
    x, A = torch.tensor(V), torch.tensor(M)
    outputs = {
        "array": lambda x: torch.sin(A @ x),
        "number": lambda x: (x**3).sum(),
        "several": lambda x: (torch.sin(A @ x), {"outer": torch.outer(x, x), "sum": x.sum()}),
        "a number in a list": lambda x: [x.prod()],
        "random": lambda x: torch.nn.functional.dropout(torch.exp(x), 0.5),
    }
    for name, f in outputs.items():
        found = check(f, None, x, points=2)
        assert found.certified, (name, found)
        assert found.partials == 4
    named = check(lambda p, c: p["A"] @ p["b"] * c, None, ({"A": A, "b": x}, torch.tensor(2.0)))
    assert named.ok, named
    assert list(named.value) == ["p.A", "p.b", "c"]
    assert named.dtype == "float32"


def test_pullbacks_written_for_torch_get_its_tensors() -> None:
    torch = pytest.importorskip("torch")
    x, A = torch.tensor(V), torch.tensor(M)

    def layer(x: Any) -> Any:
        return torch.tanh(A @ x), x.sum()

    def by_func(x: Any, u: Any) -> Any:
        return torch.func.vjp(layer, x)[1](u)

    def by_hand(x: Any, u: Any) -> Any:
        return A.T @ ((1 - torch.tanh(A @ x) ** 2) * u[0]) + u[1]

    assert check(layer, by_func, x).ok
    assert check(layer, by_hand, x).ok
    wrong = check(layer, lambda x, u: by_hand(x, (u[0], 2 * u[1])), x)
    assert wrong.status == "disagree"
    assert wrong.outside == 4


def test_seven_faults_in_custom_functions_of_torch_are_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    from torch_functions import FAULTS, Swish, X, numbers

    x = (numbers(5, 4), numbers(4))
    for f in (lambda w, b: Swish.apply(X @ w, b), lambda w, b: (Swish.apply(X @ w, b), w)):
        assert check(f, None, x).ok
        for fault in [*FAULTS][1:]:
            monkeypatch.setattr(Swish, "fault", fault)
            found = check(f, None, x)
            assert found.status == "disagree", (fault, found)
        monkeypatch.setattr(Swish, "fault", "")
    assert torch.is_grad_enabled()


def test_pullback_of_what_torch_does_not_differentiate() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(V)
    net = torch.nn.Linear(4, 2).double()
    for operator in ("gradient", "pullback"):
        unused = cb.check(lambda x: net(torch.ones(4).double()).sum(), x=x, operator=operator)
        assert unused.status == "error"
        assert "f(x), which does not depend on x: does f use its argument?" in unused.reason
        assert "functional_call" in unused.reason
    detached = check(lambda x: (x.detach() ** 2, x.detach()), None, x)
    assert detached.status == "not certified"
    assert detached.reason.startswith("f moves with x, but no derivative leads there")
    partly = check(lambda a, b: a * b.detach(), None, (x, x))
    assert partly.ok
    assert partly.held == ("b",)
    kinked = check(torch.relu, None, torch.tensor([0.0, 1.0]).double())
    assert kinked.ok
    assert kinked.chosen == 1
    coarse = check(lambda x: x.bfloat16(), None, x)
    assert coarse.status == "not certified"
    assert "bfloat16" in coarse.reason
    assert coarse.witness is None


def test_outputs_of_torch_are_joined_in_the_order_of_the_first_form() -> None:
    torch = pytest.importorskip("torch")

    def f(x: Any) -> Any:
        return {"b": x, "a": x**3} if x[0] >= 1 else {"a": x**3, "b": x}

    for pullback in (None, lambda x, u: u["b"] + 3 * x**2 * u["a"]):
        found = check(f, pullback, torch.tensor([1.0, 2.0]).double(), points=8)
        assert found.proved == 8, found


# --- JAX ------------------------------------------------------------------------------------------


def test_pullbacks_of_jax_are_its_own() -> None:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    with jax.enable_x64(True):
        x, A = jnp.asarray(V), jnp.asarray(M)

    @jax.tree_util.register_dataclass
    @dataclass
    class State:
        mean: Any
        rest: Any

    outputs = {
        "number": lambda x: jnp.sum(x**3),
        "several": lambda x: (jnp.sin(A @ x), {"outer": jnp.outer(x, x), "b": jnp.sum(x)}),
        "a class": lambda x: State(x.mean(), [x**2, x[:1]]),
        "loop": lambda x: jax.lax.scan(lambda c, a: (c * a, jnp.sin(c)), 1.0, x)[1],
    }
    for name, f in outputs.items():
        found = check(jax.jit(f), None, x)
        assert found.ok, (name, found)
        assert found.dtype == "float64"
    single = check(
        lambda p, c: jnp.dot(p["A"], p["b"]) * c, None, ({"A": M, "b": V}, 2.0), points=2
    )
    assert single.certified, single
    assert single.dtype == "float32"
    given = check(outputs["several"], lambda x, u: jax.vjp(outputs["several"], x)[1](u), x)
    assert given.ok, given
    assert not jax.config.jax_enable_x64


def test_seven_faults_in_custom_rules_of_jax_are_caught() -> None:
    jax = pytest.importorskip("jax")
    from native.jax_functions import FAULTS, KINDS, swish_with

    with jax.enable_x64(True):
        drawn = KINDS["custom rule"][1](np.random.default_rng(2))
        x = tuple(map(jax.numpy.asarray, drawn))
        for fault in ("", *FAULTS):
            found = check(swish_with(fault), None, x)
            assert found.status == ("disagree" if fault else "ok"), (fault, found)


def test_pullback_of_what_jax_does_not_differentiate() -> None:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    unused = cb.check(lambda x: jnp.sum(jnp.ones(3)), x=jnp.asarray(V))
    assert unused.ok
    assert unused.unused == ("x",)
    assert "f(x) does not depend on x here: does f use it?" in str(unused)
    held = check(lambda x: [jax.lax.stop_gradient(x)], None, jnp.asarray(V))
    assert held.status == "not certified"
    assert held.reason.startswith("f moves with x, but no derivative leads there")
    unknown = check(lambda x: jnp.abs(jnp.fft.rfft(x)), None, jnp.asarray(V + 0.1))
    assert "complex" in unknown.reason
    assert unknown.witnessed, unknown
    branch = check(lambda x: x if x[0] > 0 else 2 * x, lambda x, u: 2 * u, jnp.asarray(V))
    assert "Python's if" in branch.reason
    assert branch.witnessed


# --- TensorFlow -----------------------------------------------------------------------------------


def test_pullbacks_of_tensorflow_are_its_own() -> None:
    tf = pytest.importorskip("tensorflow")
    x, A = tf.constant(V), tf.constant(M)
    w = tf.Variable(V, name="w")
    outputs = {
        "array": (lambda x: tf.sin(tf.linalg.matvec(A, x)), x),
        "number": (lambda x: tf.reduce_sum(x**3), x),
        "several": (lambda x: (tf.sin(x), {"outer": tf.tensordot(x, x, 0), "s": x[0]}), x),
        "dtypes": (lambda x: [x**2, tf.cast(x, tf.float32)], x),
        "variables": (lambda: tf.sin(w) * w[0], [w]),
        "several of variables": (lambda: (tf.sin(w), w), [w]),
        "compiled": (tf.function(lambda a, b: (a * b, a)), (x, x)),
    }
    for name, (f, at) in outputs.items():
        found = check(f, None, at)
        assert found.ok, (name, found)
    assert found.partials == 8

    def layer(x: Any) -> Any:
        return tf.tanh(x), tf.reduce_sum(x)

    def by_hand(x: Any, u: Any) -> Any:
        return (1 - tf.tanh(x) ** 2) * u[0] + u[1]

    assert check(layer, by_hand, x).ok
    assert check(layer, lambda x, u: by_hand(x, u) * (1 + 1e-9), x).status == "disagree"
    np.testing.assert_array_equal(w.numpy(), V)


def test_seven_faults_in_custom_gradients_of_tensorflow_are_caught() -> None:
    tf = pytest.importorskip("tensorflow")
    from native.tensorflow_functions import FAULTS, KINDS, swish_with

    x = tuple(map(tf.constant, KINDS["custom rule"][1](np.random.default_rng(2))))
    for fault in ("", *FAULTS):
        found = check(swish_with(fault), None, x)
        assert found.status == ("disagree" if fault else "ok"), (fault, found)


def test_pullback_of_what_tensorflow_does_not_differentiate() -> None:
    tf = pytest.importorskip("tensorflow")
    x, w = tf.constant(V), tf.Variable(V)
    for operator in ("gradient", "pullback"):
        unused = cb.check(lambda x: tf.reduce_sum(w * w), x=x, operator=operator)
        assert unused.status == "error"
        assert "f(x), which does not depend on x: does f use its argument?" in unused.reason
        held = cb.check(lambda x: tf.reduce_sum(tf.stop_gradient(x)), x=x, operator=operator)
        assert "f(x), though f moves with x: all is held constant" in held.reason


def test_outputs_of_tensorflow_are_joined_in_the_order_of_the_first_form() -> None:
    tf = pytest.importorskip("tensorflow")

    def f(x: Any) -> Any:
        return {"b": x, "a": x**3} if tf.executing_eagerly() else {"a": x**3, "b": x}

    found = check(f, lambda x, u: u["b"] + 3 * x**2 * u["a"], tf.constant([1.0, 2.0], tf.float64))
    assert found.ok, found
