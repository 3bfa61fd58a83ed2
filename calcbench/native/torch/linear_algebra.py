"""ATen operations of linear algebra: factors, solutions, determinants, decompositions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.native.decompositions import eigenvalues, eigh, qr, singular_values, svd
from calcbench.native.function import NotKnown
from calcbench.native.products import (
    determinant,
    each_matrix,
    inverse,
    log_determinant,
    solve,
    solve_triangular,
    swapped,
    trace,
)
from calcbench.native.values import Numbers, boxed, lift


def _no_failure(x: Any) -> np.ndarray:
    """Return what LAPACK says of matrices of which nothing failed; a proof would not go on."""
    return np.zeros(np.shape(x)[:-2], dtype=np.int32)


def _cholesky(xp: Any, x: Any, *, upper: bool = False) -> Numbers:
    """Factor (x + xᵀ)/2, of which torch has the derivative."""
    factor = each_matrix(xp, xp.linalg.cholesky, x)
    return swapped(xp, factor) if upper else factor


def _solve_triangular(
    xp: Any, a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Numbers:
    return solve_triangular(xp, a, b, not upper, unitriangular, left)


def _old_solve_triangular(
    xp: Any, b: Any, a: Any, upper: bool = True, transpose: bool = False, unit: bool = False
) -> Any:
    if transpose:
        a, upper = swapped(xp, a), not upper
    return solve_triangular(xp, a, b, not upper, unit), None


def _cholesky_solve(xp: Any, b: Any, factor: Any, upper: bool = False) -> Numbers:
    lower = swapped(xp, factor) if upper else factor
    half = solve_triangular(xp, lower, b, lower=True)
    return solve_triangular(xp, swapped(xp, lower), half, lower=False)


def _solve(xp: Any, a: Any, b: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    a, b = lift(xp, a), lift(xp, b)
    if b.ndim == a.ndim - 1:
        found = solve(xp, a if left else swapped(xp, a), b[..., None])
        return boxed(found[..., 0]), None, None, _no_failure(a)
    if not left:
        found = swapped(xp, solve(xp, swapped(xp, a), swapped(xp, b)))
        return found, None, None, _no_failure(a)
    return solve(xp, a, b), None, None, _no_failure(a)


def _log_determinant(xp: Any, a: Any) -> Any:
    return *log_determinant(xp, a), None, None


def _cholesky_inverse(xp: Any, factor: Any, upper: bool = False) -> Numbers:
    return _cholesky_solve(xp, np.eye(lift(xp, factor).shape[-1]), factor, upper)


def _exponential(xp: Any, x: Any) -> Numbers:
    return each_matrix(xp, lambda m: boxed(xp.linalg.expm(m)), x)


# --- decompositions, whose vectors have any sign --------------------------------------------------


def _eigen(xp: Any, x: Any, given: Sequence[np.ndarray]) -> Any:
    """Give eigenvalues, and vectors if they are given."""
    return eigh(xp, x, given[1]) if given[1].size else (eigenvalues(xp, x), None)


def _orthogonal(xp: Any, x: Any, given: Sequence[np.ndarray]) -> Any:
    """Give Q and R of a matrix that is not wider than it is high."""
    if not given[0].size:
        raise NotKnown("aten::linalg_qr without Q")
    return qr(xp, x, given[0])


def _singular(xp: Any, x: Any, given: Sequence[np.ndarray]) -> Any:
    """Give singular values, and vectors if they are given."""
    return svd(xp, x, given[0]) if given[0].size else (None, singular_values(xp, x), None)


SIGNED: dict[str, Callable[..., Any]] = {
    "_linalg_eigh": _eigen,
    "_linalg_svd": _singular,
    "linalg_qr": _orthogonal,
}
"""ATen's name → its rule, of a matrix and of what torch gave."""


RULES: dict[str, Callable[..., Any]] = {
    "cholesky": lambda xp, x, upper=False: _cholesky(xp, x, upper=upper),
    "linalg_cholesky_ex": lambda xp, x, *, upper=False: (
        _cholesky(xp, x, upper=upper),
        _no_failure(x),
    ),
    "linalg_solve_triangular": _solve_triangular,
    "triangular_solve": _old_solve_triangular,
    "cholesky_solve": _cholesky_solve,
    "_linalg_solve_ex": _solve,
    "linalg_inv_ex": lambda xp, a: (inverse(xp, a), _no_failure(a)),
    "_linalg_slogdet": _log_determinant,
    "_linalg_det": lambda xp, a: (determinant(xp, a), None, None),
    "linalg_matrix_exp": _exponential,
    "cholesky_inverse": _cholesky_inverse,
    "trace": trace,
}
"""ATen's name → its rule."""
