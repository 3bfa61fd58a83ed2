"""The vocabulary in NumPy, as programs spell it."""

from __future__ import annotations

from calcbench.show.programs.inputs import Value
from calcbench.show.programs.spelling import (
    CONSTANTS,
    ELEMENTWISE,
    ITERATE,
    Spelling,
    Use,
    same_names,
)
from calcbench.vocabulary.numpy import SPECIAL


def numpy_value(value: Value) -> str:
    """Write a value as a NumPy array; a number stays a number."""
    return f"np.array({value.text})" if value.kind == "list" else value.text


def matrix_transpose(use: Use) -> str:
    """Spell the transpose of the last two axes as `x.T`, where that means the same."""
    return "lambda x: x.T" if use.ranks == (2,) else "lambda x: x.swapaxes(-1, -2)"


ARGSORT = """\
def argsort(x, axis=-1, descending=False, stable=True):
    return np.argsort(-x if descending else x, axis=axis, stable=True)"""


SPELLING = Spelling(
    "NumPy",
    {
        **same_names("np.", *CONSTANTS, *ELEMENTWISE, "maximum", "minimum", "logaddexp", "where"),
        **same_names("np.", "sum", "mean", "max", "asarray", "einsum", "reshape"),
        **same_names("np.", "stack", "take_along_axis"),
        **same_names("np.", "linalg.solve", "linalg.slogdet"),
        **same_names("special.", *SPECIAL),
        "sigmoid": """\
def sigmoid(x):
    return np.exp(-np.logaddexp(0.0, -x))""",
        "softplus": """\
def softplus(x):
    return np.logaddexp(x, 0.0)""",
        "logsumexp": """\
def logsumexp(x, axis=None, keepdims=False):
    top = np.max(x, axis=axis, keepdims=True)  # no exponential overflows
    total = np.sum(np.exp(x - np.maximum(top, -1e300)), axis=axis, keepdims=True)
    total = top + np.log(np.maximum(total, 1.0))  # below 1 only where all are -inf
    return total if keepdims else np.squeeze(total, axis=axis)""",
        "concat": "np.concatenate",
        "argsort": ARGSORT,
        **same_names("np.", "argmax", "argmin", "all", "any", "isnan", "isfinite"),
        "cumulative_sum": "np.cumsum",
        "linalg.cholesky": """\
def cholesky(x):
    return np.linalg.cholesky((x + x.swapaxes(-1, -2)) / 2)  # of both triangles alike""",
        "matmul": "lambda x, y: x @ y",
        "matrix_transpose": matrix_transpose,
        "take": "lambda x, indices, axis=0: np.take(x, indices, axis=axis)",
        "iterate": ITERATE,
    },
    imports={"special": "from scipy import special"},
)
