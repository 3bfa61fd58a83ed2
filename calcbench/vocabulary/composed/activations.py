"""Activation functions of neural networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcbench.vocabulary.array import Array

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def sigmoid(xp: Vocabulary, x: Array) -> Array:
    """1 / (1 + e⁻ˣ), without overflow."""
    decay = xp.exp(xp.where(x > 0, -x, x))
    return xp.where(x > 0, 1.0, decay) / (1.0 + decay)


def softplus(xp: Vocabulary, x: Array) -> Array:
    """log(1 + eˣ), without overflow."""
    # At 0 both branches have the slope ½: with |x| and max(x, 0) it would be a library's own.
    return xp.where(x > 0, x, 0.0) + xp.log1p(xp.exp(xp.where(x > 0, -x, x)))


def relu(xp: Vocabulary, x: Array) -> Array:
    """max(x, 0)."""
    return xp.maximum(x, 0.0)


def leaky_relu(xp: Vocabulary, x: Array, slope: float = 0.01) -> Array:
    """x above 0, slope·x below."""
    return xp.where(x > 0, x, slope * x)


def elu(xp: Vocabulary, x: Array, alpha: float = 1.0) -> Array:
    """x above 0, α(eˣ − 1) below."""
    return xp.where(x > 0, x, alpha * xp.expm1(xp.where(x > 0, 0.0, x)))


def silu(xp: Vocabulary, x: Array) -> Array:
    """x·sigmoid(x)."""
    return x * xp.sigmoid(x)


def log_sigmoid(xp: Vocabulary, x: Array) -> Array:
    """log(1 / (1 + e⁻ˣ)), without overflow."""
    return -xp.softplus(-x)


def softmax(xp: Vocabulary, x: Array, axis: int | None = None) -> Array:
    """eˣ / Σ eˣ, without overflow."""
    return xp.exp(x - xp.logsumexp(x, axis=axis, keepdims=True))


def log_softmax(xp: Vocabulary, x: Array, axis: int | None = None) -> Array:
    """x − log Σ eˣ, without overflow."""
    return x - xp.logsumexp(x, axis=axis, keepdims=True)


def gelu(xp: Vocabulary, x: Array, approximate: str = "none") -> Array:
    """x·ndtr(x), or with `approximate="tanh"` the approximation of it by tanh."""
    if approximate == "tanh":
        root = xp.sqrt(xp.asarray(2.0) / xp.pi)
        return 0.5 * x * (1.0 + xp.tanh(root * (x + 0.044715 * (x * x * x))))
    return x * xp.ndtr(x)
