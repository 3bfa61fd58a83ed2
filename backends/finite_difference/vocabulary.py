"""The vocabulary on complex numbers: each function's analytic continuation, for complex steps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.errors import Unsupported
from calcbench.vocabulary.duals import on_duals
from calcbench.vocabulary.loops import KNOWN
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import (
    LOWEST,
    NUMPY,
    SPECIAL,
    argsort,
    numpy_in,
    polygamma,
    special,
    with_numbers,
)
from calcbench.vocabulary.primitives import PRIMITIVES
from calcbench.vocabulary.rules import SLOPES

# Complex step needs each function's analytic continuation. NumPy's own is right for exp, log,
# sin, matmul, solve and the like; the ones below are not analytic there (abs, cholesky,
# slogdet), not defined (logaddexp), or compare imaginary parts (maximum).


ANALYTIC = (
    *("square", "reciprocal", "exp2", "log2", "log10", "sinh", "cosh", "prod", "cumulative_sum"),
    *("cumulative_prod", "permute_dims", "moveaxis", "flip", "roll"),
    *("broadcast_to", "repeat", "tril", "triu", "all", "any", "isfinite", "isnan"),
    *("linalg.solve_triangular", "linalg.expm", "mean", "matrix_transpose", "logical_or"),
)
"""Names that follow from others, and for which NumPy's own function will do."""


def _larger(x: Any, y: Any) -> Any:
    return np.where(np.real(x) >= np.real(y), x, y)


def _smaller(x: Any, y: Any) -> Any:
    return np.where(np.real(x) <= np.real(y), x, y)


def _abs(x: Any) -> Any:
    return np.where(np.real(x) < 0, -x, x)


def _log1p(x: Any) -> Any:
    # NumPy's complex log1p loses the real part near 0.
    return np.log1p(np.real(x)) + 1j * np.imag(x) / (1 + np.real(x))


def _sigmoid(x: Any) -> Any:
    positive = np.real(x) >= 0
    decay = np.exp(np.where(positive, -x, x))
    return np.where(positive, 1.0, decay) / (1.0 + decay)


def _softplus(x: Any) -> Any:
    return _logaddexp(x, np.zeros_like(x))


def _logaddexp(x: Any, y: Any) -> Any:
    # One choice for both: at a tie, `_larger` and `_smaller` would each take x, and y be lost.
    first = np.real(x) >= np.real(y)
    larger, smaller = np.where(first, x, y), np.where(first, y, x)
    shift = np.where(np.real(larger) == -np.inf, 0.0, larger)
    return larger + _log1p(np.exp(smaller - shift))


def _max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    axes = [*range(np.ndim(x))] if axis is None else [a % np.ndim(x) for a in np.atleast_1d(axis)]
    kept = [a for a in range(np.ndim(x)) if a not in axes]
    lanes = np.transpose(x, [*kept, *axes]).reshape((*(np.shape(x)[a] for a in kept), -1))
    where = np.argmax(np.real(lanes), axis=-1)[..., None]
    top = np.take_along_axis(lanes, where, axis=-1)[..., 0]
    return np.expand_dims(top, tuple(axes)) if keepdims else top


