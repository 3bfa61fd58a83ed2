"""The vocabulary in SymPy: object arrays of expressions. It imports SymPy.

NumPy's own sum, matmul, einsum and indexing work on such arrays. The overflow-free functions are
opaque to SymPy, with their derivatives stated, so that neither the trace nor the derivative is
spelled with an exponential that overflows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy
from sympy.codegen.cfunctions import expm1, log1p

from calcbench.errors import Unsupported
from calcbench.vocabulary.namespace import Namespace, iterate
from calcbench.vocabulary.objects import SymbolicArray, object_reduction

from . import ordering

LARGEST_DETERMINANT = 8
"""Rows of the largest matrix whose determinant is written out: its formula has 2⁸ minors."""


class Sigmoid(sympy.Function):
    """The sigmoid σ(x) = 1 / (1 + e⁻ˣ)."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the derivative σ(x) σ(−x)."""
        return self * Sigmoid(-self.args[0])


class Softplus(sympy.Function):
    """The softplus log(1 + eˣ)."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the derivative σ(x)."""
        return Sigmoid(self.args[0])


class Erfc(sympy.Function):
    """The complementary error function; sympy.erfc writes 2 − erfc(−x) for it, which cancels."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the derivative −2/√π·e^(−x²)."""
        return -2 / sympy.sqrt(sympy.pi) * sympy.exp(-(self.args[0] ** 2))


class LogSumExp(sympy.Function):
    """The logarithm of a sum of exponentials, log Σ eˣ, of any number of arguments."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the partial by one argument: that entry of the softmax."""
        return Share(self.args[argindex - 1], self)


class Share(sympy.Function):
    """The share e^(x − y) of one exponential in a sum of them, where y is the sum's logarithm.

    It is no `exp`, for where x and y are both −∞ it is 0.
    """

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the partial by x, or by y: the same with the other sign."""
        return self if argindex == 1 else -self


def spell_shares(expression: Any) -> Any:
    """Write shares as the exponentials that they are, for display and for proofs."""
    return expression.replace(Share, lambda x, y: sympy.exp(x - y))


class Floor(sympy.Function):
    """Round down; the derivative of sympy.floor itself is a formula that cannot be evaluated."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the derivative 0."""
        return sympy.Integer(0)


class Round(sympy.Function):
    """Round to the nearest whole number, of two to the even one."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the derivative 0."""
        return sympy.Integer(0)


def elementary(expression: Any) -> Any:
    """Rewrite the opaque functions in SymPy's own, for display and for proofs."""
    return exponentials(expression).replace(Erfc, sympy.erfc)


def exponentials(expression: Any) -> Any:
    """Rewrite the opaque functions in exponentials and logarithms, which may overflow."""
    exp, log = sympy.exp, sympy.log
    rules = {
        Share: lambda x, y: exp(x - y),
        Sigmoid: lambda x: 1 / (1 + exp(-x)),
        Softplus: lambda x: log(1 + exp(x)),
        LogSumExp: lambda *terms: log(sum(map(exp, terms))),
        expm1: lambda x: exp(x) - 1,
        log1p: lambda x: log(1 + x),
    }
    for function, rule in rules.items():
        expression = expression.replace(function, rule)
    return expression


class Expressions(SymbolicArray):
    """An array of expressions; `==` compares values, as elsewhere, and not how they are spelled."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: Any) -> Any:
        return symbolic(np.frompyfunc(sympy.Eq, 2, 1)(self, other))

    def __ne__(self, other: Any) -> Any:
        return symbolic(np.frompyfunc(sympy.Ne, 2, 1)(self, other))


def symbolic(array: Any) -> Any:
    """View expressions, or an array of them, as a symbolic array."""
    return np.asarray(array, dtype=object).view(Expressions)


def elementwise(function: Any) -> Callable[..., Any]:
    """Apply a SymPy function to expressions and object arrays alike."""

    def apply(*arrays: Any) -> Any:
        return symbolic(np.frompyfunc(lambda *items: function(*items), len(arrays), 1)(*arrays))

    return apply


def reduction(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """Build a reduction of object arrays from a function of a list of expressions."""
    reduce = object_reduction(function)
    return lambda x, axis=None, keepdims=False: symbolic(reduce(x, axis, keepdims))


def on_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a NumPy function that moves or multiplies elements give a symbolic array."""
    return lambda *arguments, **options: symbolic(function(*arguments, **options))


def constant(value: Any) -> Any:
    """Make an array of a constant, whole numbers as SymPy's: log(2) is exact, log(2.0) is not.

    Integers and booleans stay what they are.
    """
    array = np.asarray(value)
    return symbolic(np.frompyfunc(_exact, 1, 1)(array)) if array.dtype.kind == "f" else array


def _exact(number: float) -> Any:
    return sympy.Integer(int(number)) if number.is_integer() else sympy.Float(number)


def holds(condition: Any) -> Any:
    """Make a condition of a number: it holds where that is not 0."""
    condition = sympy.sympify(condition)
    # To SymPy a symbol may stand for a truth value, too; ours stand for numbers.
    known = isinstance(condition, sympy.logic.boolalg.Boolean) and not condition.is_Symbol
    return condition if known else sympy.Ne(condition, 0)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """Make `yes` where the condition holds, else `no`: `where` of three expressions."""
    pieces = sympy.Piecewise((yes, holds(condition)), (no, True))
    # A comparison of pieces becomes an if-then-else, which compiled code evaluates for one number.
    return pieces.replace(
        sympy.ITE, lambda c, a, b: sympy.Or(sympy.And(c, a), sympy.And(sympy.Not(c), b))
    )


