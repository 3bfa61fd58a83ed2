"""Activation functions of neural networks."""

from __future__ import annotations

from typing import Any


def relu(xp: Any, x: Any) -> Any:
    """max(x, 0)."""
    return xp.maximum(x, 0.0)


def leaky_relu(xp: Any, x: Any, slope: float = 0.01) -> Any:
    """x above 0, slope·x below."""
    return xp.where(x > 0, x, slope * x)


def elu(xp: Any, x: Any, alpha: float = 1.0) -> Any:
    """x above 0, α(eˣ − 1) below."""
    return xp.where(x > 0, x, alpha * xp.expm1(xp.where(x > 0, 0.0, x)))


def silu(xp: Any, x: Any) -> Any:
    """x·sigmoid(x)."""
    return x * xp.sigmoid(x)


def log_sigmoid(xp: Any, x: Any) -> Any:
    """log(1 / (1 + e⁻ˣ)), without overflow."""
    return -xp.softplus(-x)


def softmax(xp: Any, x: Any, axis: int | None = None) -> Any:
    """eˣ / Σ eˣ, without overflow."""
    return xp.exp(x - xp.logsumexp(x, axis=axis, keepdims=True))


def log_softmax(xp: Any, x: Any, axis: int | None = None) -> Any:
    """x − log Σ eˣ, without overflow."""
    return x - xp.logsumexp(x, axis=axis, keepdims=True)


def gelu(xp: Any, x: Any, approximate: str = "none") -> Any:
    """x·ndtr(x), or with `approximate="tanh"` the approximation of it by tanh."""
    if approximate == "tanh":
        root = xp.sqrt(xp.asarray(2.0) / xp.pi)
        return 0.5 * x * (1.0 + xp.tanh(root * (x + 0.044715 * (x * x * x))))
    return x * xp.ndtr(x)
