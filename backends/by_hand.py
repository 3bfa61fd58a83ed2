"""The derivatives derived by hand, evaluated with NumPy."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench import points
from calcbench.errors import Unsupported
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.backend import direct
from calcbench.interfaces.problem import Arrays
from calcbench.interfaces.vocabulary import NAMES, Namespace, iterate
from calcbench.operators import Operator
from calcbench.operators.formulas import WORDS, arranged, check_formula, check_structure
from calcbench.operators.hessian import Hessian
from calcbench.operators.operator import (
    by_parameter,
    components,
    cut,
    direction,
    parameter_shapes,
)
from calcbench.operators.partial import Partial
from calcbench.operators.pushforward import seeded
from calcbench.program import (
    ITERATE,
    Spelling,
    Use,
    Value,
    Writer,
    asked,
    indexed,
    mapping,
    prints,
    quoted,
)


@dataclass(frozen=True)
class ByHand(Backend):
    """The hand-derived formulas of the problem, in NumPy."""

    name: ClassVar[str] = "by_hand"
    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "exact"
    hand_derived: ClassVar[bool] = True

    def namespace(self) -> Namespace:
        return NUMPY

    def convert(self, array: np.ndarray) -> np.ndarray:
        return self.cast(array)

    def prepare_gradient(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, "gradient", "hand-derived formula")

    def prepare_jacobian(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, "jacobian", "hand-derived formula")

    def prepare_hessian(self, problem: Problem, inputs: Arrays) -> Prepared:
        if problem.derives("hvp") and not problem.derives("hessian"):
            return Hessian().fallback(self, problem, inputs)
        return self._prepare(problem, inputs, "hessian", "hand-derived formula")

    def prepare_hvp(self, problem: Problem, inputs: Arrays) -> Prepared:
        if not problem.derives("hvp"):
            return self._hessian_times_direction(problem, inputs)
        names = problem.parameters

        def seed(inputs: Any) -> Arrays:
            return {name: self.convert(inputs[direction(name)]) for name in names}

        whole = self._prepare(
            problem, inputs, "hvp", "hand-derived Hessian-vector product", (seed(inputs),)
        )
        return dataclasses.replace(
            whole, load=lambda inputs: (whole.load(inputs), seed(inputs)), seed=seed
        )

    def _hessian_times_direction(self, problem: Problem, inputs: Arrays) -> Prepared:
        whole = self._prepare(problem, inputs, "hessian", "hand-derived Hessian")
        shapes = tuple(parameter_shapes(problem, inputs).values())
        count = components(problem, inputs)
        row, column = problem.structure(inputs).pattern(count, count)

        def seed(inputs: Any) -> np.ndarray:
            parts = [self.convert(inputs[direction(name)]) for name in problem.parameters]
            return np.concatenate([part.ravel() for part in parts])

        def unload(result: Any) -> Arrays:
            entries, along = whole.unload(result[0])["hessian"].ravel(), result[1]
            product = np.bincount(row, entries * along[column], count).astype(along.dtype)
            return by_parameter(problem, cut(shapes, product))

        return seeded(whole, seed, unload, "times the direction")

    def _prepare(
        self,
        problem: Problem,
        inputs: Arrays,
        formula: str,
        method: str,
        seeds: tuple[Arrays, ...] = (),
    ) -> Prepared:
        """The problem's formula of that name; evaluated once, to check what it gives.

        With a direction (`seeds`), `run` takes ((parameters, data), direction).
        """
        if not problem.derives(formula):
            raise Unsupported(f"the problem has no hand-derived {WORDS[formula]}")
        function, load = getattr(problem, formula), self.loader(problem, inputs)
        parameters, data = load(inputs)
        first = function(NUMPY, *seeds, *parameters, **data)
        check_formula(problem, formula, first, inputs)
        check_structure(problem, formula, first, inputs)

        def unload(found: Any) -> Arrays:
            found = {key: self.to_numpy(part) for key, part in found.items()}
            return arranged(problem, formula, found, inputs)

        def listed(*arguments: Any, **data: Any) -> list[Any]:
            found = function(NUMPY, *arguments, **data)
            return [self.to_numpy(found[key]) for key in first]

        def in_blocks(native: Any, *along: Any) -> Arrays:
            sums = _blocked(problem, functools.partial(listed, *along), rows)
            return dict(zip(first, sums(native), strict=True))

        def at_once(native: Any, *along: Any) -> Any:
            return function(NUMPY, *along, *native[0], **native[1])

        rows = _rows(problem, inputs)
        blocks = _adds_up(problem, inputs, functools.partial(listed, *seeds))
        call: Callable[..., Any] = in_blocks if blocks else at_once
        if seeds:
            return Prepared(load, lambda native: call(*native), unload, method=method)
        if not blocks:
            call = direct(problem, functools.partial(function, NUMPY))
        return Prepared(load, call, unload, method=method)

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

    def program(self, problem: Problem, operator: Operator | None = None) -> str:
        return _program(problem, asked(problem, operator, PROGRAMS))


def prepare_numpy_cost(backend: Backend, problem: Problem, inputs: Arrays) -> Prepared:
    """Make the cost ready in NumPy, on all rows at once."""
    cost = problem.cost_on(backend.name, NUMPY)
    load = backend.loader(problem, inputs)
    run = direct(problem, cost)
    value = np.asarray(run(load(inputs)))
    problem.check_cost(value.shape, value.dtype, problem.value_shape(inputs))
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


PROGRAMS = {
    "gradient": "gradient",
    "partial": "gradient",
    "jacobian": "jacobian",
    "hvp": "hvp",
    "hessian": "hessian",
    "second_derivative": "hessian",
    "cost": "",
}
"""Operator → the problem's method that its program copies; none for the cost."""