def _of_real(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function look at real parts alone: NumPy would order equal ones by imaginary parts."""
    return lambda x, *arguments, **options: function(np.real(x), *arguments, **options)


def _sort(x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    return np.take_along_axis(x, argsort(np.real(x), axis, descending), axis)


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(np.real(x), axis=axis, keepdims=True)
    total = np.sum(np.exp(x - np.maximum(top, LOWEST)), axis=axis, keepdims=True)
    # The largest entry adds 1 to the total, unless it is −∞.
    total = np.log(np.where(top == -np.inf, 1.0, total)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def _continue(function: Callable[[Any], Any], slope: Callable[[Any, Any], Any]) -> Any:
    """Continue a real function to first order, which is all that a step of 1e-165 sees."""

    def apply(x: Any) -> Any:
        real = np.real(x)
        y = function(real)
        return y + 1j * np.imag(x) * slope(real, y)

    return apply


def _by_rule(name: str) -> Any:
    return _continue(special(name), functools.partial(SLOPES[name], NUMPY))


def _polygamma(n: int, x: Any) -> Any:
    if n == 0:
        return _by_rule("digamma")(x)
    return _continue(functools.partial(polygamma, n), lambda x, y: polygamma(n + 1, x))(x)


def _i0e_slope(x: Any, y: Any) -> Any:
    return special("i1e")(x) - np.sign(x) * y


def _cholesky(x: Any) -> Any:
    """Factor (x + xᵀ)/2, with transposes for conjugates: analytic (Cholesky-Banachiewicz)."""
    a = (x + np.matrix_transpose(x)) / 2
    factor = np.zeros(a.shape, dtype=a.dtype)
    for i in range(a.shape[-1]):
        for j in range(i + 1):
            rest = a[..., i, j] - np.sum(factor[..., i, :j] * factor[..., j, :j], axis=-1)
            factor[..., i, j] = np.sqrt(rest) if i == j else rest / factor[..., j, j]
    return factor


def _eigh(x: Any) -> tuple[Any, Any]:
    """Decompose (x + xᵀ)/2: its real part, and to first order what the imaginary part moves.

    Where eigenvalues coincide, their vectors are not moved among themselves.
    """
    a = (x + np.matrix_transpose(x)) / 2
    values, vectors = np.linalg.eigh(np.real(a))
    moved = np.matrix_transpose(vectors) @ np.imag(a) @ vectors
    gaps = values[..., None, :] - values[..., :, None]
    turned = np.where(gaps == 0, 0.0, moved / np.where(gaps == 0, 1.0, gaps))
    steps = np.diagonal(moved, axis1=-2, axis2=-1)
    return values + 1j * steps, vectors + 1j * (vectors @ turned)


def _slogdet(a: Any) -> Any:
    """Give (sign, log |det a|), both analytic in a.

    The phase of the determinant, but for its real sign, is the imaginary part of log |det a|.
    """
    phase, logdet = np.linalg.slogdet(a)
    sign = np.sign(np.real(phase))
    return sign, logdet + np.log(phase * sign)


@functools.cache
def complex_in(dtype: str) -> Namespace:
    """Build the vocabulary on complex numbers; numbers that meet no array take `dtype`."""
    found, own = _complex_functions(dtype).spelling, numpy_in(dtype).spelling
    changed = {name: f for name, f in found.items() if f is not own.get(name)}
    return Namespace(
        {
            **found,
            **{name: on_duals(name, function) for name, function in changed.items()},
            "stop_gradient": on_duals("stop_gradient", np.real),
            **KNOWN,
        }
    )


def _complex_functions(dtype: str) -> Namespace:
    """Build the functions of complex numbers, without what they make of duals."""
    real = numpy_in(dtype).spelling
    return Namespace(
        {
            **{name: real[name] for name in real.keys() & {*PRIMITIVES, *ANALYTIC}},
            "abs": _abs,
            "floor": lambda x: np.floor(np.real(x)),
            "round": lambda x: np.round(np.real(x)),
            **{name: _by_rule(name) for name in (*SPECIAL, "erfinv", "log_ndtr")},
            "polygamma": _polygamma,
            "i0e": _continue(special("i0e"), _i0e_slope),
            "log1p": _log1p,
            "sigmoid": _sigmoid,
            "softplus": _softplus,
            "maximum": with_numbers(_larger, dtype),
            "minimum": with_numbers(_smaller, dtype),
            "logaddexp": with_numbers(_logaddexp, dtype),
            "max": _max,
            "argsort": _of_real(argsort),
            "argmax": _of_real(np.argmax),
            "argmin": _of_real(np.argmin),
            "sort": _sort,
            "logsumexp": _logsumexp,
            "linalg.cholesky": _cholesky,
            "linalg.eigh": _eigh,
            "linalg.slogdet": _slogdet,
        },
    )


def _refuse(x: Any) -> Any:
    raise Unsupported(
        "a difference quotient sees values alone, and cannot hold xp.stop_gradient(x) constant; "
        "scheme=complex can"
    )


@functools.cache
def real_in(dtype: str) -> Namespace:
    """Build the vocabulary for differences of real numbers."""
    return Namespace.over(numpy_in(dtype), {"stop_gradient": _refuse})
