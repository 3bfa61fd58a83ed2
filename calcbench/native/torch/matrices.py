"""ATen operations on matrices: products, attention, convolutions, pooling, linear algebra."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.native.comparing import argmax, choose, compare
from calcbench.native.elementwise import elementwise
from calcbench.native.function import NotKnown
from calcbench.native.movement import move, windows
from calcbench.native.products import convolve, dilate, each_matrix, matmul, solve, solve_triangular
from calcbench.native.reductions import reduce
from calcbench.native.torch.along_axes import softmax
from calcbench.native.torch.elementary import minus, plus, times
from calcbench.native.values import Numbers, boxed, lift


def _plus_product(xp: Any, c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Numbers:
    product = times(xp, matmul(xp, a, b), alpha)
    return product if beta == 0 else plus(xp, times(xp, c, beta), product)


def _outer_added(xp: Any, c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Numbers:
    a, b = lift(xp, a), lift(xp, b)
    return _plus_product(xp, c, a[:, None], b[None, :], beta=beta, alpha=alpha)


def _linear(xp: Any, x: Any, weight: Any, bias: Any = None) -> Numbers:
    product = matmul(xp, x, xp.matrix_transpose(lift(xp, weight)))
    return product if bias is None else plus(xp, product, bias)


def _cross(xp: Any, x: Any, y: Any, *, dim: int = -1) -> Numbers:
    def turned(a: Any, by: int) -> Numbers:
        return move(xp, lambda places: np.roll(places, by, axis=dim), a)

    first = elementwise(xp, "multiply", turned(x, -1), turned(y, 1))
    return minus(xp, first, elementwise(xp, "multiply", turned(x, 1), turned(y, -1)))


def _distances(xp: Any, x: Any, y: Any, p: float, mode: Any = None) -> Numbers:
    if p != 2:
        raise NotKnown(f"aten::_cdist_forward with p={p:g}")
    rest = minus(xp, lift(xp, x)[..., :, None, :], lift(xp, y)[..., None, :, :])
    return elementwise(xp, "sqrt", reduce(xp, "sum", elementwise(xp, "square", rest), -1))


def _pair_distances(xp: Any, x: Any, p: float = 2) -> Numbers:
    if p != 2:
        raise NotKnown(f"aten::_pdist_forward with p={p:g}")
    x = lift(xp, x)
    first, second = np.triu_indices(x.shape[0], 1)
    rest = minus(xp, xp.take(x, first, axis=0), xp.take(x, second, axis=0))
    return elementwise(xp, "sqrt", reduce(xp, "sum", elementwise(xp, "square", rest), -1))


def _trilinear(
    xp: Any, a: Any, b: Any, c: Any, expand1: Any, expand2: Any, expand3: Any, sums: Any, *_: Any
) -> Numbers:
    def expanded(x: Any, axes: Sequence[int]) -> Numbers:
        return move(xp, lambda places: np.expand_dims(places, tuple(axes)), x)

    first = elementwise(xp, "multiply", expanded(a, expand1), expanded(b, expand2))
    product = elementwise(xp, "multiply", first, expanded(c, expand3))
    return reduce(xp, "sum", product, tuple(sums))


# --- attention ------------------------------------------------------------------------------------


def _attention(
    xp: Any, query: Any, key: Any, value: Any, dropout: float = 0.0, causal: bool = False, *,
    attn_mask: Any = None, scale: float | None = None,
) -> Any:  # fmt: skip
    query, key = lift(xp, query), lift(xp, key)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = times(xp, matmul(xp, query, xp.matrix_transpose(key)), scale)
    if causal:
        scores = choose(xp, np.tri(*scores.shape[-2:], dtype=bool), scores, -math.inf)
    if attn_mask is not None:
        scores = plus(xp, scores, attn_mask)
    return matmul(xp, softmax(xp, scores, -1), value), None


# --- convolutions ---------------------------------------------------------------------------------


def _each(sizes: Sequence[int], count: int) -> list[int]:
    return list(sizes) * (count if len(sizes) == 1 else 1)


def _convolution(
    xp: Any, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int,
) -> Numbers:  # fmt: skip
    x, weight = lift(xp, x), lift(xp, weight)
    count = weight.ndim - 2
    stride, padding, dilation, more = (
        _each(sizes, count) for sizes in (stride, padding, dilation, output_padding)
    )
    if transposed:
        found = _transposed(xp, x, weight, stride, padding, dilation, more, groups)
    else:
        found = convolve(xp, x, weight, stride, [(p, p) for p in padding], dilation, groups)
    if bias is None:
        return found
    return plus(xp, found, xp.reshape(lift(xp, bias), (1, -1, *[1] * count)))


def _transposed(
    xp: Any, x: Any, weight: Any, stride: Any, padding: Any, dilation: Any, more: Any, groups: int
) -> Numbers:
    """Put zeros between the numbers, and slide the kernel's mirror image over them."""
    outs = weight.shape[1]

    def turn(places: np.ndarray) -> np.ndarray:
        parts = np.stack(np.split(places, groups)).swapaxes(1, 2)
        kernels = parts.reshape(groups * outs, -1, *places.shape[2:])
        return np.flip(kernels, tuple(range(2, places.ndim)))

    kernel = move(xp, turn, weight)
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    around = [(r - p, r - p + m) for r, p, m in zip(reach, padding, more, strict=True)]
    spread = _cropped(xp, dilate(xp, x, stride), around)
    around = [(max(a, 0), max(b, 0)) for a, b in around]
    return convolve(xp, spread, kernel, [1] * len(stride), around, dilation, groups)