def stack(arrays: Any, axis: int = 0) -> Any:
    """Stack arrays, among which numbers may stand, along a new axis."""
    items = [sympy.sympify(a) if isinstance(a, (int, float)) else a for a in arrays]
    return symbolic(np.stack(items, axis=axis))


def determinant(a: Any) -> Any:
    """Write out Laplace's expansion, every minor once: no division, so no pivot that may be 0."""
    a = np.asarray(a, dtype=object)
    n = len(a)
    if n > LARGEST_DETERMINANT:
        raise Unsupported(f"the determinant of a {n} × {n} matrix is a sum of {n}! products")

    @functools.cache
    def minor(columns: tuple[int, ...]) -> Any:
        row = n - len(columns)
        terms = [
            (-1) ** k * a[row, column] * minor(columns[:k] + columns[k + 1 :])
            for k, column in enumerate(columns)
        ]
        return sum(terms) if terms else sympy.Integer(1)

    return minor(tuple(range(n)))


def solve(a: Any, b: Any) -> Any:
    """Solve a x = b by Cramer's rule: elimination would choose pivots without their values."""
    a, b = np.asarray(a), np.asarray(b)
    whole = determinant(a)
    solution = np.empty(b.shape, dtype=object)
    for index in np.ndindex(b.shape):
        replaced = a.copy()
        replaced[:, index[0]] = b[(slice(None), *index[1:])]
        solution[index] = determinant(replaced) / whole
    return symbolic(solution)


def cholesky(x: Any, root: Callable[[Any], Any] = sympy.sqrt) -> Any:
    """Factor (x + xᵀ)/2, entry by entry (Cholesky-Banachiewicz)."""
    a = (x + np.matrix_transpose(x)) / 2
    factor = symbolic(np.full(a.shape, sympy.Integer(0), dtype=object))
    for *place, i, j in np.ndindex(a.shape):
        own = factor[tuple(place)]
        if j <= i:
            rest = a[(*place, i, j)] - sum(own[i, k] * own[j, k] for k in range(j))
            own[i, j] = root(rest) if i == j else rest / own[j, j]
    return factor


def slogdet(a: Any) -> tuple[Any, Any]:
    """Give (sign, log |det a|).

    The sign is no sympy.sign, whose derivative has a DiracDelta that NumPy cannot evaluate.
    """
    det = determinant(np.asarray(a))
    sign = sympy.Piecewise((1, det > 0), (-1, det < 0), (0, True))
    return symbolic(sign), symbolic(sympy.log(sympy.Abs(det)))


# Every name is spelled, none is taken from NumPy unseen: on objects its functions look for
# methods that expressions do not have.
SYMPY = Namespace(
    {
        "pi": sympy.pi,
        "e": sympy.E,
        "inf": float("inf"),
        "atan": elementwise(sympy.atan),
        "floor": elementwise(Floor),
        "round": elementwise(Round),
        "erf": elementwise(sympy.erf),
        "erfc": elementwise(Erfc),
        "gammaln": elementwise(sympy.loggamma),
        "digamma": elementwise(sympy.digamma),
        "logical_and": elementwise(lambda p, q: sympy.And(holds(p), holds(q))),
        "logical_or": elementwise(lambda p, q: sympy.Or(holds(p), holds(q))),
        "logical_not": elementwise(lambda p: sympy.Not(holds(p))),
        "exp": elementwise(sympy.exp),
        "expm1": elementwise(expm1),
        "log": elementwise(sympy.log),
        "log1p": elementwise(log1p),
        "sqrt": elementwise(sympy.sqrt),
        "sin": elementwise(sympy.sin),
        "cos": elementwise(sympy.cos),
        "tan": elementwise(sympy.tan),
        "tanh": elementwise(sympy.tanh),
        "abs": elementwise(sympy.Abs),
        "sigmoid": elementwise(Sigmoid),
        "softplus": elementwise(Softplus),
        "maximum": elementwise(sympy.Max),
        "minimum": elementwise(sympy.Min),
        "logaddexp": elementwise(LogSumExp),
        "where": elementwise(choose),
        "sum": reduction(lambda items: sympy.Add(*items)),
        "mean": reduction(lambda items: sympy.Add(*items) / len(items)),
        "max": reduction(lambda items: sympy.Max(*items)),
        "logsumexp": reduction(lambda items: LogSumExp(*items)),
        "matmul": on_arrays(np.matmul),
        "einsum": on_arrays(np.einsum),
        "matrix_transpose": np.matrix_transpose,
        "asarray": constant,
        "reshape": on_arrays(np.reshape),  # of one expression, too
        "concat": on_arrays(np.concat),
        "stack": stack,
        "take": on_arrays(ordering.take),
        "take_along_axis": on_arrays(ordering.take_along_axis),
        "argsort": on_arrays(ordering.argsort),
        "all": reduction(lambda items: sympy.And(*map(holds, items))),
        "any": reduction(lambda items: sympy.Or(*map(holds, items))),
        "isfinite": elementwise(lambda x: holds(ordering.IsFinite(x))),
        "isnan": elementwise(lambda x: holds(ordering.IsNaN(x))),
        "linalg.cholesky": cholesky,
        "linalg.solve": solve,
        "linalg.slogdet": slogdet,
        "iterate": iterate,
    }
)
