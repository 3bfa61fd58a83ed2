"""ATen operations that normalize: layers, groups, batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calcbench.native.elementwise import elementwise, minus, plus
from calcbench.native.reductions import normalized, reduce
from calcbench.native.values import Numbers, boxed, lift


def _scaled(xp: Any, x: Any, weight: Any, bias: Any) -> Numbers:
    x = x if weight is None else elementwise(xp, "multiply", x, weight)
    return x if bias is None else plus(xp, x, bias)


def _layer_norm(xp: Any, x: Any, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    found, mean, scale = normalized(xp, x, tuple(range(-len(shape), 0)), eps)
    return _scaled(xp, found, weight, bias), mean, scale


def rms_norm(xp: Any, x: Any, shape: Any, weight: Any, eps: float) -> tuple[Numbers, Numbers]:
    """Divide by the root of the mean square along the last axes: (that, 1/√(mean + ε))."""
    axes = tuple(range(-len(shape), 0))
    mean = reduce(xp, "mean", elementwise(xp, "square", x), axes, True)
    scale = elementwise(xp, "rsqrt", plus(xp, mean, eps))
    return _scaled(xp, elementwise(xp, "multiply", x, scale), weight, None), scale


def _channels(xp: Any, x: Any, ndim: int) -> Any:
    """Give a vector of channels the shape that goes with (batch, channels, …)."""
    return None if x is None else boxed(xp.reshape(lift(xp, x), (1, -1, *[1] * (ndim - 2))))


def _group_norm(
    xp: Any, x: Any, weight: Any, bias: Any, n: int, c: int, size: int, groups: int, eps: float
) -> Any:
    x = lift(xp, x)
    grouped = xp.reshape(x, (n, groups, c // groups * size))
    found, mean, scale = normalized(xp, grouped, (2,), eps)
    weight, bias = (_channels(xp, each, x.ndim) for each in (weight, bias))
    whole = boxed(xp.reshape(found, x.shape))
    mean, scale = (boxed(xp.reshape(each, (n, groups))) for each in (mean, scale))
    return _scaled(xp, whole, weight, bias), mean, scale


def _batch_norm(
    xp: Any, x: Any, weight: Any, bias: Any, mean: Any, variance: Any, training: bool,
    momentum: float, eps: float,
) -> Any:  # fmt: skip
    x = lift(xp, x)
    weight, bias = (_channels(xp, each, x.ndim) for each in (weight, bias))
    if training:
        found, mean, scale = normalized(xp, x, (0, *range(2, x.ndim)), eps)
        mean, scale = (boxed(xp.reshape(each, (-1,))) for each in (mean, scale))
        return _scaled(xp, found, weight, bias), mean, scale
    mean, variance = (_channels(xp, each, x.ndim) for each in (mean, variance))
    scale = elementwise(xp, "rsqrt", plus(xp, variance, eps))
    found = elementwise(xp, "multiply", minus(xp, x, mean), scale)
    return _scaled(xp, found, weight, bias), None, None


def _batch_norm_evaluating(
    xp: Any, x: Any, weight: Any, bias: Any, mean: Any, variance: Any, momentum: float, eps: float
) -> Any:
    return _batch_norm(xp, x, weight, bias, mean, variance, False, momentum, eps)


def _batch_norm_without_buffers(
    xp: Any, x: Any, weight: Any, bias: Any, training: bool, momentum: float, eps: float
) -> Any:
    return _batch_norm(xp, x, weight, bias, None, None, training, momentum, eps)


RULES: dict[str, Callable[..., Any]] = {
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit": lambda xp, *a: (
        _batch_norm(xp, *a) if len(a) == 8 else _batch_norm_without_buffers(xp, *a)
    ),
    "_native_batch_norm_legit_no_training": _batch_norm_evaluating,
    "_batch_norm_with_update": lambda xp, x, w, b, m, v, mom, eps: (
        *_batch_norm(xp, x, w, b, m, v, True, mom, eps),
        None,
    ),
    "_batch_norm_no_update": lambda xp, x, w, b, m, v, mom, eps: (
        *_batch_norm_evaluating(xp, x, w, b, m, v, mom, eps),
        None,
    ),
}
"""ATen's name → its rule."""
