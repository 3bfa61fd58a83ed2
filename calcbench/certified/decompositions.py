"""Eigenvalues, eigenvectors and exponentials of matrices of balls or series, with proof.

Each is written as a formula in the entries of the matrix, so that the tape has its derivatives, and
what the formula leaves out is enclosed, or is 0 to second order.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from flint import acb_mat, arb, arb_mat, ctx

from calcbench.certified import natural
from calcbench.certified.balls import NotFinite, Undecided
from calcbench.errors import Unsupported


class Basic(Protocol):
    """What any kind of number provides here."""

    def convert(self, number: Any) -> Any:
        """Convert an exact number to this kind; one of this kind stays as it is."""

    def dot(self, xs: Sequence[Any], ys: Sequence[Any]) -> Any:
        """Add up the products xₖ·yₖ."""


class Arithmetic(Basic, Protocol):
    """What a kind of number with proof (`balls`, `series`) provides."""

    def constant(self, ball: arb) -> Any:
        """Make a constant of this kind of a ball."""

    def middle(self, number: Any) -> float:
        """Return the midpoint of a number."""

    def enclosure(self, number: Any) -> arb:
        """Return the ball of a number. Raises `Unsupported` for one that is a series."""

    def add_unknown(
        self, numbers: Sequence[Any], others: Sequence[Any], bounds: tuple[arb, arb, arb]
    ) -> Sequence[Any]:
        """Add functions of other numbers, of which value, slopes and second slopes are bounded."""


LARGEST = 32
"""Rows of the largest matrix whose eigenvalues are enclosed: in half a second."""


def spell(kind: Arithmetic) -> dict[str, Callable[..., Any]]:
    """List the functions of this file by their names in the vocabulary, for batches as well."""
    functions = {"linalg.eigh": eigh, "linalg.qr": qr, "linalg.expm": expm}
    return {name: batched(functools.partial(f, kind)) for name, f in functions.items()}


GUARD_BITS = 64
"""Bits beyond the working precision with which eigenvectors are enclosed."""


def batched(function: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], Any]:
    """Build a function of a batch of matrices from one of a matrix, which may give several."""

    def apply(x: np.ndarray) -> Any:
        if x.ndim == 2:
            return function(x)
        found = [apply(each) for each in x]
        if isinstance(found[0], tuple):
            return tuple(np.stack(parts) for parts in zip(*found, strict=True))
        return np.stack(found)

    return apply


def eigh(kind: Arithmetic, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute eigenvalues, the smallest first, and eigenvectors of (x + xᵀ)/2.

    Raises `Undecided` where two eigenvalues are not told apart, `Unsupported` for series and for
    more than `LARGEST` rows.
    """
    if len(x) > LARGEST:
        raise Unsupported(f"eigenvalues are certified up to {LARGEST} × {LARGEST}, not {len(x)}")
    a = (_convert(kind, x) + _convert(kind, x).T) / 2
    vectors = _constants(kind, _enclose_vectors(_enclose(kind, a)))
    rotated = _matmul(kind, vectors.T, _matmul(kind, a, vectors))
    if natural.chosen():
        rotated = rotated + _constants(kind, _backward_error(_enclose(kind, a)))
    return perturb(kind, vectors, rotated)


