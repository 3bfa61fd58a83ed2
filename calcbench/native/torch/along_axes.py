"""ATen operations along axes: sums, largest numbers, orders, norms, losses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native.comparing import argmax, argmin, argsort, choose, compare, is_nan
from calcbench.native.elementwise import elementwise
from calcbench.native.function import NotKnown
from calcbench.native.reductions import accumulate, reduce
from calcbench.native.torch.elementary import minus, over, plus, times
from calcbench.native.values import Numbers, boxed, lift

NONE, MEAN = 0, 1
"""How ATen says that a loss is not reduced, or averaged."""


def _axes(dim: Any) -> Any:
    """Return the axes of a `dim`: an empty list means all."""
    if isinstance(dim, (list, tuple)):
        return tuple(dim) or None
    return dim


def _reduction(name: str) -> Callable[..., Any]:
    def rule(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Numbers:
        return reduce(xp, name, x, _axes(dim), keepdim)

    return rule


def _largest(name: str, place: Callable[..., Any]) -> Callable[..., Any]:
    """Build `max` or `min`: with a dim, the numbers and their places."""

    def rule(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        found = reduce(xp, name, x, dim, keepdim)
        return found if dim is None else (found, _place(place)(xp, x, dim, keepdim))

    return rule


def _place(place: Callable[..., Any]) -> Callable[..., Any]:
    def rule(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> np.ndarray:
        x = lift(xp, x)
        if dim is None:
            found = place(xp, xp.reshape(x, (-1,)), 0)
            return np.reshape(found, (1,) * x.ndim if keepdim else ())
        if not x.ndim:
            return np.zeros((), dtype=np.int64)
        found = place(xp, x, dim)
        return np.expand_dims(found, dim) if keepdim else found

    return rule


def _sort(
    xp: Any, x: Any, *rest: Any, dim: int = -1, descending: bool = False, stable: Any = None
) -> Any:
    if len(rest) == 3:  # sort.stable takes `stable` first
        rest = rest[1:]
    given = dict(zip(("dim", "descending"), rest, strict=False))
    dim, descending = given.get("dim", dim), given.get("descending", descending)
    x = lift(xp, x)
    order = argsort(xp, x, dim, descending)
    return boxed(xp.take_along_axis(x, order, dim)), order


def _top_k(xp: Any, x: Any, k: int, dim: int = -1, largest: bool = True, sort: bool = True) -> Any:
    values, order = _sort(xp, x, dim, largest)
    first = (slice(None),) * (dim % values.ndim) + (slice(None, k),)
    return boxed(values[first]), order[first]


def _kth(xp: Any, x: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    values, order = _sort(xp, x, dim, False)
    before = (slice(None),) * (dim % values.ndim)
    one = slice(k - 1, k) if keepdim else k - 1
    return boxed(values[(*before, one)]), order[(*before, one)]


def _median(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    x = lift(xp, x)
    if dim is None:
        flat = xp.reshape(x, (-1,))
        return _kth(xp, flat, (math.prod(x.shape) + 1) // 2, 0)[0]
    return _kth(xp, x, (x.shape[dim] + 1) // 2, dim, keepdim)


def _count(x: Any, dim: Any) -> int:
    axes = range(x.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    return math.prod(x.shape[a] for a in axes)


def centred(xp: Any, x: Any, dim: Any) -> tuple[Numbers, Numbers]:
    """Subtract the mean along axes: (what is left, the mean)."""
    mean = reduce(xp, "mean", x, dim, True)
    return minus(xp, x, mean), mean


def _variance(xp: Any, x: Any, dim: Any, correction: Any, keepdim: bool) -> Numbers:
    x, dim = lift(xp, x), _axes(dim)
    squares = elementwise(xp, "square", centred(xp, x, dim)[0])
    freedom = max(_count(x, dim) - (1 if correction is None else correction), 0)
    return over(xp, reduce(xp, "sum", squares, dim, keepdim), float(freedom))


def _variance_rule(finish: Callable[..., Any]) -> Callable[..., Any]:
    def rule(
        xp: Any,
        x: Any,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: bool = False,
        *,
        correction: Any = None,
    ) -> Any:
        if isinstance(dim, bool):  # var(x, unbiased)
            dim, unbiased = None, dim
        if unbiased is not None:
            correction = int(unbiased)
        return finish(xp, x, dim, keepdim, _variance(xp, x, dim, correction, keepdim))

    return rule


def _vector_norm(xp: Any, x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Numbers:
    axes, p = _axes(dim), 2 if p is None else p
    if p == 2:
        return elementwise(
            xp, "sqrt", reduce(xp, "sum", elementwise(xp, "square", x), axes, keepdim)
        )
    sizes = elementwise(xp, "abs", x)
    if p == 1:
        return reduce(xp, "sum", sizes, axes, keepdim)
    if abs(p) == math.inf:
        return reduce(xp, "max" if p > 0 else "min", sizes, axes, keepdim)
    if p == 0:
        return reduce(xp, "sum", compare(xp, "not_equal", x, 0.0), axes, keepdim)
    terms = elementwise(xp, "pow", sizes, float(p))
    return elementwise(xp, "pow", reduce(xp, "sum", terms, axes, keepdim), 1.0 / p)


def softmax(xp: Any, x: Any, dim: int, *_: Any) -> Numbers:
    """Compute eˣ / Σ eˣ along an axis."""
    x = lift(xp, x)
    return boxed(xp.softmax(x, axis=dim)) if x.ndim else lift(xp, 1.0)


def log_softmax(xp: Any, x: Any, dim: int, *_: Any) -> Numbers:
    """Compute x − log Σ eˣ along an axis."""
    x = lift(xp, x)
    return minus(xp, x, reduce(xp, "logsumexp", x, dim, True))


# --- losses ---------------------------------------------------------------------------------------


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


# --- normalization --------------------------------------------------------------------------------


def _scaled(xp: Any, x: Any, weight: Any, bias: Any) -> Numbers:
    x = x if weight is None else elementwise(xp, "multiply", x, weight)
    return x if bias is None else plus(xp, x, bias)


def _normalized(xp: Any, x: Any, axes: Any, eps: float) -> tuple[Numbers, Numbers, Numbers]:
    """Give mean 0 and variance 1 along axes: (that, the mean, 1/√(variance + ε))."""
    rest, mean = centred(xp, x, axes)
    variance = reduce(xp, "mean", elementwise(xp, "square", rest), axes, True)
    scale = elementwise(xp, "rsqrt", plus(xp, variance, eps))
    return elementwise(xp, "multiply", rest, scale), mean, scale


def _layer_norm(xp: Any, x: Any, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    found, mean, scale = _normalized(xp, x, tuple(range(-len(shape), 0)), eps)
    return _scaled(xp, found, weight, bias), mean, scale


def _rms_norm(xp: Any, x: Any, shape: Any, weight: Any, eps: float | None) -> Any:
    axes = tuple(range(-len(shape), 0))
    mean = reduce(xp, "mean", elementwise(xp, "square", x), axes, True)
    scale = elementwise(xp, "rsqrt", plus(xp, mean, 2.0**-52 if eps is None else eps))
    return _scaled(xp, elementwise(xp, "multiply", x, scale), weight, None), scale


def _channels(xp: Any, x: Any, ndim: int) -> Any:
    """Give a vector of channels the shape that goes with (batch, channels, …)."""
    return None if x is None else boxed(xp.reshape(lift(xp, x), (1, -1, *[1] * (ndim - 2))))


def _group_norm(
    xp: Any, x: Any, weight: Any, bias: Any, n: int, c: int, size: int, groups: int, eps: float
) -> Any:
    x = lift(xp, x)
    grouped = xp.reshape(x, (n, groups, c // groups * size))
    found, mean, scale = _normalized(xp, grouped, (2,), eps)
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
        found, mean, scale = _normalized(xp, x, (0, *range(2, x.ndim)), eps)
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


def _soft_margin(xp: Any, x: Any, y: Any, how: int = MEAN) -> Numbers:
    terms = elementwise(xp, "softplus", -elementwise(xp, "multiply", x, y))
    return _reduced(xp, terms, how)


def _nan_sum(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Numbers:
    return reduce(xp, "sum", choose(xp, is_nan(xp, x), 0.0, x), _axes(dim), keepdim)


def _places_among(xp: Any, bounds: Any, x: Any, right: bool = False) -> np.ndarray:
    """Count the bounds below each number, or up to it."""
    if np.ndim(bounds) != 1:
        raise NotKnown("aten::searchsorted of several sequences")
    x = lift(xp, x)
    name = "less_equal" if right else "less"
    below = compare(xp, name, lift(xp, bounds), xp.reshape(x, (*x.shape, 1)))
    return np.asarray(np.count_nonzero(below, axis=-1))


RULES: dict[str, Callable[..., Any]] = {
    **{
        name: _reduction(ours)
        for name, ours in {
            "sum": "sum", "mean": "mean", "amax": "max", "amin": "min", "prod": "prod",
            "logsumexp": "logsumexp",
        }.items()
    },
    "max": _largest("max", argmax),
    "min": _largest("min", argmin),
    "aminmax": lambda xp, x, *, dim=None, keepdim=False: tuple(
        reduce(xp, name, x, dim, keepdim) for name in ("min", "max")
    ),
    "argmax": _place(argmax),
    "argmin": _place(argmin),
    "sort": _sort,
    "argsort": lambda xp, x, dim=-1, descending=False: _sort(xp, x, dim, descending)[1],
    "topk": _top_k,
    "kthvalue": _kth,
    "median": _median,
    "cumsum": lambda xp, x, dim: accumulate(xp, "add", x, dim),
    "cumprod": lambda xp, x, dim: accumulate(xp, "multiply", x, dim),
    "logcumsumexp": lambda xp, x, dim: accumulate(xp, "logaddexp", x, dim),
    "cummax": lambda xp, x, dim: (accumulate(xp, "maximum", x, dim), None),
    "cummin": lambda xp, x, dim: (accumulate(xp, "minimum", x, dim), None),
    "var": _variance_rule(lambda xp, x, dim, keepdim, v: v),
    "std": _variance_rule(lambda xp, x, dim, keepdim, v: elementwise(xp, "sqrt", v)),
    "var_mean": _variance_rule(
        lambda xp, x, dim, keepdim, v: (v, reduce(xp, "mean", x, _axes(dim), keepdim))
    ),
    "std_mean": _variance_rule(
        lambda xp, x, dim, keepdim, v: (
            elementwise(xp, "sqrt", v), reduce(xp, "mean", x, _axes(dim), keepdim)
        )
    ),
    "linalg_vector_norm": _vector_norm,
    "norm": _vector_norm,
    "_softmax": softmax,
    "_safe_softmax": softmax,
    "_log_softmax": log_softmax,
    "nll_loss_forward": _nll_loss,
    "nll_loss2d_forward": _nll_loss,
    "mse_loss": _squared,
    "soft_margin_loss": _soft_margin,
    "nansum": _nan_sum,
    "searchsorted": lambda xp, bounds, x, *, out_int32=False, right=False: (
        _places_among(xp, bounds, x, right)
    ),
    "bucketize": lambda xp, x, bounds, *, out_int32=False, right=False: (
        _places_among(xp, bounds, x, right)
    ),
    "huber_loss": _huber,
    "smooth_l1_loss": _smooth_l1,
    "binary_cross_entropy": _cross_entropy_of_probabilities,
    "binary_cross_entropy_with_logits": _cross_entropy_of_logits,
    "native_layer_norm": _layer_norm,
    "_fused_rms_norm": _rms_norm,
    "native_group_norm": _group_norm,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit": lambda xp, *a: (
        _batch_norm(xp, *a) if len(a) == 8 else _batch_norm_without_buffers(xp, *a)
    ),
    "_native_batch_norm_legit_no_training": _batch_norm_evaluating,
    "_batch_norm_with_update": lambda xp, x, w, b, m, v, mom, eps: (
        *_batch_norm(xp, x, w, b, m, v, True, mom, eps), None
    ),
    "_batch_norm_no_update": lambda xp, x, w, b, m, v, mom, eps: (
        *_batch_norm_evaluating(xp, x, w, b, m, v, mom, eps), None
    ),
}  # fmt: skip
"""ATen's name → its rule."""
