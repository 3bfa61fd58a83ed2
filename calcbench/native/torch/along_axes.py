"""ATen operations along axes: sums, largest numbers, orders, norms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native.comparing import argmax, argmin, argsort, compare, present
from calcbench.native.elementwise import elementwise
from calcbench.native.function import NotKnown
from calcbench.native.reductions import accumulate, log_softmax, norm, reduce, softmax, variance
from calcbench.native.values import Numbers, boxed, lift


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


def _variance(xp: Any, x: Any, dim: Any, correction: Any, keepdim: bool) -> Numbers:
    return variance(xp, x, _axes(dim), 1 if correction is None else correction, keepdim)


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
    return norm(xp, x, 2 if p is None else p, _axes(dim), keepdim)


def _nan_sum(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Numbers:
    return reduce(xp, "sum", present(xp, x), _axes(dim), keepdim)


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
            "sum": "sum",
            "mean": "mean",
            "amax": "max",
            "amin": "min",
            "prod": "prod",
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
            elementwise(xp, "sqrt", v),
            reduce(xp, "mean", x, _axes(dim), keepdim),
        )
    ),
    "linalg_vector_norm": _vector_norm,
    "norm": _vector_norm,
    "_softmax": lambda xp, x, dim, *_: softmax(xp, x, dim),
    "_safe_softmax": lambda xp, x, dim, *_: softmax(xp, x, dim),
    "_log_softmax": lambda xp, x, dim, *_: log_softmax(xp, x, dim),
    "nansum": _nan_sum,
    "searchsorted": lambda xp, bounds, x, *, out_int32=False, right=False: _places_among(
        xp, bounds, x, right
    ),
    "bucketize": lambda xp, x, bounds, *, out_int32=False, right=False: _places_among(
        xp, bounds, x, right
    ),
}
"""ATen's name → its rule."""