def _cropped(xp: Any, x: Any, around: Sequence[tuple[int, int]]) -> Numbers:
    """Cut off where the padding is below 0."""
    cuts = tuple(slice(max(-a, 0), x.shape[k + 2] - max(-b, 0)) for k, (a, b) in enumerate(around))
    return boxed(x[(slice(None), slice(None), *cuts)])


# --- pooling --------------------------------------------------------------------------------------


def _max_pool(count: int) -> Callable[..., Any]:
    def rule(
        xp: Any, x: Any, size: Any, stride: Any = (), padding: Any = (0,), dilation: Any = (1,),
        ceil: bool = False,
    ) -> Any:  # fmt: skip
        x = lift(xp, x)
        size, padding, dilation = (_each(a, count) for a in (size, padding, dilation))
        stride = _each(stride, count) if len(stride) else size
        lengths = x.shape[-count:]
        around = [
            (p, p + _excess(length, k, s, p, d) * ceil)
            for length, k, s, p, d in zip(lengths, size, stride, padding, dilation, strict=True)
        ]
        cut = windows(xp, x, size, stride, around, dilation, fill=-math.inf)
        lanes = xp.reshape(cut, (*cut.shape[: x.ndim], math.prod(size)))
        found = xp.take_along_axis(lanes, argmax(xp, lanes, -1)[..., None], axis=-1)
        return boxed(xp.reshape(found, cut.shape[: x.ndim])), None

    return rule


def _excess(length: int, size: int, stride: int, padding: int, dilation: int) -> int:
    """Count what a last window that is no whole one lacks, if it begins before the padding."""
    reach = dilation * (size - 1) + 1
    rest = (length + 2 * padding - reach) % stride
    last = (length + 2 * padding - reach) // stride * stride + stride
    return stride - rest if rest and last < length + padding else 0


# --- linear algebra -------------------------------------------------------------------------------


def _swapped(xp: Any, x: Any) -> Numbers:
    return boxed(xp.matrix_transpose(lift(xp, x)))


def _no_failure(x: Any) -> np.ndarray:
    """Return what LAPACK says of matrices of which nothing failed; a proof would not go on."""
    return np.zeros(np.shape(x)[:-2], dtype=np.int32)


def _cholesky(xp: Any, x: Any, *, upper: bool = False) -> Numbers:
    """Factor (x + xᵀ)/2, of which torch has the derivative."""
    factor = each_matrix(xp, xp.linalg.cholesky, x)
    return _swapped(xp, factor) if upper else factor


