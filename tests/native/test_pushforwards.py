"""Pushforwards by torch, JAX and TensorFlow, of arrays and of several: certified, faults caught."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import calcbench as cb

V = np.linspace(-1.0, 2.0, 4)
M = np.random.default_rng(0).normal(size=(3, 4))


def check(f: Any, pushforward: Any, x: Any, **options: Any) -> Any:
    return cb.check(f, pushforward, x, operator="pushforward", **options)


# --- torch ----------------------------------------------------------------------------------------


def test_pushforwards_of_torch_are_its_own() -> None:
    torch = pytest.importorskip("torch")
    x, A = torch.tensor(V), torch.tensor(M)
    outputs = {
        "array": lambda x: torch.sin(A @ x),
        "several": lambda x: (torch.sin(A @ x), {"outer": torch.outer(x, x), "sum": x.sum()}),
        "a number in a list": lambda x: [x.prod()],
        "random": lambda x: torch.nn.functional.dropout(torch.exp(x), 0.5),
    }
    for name, f in outputs.items():
        found = check(f, None, x, points=2)
        assert found.certified, (name, found)
    named = check(lambda p, c: p["A"] @ p["b"] * c, None, ({"A": A, "b": x}, torch.tensor(2.0)))
    assert named.ok, named
    assert (named.dtype, named.partials) == ("float32", 3)
    kinked = check(torch.relu, None, torch.tensor([0.0, 1.0]).double())
    assert kinked.ok
    assert kinked.chosen == 1


def test_pushforwards_written_for_torch_get_its_tensors() -> None:
    torch = pytest.importorskip("torch")
    x, A = torch.tensor(V), torch.tensor(M)

    def layer(x: Any) -> Any:
        return torch.tanh(A @ x), x.sum()

    def by_func(x: Any, v: Any) -> Any:
        return torch.func.jvp(layer, (x,), (v,))[1]

    def by_hand(x: Any, v: Any) -> Any:
        return [(1 - torch.tanh(A @ x) ** 2) * (A @ v), v.sum()]

    assert check(layer, by_func, x).ok
    assert check(layer, by_hand, x).ok
    wrong = check(layer, lambda x, v: (by_hand(x, v)[0], 1.5 * v.sum()), x)
    assert wrong.outside == 1
    assert "(J·v).1 is " in str(wrong)
    assert "(×1.5)" in str(wrong)


def test_seven_faults_in_forward_modes_of_torch_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from torch_functions import PUSH_FAULTS, PushedSwish, Swish, X, numbers

    x = (numbers(5, 4), numbers(4))
    assert len(PUSH_FAULTS) == 8
    for f in (
        lambda w, b: PushedSwish.apply(X @ w, b),
        lambda w, b: {"swish": PushedSwish.apply(X @ w, b), "w": w},
    ):
        for fault in PUSH_FAULTS:
            monkeypatch.setattr(PushedSwish, "fault", fault)
            found = check(f, None, x)
            assert found.status == ("disagree" if fault else "ok"), (fault, found)
    none = check(lambda w, b: Swish.apply(X @ w, b), None, x)
    assert none.status == "error"
    assert "jvp" in none.reason


def test_pushforward_of_what_torch_does_not_differentiate() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(V)
    net = torch.nn.Linear(4, 2).double()
    unused = check(lambda x: net(torch.ones(4).double()), None, x)
    assert unused.unused == ("x",)
    detached = check(lambda x: (x.detach() ** 2, x.detach()), None, x)
    assert detached.reason.startswith("f moves with x, but no derivative leads there")
    coarse = check(lambda x: x.bfloat16(), None, x)
    assert coarse.status == "not certified"
    assert "bfloat16" in coarse.reason
    assert coarse.witness is None


# --- JAX ------------------------------------------------------------------------------------------


def test_pushforwards_of_jax_are_its_own() -> None:
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
        "several": lambda x: (jnp.sin(A @ x), {"outer": jnp.outer(x, x), "b": jnp.sum(x)}),
        "a class": lambda x: State(x.mean(), [x**2, x[:1]]),
        "loop": lambda x: jax.lax.scan(lambda c, a: (c * a, jnp.sin(c)), 1.0, x)[1],
    }
    for name, f in outputs.items():
        found = check(jax.jit(f), None, x)
        assert found.ok, (name, found)
        given = check(f, lambda x, v, f=f: jax.jvp(f, (x,), (v,))[1], x)
        assert given.ok, (name, given)
    assert list(check(outputs["a class"], None, x).value) == ["mean", "rest.0", "rest.1"]

    def by_hand(x: Any, v: Any) -> Any:
        outer = jnp.outer(x, v) + jnp.outer(v, x)
        return [jnp.cos(A @ x) * (A @ v), {"outer": outer, "b": 1.5 * jnp.sum(v)}]

    wrong = check(outputs["several"], by_hand, x)
    assert wrong.outside == 1
    assert "(J·v).1.b is " in str(wrong)
    other = check(outputs["a class"], lambda x, v: State(v.mean(), [2 * x * v]), x)
    assert "J·v must have the form of f(x)" in other.reason
    single = check(
        lambda p, c: jnp.dot(p["A"], p["b"]) * c, None, ({"A": M, "b": V}, 2.0), points=2
    )
    assert single.certified, single
    assert single.dtype == "float32"
    assert not jax.config.jax_enable_x64


def test_seven_faults_in_forward_rules_of_jax_are_caught() -> None:
    jax = pytest.importorskip("jax")
    from native.jax_functions import FAULTS, KINDS, swish_pushed

    with jax.enable_x64(True):
        drawn = KINDS["custom rule"][1](np.random.default_rng(2))
        x = tuple(map(jax.numpy.asarray, drawn))
        for fault in ("", *FAULTS):
            found = check(swish_pushed(fault), None, x)
            assert found.status == ("disagree" if fault else "ok"), (fault, found)


def test_pushforward_of_what_jax_does_not_differentiate() -> None:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    held = check(lambda x: [jax.lax.stop_gradient(x)], None, jnp.asarray(V))
    assert held.reason.startswith("f moves with x, but no derivative leads there")
    unknown = check(lambda x: jnp.abs(jnp.fft.rfft(x)), None, jnp.asarray(V + 0.1))
    assert "complex" in unknown.reason
    assert unknown.witnessed, unknown
    branch = check(lambda x: x if x[0] > 0 else 2 * x, lambda x, v: 2 * v, jnp.asarray(V))
    assert "Python's if" in branch.reason
    assert branch.witnessed


# --- TensorFlow -----------------------------------------------------------------------------------


def test_pushforwards_of_tensorflow_are_its_own() -> None:
    tf = pytest.importorskip("tensorflow")
    x, A = tf.constant(V), tf.constant(M)
    w = tf.Variable(V, name="w")
    outputs = {
        "array": (lambda x: tf.sin(tf.linalg.matvec(A, x)), x),
        "several": (lambda x: (tf.sin(x), {"outer": tf.tensordot(x, x, 0), "s": x[0]}), x),
        "dtypes": (lambda x: [x**2, tf.cast(x, tf.float32)], x),
        "variables": (lambda: tf.sin(w) * w[0], [w]),
        "several of variables": (lambda: (tf.sin(w), w), [w]),
        "compiled": (tf.function(lambda a, b: (a * b, a)), (x, x)),
    }
    for name, (f, at) in outputs.items():
        found = check(f, None, at)
        assert found.ok, (name, found)

    def layer(x: Any) -> Any:
        return tf.tanh(x), tf.reduce_sum(x)

    def by_hand(x: Any, v: Any) -> Any:
        return (1 - tf.tanh(x) ** 2) * v, tf.reduce_sum(v)

    assert check(layer, by_hand, x).ok
    wrong = check(layer, lambda x, v: (by_hand(x, v)[0], 1.5 * tf.reduce_sum(v)), x)
    assert wrong.outside == 1
    assert "(J·v).1 is " in str(wrong)
    np.testing.assert_array_equal(w.numpy(), V)


def test_faults_in_custom_gradients_of_compiled_functions_are_caught() -> None:
    """Forward mode asks them there alone; without `tf.function`, it follows the operations."""
    tf = pytest.importorskip("tensorflow")
    from native.tensorflow_functions import FAULTS, KINDS, swish_with

    x = tuple(map(tf.constant, KINDS["custom rule"][1](np.random.default_rng(2))))
    for fault in ("", *FAULTS):
        found = check(tf.function(swish_with(fault)), None, x)
        assert found.status == ("disagree" if fault else "ok"), (fault, found)
    assert check(swish_with("factor"), None, x).ok


def test_pushforward_of_what_tensorflow_does_not_differentiate() -> None:
    tf = pytest.importorskip("tensorflow")
    x, w = tf.constant(V), tf.Variable(V)
    unused = check(lambda x: w * w, None, x)
    assert unused.unused == ("x",)
    held = check(lambda x: (tf.stop_gradient(x), w), None, x)
    assert held.reason.startswith("f moves with x, but no derivative leads there")
