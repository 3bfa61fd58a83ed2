"""ATen operations that multiply matrices, and attention."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.native.comparing import choose
from calcbench.native.elementwise import cast, elementwise, minus, plus, times
from calcbench.native.function import NotKnown
from calcbench.native.movement import move
from calcbench.native.products import matmul
from calcbench.native.reductions import reduce, softmax
from calcbench.native.values import Numbers, hold, lift


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
    found = matmul(xp, softmax(xp, scores, -1), value)
    return plus(xp, found, _rounded_apart(xp, scores, found)), None


def _rounded_apart(xp: Any, scores: Any, found: Any) -> Numbers:
    """Build a 0 of which only the roundings count: those of Σ pv, by which backward subtracts.

    The kernel's derivative by a score is p(g − Σ pg), of which it takes the sum from the result
    (Dao et al., FlashAttention, 2022, B.2). So where p is almost 1, the two are not rounded alike.
    """
    total = hold(xp, reduce(xp, "logsumexp", scores, (-1,), True))
    ones = reduce(xp, "sum", elementwise(xp, "exp", minus(xp, scores, total)), (-1,), True)
    return times(xp, ones, minus(xp, found, cast(xp, found)))


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
}
"""ATen's name → its rule."""