def perturb(kind: Basic, vectors: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Apply perturbation theory of second order to a matrix s that is diagonal at the point.

    What is beside the diagonal is 0 there; so value, first and second derivatives are those of the
    eigenvalues and eigenvectors (Kato, Perturbation Theory for Linear Operators, chapter II, § 2).
    """
    n = len(s)
    first = np.full((n, n), kind.convert(0), dtype=object)
    for p, k in _off_diagonal(n):
        first[p, k] = s[p, k] / (s[k, k] - s[p, p])
    values, moved = np.empty(n, dtype=object), np.empty((n, n), dtype=object)
    for k in range(n):
        values[k] = s[k, k] + kind.dot(list(s[k]), list(first[:, k]))
        moved[k, k] = 1 - kind.dot(list(first[:, k]), list(first[:, k])) / 2
    for p, k in _off_diagonal(n):
        others = [q for q in range(n) if q not in (p, k)]
        indirect = kind.dot(list(s[p, others]), list(first[others, k]))
        moved[p, k] = (s[p, k] + indirect) / (s[k, k] - s[p, p])
    return values, _matmul(kind, vectors, moved)


def _off_diagonal(n: int) -> list[tuple[int, int]]:
    return [(p, k) for p in range(n) for k in range(n) if p != k]


def _enclose_vectors(a: np.ndarray) -> np.ndarray:
    """Enclose the eigenvectors of a symmetric matrix, as columns of length 1."""
    n, before = len(a), ctx.prec
    ctx.prec = before + GUARD_BITS
    try:
        values, right = acb_mat(arb_mat(n, n, list(a.flat))).eig(right=True, algorithm="rump")
        order = sorted(range(n), key=lambda k: float(values[k].real.mid()))
        columns = [_unit([right[i, k] for i in range(n)]) for k in order]
        apart = [values[k].real < values[j].real for k, j in itertools.pairwise(order)]
    except ValueError:
        apart = [False]
    finally:
        ctx.prec = before
    if not all(apart):
        raise Undecided("two eigenvalues, which may be equal")
    return np.array(columns, dtype=object).T


def _unit(column: list[Any]) -> list[arb]:
    """Make a real vector of length 1 of a complex multiple of it."""
    largest = max(column, key=lambda z: float(abs(z).mid()))
    real = [(z / largest).real for z in column]  # the entry of the largest is 1
    length = sum((x * x for x in real), arb(0)).sqrt()
    return [x / length for x in real]


def _backward_error(a: np.ndarray) -> np.ndarray:
    """Enclose what libraries change of a matrix: they decompose one that is near to it.

    To n units in the last place of its norm (Golub & Van Loan, Matrix Computations, § 8.3 and
    § 9.3), wherever that is in the matrix.
    """
    norm = sum((x * x for x in a.flat), arb(0)).sqrt()
    radius = norm * len(a) * arb(2) ** -ctx.prec
    found = np.empty(a.shape, dtype=object)
    for index in np.ndindex(a.shape):
        found[index] = arb(0, radius)
    return found


def qr(kind: Arithmetic, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factor x = Q R by Gram and Schmidt's method.

    The columns of x R₀⁻¹ have the same Q, whatever the triangle R₀ with a positive diagonal. Where
    that is a float64 approximation of R, they are nearly orthonormal, and their balls stay narrow.
    """
    x = _convert(kind, x)
    square = x[:, : min(x.shape)]
    near = np.array([[kind.middle(e) for e in row] for row in square])
    r = np.linalg.qr(near)[1]
    r = r * np.where(np.diagonal(r) < 0, -1.0, 1.0)[:, None]
    if np.all(np.isfinite(r)) and np.linalg.cond(r) < 1 / np.finfo(float).eps:
        inverse = arb_mat(r.tolist()).inv().tolist()
        square = _matmul(kind, square, _constants(kind, np.array(inverse, dtype=object)))
    q = _orthonormalize(kind, square)
    product = _matmul(kind, q.T, x)
    return q, np.where(np.tri(len(product), len(x.T), -1, dtype=bool), kind.convert(0), product)


def _orthonormalize(kind: Arithmetic, x: np.ndarray) -> np.ndarray:
    """Make the columns orthonormal, one after the other."""
    q = x.copy()
    for k in range(x.shape[1]):
        parts = [kind.dot(list(q[:, j]), list(x[:, k])) for j in range(k)]
        for i in range(len(x)):
            q[i, k] = x[i, k] - kind.dot(list(q[i, :k]), parts)
        length = kind.dot(list(q[:, k]), list(q[:, k])).sqrt()
        q[:, k] = q[:, k] / length
    return q


def expm(kind: Arithmetic, x: np.ndarray) -> np.ndarray:
    """Compute the exponential of a matrix by scaling, a Taylor polynomial, and squaring.

    Raises `Unsupported` for series, `NotFinite` where the matrix is not finite.
    """
    x = _convert(kind, x)
    here = _enclose(kind, x)
    size = max(float(sum((abs(e).upper() for e in row), arb(0)).upper()) for row in here)
    if not math.isfinite(size):
        raise NotFinite("the cost has the exponential of a matrix that is not finite")
    if natural.chosen():
        x = x + _constants(kind, _backward_error(here))
    halvings = max(0, math.ceil(math.log2(size * 4.01))) if size else 0
    scaled = x / 2**halvings
    degree = _degree(ctx.prec + GUARD_BITS)
    power = one = _constants(kind, _identity(len(x)))
    for k in reversed(range(1, degree + 1)):
        power = one + _matmul(kind, scaled, power) / k
    power = _add_remainder(kind, power, scaled, degree)
    for _ in range(halvings):
        power = _matmul(kind, power, power)
    return power


def _degree(bits: int) -> int:
    """Return the degree from which on the terms of e^(1/4) are below 2^−bits."""
    return next(n for n in range(1, bits + 9) if math.lgamma(n + 1) / math.log(2) + 2 * n > bits)


def _add_remainder(
    kind: Arithmetic, power: np.ndarray, scaled: np.ndarray, degree: int
) -> np.ndarray:
    """Add what the Taylor polynomial leaves out of a matrix whose norm is no more than 1/4.

    Of Σ xᵏ/k! from k = d + 1 on, no entry is larger than 2·4^−(d+1)/(d+1)!, no slope by an entry of
    x than 2·4^−d/d!, and no slope of that than 2·4^−(d−1)/(d−1)!.
    """
    degrees = (degree + 1, degree, degree - 1)
    bounds = [2 * arb(4) ** -n / math.factorial(n) for n in degrees]
    value, slope, bend = (arb(0, bound.upper()) for bound in bounds)
    found = kind.add_unknown(list(power.flat), list(scaled.flat), (value, slope, bend))
    return np.array(found, dtype=object).reshape(power.shape)


def _identity(n: int) -> np.ndarray:
    return np.array([[arb(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)


def _convert(kind: Basic, x: Any) -> np.ndarray:
    return np.asarray(np.frompyfunc(kind.convert, 1, 1)(x), dtype=object)


def _constants(kind: Arithmetic, x: np.ndarray) -> np.ndarray:
    return np.asarray(np.frompyfunc(kind.constant, 1, 1)(x), dtype=object)


def _enclose(kind: Arithmetic, x: np.ndarray) -> np.ndarray:
    return np.asarray(np.frompyfunc(kind.enclosure, 1, 1)(x), dtype=object)


def _matmul(kind: Basic, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    product = np.empty((len(x), y.shape[1]), dtype=object)
    for i, j in np.ndindex(product.shape):
        product[i, j] = kind.dot(list(x[i]), list(y[:, j]))
    return product
