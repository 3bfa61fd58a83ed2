"""The vocabulary in JAX. It imports JAX: only a backend's `namespace` may import it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import jax.scipy.special
import numpy as np

from calcbench.errors import Unsupported
from calcbench.vocabulary.axes import as_indices, require_thin, running_axis
from calcbench.vocabulary.duals import check_number
from calcbench.vocabulary.namespace import Namespace, natively
from calcbench.vocabulary.numpy import LOWEST

from .control import EAGER, TRACED

SAME = (
    *("all", "any", "isnan", "isfinite", "square", "reciprocal", "exp2"),
    *("log2", "log10", "sinh", "cosh", "asinh", "acosh", "atanh", "asin", "acos", "atan2", "ceil"),
    *("sign", "min", "prod", "permute_dims", "moveaxis", "flip", "roll", "broadcast_to", "repeat"),
    *("tril", "triu", "var", "std", "mean", "matrix_transpose", "logical_or"),
)
"""Names that follow from others, and that JAX has: quicker to trace, and the same."""


SEARCHES = ("argmin", "argmax")
"""Names that are spelled otherwise where a cost is compiled; op by op, that would be ten ops."""


def running(function: Callable[..., Any]) -> Callable[..., Any]:
    """Spell jnp.cumsum or jnp.cumprod, which by themselves would flatten a matrix."""
    return lambda x, axis=None: function(x, running_axis(x, axis))


def pair(x: Any, y: Any) -> tuple[Any, Any]:
    """Make a float of one of two Python integers: JAX gives it the precision of the run."""
    return (float(x), y) if type(x) is int and type(y) is int else (x, y)


def stack(arrays: Any, axis: int = 0) -> Any:
    """Stack arrays, among which Python numbers may stand, along a new axis."""
    return jnp.stack([float(a) if type(a) is int else a for a in arrays], axis=axis)


def take(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices by integer index; JAX's own default is to flatten x first."""
    return jnp.take(x, as_indices(indices), axis=axis)


