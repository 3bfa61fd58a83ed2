"""Linear algebra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcbench.vocabulary.array import Array

if TYPE_CHECKING:
    from calcbench.vocabulary.protocol import Vocabulary


def outer(xp: Vocabulary, x: Array, y: Array) -> Array:
    """Compute the matrix of all products xᵢyⱼ of two vectors."""
    return x[:, None] * y[None, :]


def cross(xp: Vocabulary, x: Array, y: Array, axis: int = -1) -> Array:
    """Compute the cross product of vectors of three numbers along an axis."""
    before, after = np.array([2, 0, 1]), np.array([1, 2, 0])
    one = xp.take(x, after, axis=axis) * xp.take(y, before, axis=axis)
    return one - xp.take(x, before, axis=axis) * xp.take(y, after, axis=axis)


def trace(xp: Vocabulary, x: Array) -> Array:
    """Compute the sum of the diagonal of a square matrix."""
    return xp.sum(xp.linalg.diagonal(x), axis=-1)


def diagonal(xp: Vocabulary, x: Array) -> Array:
    """Take the diagonal of a square matrix."""
    kept = xp.asarray(np.eye(x.shape[-1], dtype=bool))
    return xp.sum(xp.where(kept, x, 0.0), axis=-1)


def inv(xp: Vocabulary, x: Array) -> Array:
    """Compute the inverse of a matrix."""
    return xp.linalg.solve(x, xp.eye(x.shape[-1]))


def det(xp: Vocabulary, x: Array) -> Array:
    """Compute the determinant of a matrix that has an inverse."""
    sign, logarithm = xp.linalg.slogdet(x)
    return sign * xp.exp(logarithm)


def matrix_power(xp: Vocabulary, x: Array, n: int) -> Array:
    """Multiply a square matrix by itself, n times in all; its inverse, for n < 0."""
    base = xp.linalg.inv(x) if n < 0 else x
    power = xp.eye(x.shape[-1])
    for _ in range(abs(n)):
        power = xp.matmul(power, base)
    return power


def vector_norm(
    xp: Vocabulary, x: Array, axis: int | None = None, keepdims: bool = False, ord: float = 2
) -> Array:
    """Compute (Σ |xᵢ|ᵖ)^(1/p) for p = ord: 2 the length, 1 the sum of sizes, inf the largest."""
    if ord == 2:
        return xp.sqrt(xp.sum(x * x, axis=axis, keepdims=keepdims))
    size = xp.abs(x)
    if ord == float("inf"):
        return xp.max(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return xp.sum(size, axis=axis, keepdims=keepdims)
    return xp.sum(size**ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def matrix_norm(xp: Vocabulary, x: Array, keepdims: bool = False) -> Array:
    """Compute the Frobenius norm √Σ xᵢⱼ² of a matrix."""
    return xp.sqrt(xp.sum(x * x, axis=(-2, -1), keepdims=keepdims))


def norm(xp: Vocabulary, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """Compute √Σ xᵢ² over one axis, or over all."""
    return xp.sqrt(xp.sum(x * x, axis=axis, keepdims=keepdims))
