"""ATen operations on one number after the other: arithmetic, functions, conditions, choices."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native.comparing import SHORT, choose, compare, is_finite, is_infinite, is_nan
from calcbench.native.elementwise import (
    cast,
    clip,
    elementwise,
    fmod,
    minus,
    over,
    plus,
    times,
    truncate,
    whole_power,
)
from calcbench.native.function import NotKnown
from calcbench.native.torch.truth import Open, absolute, both, either, holds, relate
from calcbench.native.values import Numbers, boxed, hold, is_certified, lift, midpoints

SAME = (
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "cos",
    "cosh", "digamma", "erf", "erfc", "erfinv", "exp", "expm1", "exp2", "floor",
    "hypot", "log", "log10", "log1p", "log2", "logaddexp", "maximum", "minimum",
    "reciprocal", "round", "rsqrt", "sigmoid", "sign", "silu", "sin", "sinh", "sqrt",
    "square", "tan", "tanh",
)  # fmt: skip
"""Functions that ATen calls as we do."""

FUNCTIONS = {
    **{name: name for name in SAME},
    "fmax": "maximum",
    "fmin": "minimum",
    "lgamma": "gammaln",
    "log_sigmoid_forward": "log_sigmoid",
    "mul": "multiply",
    "neg": "negative",
    "relu": "relu",
    "sgn": "sign",
    "special_entr": "entr",
    "special_i0e": "i0e",
    "special_log_ndtr": "log_ndtr",
    "special_ndtr": "ndtr",
    "special_xlog1py": "xlog1py",
    "xlogy": "xlogy",
}
"""ATen's name → ours, of functions whose operands are numbers alone."""

RELATIONS = SHORT
"""ATen's name → the relation's name in the core."""


def _function(name: str) -> Callable[..., Any]:
    return lambda xp, *operands: elementwise(xp, name, *operands)


def _relation(name: str) -> Callable[..., Any]:
    return lambda xp, x, y: relate(xp, name, x, y)


def _add(xp: Any, x: Any, y: Any, *, alpha: Any = 1) -> Numbers:
    return plus(xp, x, times(xp, y, alpha))


def _subtract(xp: Any, x: Any, y: Any, alpha: Any = 1) -> Numbers:
    return minus(xp, x, times(xp, y, alpha))


def _divide(xp: Any, x: Any, y: Any, *, rounding_mode: str | None = None) -> Numbers:
    quotient = over(xp, x, y)
    if rounding_mode is None:
        return quotient
    return (
        elementwise(xp, "floor", quotient) if rounding_mode == "floor" else truncate(xp, quotient)
    )


def _power(xp: Any, x: Any, y: Any) -> Numbers:
    number = isinstance(y, (int, float, np.ndarray)) and not is_certified(y)
    plain = np.asarray(y) if number else None
    if plain is not None and plain.ndim == 0 and float(plain).is_integer():
        return whole_power(xp, x, int(plain))
    if plain is not None and plain.ndim == 0 and float(plain) in (0.5, -0.5):
        return elementwise(xp, "sqrt" if plain > 0 else "rsqrt", x)
    return boxed(lift(xp, x) ** lift(xp, y))


def _remainder(xp: Any, x: Any, y: Any) -> Numbers:
    return minus(xp, x, times(xp, elementwise(xp, "floor", over(xp, x, y)), y))


def _polygamma(xp: Any, n: Any, x: Any) -> Numbers:
    order, of = (n, x) if isinstance(n, int) else (x, n)
    return boxed(xp.polygamma(order, lift(xp, of)))


def _logit(xp: Any, x: Any, eps: float | None = None) -> Numbers:
    return elementwise(xp, "logit", x if eps is None else clip(xp, x, eps, 1 - eps))


# --- conditions -----------------------------------------------------------------------------------


