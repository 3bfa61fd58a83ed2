"""The vocabulary in TensorFlow. It imports TensorFlow: only `namespace` may import it.

It takes tf.* rather than tf.experimental.numpy: the latter's logaddexp has gradient 0 at ties
(2.21), and its promotion rules cost microseconds on every eager call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from calcbench.errors import Unsupported
from calcbench.vocabulary.axes import as_indices, require_thin, running_axis
from calcbench.vocabulary.loops import KNOWN
from calcbench.vocabulary.namespace import Namespace, natively
from calcbench.vocabulary.numpy import LOWEST

from .control import grad_in, traced

Pair = Callable[[Any, Any], tuple[Any, Any]]
"""(x, y) → two tensors."""


SAME = (
    *("square", "reciprocal", "sinh", "cosh", "asinh", "acosh", "atanh", "asin", "acos", "atan2"),
    *("ceil", "sign", "sigmoid"),
)
"""Names that follow from others, and that TensorFlow has: one operation, and the same."""


def pair_in(dtype: str) -> Pair:
    """Build a function that makes tensors of two operands; two numbers take `dtype`."""

    def pair(x: Any, y: Any) -> tuple[Any, Any]:
        if tf.is_tensor(x):
            return x, y if tf.is_tensor(y) else tf.convert_to_tensor(y, dtype=x.dtype)
        x = tf.convert_to_tensor(x, dtype=y.dtype if tf.is_tensor(y) else dtype)
        return x, y if tf.is_tensor(y) else tf.convert_to_tensor(y, dtype=dtype)

    return pair


def holds(condition: Any) -> Any:
    """Make a condition of numbers: it holds where they are not 0."""
    return tf.cast(condition, tf.bool)


def constant_in(dtype: str) -> Callable[[Any], Any]:
    """Build `asarray`; integers and booleans stay what they are."""

    def constant(value: Any) -> Any:
        array = np.asarray(value)
        return tf.constant(array, dtype=dtype if array.dtype.kind == "f" else None)

    return constant


def tensor_in(dtype: str) -> Callable[[Any], Any]:
    """Build a function that makes tensors of NumPy's arrays, as `asarray` does."""
    constant = constant_in(dtype)
    return lambda x: x if tf.is_tensor(x) else constant(x)


def logaddexp_of(pair: Pair) -> Callable[[Any, Any], Any]:
    """Build log(eˣ + eʸ) as x + softplus(y − x), where x is the larger.

    Its partials are sigmoids, which are right at ties and at extremes.
    """

    def logaddexp(x: Any, y: Any) -> Any:
        x, y = pair(x, y)
        first = x >= y
        larger, smaller = tf.where(first, x, y), tf.where(first, y, x)
        shift = tf.where(larger == -np.inf, tf.zeros_like(larger), larger)
        return larger + tf.math.softplus(smaller - shift)

    return logaddexp


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Compute log Σ eˣ; the second derivatives of TensorFlow's own are NaN where all are −∞."""
    top = tf.stop_gradient(tf.reduce_max(x, axis, keepdims=True))
    total = tf.reduce_sum(tf.exp(x - tf.maximum(top, LOWEST)), axis, keepdims=True)
    total = tf.math.log(tf.where(top == -np.inf, tf.ones_like(total), total)) + top
    return (
        total if keepdims else tf.squeeze(total, [*range(len(x.shape))] if axis is None else axis)
    )


def polygamma(n: int, x: Any) -> Any:
    """Compute the n-th derivative of digamma; TensorFlow wants the order as a tensor."""
    return tf.math.polygamma(tf.constant(n, x.dtype), x) if n else tf.math.digamma(x)


def matmul(x: Any, y: Any) -> Any:
    """Multiply matrices; tf.matmul takes no vectors."""
    if x.shape.rank == 1 and y.shape.rank == 1:
        return tf.tensordot(x, y, 1)
    if y.shape.rank == 1:
        return tf.linalg.matvec(x, y)
    if x.shape.rank == 1:
        return tf.linalg.matvec(y, x, transpose_a=True)
    return tf.matmul(x, y)


