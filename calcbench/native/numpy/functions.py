"""NumPy's and SciPy's functions on numbers with proof: which function of the core each one is.

A function here takes numbers with proof beside plain arrays, and gives such numbers, or plain
truth values and integers. Options that it does not name are not known.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from calcbench.native import comparing, products
from calcbench.native.comparing import choose, compare, is_finite, is_nan, present
from calcbench.native.decompositions import eigenvalues, eigh, singular_values
from calcbench.native.elementwise import clip, elementwise
from calcbench.native.function import NotKnown
from calcbench.native.numpy.ufuncs import Handler
from calcbench.native.reductions import accumulate, norm, reduce, variance
from calcbench.native.values import Numbers, boxed, lift, midpoints

# --- along axes -----------------------------------------------------------------------------------


def _reduction(name: str) -> Handler:
    return lambda xp, a, axis=None, keepdims=False: reduce(xp, name, a, axis, keepdims)


def _var(xp: Any, a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Numbers:
    return variance(xp, a, axis, ddof, keepdims)


def _std(xp: Any, a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Numbers:
    return elementwise(xp, "sqrt", _var(xp, a, axis, ddof, keepdims))


def _average(xp: Any, a: Any, axis: Any = None, weights: Any = None) -> Numbers:
    if weights is None:
        return reduce(xp, "mean", a, axis)
    if np.shape(weights) != np.shape(a):
        raise NotKnown("numpy.average with weights along an axis")
    total = reduce(xp, "sum", elementwise(xp, "multiply", a, weights), axis)
    return elementwise(xp, "divide", total, reduce(xp, "sum", weights, axis))


def _running(name: str) -> Handler:
    def apply(xp: Any, a: Any, axis: int | None = None) -> Numbers:
        a = lift(xp, a)
        if axis is None:
            a, axis = boxed(xp.reshape(a, (-1,))), 0
        return accumulate(xp, name, a, axis)

    return apply


def _best(find: Callable[..., np.ndarray]) -> Handler:
    def apply(xp: Any, a: Any, axis: int | None = None) -> Any:
        a = lift(xp, a)
        return find(xp, boxed(xp.reshape(a, (-1,))), 0) if axis is None else find(xp, a, axis)

    return apply


def _sort(xp: Any, a: Any, axis: int = -1, kind: Any = None) -> Numbers:
    return comparing.sort(xp, a, axis)


def _argsort(xp: Any, a: Any, axis: int = -1, kind: Any = None) -> np.ndarray:
    return comparing.argsort(xp, a, axis)


def _diff(xp: Any, a: Any, n: int = 1, axis: int = -1) -> Numbers:
    found = lift(xp, a)
    before = (slice(None),) * (axis % found.ndim)
    for _ in range(n):
        found = boxed(found[(*before, slice(1, None))] - found[(*before, slice(None, -1))])
    return found


def _clip(
    xp: Any, a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None
) -> Numbers:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    return clip(xp, a, low, high)


def _trapezoid(xp: Any, y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Numbers:
    y = lift(xp, y)
    before = (slice(None),) * (axis % y.ndim)
    heights = y[(*before, slice(1, None))] + y[(*before, slice(None, -1))]
    widths = dx if x is None else _diff(xp, x, axis=-1)
    if x is not None and y.ndim > 1 and axis % y.ndim != y.ndim - 1:
        raise NotKnown("numpy.trapezoid along another axis than the last")
    areas = elementwise(xp, "multiply", heights, widths)
    return elementwise(xp, "multiply", reduce(xp, "sum", areas, axis), 0.5)


def _all(xp: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.all(compare(xp, "not_equal", a, 0.0), axis=axis, keepdims=keepdims)


def _any(xp: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.any(compare(xp, "not_equal", a, 0.0), axis=axis, keepdims=keepdims)


def _ptp(xp: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Numbers:
    largest, least = (reduce(xp, name, a, axis, keepdims) for name in ("max", "min"))
    return elementwise(xp, "subtract", largest, least)


def _nansum(xp: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Numbers:
    return reduce(xp, "sum", present(xp, a), axis, keepdims)


def _nanmean(xp: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Numbers:
    count = np.sum(~is_nan(xp, a), axis=axis, keepdims=keepdims)
    return elementwise(xp, "divide", _nansum(xp, a, axis, keepdims), count)


def _extreme(name: str, absent: float) -> Handler:
    """Reduce to the largest or smallest of the numbers that are not missing."""

    def apply(xp: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Numbers:
        return reduce(xp, name, present(xp, a, absent), axis, keepdims)

    return apply


def _median(xp: Any, a: Any, axis: int | None = None, keepdims: bool = False) -> Numbers:
    return boxed(xp.median(lift(xp, a), axis=axis, keepdims=keepdims))


def _where_not_zero(find: Callable[..., Any]) -> Handler:
    return lambda xp, a: find(compare(xp, "not_equal", a, 0.0))


def _nan_to_num(xp: Any, x: Any) -> Numbers:
    if not np.all(is_finite(xp, x)):
        raise NotKnown("numpy.nan_to_num of what is not finite")
    return lift(xp, x)


# --- products -------------------------------------------------------------------------------------


def _dot(xp: Any, a: Any, b: Any) -> Numbers:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return elementwise(xp, "multiply", a, b)
    if np.ndim(b) == 1:
        return products.dot_general(xp, a, b, ((np.ndim(a) - 1,), (0,)))
    return products.dot_general(xp, a, b, ((np.ndim(a) - 1,), (np.ndim(b) - 2,)))


def _flat(xp: Any, a: Any) -> Numbers:
    return boxed(xp.reshape(lift(xp, a), (-1,)))


def _vdot(xp: Any, a: Any, b: Any) -> Numbers:
    return _dot(xp, _flat(xp, a), _flat(xp, b))


def _inner(xp: Any, a: Any, b: Any) -> Numbers:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return elementwise(xp, "multiply", a, b)
    return products.dot_general(xp, a, b, ((np.ndim(a) - 1,), (np.ndim(b) - 1,)))


def _outer(xp: Any, a: Any, b: Any) -> Numbers:
    return elementwise(xp, "multiply", _flat(xp, a)[:, None], _flat(xp, b)[None, :])


def _tensordot(xp: Any, a: Any, b: Any, axes: Any = 2) -> Numbers:
    if isinstance(axes, (int, np.integer)):
        pairs: Sequence[Any] = (range(np.ndim(a) - axes, np.ndim(a)), range(axes))
    else:
        pairs = [[each] if np.ndim(each) == 0 else each for each in axes]
    mine, theirs = (
        tuple(int(k) % np.ndim(x) for k in part) for x, part in zip((a, b), pairs, strict=True)
    )
    return products.dot_general(xp, a, b, (mine, theirs))


def _einsum(xp: Any, subscripts: Any, *operands: Any, optimize: Any = False) -> Numbers:
    if not isinstance(subscripts, str):
        raise NotKnown("numpy.einsum with lists of axes")
    return products.einsum(xp, subscripts, *operands)


def _cross(xp: Any, a: Any, b: Any) -> Numbers:
    return boxed(xp.linalg.cross(lift(xp, a), lift(xp, b)))


def _kron(xp: Any, a: Any, b: Any) -> Numbers:
    a, b = lift(xp, a), lift(xp, b)
    if a.ndim != 2 or b.ndim != 2:
        raise NotKnown("numpy.kron of other than matrices")
    blocks = elementwise(xp, "multiply", a[:, None, :, None], b[None, :, None, :])
    shape = tuple(m * n for m, n in zip(a.shape, b.shape, strict=True))
    return boxed(xp.reshape(blocks, shape))


def _convolve(xp: Any, a: Any, v: Any, mode: str = "full") -> Numbers:
    """Slide the shorter vector, flipped, along the longer one."""
    a, v = lift(xp, a), lift(xp, v)
    if v.shape[0] > a.shape[0]:
        a, v = v, a
    n = v.shape[0]
    before = {"full": n - 1, "same": (n - 1) // 2 + (n - 1) % 2, "valid": 0}.get(mode)
    if before is None:
        raise NotKnown(f"numpy.convolve with mode {mode}")
    after = {"full": n - 1, "same": (n - 1) // 2, "valid": 0}[mode]
    padding = [(before, after)]
    found = products.convolve(xp, a[None, None, :], v[None, None, ::-1], (1,), padding, (1,))
    return boxed(found[0, 0])


def _polyval(xp: Any, p: Any, x: Any) -> Numbers:
    found: Any = np.zeros(np.shape(x))
    for k in range(np.shape(p)[0]):
        found = elementwise(xp, "add", elementwise(xp, "multiply", found, x), p[k])
    return lift(xp, found)


# --- matrices -------------------------------------------------------------------------------------


def _solve(xp: Any, a: Any, b: Any) -> Numbers:
    if np.ndim(b) > 1:
        return products.solve(xp, a, b)
    column = boxed(xp.reshape(lift(xp, b), (-1, 1)))
    found = products.solve(xp, a, column)
    return boxed(found[..., 0])


class Determinant(NamedTuple):
    """What `np.linalg.slogdet` returns."""

    sign: Any
    logabsdet: Any


class Eigen(NamedTuple):
    """What `np.linalg.eigh` returns."""

    eigenvalues: Any
    eigenvectors: Any


def _slogdet(xp: Any, a: Any) -> Determinant:
    if np.ndim(a) != 2:
        raise NotKnown("numpy.linalg.slogdet of a batch")
    sign, logarithm = xp.linalg.slogdet(lift(xp, a))
    return Determinant(boxed(sign), boxed(logarithm))


def _cholesky(xp: Any, a: Any, upper: bool = False) -> Numbers:
    return products.cholesky(xp, a, upper)


def _norm(xp: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Numbers:
    alone = axis is None and np.ndim(x) != 1
    vector = np.ndim(x) == 1 or np.ndim(axis) == 0 or len(axis) == 1
    if ord is None or (ord == 2 and vector and not alone) or ord == "fro":
        return norm(xp, x, 2, axis, keepdims)
    if alone or not vector or isinstance(ord, str):
        raise NotKnown(f"numpy.linalg.norm with ord={ord}")
    return norm(xp, x, ord, axis, keepdims)


def _multi_dot(xp: Any, arrays: Sequence[Any]) -> Numbers:
    return functools.reduce(functools.partial(_dot, xp), arrays)


def _matrix_power(xp: Any, a: Any, n: int) -> Numbers:
    return boxed(xp.linalg.matrix_power(lift(xp, a), n))


def _eigh(xp: Any, a: Any, UPLO: str = "L") -> Eigen:
    a = lift(xp, a)
    whole = _symmetric(xp, a, UPLO)
    return Eigen(*eigh(xp, whole, np.linalg.eigh(midpoints(whole))[1]))


def _symmetric(xp: Any, a: Any, UPLO: str) -> Numbers:
    return products.symmetric(xp, a, UPLO.upper() == "L")


# --- choices --------------------------------------------------------------------------------------


def _where(xp: Any, condition: Any, x: Any = None, y: Any = None) -> Any:
    holds = condition
    if not isinstance(condition, np.ndarray) or condition.dtype == object:
        holds = compare(xp, "not_equal", condition, 0.0)
    return np.where(holds) if x is None else choose(xp, holds, x, y)


def _select(xp: Any, condlist: Any, choicelist: Any, default: Any = 0.0) -> Numbers:
    found = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        found = _where(xp, condition, choice, found)
    return lift(xp, found)


def _array_equal(xp: Any, a1: Any, a2: Any) -> bool:
    return np.shape(a1) == np.shape(a2) and bool(np.all(compare(xp, "equal", a1, a2)))


def _isclose(xp: Any, a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08) -> np.ndarray:
    distance = elementwise(xp, "abs", elementwise(xp, "subtract", a, b))
    size = elementwise(xp, "abs", b)
    allowed = elementwise(xp, "add", atol, elementwise(xp, "multiply", rtol, size))
    return compare(xp, "less_equal", distance, allowed)


def _round(xp: Any, a: Any, decimals: int = 0) -> Numbers:
    if decimals:
        raise NotKnown("numpy.round to decimals")
    return elementwise(xp, "round", a)


def _linspace(xp: Any, start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Numbers:
    if np.ndim(start) or np.ndim(stop):
        raise NotKnown("numpy.linspace between arrays")
    part = np.arange(num) / max(num - 1 if endpoint else num, 1)
    width = elementwise(xp, "subtract", stop, start)
    return elementwise(xp, "add", start, elementwise(xp, "multiply", width, part))


FUNCTIONS: dict[Any, Handler] = {
    np.sum: _reduction("sum"),
    np.mean: _reduction("mean"),
    np.prod: _reduction("prod"),
    np.max: _reduction("max"),
    np.amax: _reduction("max"),
    np.min: _reduction("min"),
    np.amin: _reduction("min"),
    np.var: _var,
    np.std: _std,
    np.average: _average,
    np.ptp: _ptp,
    np.nansum: _nansum,
    np.nanmean: _nanmean,
    np.nanmax: _extreme("max", -np.inf),
    np.nanmin: _extreme("min", np.inf),
    np.nan_to_num: _nan_to_num,
    np.median: _median,
    np.nonzero: _where_not_zero(np.nonzero),
    np.flatnonzero: _where_not_zero(np.flatnonzero),
    np.argwhere: _where_not_zero(np.argwhere),
    np.cumsum: _running("add"),
    np.cumprod: _running("multiply"),
    np.cumulative_sum: _running("add"),
    np.cumulative_prod: _running("multiply"),
    np.diff: _diff,
    np.trapezoid: _trapezoid,
    np.clip: _clip,
    np.round: _round,
    np.linspace: _linspace,
    np.argmax: _best(comparing.argmax),
    np.argmin: _best(comparing.argmin),
    np.argsort: _argsort,
    np.sort: _sort,
    np.all: _all,
    np.any: _any,
    np.count_nonzero: lambda xp, a, axis=None: np.sum(compare(xp, "not_equal", a, 0.0), axis=axis),
    np.dot: _dot,
    np.vdot: _vdot,
    np.inner: _inner,
    np.outer: _outer,
    np.tensordot: _tensordot,
    np.einsum: _einsum,
    np.trace: products.trace,
    np.linalg.trace: lambda xp, x, offset=0: products.trace(xp, x, offset, -2, -1),
    np.cross: _cross,
    np.kron: _kron,
    np.convolve: _convolve,
    np.polyval: _polyval,
    np.where: _where,
    np.select: _select,
    np.array_equal: _array_equal,
    np.isclose: _isclose,
    np.allclose: lambda xp, *operands, **options: bool(np.all(_isclose(xp, *operands, **options))),
    np.real: lambda xp, x: lift(xp, x),
    np.iscomplexobj: lambda xp, x: False,
    np.isrealobj: lambda xp, x: True,
    np.linalg.cholesky: _cholesky,
    np.linalg.solve: _solve,
    np.linalg.inv: products.inverse,
    np.linalg.slogdet: _slogdet,
    np.linalg.det: products.determinant,
    np.linalg.norm: _norm,
    np.linalg.vector_norm: lambda xp, x, ord=2, axis=None, keepdims=False: _norm(
        xp, x if axis is not None else _flat(xp, x), ord, axis, keepdims
    ),
    np.linalg.multi_dot: _multi_dot,
    np.linalg.matrix_power: _matrix_power,
    np.linalg.svdvals: lambda xp, x: singular_values(xp, x),
    np.linalg.eigh: _eigh,
    np.linalg.eigvalsh: lambda xp, a, UPLO="L": eigenvalues(xp, _symmetric(xp, a, UPLO)),
}
"""NumPy's function → what it does."""

ATTRIBUTES = {np.shape, np.ndim, np.size}
"""NumPy's functions that ask only for a shape."""