def _solve_triangular(
    xp: Any, a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Numbers:
    if left:
        return solve_triangular(xp, a, b, not upper, unitriangular)
    found = solve_triangular(xp, _swapped(xp, a), _swapped(xp, b), upper, unitriangular)
    return _swapped(xp, found)


def _old_solve_triangular(
    xp: Any, b: Any, a: Any, upper: bool = True, transpose: bool = False, unit: bool = False
) -> Any:
    if transpose:
        a, upper = _swapped(xp, a), not upper
    return solve_triangular(xp, a, b, not upper, unit), None


def _cholesky_solve(xp: Any, b: Any, factor: Any, upper: bool = False) -> Numbers:
    lower = _swapped(xp, factor) if upper else factor
    half = solve_triangular(xp, lower, b, lower=True)
    return solve_triangular(xp, _swapped(xp, lower), half, lower=False)


def _solve(xp: Any, a: Any, b: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    a, b = lift(xp, a), lift(xp, b)
    if b.ndim == a.ndim - 1:
        found = solve(xp, a if left else _swapped(xp, a), b[..., None])
        return boxed(found[..., 0]), None, None, _no_failure(a)
    if not left:
        found = _swapped(xp, solve(xp, _swapped(xp, a), _swapped(xp, b)))
        return found, None, None, _no_failure(a)
    return solve(xp, a, b), None, None, _no_failure(a)


def _inverse(xp: Any, a: Any) -> Numbers:
    return solve(xp, a, np.eye(lift(xp, a).shape[-1]))


def _log_determinant(xp: Any, a: Any) -> Any:
    a = lift(xp, a)
    logs = [
        each_matrix(
            xp, lambda m, k=k: boxed(xp.reshape(lift(xp, xp.linalg.slogdet(m)[k]), (1,))), a
        )
        for k in (0, 1)
    ]
    sign, log = (boxed(xp.reshape(part, a.shape[:-2])) for part in logs)
    return boxed(xp.stop_gradient(sign)), log, None, None


def _determinant(xp: Any, a: Any) -> Any:
    sign, log, *_ = _log_determinant(xp, a)
    return elementwise(xp, "multiply", sign, elementwise(xp, "exp", log)), None, None


def _trace(xp: Any, x: Any) -> Numbers:
    return reduce(xp, "sum", move(xp, np.diagonal, x))


def _cholesky_inverse(xp: Any, factor: Any, upper: bool = False) -> Numbers:
    return _cholesky_solve(xp, np.eye(lift(xp, factor).shape[-1]), factor, upper)


def _exponential(xp: Any, x: Any) -> Numbers:
    return each_matrix(xp, lambda m: boxed(xp.linalg.expm(m)), x)


# --- decompositions, whose vectors have any sign --------------------------------------------------


def _signs(xp: Any, vectors: Any, given: np.ndarray) -> Numbers:
    """Return for every column of vectors the sign that makes it the given one."""
    along = reduce(xp, "sum", elementwise(xp, "multiply", vectors, given), -2, True)
    return choose(xp, compare(xp, "greater", along, 0.0), 1.0, -1.0)


def _eigen(xp: Any, x: Any, given: Sequence[np.ndarray]) -> Any:
    """Give eigenvalues, and vectors if they are given."""
    values = each_matrix(xp, lambda m: boxed(xp.linalg.eigh(m)[0]), x)
    if not given[1].size:
        return values, None
    vectors = each_matrix(xp, lambda m: boxed(xp.linalg.eigh(m)[1]), x)
    return values, elementwise(xp, "multiply", vectors, _signs(xp, vectors, given[1]))


def _orthogonal(xp: Any, x: Any, given: Sequence[np.ndarray]) -> Any:
    """Give Q and R of a matrix that is not wider than it is high."""
    q, r = (each_matrix(xp, lambda m, k=k: boxed(xp.linalg.qr(m)[k]), x) for k in (0, 1))
    if not given[0].size:
        raise NotKnown("aten::linalg_qr without Q")
    signs = _signs(xp, q, given[0])
    turned = elementwise(xp, "multiply", r, _swapped(xp, signs))
    return elementwise(xp, "multiply", q, signs), turned


def _singular(xp: Any, x: Any, given: Sequence[np.ndarray]) -> Any:
    """Give singular values, and vectors if they are given."""
    if not given[0].size:
        return None, each_matrix(xp, lambda m: boxed(xp.linalg.svdvals(m)), x), None

    def part(k: int) -> Numbers:
        return each_matrix(xp, lambda m: boxed(xp.linalg.svd(m, full_matrices=False)[k]), x)

    u, s, v = part(0), part(1), part(2)
    signs = _signs(xp, u, given[0])
    turned = elementwise(xp, "multiply", v, _swapped(xp, signs))
    return elementwise(xp, "multiply", u, signs), s, turned


SIGNED: dict[str, Callable[..., Any]] = {
    "_linalg_eigh": _eigen,
    "_linalg_svd": _singular,
    "linalg_qr": _orthogonal,
}
"""ATen's name → its rule, of a matrix and of what torch gave."""


RULES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("mm", "bmm", "mv", "dot", "vdot", "matmul", "_sparse_mm"), matmul),
    **dict.fromkeys(("addmm", "addmv", "baddbmm", "_sparse_addmm"), _plus_product),
    "addr": _outer_added,
    "linear": _linear,
    "linalg_cross": _cross,
    "_cdist_forward": _distances,
    "_pdist_forward": _pair_distances,
    "_trilinear": _trilinear,
    "_euclidean_dist": lambda xp, x, y: _distances(xp, x, y, 2),
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "convolution": _convolution,
    "mkldnn_convolution": lambda xp, x, w, b, padding, stride, dilation, groups: _convolution(
        xp, x, w, b, stride, padding, dilation, False, [0], groups
    ),
    "max_pool2d_with_indices": _max_pool(2),
    "max_pool3d_with_indices": _max_pool(3),
    "cholesky": lambda xp, x, upper=False: _cholesky(xp, x, upper=upper),
    "linalg_cholesky_ex": lambda xp, x, *, upper=False: (
        _cholesky(xp, x, upper=upper),
        _no_failure(x),
    ),
    "linalg_solve_triangular": _solve_triangular,
    "triangular_solve": _old_solve_triangular,
    "cholesky_solve": _cholesky_solve,
    "_linalg_solve_ex": _solve,
    "linalg_inv_ex": lambda xp, a: (_inverse(xp, a), _no_failure(a)),
    "_linalg_slogdet": _log_determinant,
    "_linalg_det": _determinant,
    "linalg_matrix_exp": _exponential,
    "cholesky_inverse": _cholesky_inverse,
    "trace": _trace,
}
"""ATen's name → its rule."""
