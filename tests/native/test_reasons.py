"""Why a function is not certified: told by the user's own line, and with what to do."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize

import calcbench as cb

x = np.array([1.0, 2.0, 3.0])
buffer = np.zeros(3)
HERE = "test_reasons.py:"


def double(x: Any) -> Any:
    return 2 * x


def line_of(function: Callable[..., Any], down: int) -> str:
    """Name a line below the first one of a function."""
    return f"{HERE}{function.__code__.co_firstlineno + down}"


def written_by_index(x: np.ndarray) -> Any:
    for k in range(3):
        buffer[k] = x[k] ** 2
    return buffer.sum()


def written_by_out(x: np.ndarray) -> Any:
    np.multiply(x, x, out=buffer)
    return buffer.sum()


def written_by_slice(x: np.ndarray) -> Any:
    buffer[:] = x**2
    return buffer.sum()


@pytest.mark.parametrize(
    ("function", "down"), [(written_by_index, 2), (written_by_out, 1), (written_by_slice, 1)]
)
def test_buffer_from_outside_is_told_with_its_line(function: Any, down: int) -> None:
    found = cb.check(function, double, x)
    assert found.witnessed
    assert f"from outside at {line_of(function, down)}" in found.reason.replace(
        " of the function", ""
    )
    assert "(make it inside of the function, by np.empty_like(x))" in found.reason


def root(x: np.ndarray) -> Any:
    return optimize.brentq(lambda t: t**3 - np.sum(x**2), 0, 100)


def root_of_arguments(x: np.ndarray) -> Any:
    return optimize.brentq(lambda t, a: t**3 - np.sum(a**2), 0, 100, args=(x,))


@pytest.mark.parametrize("function", [root, root_of_arguments])
def test_library_that_drops_what_is_raised_is_named(function: Any) -> None:
    found = cb.check(function, lambda x: 2 * x / (3 * root(x) ** 2), x)
    assert found.reason == f"scipy.optimize.brentq at {line_of(function, 1)}"
    assert found.witnessed


@functools.lru_cache
def cached(t: float) -> float:
    return math.sin(t) ** 2


def test_cache_does_not_stand_in_the_way() -> None:
    assert cb.check(cached, lambda t: math.sin(2 * t), 2.0).ok
    assert cb.check(lambda t: cached(t) + 1, lambda t: math.sin(2 * t), 2.0).ok
    wrong = cb.check(cached, lambda t: math.sin(2 * t) * (1 + 1e-9), 2.0)
    assert wrong.status == "disagree"


def test_flat_numbers_are_read_and_written() -> None:
    def f(x: np.ndarray) -> Any:
        y = x.reshape(1, 3).T.copy()
        y.flat[0] = y.flat[1] * 2
        z = np.zeros((2, 2))
        z.flat = x[0]
        z.flat[1:3] = x[1:]
        kept = x.flat[:2]
        kept[0] = 7.0  # a copy
        return sum(v * v for v in y.flat) + z.flat[-1] * z.flat.copy().sum() + len(z.flat) + x[0]

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.array([4 * x[0] + x[1] + x[2] + 1, 10 * x[1] + x[0], 2 * x[2] + x[0]])

    assert cb.check(f, gradient, x).ok


ELSEWHERE = {
    "numbers of the argument as keys at": lambda x: sum({v: v**2 for v in x}.values()),
    "numbers of the argument as text at": lambda x: float(f"{x[0]}"),
    "`np.vectorize(lambda v: v * v)(x)` makes a plain array": lambda x: np.sum(
        np.vectorize(lambda v: v * v)(x)
    ),
    "method numerator of arrays at": lambda x: statistics.mean(x),
    "on numbers with proof it raises ValueError: x[0] is a float at": lambda x: refuse(x),
    "`len(x[0])` does not take numbers with proof (TypeError": lambda x: (
        np.sum(x) if type(x) is np.ndarray else len(x[0])
    ),
}


def refuse(x: Any) -> Any:
    if type(x) is not np.ndarray:
        raise ValueError("x[0] is a float")
    return np.sum(x**2)


@pytest.mark.parametrize("said", ELSEWHERE)
def test_reason_speaks_of_the_user_s_own_code(said: str) -> None:
    found = cb.check(ELSEWHERE[said], double, x)
    assert found.status == "not certified"
    assert said in found.reason
    assert "Traced" not in found.reason


def test_reasons_beside_a_point_are_told_once() -> None:
    def f(x: np.ndarray) -> Any:
        return np.sum(np.where(x > 0, x * np.log(np.abs(x) + (x <= 0)), 0.0 * x) + np.abs(x) * 0)

    found = cb.check(f, np.zeros_like, np.zeros(3))
    assert found.reason.count("beside the point") <= 1


# --- torch and JAX --------------------------------------------------------------------------------


def test_number_that_leaves_torch_is_told_of() -> None:
    torch = pytest.importorskip("torch")
    t = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    for leaving in (lambda t: (t**2).sum().item(), lambda t: (t.detach().numpy() ** 2).sum()):
        right = cb.check(leaving, double, t)
        assert right.witnessed, right  # by float64, for which nothing is converted to float32
        assert "return the tensor, and not .item() or float() of it" in right.reason
        none = cb.check(leaving, None, t)
        assert none.status == "error"
        assert none.reason.startswith("autograd has no gradient: f returns a plain float")

    def scaled(t: Any) -> Any:
        size = t.sum().item()
        return size * t.sum()

    found = cb.check(scaled, None, t)
    assert f"depends on an argument at {line_of(scaled, 1)} (compute with" in found.reason
    transformed = cb.check(lambda t: torch.fft.fft(t).abs().sum(), None, t)
    assert f"aten::_fft_r2c at {HERE}" in transformed.reason


def test_what_jax_does_not_trace_is_told_with_a_remedy() -> None:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy

    def branching(a: Any) -> Any:
        if a[0] > 100:
            return jnp.sum(a)
        return jnp.sum(a**2)

    v = jnp.asarray(x)
    found = cb.check(branching, None, v)
    assert f"traced value at {line_of(branching, 1)} (take jax.lax.cond or jnp.where;" in str(found)
    with pytest.raises(cb.ProblemError, match=r"; take jax\.lax\.cond or jnp\.where"):
        cb.check(jax.jit(branching), None, v)
    left = cb.check(lambda a: float(jnp.sum(a**2)), double, v)
    assert "return the array, and not .item() or float() of it" in left.reason
    none = cb.check(lambda a: jnp.sum(a**2).item(), None, v)
    assert none.reason.startswith("JAX has no gradient: f returns a plain float")
    assert cb.check(lambda a: 3.0, None, v).ok  # a constant is one
    masked = cb.check(lambda a: jnp.sum(a[a > 0] ** 2), double, v)
    assert f"a mask as an index at {HERE}" in masked.reason
    assert "(take jnp.where(mask, x, 0.0))" in masked.reason
    transformed = cb.check(lambda a: jnp.sum(jnp.abs(jnp.fft.fft(a))), None, v)
    assert f" at {HERE}" in transformed.reason
    assert transformed.reason.startswith("dtype complex")


def test_product_of_what_torch_cannot_certify_has_a_witness() -> None:
    torch = pytest.importorskip("torch")
    t = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)

    def spectrum(t: Any) -> Any:
        return (torch.fft.rfft(t).abs() ** 4).sum()

    def product(t: Any, v: Any) -> Any:
        return torch.func.jvp(torch.func.grad(spectrum), (t,), (v,))[1]

    assert cb.check(spectrum, product, t, operator="hvp").witnessed
    wrong = cb.check(spectrum, lambda t, v: product(t, v) * 1.001, t, operator="hvp")
    assert wrong.refuted


def test_number_that_leaves_tensorflow_is_told_of() -> None:
    tf = pytest.importorskip("tensorflow")
    t = tf.constant(x)

    def leaving(t: Any) -> Any:
        return tf.reduce_sum(t**2).numpy()

    right = cb.check(leaving, double, t)
    assert right.witnessed, right
    assert right.reason.startswith("f returns a plain float64: return the tensor")
    none = cb.check(leaving, None, t)
    assert none.status == "error"
    assert none.reason.startswith("the tape has no gradient: f returns a plain float")
    unknown = cb.check(lambda t: tf.reduce_sum(tf.abs(tf.signal.rfft(t))), None, t)
    assert f"dtype complex128 at {HERE}" in unknown.reason
    assert cb.check(lambda t: tf.sin(t) * t[0], None, t, operator="jacobian").ok