def _program(problem: Problem, operator: Operator) -> str:
    formula = PROGRAMS[operator.name]
    if formula == "gradient" and problem.vector_valued:
        formula = "jacobian"
    if formula and not problem.derives(formula):
        raise Unsupported(f"the problem has no hand-derived {WORDS[formula]}")
    function = getattr(problem, formula) if formula else None
    along = _direction_of_ones(problem) if formula == "hvp" else {}
    writer = Writer(problem, ByHand.name, SPELLING, NUMPY, None, function, operator, along)
    result = {"": writer.value, "hvp": "product"}.get(formula, formula)
    picked = ""
    if operator.name == "partial":
        picked = f"\npartial = {indexed(writer, f'{result}[{_key(writer)}]')}"
    elif len(problem.parameters) == 1 and formula in ("jacobian", "hessian"):
        result = writer.fresh("blocks", "parts")
        picked = f"\n{operator.name} = {result}[{_key(writer)}]"
    *needs, body = writer.body(result)
    ones = mapping("", {name: f"np.ones_like({name})" for name in problem.parameters})
    lines = [f"# A direction of ones.\n{name}{ones}" for name in along]
    return writer.compose(*writer.data(numpy_value), *lines, *needs, body + picked, prints(writer))


def _key(writer: Writer) -> str:
    """Where a partial, or the only block of a matrix, is in what the formula gives."""
    problem, operator = writer.problem, writer.operator
    if isinstance(operator, Partial):
        return quoted(operator.place(problem, writer.inputs)[0])
    name = quoted(problem.parameters[0])
    return name if operator.name == "jacobian" else f"{name}, {name}"


def _direction_of_ones(problem: Problem) -> dict[str, Arrays]:
    """By the name that it has in the signature of the problem's `hvp`."""
    name = list(inspect.signature(problem.hvp).parameters)[1]
    inputs = points.inputs(problem)
    return {name: {parameter: np.ones_like(inputs[parameter]) for parameter in problem.parameters}}


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
