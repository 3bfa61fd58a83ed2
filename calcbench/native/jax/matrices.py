"""Rules of products, convolutions and decompositions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.native.function import NotKnown
from calcbench.native.jax.moving import pad_array
from calcbench.native.jax.step import Rule, Step
from calcbench.native.movement import move, transpose
from calcbench.native.needs import UNUSED
from calcbench.native.products import (
    cholesky,
    convolve,
    dot_general,
    signs_like,
    solve_triangular,
    symmetric,
    with_signs,
)
from calcbench.native.values import Numbers, boxed, lift, midpoints


def _dot_general(step: Step, x: Any, y: Any) -> Numbers:
    contracting, batch = step.params["dimension_numbers"]
    return dot_general(step.xp, x, y, contracting, batch)


def _convolve(step: Step, x: Any, kernel: Any) -> Numbers:
    p = step.params
    if p["batch_group_count"] != 1:
        raise NotKnown("primitive conv_general_dilated with groups of batches")
    layout = p["dimension_numbers"]
    x = transpose(step.xp, lift(step.xp, x), layout.lhs_spec)
    kernel = transpose(step.xp, lift(step.xp, kernel), layout.rhs_spec)
    config = [(0, 0, 0), (0, 0, 0)] + [
        (*padding, dilation - 1)
        for padding, dilation in zip(p["padding"], p["lhs_dilation"], strict=True)
    ]
    found = convolve(
        step.xp,
        move(step.xp, lambda indices: pad_array(indices, 0, config), x),
        kernel,
        p["window_strides"],
        ((0, 0),) * (x.ndim - 2),
        p["rhs_dilation"],
        p["feature_group_count"],
    )
    return transpose(step.xp, found, np.argsort(layout.out_spec).tolist())


def _solve_triangular(step: Step, a: Any, b: Any) -> Numbers:
    """Solve a x = b, or x a = b."""
    p, xp = step.params, step.xp
    a, b, lower = lift(xp, a), lift(xp, b), p["lower"]
    if p["transpose_a"] == p["left_side"]:
        a, lower = xp.matrix_transpose(a), not lower
    if p["left_side"]:
        return solve_triangular(xp, a, b, lower, p["unit_diagonal"])
    found = solve_triangular(xp, a, xp.matrix_transpose(b), lower, p["unit_diagonal"])
    return boxed(xp.matrix_transpose(found))


# --- factors, of each matrix of a batch -----------------------------------------------------------


def _each(function: Callable[..., Any]) -> Rule:
    """Build a rule from one of a single matrix, which gives a list of results."""

    def rule(step: Step, x: Any) -> list[Any]:
        x = lift(step.xp, x)
        if x.ndim == 2:
            found: list[Any] = function(step, x)
            return found
        parts = [rule(step, boxed(x[k])) for k in range(x.shape[0])]
        return [_stack(step.xp, part) for part in zip(*parts, strict=True)]

    return rule


def _stack(xp: Any, parts: Sequence[Any]) -> Any:
    if parts[0] is None:
        return None
    if isinstance(parts[0], np.ndarray) and parts[0].dtype != object:
        return np.stack(parts)
    return xp.stack(list(parts))


def _factor(step: Step, a: Numbers) -> list[Any]:
    """Factor into a lower and an upper triangle, in one matrix, with rows in another order.

    Which row comes next is a matter of size, and of no slope: any order gives true factors.
    """
    m, n = a.shape
    rows = [boxed(a[i]) for i in range(m)]
    order, pivots = np.arange(m), []
    for k in range(min(m, n)):
        pivot = max(range(k, m), key=lambda i: abs(float(midpoints(boxed(rows[i][k])))))
        pivots.append(pivot)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        order[[k, pivot]] = order[[pivot, k]]
        for i in range(k + 1, m):
            rows[i] = _eliminate(step.xp, rows[i], rows[k], k)
    return [boxed(step.xp.stack(rows)), np.array(pivots, np.int32), order.astype(np.int32)]


def _eliminate(xp: Any, row: Numbers, by: Numbers, k: int) -> Numbers:
    """Eliminate the k-th number of a row, and put the factor in its place."""
    factor = boxed(row[k : k + 1]) / boxed(by[k : k + 1])
    rest = row[k + 1 :] - factor * by[k + 1 :]
    return boxed(xp.concat([row[:k], factor, rest]))


def _eigen(step: Step, x: Numbers) -> list[Any]:
    """Compute eigenvectors and eigenvalues; the signs of vectors are JAX's."""
    _refuse(step, subset_by_index=(None, (0, len(x))), sort_eigenvalues=(True,))
    lower = step.params.get("lower", True)
    if step.needs[0] == UNUSED:
        return [None, step.xp.linalg.eigh(symmetric(step.xp, x, lower))[0]]
    values, vectors = step.xp.linalg.eigh(symmetric(step.xp, x, lower))
    signs = signs_like(vectors, _of_jax(step, x)[0])
    return [with_signs(step.xp, vectors, signs), values]


def _singular(step: Step, x: Numbers) -> list[Any]:
    """Compute singular values and, where they are needed, vectors, of which the signs are JAX's."""
    _refuse(step, subset_by_index=(None, (0, min(x.shape))))
    if not any(step.needs[1:]):
        return [step.xp.linalg.svdvals(x), *(None for _ in step.equation.outvars[1:])]
    if step.params["full_matrices"] and x.shape[0] != x.shape[1]:
        raise NotKnown("primitive svd with full matrices")
    u, values, v = step.xp.linalg.svd(x, full_matrices=False)
    signs = signs_like(u, _of_jax(step, x)[1])
    return [values, with_signs(step.xp, u, signs), with_signs(step.xp, v, signs[:, None])]


def _orthogonal(step: Step, x: Numbers) -> list[Any]:
    """Factor x = Q R; the signs are JAX's."""
    _refuse(step, pivoting=(False,))
    if step.params["full_matrices"] and x.shape[0] > x.shape[1]:
        raise NotKnown("primitive qr with full matrices")
    q, r = step.xp.linalg.qr(x)
    signs = signs_like(q, _of_jax(step, x)[0])
    return [with_signs(step.xp, q, signs), with_signs(step.xp, r, signs[:, None])]


def _refuse(step: Step, **known: tuple[Any, ...]) -> None:
    for name, values in known.items():
        if step.params.get(name, values[0]) not in values:
            raise NotKnown(f"primitive {step.equation.primitive.name} with {name}")


def _of_jax(step: Step, x: Numbers) -> list[np.ndarray]:
    """Have JAX factor the same matrix in its own dtype: it reads the same triangle."""
    return step.natively(midpoints(x).astype(step.equation.invars[0].aval.dtype))


RULES: dict[str, Rule] = {
    "dot_general": _dot_general,
    "conv_general_dilated": _convolve,
    "cholesky": lambda step, x: cholesky(step.xp, x),
    "triangular_solve": _solve_triangular,
    "lu": _each(_factor),
    "eigh": _each(_eigen),
    "svd": _each(_singular),
    "qr": _each(_orthogonal),
}
"""Primitive → its rule."""
