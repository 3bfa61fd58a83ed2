"""The vocabulary in NumPy: for hand-derived formulas, differences, and compiled expressions."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.vocabulary.axes import require_thin, running_axis
from calcbench.vocabulary.duals import on_duals
from calcbench.vocabulary.loops import KNOWN
from calcbench.vocabulary.namespace import Namespace, natively

LOWEST = -3e38
"""As good as −∞ to shift by, and finite in float32 too."""

SPECIAL = ("erf", "erfc", "gammaln", "digamma")
"""Functions that NumPy lacks, and SciPy and all libraries have."""

OF_SCIPY = (*SPECIAL, "erfinv", "log_ndtr", "i0e")
"""Functions that NumPy lacks, and SciPy has."""


SAME = (
    *("square", "reciprocal", "exp2", "log2", "log10", "hypot", "sinh", "cosh", "asinh", "acosh"),
    *("atanh", "ceil", "remainder", "asin", "acos", "atan2", "min", "prod"),
    *("permute_dims", "moveaxis", "flip", "roll", "broadcast_to", "repeat", "tril", "triu"),
    *("mean", "matrix_transpose", "logical_or"),
)
"""Names that follow from others, and that NumPy has: quicker, and the same."""


def softplus(x: Any) -> Any:
    """Compute log(1 + eˣ) as max(x, 0) + log1p(e^−|x|)."""
    return np.logaddexp(x, 0.0)


def sigmoid(x: Any) -> Any:
    """Compute 1 / (1 + e⁻ˣ) through e^−|x|, which cannot overflow."""
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, decay) / (1.0 + decay)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Compute log Σ eˣ, shifted by the largest entry; of nothing but −∞ it is −∞.

    scipy.special.logsumexp takes 42 µs for what takes 8 here.
    """
    top = np.max(x, axis=axis, keepdims=True)
    total = np.sum(np.exp(x - np.maximum(top, LOWEST)), axis=axis, keepdims=True)
    # The largest entry adds 1 to the total, unless it is −∞.
    total = np.log(np.maximum(total, 1.0)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def special(name: str) -> Callable[..., Any]:
    """Take a function from scipy.special, which takes 0.3 s to import, when it is first called."""

    def call(*arguments: Any) -> Any:
        return getattr(importlib.import_module("scipy.special"), name)(*arguments)

    return call


def polygamma(n: int, x: Any) -> Any:
    """Compute the n-th derivative of digamma; SciPy's own gives float64 for float32."""
    found = special("polygamma")(n, x)
    return found.astype(np.result_type(x), copy=False)


def take(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices by integer index; NumPy's own default is to flatten x first."""
    return np.take(x, indices, axis=axis)


def argsort(x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Find the indices that sort x; NumPy's own has no descending order."""
    return np.argsort(-x if descending else x, axis=axis, stable=True)


def sort(x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Put numbers in order along an axis."""
    ordered = np.sort(x, axis=axis)
    return np.flip(ordered, axis) if descending else ordered


def symmetric(x: Any) -> Any:
    """Compute (x + xᵀ)/2."""
    return (x + np.matrix_transpose(x)) / 2


def running(function: Callable[..., Any]) -> Callable[..., Any]:
    """Spell np.cumsum or np.cumprod, which by themselves would flatten a matrix."""
    return lambda x, axis=None: function(x, running_axis(x, axis))


def cholesky(x: Any) -> Any:
    """Factor (x + xᵀ)/2, so that both triangles count alike; NumPy reads the lower one alone."""
    return np.linalg.cholesky(symmetric(x))


def solve(a: Any, b: Any) -> Any:
    """Solve a x = b for a vector or matrix b. (NumPy 2 takes 1-D b only beside 2-D a.)"""
    if b.ndim == a.ndim - 1:
        return np.linalg.solve(a, b[..., None])[..., 0]
    return np.linalg.solve(a, b)


def eigh(x: Any) -> tuple[Any, Any]:
    """Give eigenvalues and eigenvectors of (x + xᵀ)/2 as a plain tuple."""
    values, vectors = np.linalg.eigh(symmetric(x))
    return values, vectors


def svd(x: Any, full_matrices: bool = True) -> tuple[Any, Any, Any]:
    """Give (U, s, Vᵀ) as a plain tuple; of a matrix that is not square, without further columns."""
    require_thin(x.shape, full_matrices)
    u, s, v = np.linalg.svd(x, full_matrices=False)
    return u, s, v


def of_scipy(name: str) -> Callable[..., Any]:
    """Take a function from scipy.linalg when it is first called, as `special`."""

    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(importlib.import_module("scipy.linalg"), name)(*arguments, **options)

    return on_duals(f"linalg.{name}", call)


def slogdet(x: Any) -> tuple[Any, Any]:
    """Give (sign, log |det x|) as a plain tuple."""
    return tuple(np.linalg.slogdet(x))


def constant(dtype: str, value: Any) -> np.ndarray:
    """Make an array of a constant: floats take `dtype`, integers and booleans stay what they are.

    A float64 array would make float64 of all float32 that it meets.
    """
    array = np.asarray(value)
    return array.astype(dtype) if array.dtype.kind == "f" else array


def with_numbers(function: Callable[..., Any], dtype: str) -> Callable[[Any, Any], Any]:
    """Let both arguments of a function be Python numbers, which then take `dtype`."""
    floating = np.dtype(dtype).type

    def apply(x: Any, y: Any) -> Any:
        if hasattr(x, "dtype") or hasattr(y, "dtype"):
            return function(x, y)
        return function(floating(x), floating(y))

    return apply


def where_in(dtype: str) -> Callable[[Any, Any, Any], Any]:
    """Build `where`; NumPy would make integers of two, and float64 of 0.5 and 1."""
    floating = np.dtype(dtype).type

    def where(condition: Any, x: Any, y: Any) -> Any:
        if hasattr(x, "dtype") or hasattr(y, "dtype"):
            return np.where(condition, x, y)
        return np.where(condition, floating(x), floating(y))

    return where


def stack_in(dtype: str) -> Callable[..., Any]:
    """Build `stack`, among whose arrays Python numbers may stand."""
    floating = np.dtype(dtype).type

    def stack(arrays: Any, axis: int = 0) -> Any:
        return np.stack([a if hasattr(a, "dtype") else floating(a) for a in arrays], axis=axis)

    return stack


@functools.cache
def numpy_in(dtype: str) -> Namespace:
    """Build the vocabulary in NumPy; numbers that meet no array take `dtype`."""
    return Namespace.over(
        np,
        {
            "asarray": functools.partial(constant, dtype),
            "sigmoid": on_duals("sigmoid", sigmoid),
            "softplus": softplus,
            "maximum": with_numbers(np.maximum, dtype),
            "minimum": with_numbers(np.minimum, dtype),
            "logaddexp": with_numbers(np.logaddexp, dtype),
            "where": where_in(dtype),
            "logsumexp": on_duals("logsumexp", logsumexp),
            "stop_gradient": on_duals("stop_gradient", lambda x: x),
            "cumulative_sum": running(np.cumsum),
            "cumulative_prod": running(np.cumprod),
            **natively(np, *SAME),
            "stack": stack_in(dtype),
            "take": take,
            "argsort": argsort,
            "sort": sort,
            **natively(np, "argmax", "argmin", "all", "any", "isnan", "isfinite"),
            **{name: special(name) for name in OF_SCIPY},
            "polygamma": on_duals("polygamma", polygamma),
            "linalg.cholesky": cholesky,
            "linalg.solve": solve,
            "linalg.solve_triangular": of_scipy("solve_triangular"),
            "linalg.eigh": eigh,
            "linalg.eigvalsh": lambda x: np.linalg.eigvalsh(symmetric(x)),
            "linalg.svd": svd,
            "linalg.svdvals": np.linalg.svdvals,
            "linalg.qr": lambda x: tuple(np.linalg.qr(x)),
            "linalg.expm": of_scipy("expm"),
            "linalg.slogdet": slogdet,
            **KNOWN,
        },
    )


NUMPY = numpy_in("float64")
