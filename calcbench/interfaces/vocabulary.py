"""The array vocabulary: the names that a cost may use, on every backend alike.

A cost takes its array functions from `xp` and from nowhere else, and this file is the whole
list. Each backend spells the names in its own library; `tests/test_vocabulary.py` compares
value and derivative of every name on every backend, at ordinary points, ties, zero and
extremes. Spelling and meaning follow the Python array API standard where it has the name.

Operators (`+ - * / **`, comparisons, unary minus), basic slices (`w[0]`, `w[1:]`,
`w[:, None]`) and `.shape` work on every backend; Python numbers mix with arrays. In-place
writes do not: gather, never scatter.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.errors import ProblemError, Unsupported, nearest

NAMES: dict[str, str] = {
    "pi": "the circle constant π",
    "exp": "exp(x): eˣ",
    "expm1": "expm1(x): eˣ − 1, accurate near 0",
    "log": "log(x): natural logarithm",
    "log1p": "log1p(x): log(1 + x), accurate near 0",
    "sqrt": "sqrt(x): square root",
    "sin": "sin(x)",
    "cos": "cos(x)",
    "tan": "tan(x)",
    "tanh": "tanh(x)",
    "abs": "abs(x): |x|",
    "sigmoid": "sigmoid(x): 1 / (1 + e⁻ˣ), without overflow",
    "softplus": "softplus(x): log(1 + eˣ), without overflow",
    "maximum": "maximum(x, y): the larger, element by element; y may be a number",
    "minimum": "minimum(x, y): the smaller, element by element; y may be a number",
    "logaddexp": "logaddexp(x, y): log(eˣ + eʸ), without overflow",
    "where": "where(condition, x, y): x where the condition holds, else y",
    "sum": "sum(x, axis=None, keepdims=False)",
    "mean": "mean(x, axis=None, keepdims=False)",
    "max": "max(x, axis=None, keepdims=False)",
    "logsumexp": "logsumexp(x, axis=None, keepdims=False): log Σ eˣ, without overflow",
    "matmul": "matmul(x, y): matrix product; vectors (1-D) allowed on either side",
    "einsum": "einsum(subscripts, *arrays)",
    "matrix_transpose": "matrix_transpose(x): swap the last two axes",
    "reshape": "reshape(x, shape)",
    "concat": "concat(arrays, axis=0)",
    "stack": "stack(arrays, axis=0)",
    "take": "take(x, indices, axis=0): slices by integer index",
    "take_along_axis": "take_along_axis(x, indices, axis): elements by integer index",
    "linalg.cholesky": "linalg.cholesky(x): lower triangular factor of a symmetric matrix",
    "linalg.solve": "linalg.solve(a, b): the x with a x = b; b a vector or a matrix",
    "linalg.slogdet": "linalg.slogdet(x): (sign, log |det x|)",
    "iterate": "iterate(step, state, n): step applied n times; state an array or tuple of arrays",
}


class Namespace:
    """The vocabulary spelled by one backend: a plain object whose attributes are functions.

    Names are resolved once, when it is built, so that using one costs an attribute lookup.
    """

    def __init__(self, spelling: Mapping[str, Any], prefix: str = "") -> None:
        """Take name → function; dotted names (`linalg.solve`) become a nested namespace."""
        self._prefix = prefix
        nested: dict[str, dict[str, Any]] = {}
        for name, function in spelling.items():
            head, _, tail = name.partition(".")
            if tail:
                nested.setdefault(head, {})[tail] = function
            else:
                setattr(self, name, function)
        for head, names in nested.items():
            setattr(self, head, Namespace(names, f"{head}."))

    def __getattr__(self, name: str) -> Any:
        # Reached only for names that are not there.
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{self._prefix}{name}"
        if full in NAMES:
            raise Unsupported(f"xp.{full} is not available on this backend")
        raise ProblemError(f"xp.{full} is not in the array vocabulary: {nearest(full, NAMES)}")


def iterate(step: Any, state: Any, n: int) -> Any:
    """Apply `step` to `state` n times, by a Python loop: right wherever nothing is traced."""
    for _ in range(n):
        state = step(state)
    return state


def object_reduction(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """Build `reduce(x, axis=None, keepdims=False)` on object arrays from a function of a list.

    For namespaces whose numbers are Python objects: expressions, balls, Taylor series. The result
    is always an object array, of shape `()` where everything is reduced.
    """

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        x = np.asarray(x, dtype=object)
        axes = [*range(x.ndim)] if axis is None else [int(a) % x.ndim for a in np.atleast_1d(axis)]
        kept = [a for a in range(x.ndim) if a not in axes]
        lanes = np.transpose(x, [*kept, *axes]).reshape([*(x.shape[a] for a in kept), -1])
        result = np.empty(lanes.shape[:-1], dtype=object)
        for index in np.ndindex(result.shape):
            result[index] = function(list(lanes[index]))
        return np.expand_dims(result, tuple(axes)) if keepdims else result

    return reduce
