"""Linear algebra."""

from __future__ import annotations

from calcbench.vocabulary.array import Array


def cholesky(x: Array) -> Array:
    """Compute the lower triangular factor L of (x + xᵀ)/2 = L Lᵀ, which is positive definite.

    Both triangles count alike; a matrix that is not positive definite has no factor: libraries
    raise an error, or give NaN.
    """


def solve(a: Array, b: Array) -> Array:
    """Find the x with a x = b; b is a vector or a matrix.

    The matrix is square and has an inverse; of one that has none, libraries raise an error, or give
    infinite numbers or NaN.
    """


def eigh(x: Array) -> tuple[Array, Array]:
    """Compute (eigenvalues, eigenvectors) of (x + xᵀ)/2, the smallest first.

    The vectors are columns, of length 1, and their signs a library's own. Where two eigenvalues
    coincide, their vectors may be any of a plane, and neither they nor one value alone has a
    derivative.
    """


def slogdet(x: Array) -> tuple[Array, Array]:
    """Compute (sign, log |det x|) of a square matrix.

    The sign is −1 or 1, and its derivative 0; of a determinant of 0 it is 0, with the logarithm −∞.
    """
