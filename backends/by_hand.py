"""The gradient derived by hand, evaluated with NumPy."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.errors import Unsupported
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.backend import direct
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
        gradient, load = problem.gradient, self.loader(problem, inputs)
        parameters, data = load(inputs)
        shapes = {name: inputs[name].shape for name in problem.parameters}
        problem.check_gradient(gradient(NUMPY, *parameters, **data), shapes)
        unload = self.unloader(problem)

        def partials(*parameters: Any, **data: Any) -> list[Any]:
            found = gradient(NUMPY, *parameters, **data)
            return [self.to_numpy(found[name]) for name in shapes]

        if _adds_up(problem, inputs, partials):
            return Prepared(load, _blocked(problem, partials, _rows(problem, inputs)), unload)
        run = direct(problem, functools.partial(gradient, NUMPY))
        return Prepared(load, run, lambda found: unload(found[name] for name in shapes))

    def prepare_cost(self, problem: Problem, inputs: Arrays) -> Prepared:
        prepared = prepare_numpy_cost(self, problem, inputs)
        cost = problem.cost_on(self.name, NUMPY)

        def value(*parameters: Any, **data: Any) -> list[Any]:
            return [self.to_numpy(cost(*parameters, **data))]

        if not _adds_up(problem, inputs, value):
            return prepared
        # In blocks, like the gradient: the one is timed against the other.
        blocks = _blocked(problem, value, _rows(problem, inputs))
        return dataclasses.replace(prepared, run=lambda native: blocks(native)[0])

    def program(self, problem: Problem) -> str:
        return _program(problem)


def prepare_numpy_cost(backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
    """Make the cost ready in NumPy, on all rows at once."""
    cost = problem.cost_on(backend.name, NUMPY)
    load = backend.loader(problem, inputs)
    run = direct(problem, cost)
    value = np.asarray(run(load(inputs)))
    problem.check_cost(value.shape, value.dtype)
    return Prepared(load, run, backend.unload_cost)


# --- rows in blocks ------------------------------------------------------------------------

BLOCK = 1 << 16
"""Rows evaluated at once: large enough to amortise the calls, small enough to stay in cache."""

CHECKED_ROWS = 16
"""Rows on which the declared `rows` and `reduction` are compared with the whole."""

SAME = 1e-6
"""What the two may differ by, relative to the largest element: far above what float32 rounds."""


def add_blocks(function: Callable[[slice], list[Any]], rows: int, length: int = BLOCK) -> list[Any]:
    """Add up, item by item, what `function(block)` lists for each block of rows."""
    totals = function(slice(0, min(length, rows)))
    for start in range(length, rows, length):
        parts = function(slice(start, min(start + length, rows)))
        totals = [total + part for total, part in zip(totals, parts, strict=True)]
    return totals


def _rows(problem: Problem, inputs: Arrays) -> int:
    return len(inputs[problem.rows[0]]) if problem.rows else 0


def _adds_up(problem: Problem, inputs: Arrays, function: Callable[..., list[Any]]) -> bool:
    """Whether a function of many rows may be evaluated in blocks of them; tried on a few rows.

    Where the declared `rows` and `reduction` are not true of it, it is evaluated as it stands.
    """
    if _rows(problem, inputs) <= BLOCK:
        return False
    few = {**inputs, **{name: inputs[name][:CHECKED_ROWS] for name in problem.rows}}
    parameters, data = problem.split(few)
    try:
        whole = function(*parameters, **data)
        blocked = _blocked(problem, function, CHECKED_ROWS, length=5)((parameters, data))
    except Exception:  # whatever a formula for one number of rows raises at another
        return False
    return all(_same(one, other) for one, other in zip(whole, blocked, strict=True))


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    scale = np.max(np.abs(one), initial=0.0, where=np.isfinite(one))
    return np.allclose(one, other, rtol=0, atol=SAME * scale, equal_nan=True)


def _blocked(
    problem: Problem, function: Callable[..., list[Any]], rows: int, length: int = BLOCK
) -> Callable[[Any], list[Any]]:
    mean = problem.reduction == "mean"

    def run(native: Any) -> list[Any]:
        parameters, data = native

        def weighted(block: slice) -> list[Any]:
            columns = {name: data[name][block] for name in problem.rows}
            weight = block.stop - block.start if mean else 1
            return [weight * part for part in function(*parameters, **{**data, **columns})]

        totals = add_blocks(weighted, rows, length)
        return [total / rows for total in totals] if mean else totals

    return run


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
