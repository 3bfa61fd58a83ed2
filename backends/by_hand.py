"""The gradient derived by hand, evaluated with NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.errors import Unsupported
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.problem import Arrays
from calcbench.interfaces.vocabulary import NAMES, Namespace, iterate
from calcbench.program import ITERATE, PRINT, Spelling, Use, Value, Writer


@dataclass(frozen=True)
class ByHand(Backend):
    """The hand-derived formula of the problem, in NumPy."""

    name: ClassVar[str] = "by_hand"
    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "exact"
    hand_derived: ClassVar[bool] = True

    def namespace(self) -> Namespace:
        return NUMPY

    def convert(self, array: np.ndarray) -> np.ndarray:
        return self.cast(array)

    def prepare_gradient(self, problem: Problem, inputs: Arrays) -> Prepared:
        if not problem.has_gradient:
            raise Unsupported("the problem has no hand-derived gradient")
        gradient, xp = problem.gradient, self.namespace()
        load = self.loader(problem, inputs)

        def run(native: Any) -> Any:
            parameters, data = native
            return gradient(xp, *parameters, **data)

        def unload(result: Any) -> Arrays:
            return {name: self._array(result[name]) for name in problem.parameters}

        shapes = {name: inputs[name].shape for name in problem.parameters}
        problem.check_gradient(run(load(inputs)), shapes)
        return Prepared(load, run, unload)

    def _array(self, partial: Any) -> np.ndarray:
        # A Python number, such as the 2 in ∂(2x)/∂x, is exact in every dtype.
        exact = type(partial) in (int, float)
        return np.array(partial, dtype=self.dtype if exact else None)

    def program(self, problem: Problem) -> str:
        return _program(problem)


# --- the vocabulary in NumPy ---------------------------------------------------------------


def softplus(x: Any) -> Any:
    """log(1 + eˣ), as max(x, 0) + log1p(e^−|x|)."""
    return np.logaddexp(x, 0.0)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), through e^−|x|, which cannot overflow."""
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, decay) / (1.0 + decay)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log Σ eˣ, shifted by the largest entry. (scipy.special's takes 42 µs for what takes 6.)"""
    top = np.max(x, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def solve(a: Any, b: Any) -> Any:
    """The x with a x = b, for a vector or matrix b. (NumPy 2 takes 1-D b only beside 2-D a.)"""
    if b.ndim == a.ndim - 1:
        return np.linalg.solve(a, b[..., None])[..., 0]
    return np.linalg.solve(a, b)


NUMPY = Namespace(
    {
        "pi": np.pi,
        "exp": np.exp,
        "expm1": np.expm1,
        "log": np.log,
        "log1p": np.log1p,
        "sqrt": np.sqrt,
        "sin": np.sin,
        "cos": np.cos,
        "tan": np.tan,
        "tanh": np.tanh,
        "abs": np.abs,
        "sigmoid": sigmoid,
        "softplus": softplus,
        "maximum": np.maximum,
        "minimum": np.minimum,
        "logaddexp": np.logaddexp,
        "where": np.where,
        "sum": np.sum,
        "mean": np.mean,
        "max": np.max,
        "logsumexp": logsumexp,
        "matmul": np.matmul,
        "einsum": np.einsum,
        "matrix_transpose": np.matrix_transpose,
        "reshape": np.reshape,
        "concat": np.concat,
        "stack": np.stack,
        "take": lambda x, indices, axis=0: np.take(x, indices, axis=axis),
        "take_along_axis": np.take_along_axis,
        "linalg.cholesky": np.linalg.cholesky,
        "linalg.solve": solve,
        "linalg.slogdet": lambda x: tuple(np.linalg.slogdet(x)),
        "iterate": iterate,
    }
)


# --- a program without calcbench -----------------------------------------------------------


def _program(problem: Problem) -> str:
    if not problem.has_gradient:
        raise Unsupported("the problem has no hand-derived gradient")
    writer = Writer(problem, ByHand.name, SPELLING, NUMPY, function=problem.gradient)
    return writer.compose(*writer.data(numpy_value), *writer.body("gradient"), PRINT)


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
