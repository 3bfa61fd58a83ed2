"""Rules of linear algebra: factors, solutions, determinants, decompositions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.native.function import NotKnown
from calcbench.native.needs import UNUSED
from calcbench.native.products import (
    determinant,
    each_matrix,
    signs_like,
    solve,
    solve_triangular,
    symmetric,
    with_signs,
)
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers, boxed, lift, midpoints


def _cholesky(step: Step, x: Any) -> Numbers:
    """Factor (x + xᵀ)/2, of which TensorFlow has the derivative."""
    return each_matrix(step.xp, step.xp.linalg.cholesky, x)


def _adjoint(step: Step, x: Any) -> Numbers:
    x = lift(step.xp, x)
    return boxed(step.xp.matrix_transpose(x)) if step.attribute("adjoint") else x


def _solve_triangular(step: Step, a: Any, b: Any) -> Numbers:
    lower = bool(step.attribute("lower")) != bool(step.attribute("adjoint"))
    return solve_triangular(step.xp, _adjoint(step, a), b, lower)


def _solve(step: Step, a: Any, b: Any) -> Numbers:
    return solve(step.xp, _adjoint(step, a), b)


def _inverse(step: Step, a: Any) -> Numbers:
    return solve(step.xp, _adjoint(step, a), np.eye(np.shape(a)[-1]))


def _log_determinant(step: Step, a: Any) -> list[Any]:
    """Give the signs, which are constant, and the logarithms of |det|."""
    a = lift(step.xp, a)

    def part(k: int) -> Numbers:
        def one(matrix: Any) -> Numbers:
            return boxed(step.xp.reshape(lift(step.xp, step.xp.linalg.slogdet(matrix)[k]), (1,)))

        return boxed(step.xp.reshape(each_matrix(step.xp, one, a), a.shape[:-2]))

    return [boxed(step.xp.stop_gradient(part(0))), part(1)]


# --- decompositions, of each matrix of a batch ----------------------------------------------------


def _each(function: Callable[..., Any]) -> Rule:
    """Build a rule from one of a single matrix, which gives a list of results."""

    def rule(step: Step, x: Any) -> list[Any]:
        x = lift(step.xp, x)
        native = step.natively(midpoints(x).astype(step.dtype))
        flat = step.xp.reshape(x, (-1, *x.shape[-2:]))
        parts = [
            function(step, boxed(flat[k]), [part.reshape(-1, *part.shape[x.ndim - 2 :])[k]
                                            for part in native])
            for k in range(flat.shape[0])
        ]  # fmt: skip
        return [_stacked(step.xp, part, x.shape[:-2]) for part in zip(*parts, strict=True)]

    return rule


def _stacked(xp: Any, parts: Sequence[Any], batch: tuple[int, ...]) -> Any:
    if parts[0] is None:
        return None
    return boxed(xp.reshape(xp.stack(list(parts)), (*batch, *parts[0].shape)))


def _eigen(step: Step, x: Numbers, native: Sequence[np.ndarray]) -> list[Any]:
    """Compute eigenvalues and vectors, of the lower triangle; the signs are TensorFlow's."""
    values, vectors = step.xp.linalg.eigh(symmetric(step.xp, x))
    if step.needs[1] == UNUSED:
        return [boxed(values), None]
    return [boxed(values), with_signs(step.xp, vectors, signs_like(vectors, native[1]))]


def _singular(step: Step, x: Numbers, native: Sequence[np.ndarray]) -> list[Any]:
    """Compute singular values and, where they are needed, vectors; V is not transposed."""
    if not any(step.needs[1:]):
        return [boxed(step.xp.linalg.svdvals(x)), None, None]
    if step.attribute("full_matrices") and x.shape[0] != x.shape[1]:
        raise NotKnown("operation Svd with full matrices")
    u, values, v = step.xp.linalg.svd(x, full_matrices=False)
    signs = signs_like(u, native[1])
    turned = with_signs(step.xp, v, signs[:, None])
    return [boxed(values), with_signs(step.xp, u, signs), step.xp.matrix_transpose(turned)]


def _orthogonal(step: Step, x: Numbers, native: Sequence[np.ndarray]) -> list[Any]:
    """Factor x = Q R; the signs are TensorFlow's."""
    if step.attribute("full_matrices") and x.shape[0] > x.shape[1]:
        raise NotKnown("operation Qr with full matrices")
    q, r = step.xp.linalg.qr(x)
    signs = signs_like(q, native[0])
    return [with_signs(step.xp, q, signs), with_signs(step.xp, r, signs[:, None])]


RULES: dict[str, Rule] = {
    "Cholesky": _cholesky,
    "MatrixTriangularSolve": _solve_triangular,
    "BatchMatrixTriangularSolve": _solve_triangular,
    "MatrixSolve": _solve,
    "MatrixInverse": _inverse,
    "MatrixDeterminant": lambda step, a: determinant(step.xp, a),
    "LogMatrixDeterminant": _log_determinant,
    "SelfAdjointEigV2": _each(_eigen),
    "Svd": _each(_singular),
    "Qr": _each(_orthogonal),
}
"""Operation → its rule."""
