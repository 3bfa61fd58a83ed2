"""Functions on graphics processors, and what such a processor does to float32."""

from __future__ import annotations

import numpy as np
import pytest

import calcbench as cb


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no graphics processor")
    return torch


@pytest.fixture
def draw(torch):
    """Draw tensors on the processor."""
    generator = torch.Generator("cuda").manual_seed(1)

    def draw(*shape, dtype=torch.float64):
        return torch.randn(*shape, dtype=dtype, device="cuda", generator=generator)

    return draw


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_recurrent_layer_is_certified(torch, draw, kind, bias):
    made = getattr(torch.nn, kind)(3, 4, 2, batch_first=True, bias=bias)
    layer, rows = made.to("cuda", torch.float64), draw(2, 5, 3)

    def loss(p):
        return torch.func.functional_call(layer, p, (rows,))[0].pow(2).sum()

    found = cb.check(loss, None, dict(layer.named_parameters()))
    assert found.ok, found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_attention_is_certified(torch, draw, dtype):
    q, k, v = (draw(1, 2, 4, 8, dtype=getattr(torch, dtype)) for _ in range(3))
    attend = torch.nn.functional.scaled_dot_product_attention
    assert cb.check(lambda q, k, v: attend(q, k, v, is_causal=True).sum(), None, (q, k, v)).ok


def test_random_numbers_are_the_same_in_every_call_and_put_back(torch, draw):
    rows, before = draw(12, 5), torch.cuda.get_rng_state()
    drop = torch.nn.functional.dropout
    assert cb.check(lambda w: drop(rows @ w, 0.5).sum(), None, draw(5)).ok
    assert torch.equal(before, torch.cuda.get_rng_state())


def test_products_in_tensor_float_32_are_not_judged_as_float32(torch, draw):
    matrix, w = (draw(64, 64, dtype=torch.float32) for _ in range(2))
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        found = cb.check(lambda w: torch.tanh(matrix @ w).sum(), None, w)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
    assert "set torch.backends.cuda.matmul.allow_tf32 = False" in found.reason
    assert found.witness is None  # quotients of such numbers say nothing
    assert cb.check(lambda w: torch.tanh(matrix @ w).sum(), None, w).ok


def test_products_that_jax_computes_in_fewer_bits_are_not_judged_as_float32(monkeypatch):
    jax = pytest.importorskip("jax")
    if jax.default_backend() != "cpu":
        pytest.skip("this processor may compute them so")
    numbers = np.random.default_rng(0).normal(size=(2, 8, 8))
    matrix, w = (jax.numpy.asarray(part, "float32") for part in numbers)

    def loss(w):
        return jax.numpy.sum(jax.numpy.tanh(matrix @ w))

    assert cb.check(loss, None, w).ok
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    found = cb.check(loss, None, w)
    assert 'dtype TensorFloat-32; compute under jax.default_matmul_precision("highest")' in str(
        found
    )
    assert found.witness is None
    with jax.default_matmul_precision("highest"):
        assert cb.check(loss, None, w).ok
