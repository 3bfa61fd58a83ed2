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
    "cumulative_sum": "cumulative_sum(x, axis=None): running totals; only a vector needs no axis",
    "matmul": "matmul(x, y): matrix product; vectors (1-D) allowed on either side",
    "einsum": "einsum(subscripts, *arrays)",
    "matrix_transpose": "matrix_transpose(x): swap the last two axes",
    "reshape": "reshape(x, shape)",
    "concat": "concat(arrays, axis=0)",
    "stack": "stack(arrays, axis=0)",
    "take": "take(x, indices, axis=0): slices by integer index",
    "take_along_axis": "take_along_axis(x, indices, axis): elements by integer index",
    "linalg.cholesky": "linalg.cholesky(x): lower triangular factor of (x + xᵀ)/2",
    "linalg.solve": "linalg.solve(a, b): the x with a x = b; b a vector or a matrix",
    "linalg.slogdet": "linalg.slogdet(x): (sign, log |det x|)",
    "iterate": "iterate(step, state, n): step applied n times; state an array or tuple of arrays",
}
