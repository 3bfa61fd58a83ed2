"""The derivatives derived by hand, evaluated with NumPy."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from calcbench import points
from calcbench.errors import Unsupported
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.backend import direct
from calcbench.interfaces.problem import Arrays
from calcbench.interfaces.structure import Pattern
from calcbench.interfaces.vocabulary import NAMES, Namespace, iterate
from calcbench.operators import Operator, named
from calcbench.operators.formulas import WORDS, arranged, check_formula, check_structure
from calcbench.operators.hessian import Hessian
from calcbench.operators.jacobian import stored_times
from calcbench.operators.operator import (
    COTANGENT,
    VALUE,
    components,
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
            whole = self._prepare(problem, inputs, "hessian", "hand-derived Hessian")
            blocks = whole.run(whole.load(inputs))
            return self._multiplied(problem, inputs, "hvp", whole, blocks)
        names = problem.parameters

        def seed(inputs: Any) -> Arrays:
            return {name: self.convert(inputs[direction(name)]) for name in names}

        whole = self._prepare(
            problem, inputs, "hvp", "hand-derived Hessian-vector product", (seed(inputs),)
        )
        return dataclasses.replace(
            whole, load=lambda inputs: (whole.load(inputs), seed(inputs)), seed=seed
        )

    def prepare_pushforward(self, problem: Problem, inputs: Arrays) -> Prepared:
        whole = self.prepare(problem, inputs, "jacobian" if problem.vector_valued else "gradient")
        return self._multiplied(problem, inputs, "pushforward", whole, problem.parameters)

    def prepare_pullback(self, problem: Problem, inputs: Arrays) -> Prepared:
        whole = self.prepare(problem, inputs, "jacobian" if problem.vector_valued else "gradient")
        return self._multiplied(problem, inputs, "pullback", whole, problem.parameters)

    def _multiplied(
        self, problem: Problem, inputs: Arrays, name: str, whole: Prepared, blocks: Iterable[Any]
    ) -> Prepared:
        """The blocks that `whole` gives, times a direction or cotangent."""
        operator, terms = named(name), _terms(problem, inputs, name, blocks)
        parts, seeds = operator.layout(problem, inputs).shapes, operator.seeds(problem, inputs)

        def seed(inputs: Any) -> Arrays:
            return {key: self.convert(inputs[key]) for key in seeds}

        def multiply(found: Any, along: Arrays) -> dict[str, Any]:
            sums: dict[str, Any] = {}
            for term in terms:
                product = term.times(found[term.block], along[term.seed])
                sums[term.part] = sums[term.part] + product if term.part in sums else product
            return sums

        def unload(sums: dict[str, Any]) -> Arrays:
            return {part: self.to_numpy(sums[part]) for part in parts}

        return seeded(whole, seed, multiply, unload, f"times the {operator.seeded}")

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


# --- products with a direction or cotangent ------------------------------------------------


class Term(NamedTuple):
    """One block of a matrix, times one part of a seed."""

    block: Any
    """What the hand-derived formula calls it: a parameter, or a pair of them."""
    part: str
    """The part of the result that the product adds to."""
    seed: str
    """The part of the seed."""
    times: Callable[[Any, np.ndarray], Any]


def _terms(problem: Problem, inputs: Arrays, name: str, blocks: Iterable[Any]) -> list[Term]:
    """The products that make up an operator, from what the formula calls its blocks."""
    if name == "hvp":
        pattern = _pattern(problem, inputs, components(problem, inputs))
        terms = []
        for one, other in blocks:
            times = _times(problem, inputs, pattern, (one, other))
            terms.append(Term((one, other), one, direction(other), times))
            if one != other:  # the matrix is symmetric, and each pair is given once
                times = _times(problem, inputs, pattern, (one, other), transposed=True)
                terms.append(Term((one, other), other, direction(one), times))
        return terms
    pattern = None
    if problem.vector_valued:
        pattern = _pattern(problem, inputs, *problem.value_shape(inputs))
    if name == "pushforward":
        return [
            Term(block, VALUE, direction(block), _times(problem, inputs, pattern, ("", block)))
            for block in blocks
        ]
    return [
        Term(block, block, COTANGENT, _times(problem, inputs, pattern, ("", block), True))
        for block in blocks
    ]


def _pattern(problem: Problem, inputs: Arrays, rows: int) -> Pattern | None:
    """The stored entries of a Hessian or Jacobian; None for a dense one."""
    structure = problem.structure(inputs)
    return structure.pattern(rows, components(problem, inputs)) if structure.sparse else None


def _times(
    problem: Problem,
    inputs: Arrays,
    pattern: Pattern | None,
    ends: tuple[str, str],
    transposed: bool = False,
) -> Callable[[Any, np.ndarray], Any]:
    """Prepare the product of one block of a matrix, or of its transpose, and part of a seed.

    A block has the rows of one parameter, or of the value (`""`), and the columns of another.
    """
    shapes = {"": problem.value_shape(inputs), **parameter_shapes(problem, inputs)}
    one, other = (shapes[end] for end in ends)
    size = (math.prod(one), math.prod(other))
    result, seed = (other, one) if transposed else (one, other)
    if pattern is not None:
        row, column = _inside(problem, inputs, pattern, ends)
        stored = (column, row) if transposed else (row, column)
        product = stored_times(stored, math.prod(result))
        return lambda block, part: product(
            np.reshape(block, size)[row, column], part.ravel()
        ).reshape(result)
    if not seed:
        return lambda block, part: block * part
    if not result:
        return np.vdot
    if len(one) == len(other) == 1:
        return (lambda block, part: part @ block) if transposed else np.matmul
    if transposed:
        return lambda block, part: (part.ravel() @ np.reshape(block, size)).reshape(result)
    return lambda block, part: (np.reshape(block, size) @ part.ravel()).reshape(result)


def _inside(
    problem: Problem, inputs: Arrays, pattern: Pattern, ends: tuple[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """The stored entries within one block, counted from its corner."""
    places, inside = [], np.ones(len(pattern[0]), bool)
    for place, end in zip(pattern, ends, strict=True):
        before = problem.parameters[: problem.parameters.index(end)] if end else ()
        place = place - sum(inputs[name].size for name in before)
        inside &= (place >= 0) & (not end or place < inputs[end].size)
        places.append(place)
    return places[0][inside], places[1][inside]


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
