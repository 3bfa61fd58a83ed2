"""How programs spell the vocabulary in NumPy."""

from __future__ import annotations

import numpy as np

from calcbench.show.programs.writer import ITERATE, Spelling, Use, Value
from calcbench.vocabulary.names import NAMES


def numpy_value(value: Value) -> str:
    """A value as a NumPy array; a number stays a number."""
    return f"np.array({value.text})" if value.kind == "list" else value.text


def matrix_transpose(use: Use) -> str:
    """`x.T`, where that means the same."""
    return "lambda x: x.T" if use.ranks == (2,) else "lambda x: x.swapaxes(-1, -2)"


SPELLING = Spelling(
    "NumPy",
    {
        **{name: f"np.{name}" for name in NAMES if hasattr(np, name)},
        **{name: f"np.{name}" for name in NAMES if name.startswith("linalg.")},
        "sigmoid": """\
def sigmoid(x):
    return np.exp(-np.logaddexp(0.0, -x))""",
        "softplus": """\
def softplus(x):
    return np.logaddexp(x, 0.0)""",
        "logsumexp": """\
def logsumexp(x, axis=None, keepdims=False):
    top = np.max(x, axis=axis, keepdims=True)  # no exponential overflows
    total = top + np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True))
    return total if keepdims else np.squeeze(total, axis=axis)""",
        "concat": "np.concatenate",
        "matmul": "lambda x, y: x @ y",
        "matrix_transpose": matrix_transpose,
        "take": "lambda x, indices, axis=0: np.take(x, indices, axis=axis)",
        "iterate": ITERATE,
    },
)