def concat(arrays: Any, axis: int = 0) -> Any:
    """Join arrays along an axis, which tf.concat has no default for."""
    return tf.concat(list(arrays), axis=axis)


def stack_in(dtype: str) -> Callable[..., Any]:
    """Build `stack` along a new axis; numbers among the arrays take `dtype`."""

    def stack(arrays: Any, axis: int = 0) -> Any:
        tensors = [a if tf.is_tensor(a) else tf.convert_to_tensor(a, dtype) for a in arrays]
        return tf.stack(tensors, axis=axis)

    return stack


def from_start(indices: Any, count: int) -> Any:
    """Count from the start what counts from the end, which tf.gather does not take."""
    indices = as_indices(indices)
    if not isinstance(indices, np.ndarray) and not hasattr(indices, "numpy"):  # in a graph
        return tf.where(indices < 0, indices + count, indices)
    known = np.asarray(indices)
    if not known.size or known.min() >= 0:
        return indices
    return np.where(known < 0, known + count, known)


def take(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices by integer index."""
    return tf.gather(x, from_start(indices, x.shape[axis]), axis=axis)


def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    """Take elements by integer index: gathered along the last axis, with all others as a batch."""
    indices = from_start(indices, x.shape[axis])
    axis %= x.shape.rank
    last = x.shape.rank - 1
    order = [a for a in range(last + 1) if a != axis] + [axis]
    back = [order.index(a) for a in range(last + 1)]
    moved = tf.gather(
        tf.transpose(x, order), tf.transpose(indices, order), axis=last, batch_dims=last
    )
    return tf.transpose(moved, back)


def argsort(x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Find the indices that sort x, of equals the first first: int64, as NumPy's integers are.

    With those of int32 that TensorFlow gives, it neither compares them nor puts them together.
    """
    order = tf.argsort(x, axis, "DESCENDING" if descending else "ASCENDING", stable=True)
    return tf.cast(order, tf.int64)


def place(function: Callable[..., Any]) -> Callable[..., Any]:
    """Build `argmax` or `argmin`; TensorFlow's own has no keepdims, and takes the first axis."""

    def find(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        if axis is not None:
            found = function(x, axis)
            return tf.expand_dims(found, axis) if keepdims else found
        found = function(tf.reshape(x, [-1]), 0)
        return tf.reshape(found, [1] * x.shape.rank) if keepdims else found

    return find


def condition(function: Callable[..., Any]) -> Callable[..., Any]:
    """Build `all` or `any`, of numbers as well: those hold that are not 0."""
    return lambda p, axis=None, keepdims=False: function(holds(p), axis, keepdims)


def flip(x: Any, axis: int | None = None) -> Any:
    """Reverse the order along one axis, or along all."""
    return tf.reverse(x, list(range(x.shape.rank)) if axis is None else [axis])


def share(function: Callable[..., Any]) -> Callable[..., Any]:
    """Build `softmax` or `log_softmax`, which TensorFlow takes along one axis."""

    def apply(x: Any, axis: int | None = None) -> Any:
        if axis is None:
            return tf.reshape(function(tf.reshape(x, [-1]), axis=0), x.shape)
        return function(x, axis=axis)

    return apply


def cholesky(x: Any) -> Any:
    """Factor (x + xᵀ)/2, so that both triangles count alike; TensorFlow reads the lower one."""
    return tf.linalg.cholesky(symmetric(x))


def solve(a: Any, b: Any) -> Any:
    """Solve a x = b for a vector or matrix b."""
    if b.shape.rank == a.shape.rank - 1:
        return tf.linalg.solve(a, b[..., None])[..., 0]
    return tf.linalg.solve(a, b)


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """Solve a x = b for a vector or matrix b, where a is a triangle."""
    if b.shape.rank == a.shape.rank - 1:
        return tf.linalg.triangular_solve(a, b[..., None], lower=lower)[..., 0]
    return tf.linalg.triangular_solve(a, b, lower=lower)


def symmetric(x: Any) -> Any:
    """Compute (x + xᵀ)/2."""
    return (x + tf.linalg.matrix_transpose(x)) / 2


def svd(x: Any, full_matrices: bool = True) -> tuple[Any, ...]:
    """Give (U, s, Vᵀ); of a matrix that is not square, without further columns."""
    require_thin(x.shape, full_matrices)
    s, u, v = tf.linalg.svd(x)
    return u, s, tf.linalg.matrix_transpose(v)


def slogdet(x: Any) -> tuple[Any, ...]:
    """Give (sign, log |det x|) as a plain tuple."""
    return tuple(tf.linalg.slogdet(x))


def no_slogdet(x: Any) -> Any:
    """Raise `Unsupported`: XLA cannot compile the determinant."""
    raise Unsupported("XLA has no determinant for TensorFlow (2.21); mode=function has")


def namespace(dtype: str, mode: str) -> Namespace:
    """Build the vocabulary for a mode; numbers that meet no tensor take `dtype`."""
    pair, tensor = pair_in(dtype), tensor_in(dtype)

    def where(condition: Any, x: Any, y: Any) -> Any:
        return tf.where(holds(condition), *pair(x, y))

    return Namespace.over(
        tf,
        {
            "erf": tf.math.erf,
            "erfc": tf.math.erfc,
            "gammaln": tf.math.lgamma,
            "digamma": tf.math.digamma,
            "polygamma": polygamma,
            # tf.math.erfinv (2.21) loses digits near 0: 1e-9 of 1e-8.
            "i0e": tf.math.bessel_i0e,
            "asarray": constant_in(dtype),
            "expm1": tf.math.expm1,
            "log": tf.math.log,
            "log1p": tf.math.log1p,
            "softplus": tf.math.softplus,
            "maximum": lambda x, y: tf.maximum(*pair(x, y)),
            "minimum": lambda x, y: tf.minimum(*pair(x, y)),
            "logaddexp": logaddexp_of(pair),
            "where": where,
            "logical_and": lambda p, q: tf.logical_and(holds(p), holds(q)),
            "logical_or": lambda p, q: tf.logical_or(holds(p), holds(q)),
            "logical_not": lambda p: tf.logical_not(holds(p)),
            "sum": tf.reduce_sum,
            "mean": tf.reduce_mean,
            "max": tf.reduce_max,
            "logsumexp": logsumexp,
            "cumulative_sum": lambda x, axis=None: tf.cumsum(x, running_axis(x, axis)),
            **natively(tf.math, *SAME),
            "min": tf.reduce_min,
            "prod": tf.reduce_prod,
            "permute_dims": tf.transpose,
            "broadcast_to": tf.broadcast_to,
            "flip": flip,
            "softmax": share(tf.nn.softmax),
            "log_softmax": share(tf.nn.log_softmax),
            "matmul": matmul,
            "matrix_transpose": tf.linalg.matrix_transpose,
            "concat": concat,
            "stack": stack_in(dtype),
            "unstack": lambda x, axis=0: tuple(tf.unstack(tensor(x), axis=axis)),
            "take": take,
            "take_along_axis": take_along_axis,
            "argsort": argsort,
            "argmax": place(tf.argmax),
            "argmin": place(tf.argmin),
            "all": condition(tf.reduce_all),
            "any": condition(tf.reduce_any),
            "isnan": tf.math.is_nan,
            "isfinite": tf.math.is_finite,
            "linalg.cholesky": cholesky,
            "linalg.solve": solve,
            "linalg.solve_triangular": solve_triangular,
            "linalg.eigh": lambda x: tuple(tf.linalg.eigh(symmetric(x))),
            "linalg.eigvalsh": lambda x: tf.linalg.eigvalsh(symmetric(x)),
            "linalg.svd": svd,
            "linalg.svdvals": lambda x: tf.linalg.svd(x, compute_uv=False),
            "linalg.qr": lambda x: tuple(tf.linalg.qr(x)),
            "linalg.slogdet": no_slogdet if mode == "xla" else slogdet,
            "stop_gradient": tf.stop_gradient,
            "grad": grad_in(dtype),
            **(KNOWN if mode == "eager" else traced(dtype, where, tensor, mode == "xla")),
        },
    )