def take_compiled(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices by integer index; indices that are known when it is compiled need no checks.

    Of integers that are known, too, what is found is known.
    """
    indices = as_indices(indices)
    known = not isinstance(indices, jax.core.Tracer)
    if not known or not _within(np.asarray(indices), x.shape[axis]):
        return jnp.take(x, indices, axis=axis)
    positive = np.asarray(indices, np.int32) % x.shape[axis]
    if not isinstance(x, jax.core.Tracer) and x.dtype.kind in "iu":
        return np.take(np.asarray(x), positive, axis=axis)
    places = (slice(None),) * (axis % x.ndim) + (positive,)
    return jnp.asarray(x).at[places].get(mode="promise_in_bounds")


def _within(indices: np.ndarray, count: int) -> bool:
    """Tell whether indices, of which negative ones count from the end, are all there."""
    if indices.dtype.kind not in "iu" or not indices.size:
        return False
    return bool(-count <= indices.min() and indices.max() < count < 2**31)


MANY = 64
"""Slices that may as well be computed twice, rather than stored before they are looked up."""


def take_apart(x: Any, indices: Any, axis: int = 0) -> Any:
    """Take slices, each several times on average, from what is computed before, and once.

    Else XLA computes a slice anew, each time that it is looked up. In two halves, by a loop, for
    whatever goes into a loop is there before it begins. (A barrier does not hold it back.)
    """
    count, shape = x.shape[axis], np.shape(indices)
    if axis % x.ndim or math.prod(shape) - count <= MANY:
        return take_compiled(x, indices, axis)
    flat = jnp.reshape(jnp.asarray(indices), (-1,))
    halves = jnp.reshape(jnp.pad(flat, (0, len(flat) % 2)), (2, -1))
    found = jax.lax.map(lambda half: jnp.take(x, half, axis=0), halves)
    found = jnp.reshape(found, (-1, *x.shape[1:]))[: len(flat)]
    return jnp.reshape(found, (*shape, *x.shape[1:]))


LONG = 32
"""How many numbers along an axis are searched faster by `_search` than by JAX's own."""

BLOCK = 1 << 16
"""Bytes of a block of rows that is searched at once."""


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Find where the smallest is, the first of equals, or the first NaN."""
    return _search(jnp.argmin, jnp.min, x, axis, keepdims)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Find where the largest is, the first of equals, or the first NaN."""
    return _search(jnp.argmax, jnp.max, x, axis, keepdims)


def _search(own: Any, extreme: Any, x: Any, axis: int | None, keepdims: bool) -> Any:
    """Search a long last axis for the extreme itself, and then for the first place that has it.

    JAX's own carries both along, one number at a time, and takes three to seven times as long. In
    blocks of rows, so that the second search finds the numbers in a cache.
    """
    if axis is None or x.shape[axis] < LONG or axis % x.ndim < x.ndim - 1:
        return own(x, axis=axis, keepdims=keepdims)
    length = x.shape[axis]
    if not jnp.issubdtype(x.dtype, jnp.floating) or length > 1 / jnp.finfo(x.dtype).eps:
        return own(x, axis=axis, keepdims=keepdims)

    rows = jnp.reshape(jax.lax.stop_gradient(x), (-1, length))
    count, block = len(rows), max(1, BLOCK // (length * x.dtype.itemsize))
    place = jnp.arange(length, dtype=x.dtype)

    def search(start: Any) -> Any:
        some = jax.lax.dynamic_slice_in_dim(rows, start, min(block, count))
        there = some == extreme(some, axis=1, keepdims=True)
        rank = jnp.where(jnp.isnan(some), place - length, jnp.where(there, place, length))
        first = jnp.min(rank, axis=1)  # NaNs come before numbers: XLA's min may pass over them
        return jnp.where(first < 0, first + length, first)

    starts = np.arange(0, max(count - block, 0), block)  # and the last, which ends with the rows
    found = [jnp.reshape(jax.lax.map(search, starts), (-1,))] if len(starts) else []
    found.append(search(max(count - block, 0))[len(starts) * block - count :])
    # Without the barrier XLA would search anew for every number that reads what is found.
    indices = jax.lax.optimization_barrier(jnp.concatenate(found).astype(int))
    return jnp.reshape(indices, (*x.shape[:-1], 1) if keepdims else x.shape[:-1])


def logaddexp(x: Any, y: Any) -> Any:
    """Compute log(eˣ + eʸ); the second derivatives of JAX's own are NaN where both are −∞."""
    first = x >= y
    larger, smaller = jnp.where(first, x, y), jnp.where(first, y, x)
    return larger + jax.nn.softplus(smaller - jnp.where(larger == -jnp.inf, 0.0, larger))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Compute log Σ eˣ; the second derivatives of JAX's own are NaN where all entries are −∞."""
    top = jax.lax.stop_gradient(jnp.max(x, axis, keepdims=True))
    total = jnp.sum(jnp.exp(x - jnp.maximum(top, LOWEST)), axis, keepdims=True)
    total = jnp.log(jnp.where(top == -jnp.inf, 1.0, total)) + top
    return total if keepdims else jnp.squeeze(total, axis)


def solve(a: Any, b: Any) -> Any:
    """Solve a x = b for a vector or matrix b, as in NumPy's vocabulary."""
    if b.ndim == a.ndim - 1:
        return jnp.linalg.solve(a, b[..., None])[..., 0]
    return jnp.linalg.solve(a, b)


def eigh(x: Any) -> tuple[Any, ...]:
    """Give eigenvalues and eigenvectors of (x + xᵀ)/2, which is JAX's own default."""
    return tuple(jnp.linalg.eigh(x))


def svd(x: Any, full_matrices: bool = True) -> tuple[Any, ...]:
    """Give (U, s, Vᵀ) as a plain tuple; of a matrix that is not square, without further columns."""
    require_thin(x.shape, full_matrices)
    return tuple(jnp.linalg.svd(x, full_matrices=False))


def slogdet(x: Any) -> tuple[Any, ...]:
    """Give (sign, log |det x|) as a plain tuple."""
    return tuple(jnp.linalg.slogdet(x))


def grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Differentiate by the first argument, which may be a Python number."""

    def number(*arguments: Any) -> Any:
        y = jnp.asarray(f(*arguments))
        check_number(y)
        return y

    slopes = jax.grad(number)
    return lambda x, *others: slopes(float(x) if type(x) is int else x, *others)


WRONG = ("digamma", "polygamma", "log_ndtr", "prod", "cumulative_prod", "stop_gradient")
"""Names whose derivative by Enzyme (0.0.16) is wrong or NaN somewhere, however they are spelled."""


def refuse(name: str) -> Callable[..., Any]:
    """Spell a name as what says that Enzyme has no right derivative of it."""

    def refused(*arguments: Any, **keywords: Any) -> Any:
        raise Unsupported(
            f"xp.{name} is not available with mode=enzyme: its derivative by Enzyme is not right "
            "everywhere (mode=jit has it)"
        )

    return refused


def safe_sigmoid(x: Any) -> Any:
    """Compute the sigmoid; of JAX's own, Enzyme's derivative is NaN where e⁻ˣ overflows."""
    return jnp.exp(-jax.nn.softplus(-x))


def enzyme_namespace() -> Namespace:
    """Build the vocabulary as far as Enzyme (0.0.16) differentiates it rightly."""
    spelling = dict(namespace(eager=False).spelling)
    del spelling["acosh"], spelling["atanh"]  # it has a wrong rule, and a wrong sign: they follow
    mended = {"tan": lambda x: jnp.sin(x) / jnp.cos(x), "sigmoid": safe_sigmoid}
    own = {**natively(jnp, *SEARCHES), "take": take}  # no loops for Enzyme to go through
    return Namespace({**spelling, **mended, **own, **{name: refuse(name) for name in WRONG}})


def apart_namespace() -> Namespace:
    """Build the vocabulary for several derivatives at once, which read what is looked up."""
    return Namespace({**namespace(eager=False).spelling, "take": take_apart})


def namespace(eager: bool) -> Namespace:
    """Build the vocabulary; `eager` runs operation by operation, without compiling."""
    return Namespace.over(
        jnp,
        {
            # Its log_ndtr and erfinv lose digits.
            **natively(jax.scipy.special, "erf", "erfc", "gammaln", "digamma", "polygamma", "i0e"),
            "sigmoid": jax.nn.sigmoid,
            "softplus": jax.nn.softplus,
            "logaddexp": logaddexp,
            "logsumexp": logsumexp,
            "maximum": lambda x, y: jnp.maximum(*pair(x, y)),
            "minimum": lambda x, y: jnp.minimum(*pair(x, y)),
            "where": lambda condition, x, y: jnp.where(condition, *pair(x, y)),
            **natively(jnp, *SAME),
            **(natively(jnp, *SEARCHES) if eager else {"argmin": argmin, "argmax": argmax}),
            "cumulative_sum": running(jnp.cumsum),
            "cumulative_prod": running(jnp.cumprod),
            "softmax": lambda x, axis=None: jax.nn.softmax(x, axis),
            "log_softmax": lambda x, axis=None: jax.nn.log_softmax(x, axis),
            "concat": jnp.concatenate,
            "stack": stack,
            "take": take if eager else take_compiled,
            "linalg.solve": solve,
            "linalg.eigh": eigh,
            "linalg.eigvalsh": jnp.linalg.eigvalsh,
            "linalg.svd": svd,
            "linalg.svdvals": jnp.linalg.svdvals,
            "linalg.qr": lambda x: tuple(jnp.linalg.qr(x)),
            "linalg.solve_triangular": jax.scipy.linalg.solve_triangular,
            "linalg.slogdet": slogdet,
            "stop_gradient": jax.lax.stop_gradient,
            "grad": grad,
            # Op by op, a scan is compiled anew at every call: 400 ms where a loop takes 80.
            **(EAGER if eager else TRACED),
        },
    )
