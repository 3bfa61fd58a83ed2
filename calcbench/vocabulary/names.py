"""The array vocabulary: the names that a cost may use, on every backend alike.

A cost takes its array functions from `xp` and from nowhere else, and this file is the whole
list. Each backend spells the names in its own library (its `vocabulary.py`), and so do the
certificate (`certified/vocabulary.py`) and stand-alone programs (`program.py`,
`show/programs/numpy_spelling.py`); what they do not spell follows from other names, as `composed/`
says. `tests/vocabulary/` compares value and derivative of every name
on every backend, at ordinary points, ties, zero and extremes. Spelling and meaning follow the
Python array API standard where it has the name.

Operators (`+ - * / **`, comparisons, unary minus), basic slices (`w[0]`, `w[1:]`,
`w[:, None]`) and `.shape` work on every backend; Python numbers mix with arrays. In-place
writes do not: gather, never scatter.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from calcbench.vocabulary.composed import DEFINITIONS

PRIMITIVES: dict[str, str] = {
    "pi": "the circle constant π",
    "e": "Euler's number e",
    "inf": "infinity",
    "exp": "exp(x): eˣ",
    "expm1": "expm1(x): eˣ − 1, accurate near 0",
    "log": "log(x): natural logarithm",
    "log1p": "log1p(x): log(1 + x), accurate near 0",
    "sqrt": "sqrt(x): square root",
    "sin": "sin(x)",
    "cos": "cos(x)",
    "tan": "tan(x)",
    "tanh": "tanh(x)",
    "atan": "atan(x): the inverse of tan, between −π/2 and π/2",
    "abs": "abs(x): |x|",
    "floor": "floor(x): round down to a whole number; its derivative is 0",
    "round": "round(x): the nearest whole number, of two the even one; its derivative is 0",
    "sigmoid": "sigmoid(x): 1 / (1 + e⁻ˣ), without overflow",
    "softplus": "softplus(x): log(1 + eˣ), without overflow",
    "erf": "erf(x): 2/√π ∫₀ˣ e^(−t²) dt",
    "erfc": "erfc(x): 1 − erf(x), accurate for large x",
    "gammaln": "gammaln(x): log |Γ(x)|",
    "digamma": "digamma(x): the derivative of gammaln",
    "maximum": "maximum(x, y): the larger, element by element; y may be a number",
    "minimum": "minimum(x, y): the smaller, element by element; y may be a number",
    "logaddexp": "logaddexp(x, y): log(eˣ + eʸ), without overflow",
    "logical_and": "logical_and(p, q): of two conditions",
    "logical_or": "logical_or(p, q): of two conditions",
    "logical_not": "logical_not(p): of a condition",
    "where": "where(condition, x, y): x where the condition holds, else y",
    "sum": "sum(x, axis=None, keepdims=False)",
    "mean": "mean(x, axis=None, keepdims=False)",
    "max": "max(x, axis=None, keepdims=False)",
    "logsumexp": "logsumexp(x, axis=None, keepdims=False): log Σ eˣ, without overflow",
    "matmul": "matmul(x, y): matrix product; vectors (1-D) allowed on either side",
    "einsum": "einsum(subscripts, *arrays)",
    "matrix_transpose": "matrix_transpose(x): swap the last two axes",
    "asarray": "asarray(constant): a number or array that no parameter enters, for arithmetic",
    "reshape": "reshape(x, shape)",
    "concat": "concat(arrays, axis=0)",
    "stack": "stack(arrays, axis=0)",
    "take": "take(x, indices, axis=0): slices by integer index",
    "take_along_axis": "take_along_axis(x, indices, axis): elements by integer index",
    "argsort": "argsort(x, axis=-1, descending=False, stable=True): indices that sort x; of equals "
    "the first comes first",
    "linalg.cholesky": "linalg.cholesky(x): lower triangular factor of (x + xᵀ)/2",
    "linalg.solve": "linalg.solve(a, b): the x with a x = b; b a vector or a matrix",
    "linalg.slogdet": "linalg.slogdet(x): (sign, log |det x|)",
    "iterate": "iterate(step, state, n): step applied n times; state an array or tuple of arrays",
}
"""The names that follow from nothing: every backend spells them, or has them in its library."""


def _describe(name: str, definition: Callable[..., Any]) -> str:
    """Format a definition as `clip(x, low=None, high=None): …`, by its source."""
    signature = inspect.signature(definition)
    arguments = [
        str(argument.replace(annotation=inspect.Parameter.empty))
        for argument in list(signature.parameters.values())[1:]
    ]
    meaning = (inspect.getdoc(definition) or "").split("\n", 1)[0].removesuffix(".")
    return f"{name}({', '.join(arguments)}): {meaning}"


NAMES: dict[str, str] = {
    **PRIMITIVES,
    **{name: _describe(name, definition) for name, definition in DEFINITIONS.items()},
}
"""Name → how it is called, and what it is."""
