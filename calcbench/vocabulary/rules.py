"""Rules: how the result of a function moves with what it is given, for dual numbers.

A rule is of (vocabulary, function, result, values, slopes, options), and gives the slope of the
result; the slope of a constant is None.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

# --- operators ------------------------------------------------------------------------------------


def _plus(*terms: Any) -> Any:
    """Add what there is: None is nothing."""
    return functools.reduce(operator.add, [term for term in terms if term is not None])


def _times(slope: Any, factor: Any) -> Any:
    return None if slope is None else slope * factor


def add(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    """Move with both."""
    return _plus(*slopes)


def subtract(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    """Move with the first, and against the second."""
    return _plus(slopes[0], _times(slopes[1], -1.0))


def multiply(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    """Move with each factor, times the other."""
    return _plus(_times(slopes[0], values[1]), _times(slopes[1], values[0]))


def divide(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    """Move as a quotient x / y = z: with ẋ/y − ẏ·z/y."""
    _, y = values
    return _plus(None if slopes[0] is None else slopes[0] / y, _times(slopes[1], -z / y))


def power(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    """Move as a power: with the base, and with the exponent where that is no constant."""
    x, y = values
    if isinstance(y, (int, float)) and y in (0, 1):
        return slopes[0] * y
    by_base = _times(slopes[0], y * x ** (y - 1)) if slopes[0] is not None else None
    if slopes[1] is None:
        return by_base
    return _plus(by_base, slopes[1] * z * xp.log(xp.asarray(1.0) * x))


# --- functions ------------------------------------------------------------------------------------

STILL = (
    *("floor", "round", "logical_and", "logical_or", "logical_not", "equal", "not_equal"),
    *("argsort", "argmax", "argmin", "isfinite", "isnan"),
)
"""Functions that give the same, and no slope, as what they are given moves a little."""


def elementwise(slope: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    """Build the rule of a function of one number from its slope: of the vocabulary, x and y."""
    return lambda xp, f, y, values, slopes, options: slopes[0] * slope(xp, values[0], y)


def _linear(xp: Any, f: Any, y: Any, values: Any, slopes: Any, options: Any) -> Any:
    """Apply a function that is linear in its first argument to the slope."""
    return f(slopes[0], *values[1:], **options)


def _multilinear(xp: Any, f: Any, y: Any, values: Any, slopes: Any, options: Any) -> Any:
    """Apply a function that is linear in each argument to the slope of one at a time."""
    moved = (k for k, slope in enumerate(slopes) if slope is not None)
    return _plus(*(f(*values[:k], slopes[k], *values[k + 1 :], **options) for k in moved))


def _logsumexp(xp: Any, f: Any, y: Any, values: Any, slopes: Any, options: Any) -> Any:
    x, *more = values
    given = {**dict(zip(("axis", "keepdims"), more, strict=False)), **options}
    shift = _finite(xp, f(x, axis=given.get("axis"), keepdims=True))
    return xp.sum(xp.exp(x - shift) * slopes[0], **given)


def _logaddexp(xp: Any, f: Any, z: Any, values: Any, slopes: Any, options: Any) -> Any:
    shift = _finite(xp, z)
    return _plus(*(_times(s, xp.exp(x - shift)) for x, s in zip(values, slopes, strict=True)))


def _finite(xp: Any, x: Any) -> Any:
    """Put 0 in the place of −∞, where no term is to be shifted."""
    return xp.where(xp.isfinite(x), x, 0.0)


def _extreme(first: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Build the rule of the larger, or smaller, of two; the mean of both slopes at a tie."""

    def rule(xp: Any, f: Any, z: Any, values: Any, slopes: Any, options: Any) -> Any:
        (x, y), (one, other) = values, (0.0 if slope is None else slope for slope in slopes)
        tied = xp.where(first(y, x), other, 0.5 * one + 0.5 * other)
        return xp.where(first(x, y), one, tied)

    return rule


def _where(xp: Any, f: Any, z: Any, values: Any, slopes: Any, options: Any) -> Any:
    return f(values[0], *(0.0 if slope is None else slope for slope in slopes[1:]))


def _cholesky(xp: Any, f: Any, lower: Any, values: Any, slopes: Any, options: Any) -> Any:
    """L·Φ(L⁻¹ Ȧ L⁻ᵀ), where Φ halves the diagonal and drops what is above (Murray 2016, (8))."""
    turned = xp.matrix_transpose
    moved = (slopes[0] + turned(slopes[0])) * 0.5
    inner = xp.linalg.solve(lower, turned(xp.linalg.solve(lower, moved)))
    halved = xp.tril(inner) - 0.5 * (inner * xp.eye(lower.shape[-1]))
    return xp.matmul(lower, halved)


def _solve(xp: Any, f: Any, x: Any, values: Any, slopes: Any, options: Any) -> Any:
    a, _ = values
    turned = None if slopes[0] is None else xp.matmul(slopes[0], x) * -1.0
    return f(a, _plus(slopes[1], turned))


def _polygamma(xp: Any, f: Any, y: Any, values: Any, slopes: Any, options: Any) -> Any:
    order, x = values
    return slopes[1] * f(order + 1, x)


