"""Linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np


def outer(xp: Any, x: Any, y: Any) -> Any:
    """Compute the matrix of all products xᵢyⱼ of two vectors."""
    return x[:, None] * y[None, :]


def vecdot(xp: Any, x: Any, y: Any, axis: int = -1) -> Any:
    """Σ xᵢyᵢ along an axis."""
    return xp.sum(x * y, axis=axis)


def cross(xp: Any, x: Any, y: Any) -> Any:
    """Compute the cross product of two vectors of three numbers."""
    first, second = [1, 2, 0], [2, 0, 1]
    return xp.stack([x[i] * y[j] - x[j] * y[i] for i, j in zip(first, second, strict=True)])


def trace(xp: Any, x: Any) -> Any:
    """Compute the sum of the diagonal of a square matrix."""
    return xp.sum(xp.linalg.diagonal(x), axis=-1)


def diagonal(xp: Any, x: Any) -> Any:
    """Take the diagonal of a square matrix."""
    kept = xp.asarray(np.eye(x.shape[-1], dtype=bool))
    return xp.sum(xp.where(kept, x, 0.0), axis=-1)


def inv(xp: Any, x: Any) -> Any:
    """Compute the inverse of a matrix."""
    return xp.linalg.solve(x, xp.eye(x.shape[-1]))


def det(xp: Any, x: Any) -> Any:
    """Compute the determinant of a matrix that has an inverse."""
    sign, logarithm = xp.linalg.slogdet(x)
    return sign * xp.exp(logarithm)


def matrix_power(xp: Any, x: Any, n: int) -> Any:
    """Multiply a square matrix by itself, n times in all; its inverse, for n < 0."""
    base = xp.linalg.inv(x) if n < 0 else x
    power = xp.eye(x.shape[-1])
    for _ in range(abs(n)):
        power = xp.matmul(power, base)
    return power


def vector_norm(xp: Any, x: Any, axis: int | None = None, ord: float = 2) -> Any:
    """(Σ |xᵢ|ᵖ)^(1/p) with p = ord: 2 is the length, 1 the sum of sizes, inf the largest size."""
    if ord == 2:
        return xp.sqrt(xp.sum(x * x, axis=axis))
    size = xp.abs(x)
    if ord == float("inf"):
        return xp.max(size, axis=axis)
    return xp.sum(size, axis=axis) if ord == 1 else xp.sum(size**ord, axis=axis) ** (1.0 / ord)


def matrix_norm(xp: Any, x: Any) -> Any:
    """Compute the Frobenius norm √Σ xᵢⱼ² of a matrix."""
    return xp.sqrt(xp.sum(x * x))