def _any(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> np.ndarray:
    return np.asarray(np.any(holds(xp, x), axis=_axis(dim), keepdims=keepdim))


def _all(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> np.ndarray:
    return np.asarray(np.all(holds(xp, x), axis=_axis(dim), keepdims=keepdim))


def _count_nonzero(xp: Any, x: Any, dim: Any = None) -> np.ndarray:
    return np.asarray(np.count_nonzero(holds(xp, x), axis=_axis(dim)))


def _axis(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def _where(xp: Any, condition: Any, x: Any, y: Any) -> Numbers:
    return choose(xp, holds(xp, condition), x, y)


def _masked_fill(xp: Any, x: Any, mask: Any, value: Any) -> Numbers:
    return choose(xp, holds(xp, mask), value, x)


def _equal(xp: Any, x: Any, y: Any) -> np.ndarray:
    return np.asarray(np.all(compare(xp, "equal", x, y)))


def is_close(
    xp: Any, x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> np.ndarray:
    """Compare |x − y| with what is allowed; whether both are one need not be decided for that."""
    allowed = plus(xp, times(xp, elementwise(xp, "abs", y), rtol), atol)
    apart = minus(xp, x, y)
    return both(
        xp, compare(xp, "less_equal", apart, allowed), compare(xp, "less_equal", -apart, allowed)
    )


# --- conversions ----------------------------------------------------------------------------------


def convert(xp: Any, x: Any, coarser: bool) -> Any:
    """Convert to floats: `coarser` ones round."""
    return cast(xp, x) if coarser and is_certified(x) else x


def as_truth(xp: Any, x: Any) -> Any:
    """Give what a tensor of truth values has of a result; what is open stays open."""
    return x if isinstance(x, Open) else holds(xp, x)


def truncated(xp: Any, x: Any) -> Any:
    """Give what a tensor of integers has of floats: what is behind the point is left out."""
    return midpoints(truncate(xp, x)).astype(np.int64) if is_certified(x) else x


def as_integers(xp: Any, x: Any) -> Any:
    """Give the integers that arithmetic of integers has as its result, which bounds surround."""
    if not is_certified(x):
        return x
    return midpoints(elementwise(xp, "floor", hold(xp, x) + 0.5)).astype(np.int64)


# --- activations ----------------------------------------------------------------------------------


def within(xp: Any, x: Any, low: Any = None, high: Any = None) -> np.ndarray:
    """Tell where clamping changes nothing."""
    above = True if low is None else compare(xp, "greater_equal", x, low)
    below = True if high is None else compare(xp, "less_equal", x, high)
    return np.broadcast_to(np.logical_and(above, below), np.shape(x))


def _positive(xp: Any, x: Any) -> np.ndarray:
    return compare(xp, "greater", x, 0.0)


def _leaky_relu(xp: Any, x: Any, slope: Any = 0.01) -> Numbers:
    return choose(xp, _positive(xp, x), x, times(xp, x, slope))


def _elu(xp: Any, x: Any, alpha: Any = 1, scale: Any = 1, inner: Any = 1) -> Numbers:
    above = _positive(xp, x)
    below = elementwise(xp, "expm1", times(xp, choose(xp, above, 0.0, x), inner))
    return choose(xp, above, times(xp, x, scale), times(xp, below, alpha * scale))


def _rrelu(
    xp: Any, x: Any, noise: Any, lower: float = 0.125, upper: float = 1 / 3, training: bool = False
) -> Numbers:
    if training:
        raise NotKnown("aten::rrelu_with_noise in training")
    return _leaky_relu(xp, x, (lower + upper) / 2)


def _gelu(xp: Any, x: Any, *, approximate: str = "none") -> Numbers:
    x = lift(xp, x)
    if approximate == "none":  # torch has it by erf, which loses digits far to the left
        return boxed(0.5 * x * (1.0 + xp.erf(x * math.sqrt(0.5))))
    return boxed(xp.gelu(x, approximate=approximate))


def softplus(xp: Any, x: Any, beta: Any = 1, threshold: Any = 20) -> Numbers:
    """Compute log(1 + e^(βx))/β; above a threshold torch takes x itself."""
    inner = times(xp, x, beta)
    smooth = over(xp, elementwise(xp, "softplus", inner), beta)
    return choose(xp, compare(xp, "greater", inner, threshold), x, smooth)


def _mish(xp: Any, x: Any) -> Numbers:
    inner = elementwise(xp, "softplus", x)
    return elementwise(xp, "multiply", x, elementwise(xp, "tanh", inner))


def _hardsigmoid(xp: Any, x: Any) -> Numbers:
    return over(xp, clip(xp, plus(xp, x, 3.0), 0.0, 6.0), 6.0)


def _hardswish(xp: Any, x: Any) -> Numbers:
    return elementwise(xp, "multiply", x, _hardsigmoid(xp, x))


def _threshold(xp: Any, x: Any, threshold: Any, value: Any) -> Numbers:
    return choose(xp, compare(xp, "greater", x, threshold), x, value)


def _hardshrink(xp: Any, x: Any, width: Any = 0.5) -> Numbers:
    return choose(xp, compare(xp, "greater", elementwise(xp, "abs", x), width), x, 0.0)


def _softshrink(xp: Any, x: Any, width: Any = 0.5) -> Numbers:
    lower = choose(xp, compare(xp, "less", x, -width), plus(xp, x, width), 0.0)
    return choose(xp, compare(xp, "greater", x, width), minus(xp, x, width), lower)


def _glu(xp: Any, x: Any, dim: int = -1) -> Numbers:
    x = lift(xp, x)
    before, half = (slice(None),) * (dim % x.ndim), x.shape[dim] // 2
    gate = elementwise(xp, "sigmoid", x[(*before, slice(half, None))])
    return elementwise(xp, "multiply", x[(*before, slice(None, half))], gate)


def _nan_to_num(
    xp: Any, x: Any, nan: Any = None, posinf: Any = None, neginf: Any = None
) -> Numbers:
    if not np.all(is_finite(xp, x)):
        raise NotKnown("aten::nan_to_num of what is not finite")
    return lift(xp, x)


def _linear_between(xp: Any, x: Any, y: Any, weight: Any) -> Numbers:
    return plus(xp, x, elementwise(xp, "multiply", weight, minus(xp, y, x)))


def _addcmul(xp: Any, x: Any, a: Any, b: Any, *, value: Any = 1) -> Numbers:
    return plus(xp, x, times(xp, elementwise(xp, "multiply", a, b), value))


def _addcdiv(xp: Any, x: Any, a: Any, b: Any, *, value: Any = 1) -> Numbers:
    return plus(xp, x, times(xp, over(xp, a, b), value))


def same(xp: Any, x: Any) -> Any:
    """Return the operand."""
    return x


RULES: dict[str, Callable[..., Any]] = {
    **{name: _function(ours) for name, ours in FUNCTIONS.items()},
    **{name: _relation(ours) for name, ours in RELATIONS.items()},
    "abs": absolute,
    "add": _add,
    "sub": _subtract,
    "rsub": lambda xp, x, y, alpha=1: minus(xp, y, times(xp, x, alpha)),
    "div": _divide,
    "floor_divide": lambda xp, x, y: _divide(xp, x, y, rounding_mode="floor"),
    "pow": _power,
    "remainder": _remainder,
    "fmod": fmod,
    "trunc": truncate,
    "frac": lambda xp, x: minus(xp, x, truncate(xp, x)),
    "polygamma": _polygamma,
    "logit": _logit,
    "equal": _equal,
    "isclose": is_close,
    "isnan": is_nan,
    "isfinite": is_finite,
    "isinf": is_infinite,
    "any": _any,
    "all": _all,
    "count_nonzero": _count_nonzero,
    "logical_not": lambda xp, p: ~holds(xp, p),
    "bitwise_not": lambda xp, p: ~holds(xp, p),
    **{
        f"{kind}_{name}": rule
        for kind in ("logical", "bitwise")
        for name, rule in {
            "and": both,
            "or": either,
            "xor": lambda xp, p, q: holds(xp, p) ^ holds(xp, q),
        }.items()
    },
    "where": _where,
    "masked_fill": _masked_fill,
    "clone": same,
    "lift_fresh": same,
    "lift_fresh_copy": same,
    "alias": same,
    "detach": same,
    "clamp": clip,
    "clamp_min": clip,
    "clamp_max": lambda xp, x, high: clip(xp, x, None, high),
    "hardtanh": lambda xp, x, low=-1.0, high=1.0: clip(xp, x, low, high),
    "leaky_relu": _leaky_relu,
    "_prelu_kernel": _leaky_relu,
    "elu": _elu,
    "celu": lambda xp, x, alpha=1.0: _elu(xp, x, alpha, 1, 1 / alpha),
    "rrelu_with_noise": _rrelu,
    "gelu": _gelu,
    "softplus": softplus,
    "mish": _mish,
    "hardsigmoid": _hardsigmoid,
    "hardswish": _hardswish,
    "threshold": _threshold,
    "hardshrink": _hardshrink,
    "softshrink": _softshrink,
    "glu": _glu,
    "nan_to_num": _nan_to_num,
    "lerp": _linear_between,
    "addcmul": _addcmul,
    "addcdiv": _addcdiv,
}
"""ATen's name → its rule."""