def _gauss(xp: Any, x: Any) -> Any:
    """Compute the slope of erf, 2/√π e^(−x²) (DLMF 7.2.1)."""
    return xp.exp(-(x * x)) * (2.0 / xp.pi**0.5)


SLOPES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "exp": lambda xp, x, y: y,
    "expm1": lambda xp, x, y: xp.exp(x),
    "log": lambda xp, x, y: 1.0 / x,
    "log1p": lambda xp, x, y: 1.0 / (1.0 + x),
    "sqrt": lambda xp, x, y: 0.5 / y,
    "sin": lambda xp, x, y: xp.cos(x),
    "cos": lambda xp, x, y: -1.0 * xp.sin(x),
    "tan": lambda xp, x, y: 1.0 + y * y,
    # 1 − y² would cancel where y is near 1.
    "tanh": lambda xp, x, y: 4.0 * xp.sigmoid(2.0 * x) * xp.sigmoid(-2.0 * x),
    "atan": lambda xp, x, y: 1.0 / (1.0 + x * x),
    "abs": lambda xp, x, y: xp.sign(x),
    "sigmoid": lambda xp, x, y: y * xp.sigmoid(-1.0 * x),
    "softplus": lambda xp, x, y: xp.sigmoid(x),
    "erf": lambda xp, x, y: _gauss(xp, x),
    "erfc": lambda xp, x, y: -1.0 * _gauss(xp, x),
    "erfinv": lambda xp, x, y: 1.0 / _gauss(xp, y),
    "gammaln": lambda xp, x, y: xp.digamma(x),
    "digamma": lambda xp, x, y: xp.polygamma(1, x),
    "log_ndtr": lambda xp, x, y: xp.exp(-0.5 * x * x - y) / (2.0 * xp.pi) ** 0.5,
}
"""Name → the slope of y = f(x), a function of one number: of the vocabulary, x and y.

Complex steps and the numbers of `backends/_numbers.py` take theirs from here, too.
"""

RULES: dict[str, Callable[..., Any]] = {
    **{name: elementwise(slope) for name, slope in SLOPES.items()},
    "polygamma": _polygamma,
    "maximum": _extreme(operator.gt),
    "minimum": _extreme(operator.lt),
    "logaddexp": _logaddexp,
    "where": _where,
    **dict.fromkeys(("sum", "mean", "matrix_transpose", "reshape", "concat", "stack"), _linear),
    **dict.fromkeys(("take", "take_along_axis"), _linear),
    **dict.fromkeys(("matmul", "einsum"), _multilinear),
    "logsumexp": _logsumexp,
    "linalg.cholesky": _cholesky,
    "linalg.solve": _solve,
}
"""Name → its rule, of (vocabulary, function, result, values, slopes, options)."""


def _max(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Find the largest, one slice after the other."""
    axes = range(x.ndim) if axis is None else [int(each) % x.ndim for each in np.atleast_1d(axis)]
    for each in axes:
        before = (slice(None),) * each
        slices = [x[(*before, slice(k, k + 1))] for k in range(x.shape[each])]
        x = functools.reduce(xp.maximum, slices)
    kept = [n for each, n in enumerate(x.shape) if each not in axes]
    return x if keepdims else xp.reshape(x, tuple(kept))


def _slogdet(xp: Any, x: Any) -> tuple[Any, Any]:
    sign, log = xp.linalg.slogdet(x.value)
    return sign, x.beside(log, xp.linalg.trace(xp.linalg.solve(x.value, x.slope)))


def _eigh(xp: Any, x: Any) -> tuple[Any, Any]:
    """Turn each eigenvector towards the others, by how far its eigenvalue is from theirs.

    (Magnus & Neudecker, Matrix Differential Calculus, 3rd ed., chapter 8.) Of eigenvalues that
    coincide the vectors have no slope: it is infinite or NaN.
    """
    values, vectors = xp.linalg.eigh(x.value)
    slope = (x.slope + xp.matrix_transpose(x.slope)) * 0.5
    moved = xp.matmul(xp.matrix_transpose(vectors), xp.matmul(slope, vectors))
    one = xp.eye(values.shape[-1])
    gaps = values[..., None, :] - values[..., :, None] + one
    turned = xp.matmul(vectors, moved * (1.0 - one) / gaps)
    shifts = xp.sum(moved * one, axis=-1)
    return x.beside(values, shifts), x.beside(vectors, turned)


def _expm(xp: Any, x: Any) -> Any:
    """Find the slope above the diagonal of the exponential of [a ȧ; 0 a].

    (Higham, Functions of Matrices, theorem 3.6.)
    """
    n, a = x.shape[-1], x.value
    upper = xp.concat([a, x.slope], axis=-1)
    lower = xp.concat([a * 0.0, a], axis=-1)
    both = xp.linalg.expm(xp.concat([upper, lower], axis=-2))
    return x.beside(both[..., :n, :n], both[..., :n, n:])


ON_DUALS: dict[str, Callable[..., Any]] = {
    "max": _max,
    "linalg.expm": _expm,
    "linalg.slogdet": _slogdet,
    "linalg.eigh": _eigh,
    "asarray": lambda xp, x: x,
    "stop_gradient": lambda xp, x: xp.stop_gradient(x.value),
}
"""Name → its definition in a vocabulary, where it is given duals."""
