"""The vocabulary in SymPy: object arrays of expressions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.backends.sympy.trace import LARGEST_EXPRESSION, count_operations
from calcbench.errors import Unsupported
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.objects import object_reduction


@functools.cache
def symbolic_array() -> type:
    class SymbolicArray(np.ndarray):
        """An object array whose comparisons give relations, which NumPy would call bool() on."""

        def __lt__(self, other: Any) -> Any:
            return np.less(self, other, dtype=object)

        def __le__(self, other: Any) -> Any:
            return np.less_equal(self, other, dtype=object)

        def __gt__(self, other: Any) -> Any:
            return np.greater(self, other, dtype=object)

        def __ge__(self, other: Any) -> Any:
            return np.greater_equal(self, other, dtype=object)

    return SymbolicArray


# --- the vocabulary in SymPy ---------------------------------------------------------------
# Arrays are NumPy object arrays of expressions; NumPy's own sum, matmul, einsum and indexing
# work on them. The overflow-free functions are opaque to SymPy, with their derivatives stated,
# so that neither the trace nor the derivative is spelled with an exponential that overflows.

LARGEST_DETERMINANT = 8
"""Rows of the largest matrix whose determinant is written out: its formula has 2⁸ minors."""


@functools.cache
def functions() -> dict[str, Any]:
    """SymPy functions for what the vocabulary promises to compute without overflow or loss."""
    import sympy

    class Sigmoid(sympy.Function):
        """1 / (1 + e⁻ˣ)."""

        def fdiff(self, argindex: int = 1) -> Any:
            return self * Sigmoid(-self.args[0])

    class Softplus(sympy.Function):
        """log(1 + eˣ)."""

        def fdiff(self, argindex: int = 1) -> Any:
            return Sigmoid(self.args[0])

    class LogSumExp(sympy.Function):
        """log Σ eˣ; its partials are the softmax."""

        def fdiff(self, argindex: int = 1) -> Any:
            return sympy.exp(self.args[argindex - 1] - self)

    class Expm1(sympy.Function):
        """eˣ − 1."""

        def fdiff(self, argindex: int = 1) -> Any:
            return sympy.exp(self.args[0])

    class Log1p(sympy.Function):
        """log(1 + x)."""

        def fdiff(self, argindex: int = 1) -> Any:
            return 1 / (1 + self.args[0])

    return {f.__name__: f for f in (Sigmoid, Softplus, LogSumExp, Expm1, Log1p)}


def elementary(expression: Any) -> Any:
    """Rewrite the functions above in exponentials and logarithms, for display and for proofs."""
    import sympy

    exp, log = sympy.exp, sympy.log
    rules = {
        "Sigmoid": lambda x: 1 / (1 + exp(-x)),
        "Softplus": lambda x: log(1 + exp(x)),
        "LogSumExp": lambda *terms: log(sum(map(exp, terms))),
        "Expm1": lambda x: exp(x) - 1,
        "Log1p": lambda x: log(1 + x),
    }
    for name, function in functions().items():
        expression = expression.replace(function, rules[name])
    return expression


def _elementwise(function: Any) -> Callable[..., Any]:
    """Apply a SymPy function to expressions and object arrays alike."""

    def apply(*arrays: Any) -> Any:
        result = np.frompyfunc(lambda *items: function(*items), len(arrays), 1)(*arrays)
        return _wrap(result)

    return apply


def _wrap(result: Any) -> Any:
    return np.asarray(result, dtype=object).view(symbolic_array())


def _reduction(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    reduce = object_reduction(function)
    return lambda x, axis=None, keepdims=False: _wrap(reduce(x, axis, keepdims))


@functools.cache
def namespace() -> Namespace:
    import sympy

    own = functions()

    def where(condition: Any, x: Any, y: Any) -> Any:
        return _elementwise(lambda c, a, b: sympy.Piecewise((a, c), (b, True)))(condition, x, y)

    def determinant(a: Any) -> Any:
        """Laplace's expansion, every minor once. No division, so no pivot that may turn out 0."""
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
            return sympy.Add(*terms) if terms else sympy.Integer(1)

        return minor(tuple(range(n)))

    def solve(a: Any, b: Any) -> Any:
        """Cramer's rule. (Elimination must choose pivots before it knows the numbers.)"""
        a, b = np.asarray(a), np.asarray(b)
        whole = determinant(a)
        solution = np.empty(b.shape, dtype=object)
        for index in np.ndindex(b.shape):
            replaced = a.copy()
            replaced[:, index[0]] = b[(slice(None), *index[1:])]
            solution[index] = determinant(replaced) / whole
        return _wrap(solution)

    def cholesky(a: Any) -> Any:
        n = a.shape[-1]
        factor = _wrap(np.full(a.shape, sympy.Integer(0), dtype=object))
        for i in range(n):
            for j in range(i + 1):
                rest = a[i, j] - sum(factor[i, k] * factor[j, k] for k in range(j))
                factor[i, j] = sympy.sqrt(rest) if i == j else rest / factor[j, j]
        return factor

    def slogdet(a: Any) -> Any:
        det = determinant(np.asarray(a))
        # Not sympy.sign, whose derivative has a DiracDelta that NumPy cannot evaluate.
        sign = sympy.Piecewise((1, det > 0), (-1, det < 0), (0, True))
        return _wrap(sign), _wrap(sympy.log(sympy.Abs(det)))

    def take(x: Any, indices: Any, axis: int = 0) -> Any:
        return _wrap(np.take(x, indices, axis=axis))

    return Namespace(
        {
            "pi": sympy.pi,
            "exp": _elementwise(sympy.exp),
            "expm1": _elementwise(own["Expm1"]),
            "log": _elementwise(sympy.log),
            "log1p": _elementwise(own["Log1p"]),
            "sqrt": _elementwise(sympy.sqrt),
            "sin": _elementwise(sympy.sin),
            "cos": _elementwise(sympy.cos),
            "tan": _elementwise(sympy.tan),
            "tanh": _elementwise(sympy.tanh),
            "abs": _elementwise(sympy.Abs),
            "sigmoid": _elementwise(own["Sigmoid"]),
            "softplus": _elementwise(own["Softplus"]),
            "maximum": _elementwise(sympy.Max),
            "minimum": _elementwise(sympy.Min),
            "logaddexp": _elementwise(own["LogSumExp"]),
            "where": where,
            "sum": _reduction(lambda items: sympy.Add(*items)),
            "mean": _reduction(lambda items: sympy.Add(*items) / len(items)),
            "max": _reduction(lambda items: sympy.Max(*items)),
            "logsumexp": _reduction(lambda items: own["LogSumExp"](*items)),
            "matmul": lambda x, y: _wrap(np.matmul(x, y)),
            "einsum": lambda subscripts, *arrays: _wrap(np.einsum(subscripts, *arrays)),
            "matrix_transpose": np.matrix_transpose,
            "reshape": np.reshape,
            "concat": lambda arrays, axis=0: _wrap(np.concat(arrays, axis=axis)),
            "stack": lambda arrays, axis=0: _wrap(np.stack(arrays, axis=axis)),
            "take": take,
            "take_along_axis": lambda x, i, axis: _wrap(np.take_along_axis(x, i, axis)),
            "linalg.cholesky": cholesky,
            "linalg.solve": solve,
            "linalg.slogdet": slogdet,
            "iterate": _iterate,
        }
    )


def _iterate(step: Any, state: Any, n: int) -> Any:
    """A loop that stops when the formula has outgrown what can be differentiated."""
    for done in range(n):
        state = step(state)
        parts = state if isinstance(state, tuple) else (state,)
        expressions = [e for part in parts for e in np.asarray(part, dtype=object).flat]
        if sum(count_operations(e) for e in expressions if hasattr(e, "args")) > LARGEST_EXPRESSION:
            raise Unsupported(
                f"the formula has over {LARGEST_EXPRESSION:,} operations after "
                f"{done + 1} of {n} steps"
            )
    return state
