"""ATen operations of linear algebra: factors, solutions, determinants, decompositions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcbench.native.comparing import choose, compare
from calcbench.native.elementwise import elementwise
from calcbench.native.function import NotKnown
from calcbench.native.movement import move
from calcbench.native.products import determinant, each_matrix, solve, solve_triangular
from calcbench.native.reductions import reduce
from calcbench.native.values import Numbers, boxed, lift


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
    "_linalg_det": lambda xp, a: (determinant(xp, a), None, None),
    "linalg_matrix_exp": _exponential,
    "cholesky_inverse": _cholesky_inverse,
    "trace": _trace,
}
"""ATen's name → its rule."""
