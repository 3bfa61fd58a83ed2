"""Rules of linear algebra: factors, solutions, determinants, decompositions."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.native.decompositions import eigenvalues, eigh, qr, singular_values, svd
from calcbench.native.function import NotKnown
from calcbench.native.needs import UNUSED
from calcbench.native.products import (
    determinant,
    each_matrix,
    inverse,
    log_determinant,
    solve,
    solve_triangular,
    swapped,
    symmetric,
)
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers, lift, midpoints


def _cholesky(step: Step, x: Any) -> Numbers:
    """Factor (x + xᵀ)/2, of which TensorFlow has the derivative."""
    return each_matrix(step.xp, step.xp.linalg.cholesky, x)


def _adjoint(step: Step, x: Any) -> Numbers:
    return swapped(step.xp, x) if step.attribute("adjoint") else lift(step.xp, x)


def _solve_triangular(step: Step, a: Any, b: Any) -> Numbers:
    lower = bool(step.attribute("lower")) != bool(step.attribute("adjoint"))
    return solve_triangular(step.xp, _adjoint(step, a), b, lower)


# --- decompositions, whose vectors have TensorFlow's signs ----------------------------------------


def _eigen(step: Step, x: Any) -> list[Any]:
    """Compute eigenvalues and vectors, of the lower triangle."""
    whole = symmetric(step.xp, x)
    if step.needs[1] == UNUSED:
        return [eigenvalues(step.xp, whole), None]
    return [*eigh(step.xp, whole, _natively(step, x)[1])]


def _singular(step: Step, x: Any) -> list[Any]:
    """Compute singular values and, where they are needed, vectors; V is not transposed."""
    if not any(step.needs[1:]):
        return [singular_values(step.xp, x), None, None]
    if step.attribute("full_matrices") and x.shape[-2] != x.shape[-1]:
        raise NotKnown("operation Svd with full matrices")
    u, values, v = svd(step.xp, x, _natively(step, x)[1])
    return [values, u, swapped(step.xp, v)]


def _orthogonal(step: Step, x: Any) -> list[Any]:
    """Factor x = Q R."""
    if step.attribute("full_matrices") and x.shape[-2] > x.shape[-1]:
        raise NotKnown("operation Qr with full matrices")
    return [*qr(step.xp, x, _natively(step, x)[0])]


def _natively(step: Step, x: Any) -> list[np.ndarray]:
    """Have TensorFlow decompose the same matrix in its own dtype."""
    return step.natively(midpoints(lift(step.xp, x)).astype(step.dtype))


RULES: dict[str, Rule] = {
    "Cholesky": _cholesky,
    "MatrixTriangularSolve": _solve_triangular,
    "BatchMatrixTriangularSolve": _solve_triangular,
    "MatrixSolve": lambda step, a, b: solve(step.xp, _adjoint(step, a), b),
    "MatrixInverse": lambda step, a: inverse(step.xp, _adjoint(step, a)),
    "MatrixDeterminant": lambda step, a: determinant(step.xp, a),
    "LogMatrixDeterminant": lambda step, a: [*log_determinant(step.xp, a)],
    "SelfAdjointEigV2": _eigen,
    "Svd": _singular,
    "Qr": _orthogonal,
}
"""Operation → its rule."""
