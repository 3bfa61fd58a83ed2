"""ATen operations that are losses of machine learning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native.comparing import choose, compare
from calcbench.native.elementwise import elementwise, minus, over, plus, times
from calcbench.native.reductions import reduce
from calcbench.native.values import Numbers, boxed, lift

NONE, MEAN = 0, 1
"""How ATen says that a loss is not reduced, or averaged."""


def _reduced(xp: Any, terms: Any, how: int) -> Numbers:
    return terms if how == NONE else reduce(xp, "mean" if how == MEAN else "sum", terms)


def _nll_loss(xp: Any, x: Any, target: Any, weight: Any, how: int, ignored: int) -> Any:
    """Take −x at the target classes, along axis 1 (axis 0 of a vector)."""
    x, target = lift(xp, x), np.asarray(target).astype(np.int64)
    axis = min(1, x.ndim - 1)
    kept = target != ignored
    places = np.expand_dims(np.where(kept, target, 0), axis)
    picked = boxed(xp.reshape(xp.take_along_axis(x, places, axis), target.shape))
    weights: Any = kept.astype(np.float64)
    if weight is not None:
        weights = choose(xp, kept, boxed(xp.take(lift(xp, weight), np.where(kept, target, 0))), 0.0)
    terms = elementwise(xp, "multiply", -choose(xp, kept, picked, 0.0), weights)
    total = reduce(xp, "sum", weights)
    if how == NONE:
        return terms, None
    found = reduce(xp, "sum", terms)
    return (over(xp, found, total) if how == MEAN else found), total


def _squared(xp: Any, x: Any, y: Any, how: int = MEAN) -> Numbers:
    return _reduced(xp, elementwise(xp, "square", minus(xp, x, y)), how)


def _huber(xp: Any, x: Any, y: Any, how: int = MEAN, delta: float = 1.0) -> Numbers:
    return _reduced(xp, _bent(xp, minus(xp, x, y), delta), how)


def _bent(xp: Any, residual: Any, delta: float) -> Numbers:
    size = elementwise(xp, "abs", residual)
    near = times(xp, elementwise(xp, "square", residual), 0.5)
    far = times(xp, minus(xp, size, 0.5 * delta), delta)
    return choose(xp, compare(xp, "less", size, delta), near, far)


def _smooth_l1(xp: Any, x: Any, y: Any, how: int = MEAN, beta: float = 1.0) -> Numbers:
    if beta == 0:
        return _reduced(xp, elementwise(xp, "abs", minus(xp, x, y)), how)
    return _reduced(xp, over(xp, _bent(xp, minus(xp, x, y), beta), beta), how)


def _cross_entropy_of_logits(
    xp: Any, x: Any, y: Any, weight: Any = None, positive: Any = None, how: int = MEAN
) -> Numbers:
    """−w·(p·y·log σ(x) + (1 − y)·log(1 − σ(x)))."""
    if positive is None:
        terms = minus(xp, elementwise(xp, "softplus", x), elementwise(xp, "multiply", x, y))
    else:
        factor = plus(xp, elementwise(xp, "multiply", minus(xp, positive, 1.0), y), 1.0)
        rest = elementwise(xp, "multiply", factor, elementwise(xp, "softplus", -lift(xp, x)))
        terms = plus(xp, elementwise(xp, "multiply", minus(xp, 1.0, y), x), rest)
    return _reduced(
        xp, terms if weight is None else elementwise(xp, "multiply", terms, weight), how
    )


def _cross_entropy_of_probabilities(
    xp: Any, x: Any, y: Any, weight: Any = None, how: int = MEAN
) -> Numbers:
    def log(p: Any) -> Numbers:  # torch keeps it above −100
        safe = choose(xp, compare(xp, "greater", p, 0.0), p, 1.0)
        found = choose(xp, compare(xp, "greater", p, 0.0), elementwise(xp, "log", safe), -100.0)
        return elementwise(xp, "maximum", found, -100.0)

    ones = elementwise(xp, "multiply", y, log(x))
    zeros = elementwise(xp, "multiply", minus(xp, 1.0, y), log(minus(xp, 1.0, x)))
    terms = -plus(xp, ones, zeros)
    return _reduced(
        xp, terms if weight is None else elementwise(xp, "multiply", terms, weight), how
    )


def _soft_margin(xp: Any, x: Any, y: Any, how: int = MEAN) -> Numbers:
    terms = elementwise(xp, "softplus", -elementwise(xp, "multiply", x, y))
    return _reduced(xp, terms, how)


RULES: dict[str, Callable[..., Any]] = {
    "nll_loss_forward": _nll_loss,
    "nll_loss2d_forward": _nll_loss,
    "mse_loss": _squared,
    "soft_margin_loss": _soft_margin,
    "huber_loss": _huber,
    "smooth_l1_loss": _smooth_l1,
    "binary_cross_entropy": _cross_entropy_of_probabilities,
    "binary_cross_entropy_with_logits": _cross_entropy_of_logits,
}
"""ATen's name → its rule."""
