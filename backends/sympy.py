"""SymPy: trace the cost into a formula, differentiate the formula, compile it to NumPy.

A cost over data would become an expression as long as the data. So where the problem declares
its `rows`, one symbolic row is traced and differentiated, and the compiled formula is
broadcast over the data in blocks: the expression stays small and so does the memory.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench import points
from calcbench.errors import ProblemError, Unsupported
from calcbench.interfaces import Backend, Prepared, Problem
from calcbench.interfaces.backend import timed
from calcbench.interfaces.problem import Arrays
from calcbench.interfaces.vocabulary import Namespace, object_reduction
from calcbench.operators import GRADIENT, Operator, named
from calcbench.operators.formulas import hand_derived
from calcbench.operators.operator import COTANGENT, VALUE, component, components, cut
from calcbench.operators.partial import Partial
from calcbench.program import (
    ITERATE,
    Rule,
    Spelling,
    Use,
    Writer,
    asked,
    comprehension,
    mapping,
)

from . import by_hand
from .by_hand import CHECKED_ROWS

METHOD = "symbolic"

LARGEST_EXPRESSION = 100_000
"""Operations beyond which differentiating and compiling takes minutes; refused with a reason."""

PROOF_ROWS = 2
"""Symbolic rows in a proof: with one, a forgotten 1/n would not show."""

ROUNDED_CONSTANT = 1e-12
"""A smaller difference than this may come from math.pi or 1/3 in a formula, and refutes nothing."""

LARGEST_PROOF = 2_000
"""Entries of a matrix that are still worth proving one by one."""

LARGEST_SIMPLIFICATION = 400
"""Operations beyond which SymPy's simplify takes too long to wait for."""

SHOWN_PARTIALS = 6
"""Partials that `formulas` spells out."""


@dataclass(frozen=True)
class SymPy(Backend):
    """Symbolic differentiation, compiled to NumPy with common subexpressions shared."""

    name: ClassVar[str] = "sympy"
    kind: ClassVar[Literal["exact", "approximate", "symbolic"]] = "symbolic"
    requires: ClassVar[tuple[str, ...]] = ("sympy",)
    install: ClassVar[str] = "python -m pip install sympy"

    def namespace(self) -> Namespace:
        return _namespace()

    def convert(self, array: np.ndarray) -> np.ndarray:
        return self.cast(array)

    def prepare_cost(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("cost"))

    def prepare_gradient(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("gradient"))

    def prepare_value_and_gradient(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("value_and_gradient"))

    def prepare_partial(self, problem: Problem, inputs: Arrays, component: str) -> Prepared:
        return self._prepare(problem, inputs, Partial(component))

    def prepare_pushforward(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("pushforward"))

    def prepare_pullback(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("pullback"))

    def prepare_jacobian(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("jacobian"))

    def prepare_hvp(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("hvp"))

    def prepare_hessian(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("hessian"))

    def prepare_second_derivative(self, problem: Problem, inputs: Arrays) -> Prepared:
        return self._prepare(problem, inputs, named("second_derivative"))

    def to_numpy(self, native: Any) -> np.ndarray:
        # Compiled formulas mix numbers of Python and of NumPy.
        return np.array(native, dtype=self.dtype)

    def _prepare(self, problem: Problem, inputs: Arrays, operator: Operator) -> Prepared:
        """Compile the operator's expressions: `run` lists their values, over the rows if any.

        Every operator is linear in the cost, so that the mean (or sum) over rows is taken last.
        """
        trace = self.trace(problem, inputs, operator=operator)
        self._check_rows(problem, trace, inputs)
        layout = operator.layout(problem, inputs)
        wanted = trace.expressions(operator, inputs, range(layout.size))
        distinct = {expression: k for k, expression in enumerate(dict.fromkeys(wanted))}
        places = [distinct[expression] for expression in wanted]
        function, seconds = timed(_compile, trace, list(distinct))
        # Row data is evaluated in NumPy all the same: load splits it into columns, once.
        check = self.loader(problem, inputs)
        baked = {n: inputs[n] for n in problem.data if inputs[n].dtype.kind == "i"}

        def load_point(inputs: Any) -> Any:
            for name, indices in baked.items():
                if not np.array_equal(inputs[name], indices):
                    raise ProblemError(
                        f"problem {problem.name!r}: the indices {name!r} are part of the formula; "
                        "prepare it again for other indices"
                    )
            parameters, data = check(inputs)
            fixed = [*_scalars(parameters), *_scalars(data[n] for n in trace.fixed)]
            columns = [c for n in problem.rows for c in _columns(data[n])]
            return fixed, columns

        def seed(inputs: Any) -> list[Any]:
            return list(_scalars(self.convert(inputs[name]) for name in trace.seeds))

        def run(native: Any, seeds: Any = ()) -> Any:
            fixed, columns = native
            if not columns:
                return function(*fixed, *seeds)
            return _over_rows(function, [*fixed, *seeds], columns, problem.reduction)

        def unload(values: Any) -> Arrays:
            flat = self.to_numpy(values)[places]
            parts = cut(tuple(layout.shapes.values()), flat)
            return {n: np.array(part) for n, part in zip(layout.shapes, parts, strict=True)}

        if not trace.seeds:
            return Prepared(load_point, run, unload, seconds, METHOD)
        return Prepared(
            lambda inputs: (load_point(inputs), seed(inputs)),
            lambda native: run(*native),
            unload,
            seconds,
            METHOD,
            seed,
        )

    def trace(
        self, problem: Problem, inputs: Arrays, rows: int = 1, operator: Operator = GRADIENT
    ) -> Trace:
        """Run the cost on symbols: `rows` symbolic rows of data, everything else in full.

        With symbols for the operator's direction or cotangent, the same for every row.
        """
        self.framework()
        symbols = {}
        taken = {*problem.parameters, *problem.data}
        for name in (*problem.parameters, *problem.data):
            array = inputs[name]
            if array.dtype.kind == "i":
                if name in problem.rows:
                    raise Unsupported(f"the row data {name!r} are indices, which have no symbol")
                symbols[name] = array
            elif name in problem.rows:
                symbols[name] = _symbols(name, (rows, *array.shape[1:]), problem, taken)
            else:
                symbols[name] = _symbols(name, array.shape, problem, taken)
        seeds = {
            name: _symbols(_seed_label(name, taken), shape, problem, taken)
            for name, shape in operator.seeds(problem, inputs).items()
        }
        parameters, data = problem.split(symbols)
        value = problem.cost_on(self.name, self.namespace())(*parameters, **data)
        problem.check_cost(np.shape(value), _dtype(value), problem.value_shape(inputs))
        return Trace(problem, symbols, _expressions(value), seeds)

    def prove(self, problem: Problem, inputs: Arrays, formula: str = "gradient") -> str:
        """Run a hand-derived formula on symbols and subtract the derivative of the cost.

        Every parameter, datum, row and seed is a symbol, so a difference that simplifies to 0 is
        a proof for all values; for costs over rows it is one for `PROOF_ROWS` rows of any data.
        """
        operator = named(formula).settled(problem, inputs)
        layout = operator.layout(problem, inputs)
        try:
            if layout.size > LARGEST_PROOF:
                raise Unsupported(f"{layout.size:,} entries, over {LARGEST_PROOF:,}")
            trace = self.trace(problem, inputs, PROOF_ROWS, operator)
            derivative = trace.expressions(operator, inputs, range(layout.size))
        except Unsupported as error:
            return f"not proved: {error}"
        values = {**trace.symbols, **trace.seeds}
        hand = hand_derived(problem, formula, self.namespace(), values, inputs)
        claimed = [e for array in hand.values() for e in np.asarray(array, dtype=object).flat]
        for k, (claim, truth) in enumerate(zip(claimed, derivative, strict=True)):
            verdict = _is_zero(claim - truth)
            if verdict is not True:
                where = layout.label(k)
                return f"refuted in {where}" if verdict is False else f"not proved in {where}"
        return "proved"

    def formulas(
        self, problem: Problem, inputs: Arrays, operator: Operator | None = None
    ) -> dict[str, str]:
        """The cost and an operator's first components; for a cost over rows, those of one row."""
        operator = operator or GRADIENT
        trace = self.trace(problem, inputs, operator=operator)
        names = [
            component({VALUE: problem.value_shape(inputs)}, k) for k in range(len(trace.values))
        ]
        found = {name: str(value) for name, value in zip(names, trace.values, strict=True)}
        layout = operator.layout(problem, inputs)
        first = range(min(layout.size, SHOWN_PARTIALS))
        for k, expression in zip(first, trace.expressions(operator, inputs, first), strict=True):
            found.setdefault(layout.label(k), str(_readable(expression)))
        more = layout.size - len(first)
        if more > 0:
            found["note"] = f"… and {more} more partials"
        if problem.rows:
            found["note"] = f"for one row; the {problem.reduction} over all rows is taken" + (
                f"; {found['note']}" if more > 0 else ""
            )
        return found

    def program(self, problem: Problem, operator: Operator | None = None) -> str:
        return _program(self, problem, asked(problem, operator, PROGRAMS))

    def _check_rows(self, problem: Problem, trace: Trace, inputs: Arrays) -> None:
        """Refuse a declaration of rows that is not true of the cost."""
        if not problem.rows:
            return
        few = {**inputs, **{name: inputs[name][:CHECKED_ROWS] for name in problem.rows}}
        parameters, data = problem.split(few)
        whole = float(problem.cost_on(self.name, by_hand.NUMPY)(*parameters, **data))
        fixed = [*_scalars(parameters), *_scalars(data[n] for n in trace.fixed)]
        columns = [c for n in problem.rows for c in _columns(data[n])]
        seedless = dataclasses.replace(trace, seeds={})
        cost = _compile(seedless, [trace.cost])
        (by_row,) = _over_rows(cost, fixed, columns, problem.reduction)
        if not np.isclose(whole, by_row, rtol=1e-8, atol=1e-12, equal_nan=True):
            raise ProblemError(
                f"problem {problem.name!r} declares rows = {problem.rows}, but its cost of "
                f"{len(columns[0])} rows is {whole:.17g}, and the {problem.reduction} of the costs "
                f"of its rows is {by_row:.17g}"
            )


@dataclass(frozen=True)
class Trace:
    """A cost as a SymPy expression, with the symbols that stand for its inputs."""

    problem: Problem
    symbols: dict[str, Any]
    """Argument name → object array of symbols (or integer array, baked in)."""
    values: list[Any]
    """The cost; of a vector-valued problem, each of its outputs."""
    seeds: dict[str, Any]
    """Name among the inputs → symbols of the direction or cotangent."""

    @property
    def cost(self) -> Any:
        """The expression of the cost."""
        return self.values[0]

    @property
    def fixed(self) -> list[str]:
        """Data arguments that are symbols and the same for every row."""
        return [
            name
            for name in self.problem.data
            if name not in self.problem.rows and self.symbols[name].dtype == object
        ]

    def check_size(self) -> None:
        """Raise `Unsupported` for a cost that would take minutes to differentiate or compile."""
        operations = sum(_operations(value) for value in self.values)
        if operations > LARGEST_EXPRESSION:
            raise Unsupported(
                f"the formula has {operations:,} operations, over {LARGEST_EXPRESSION:,}"
            )

    def slope(self, row: int, symbol: Any) -> Any:
        """The derivative of one output by one symbol; of a sum, of the terms that it occurs in."""
        import sympy

        return sympy.Add(*(term.diff(symbol) for term in self._terms[row].get(symbol, ())))

    @functools.cached_property
    def _terms(self) -> list[dict[Any, list[Any]]]:
        """For each output: symbol → the terms of the sum that it occurs in."""
        import sympy

        found: list[dict[Any, list[Any]]] = [{} for _ in self.values]
        for value, terms in zip(self.values, found, strict=True):
            for term in sympy.Add.make_args(value):
                for symbol in term.free_symbols:
                    terms.setdefault(symbol, []).append(term)
        return found

    def gradient(self) -> dict[str, np.ndarray]:
        """Parameter name → object array of the partial derivatives of the cost."""
        self.check_size()
        partials = {}
        for name in self.problem.parameters:
            symbols = self.symbols[name]
            partials[name] = np.empty(symbols.shape, dtype=object)
            for index in np.ndindex(symbols.shape):
                partials[name][index] = self.slope(0, symbols[index])
        return partials

    def expressions(
        self, operator: Operator, inputs: Arrays, positions: Iterable[int]
    ) -> list[Any]:
        """The operator's result at these positions of its layout.

        Raises `Unsupported` for what would take minutes to derive or compile.
        """
        self.check_size()
        places = list(positions)
        if operator.name in ("hessian", "hvp"):
            self._check_second(inputs, len(places) / operator.layout(self.problem, inputs).size)
        entry = self._entry(operator, inputs)
        return [entry(k) for k in places]

    def _check_second(self, inputs: Arrays, share: float) -> None:
        """Refuse second derivatives that would be too long together, of which a share is wanted.

        Each is about as long as the first derivative that it is the derivative of.
        """
        lengths = [_operations(e) for array in self.gradient().values() for e in array.flat]
        n = len(lengths)
        stored = len(self.problem.structure(inputs).pattern(n, n)[0])
        operations = int(sum(lengths) * stored / n / 2 * share)
        if operations > LARGEST_EXPRESSION:
            raise Unsupported(
                f"the formulas of the second derivatives have about {operations:,} operations, "
                f"over {LARGEST_EXPRESSION:,}"
            )

    def _entry(self, operator: Operator, inputs: Arrays) -> Callable[[int], Any]:
        """The operator's result: position in its layout → expression."""
        import sympy

        values, problem = self.values, self.problem
        variables = list(_scalars(self.symbols[name] for name in problem.parameters))
        seeds = list(_scalars(self.seeds.values()))
        rows = len(values) if problem.vector_valued else len(variables)
        row, column = (p.tolist() for p in problem.structure(inputs).pattern(rows, len(variables)))
        stored = list(zip(row, column, strict=True))

        @functools.cache
        def slope(row: int, k: int) -> Any:
            return self.slope(row, variables[k])

        @functools.cache
        def curvature(one: int, other: int) -> Any:
            return slope(0, one).diff(variables[other])

        def second(one: int, other: int) -> Any:
            return curvature(min(one, other), max(one, other))  # it is symmetric

        def product(factor: Callable[[int], Any], places: Iterable[int]) -> Any:
            return sympy.Add(*(factor(k) * seeds[k] for k in places))

        if isinstance(operator, Partial):
            position = operator.position(problem, inputs)
            return lambda k: slope(k, position)
        every, position_of = range(len(seeds)), {v: k for k, v in enumerate(variables)}

        def neighbours(k: int) -> list[int]:
            """The variables that the k-th slope depends on."""
            found = slope(0, k).free_symbols
            return sorted(position_of[symbol] for symbol in found if symbol in position_of)

        entries: dict[str, Callable[[int], Any]] = {
            "cost": lambda k: values[k],
            "gradient": lambda k: slope(0, k),
            "value_and_gradient": lambda k: slope(0, k - 1) if k else values[0],
            "jacobian": lambda k: slope(*stored[k]),
            "hessian": lambda k: second(*stored[k]),
            "second_derivative": lambda k: second(0, 0),
            "pushforward": lambda k: product(lambda column: slope(k, column), every),
            "pullback": lambda k: product(lambda row: slope(row, k), every),
            "hvp": lambda k: product(lambda other: second(k, other), neighbours(k)),
        }
        return entries[operator.name]


def _readable(expression: Any) -> Any:
    """A shorter form where finding one is quick."""
    import sympy

    return sympy.simplify(expression) if expression.count_ops() <= 60 else expression


def _operations(expression: Any) -> int:
    """The operations of an expression written out in full, without writing it out.

    Subexpressions are shared: SymPy's own count visits each as often as it occurs, which after
    thirty steps of x·(1 − x) is a billion times.
    """
    counts: dict[Any, int] = {}
    left = [expression]
    while left:
        node = left[-1]
        waiting = [child for child in node.args if child not in counts]
        if waiting:
            left += waiting
        else:
            counts[left.pop()] = bool(node.args) + sum(counts[child] for child in node.args)
    return counts[expression]


def _is_zero(difference: Any) -> bool | None:
    """Whether an expression is identically 0: True is proved, False refuted, None unknown."""
    import sympy

    difference = sympy.nsimplify(difference, rational=True)  # 0.5 is meant to be one half
    if difference == 0 or difference.expand() == 0:
        return True
    if abs(_anywhere(difference)) > ROUNDED_CONSTANT:
        return False
    difference = elementary(difference)
    if difference.count_ops() <= LARGEST_SIMPLIFICATION and sympy.simplify(difference) == 0:
        return True
    return None


def _anywhere(expression: Any) -> Any:
    """The value at one fixed ordinary point, to 40 digits: enough to refute an identity."""
    import sympy

    symbols = sorted(expression.free_symbols, key=str)
    values = {
        symbol: sympy.Rational(37 + 11 * k, 53) * (-1 if symbol.is_negative else 1)
        for k, symbol in enumerate(symbols)
    }
    return sympy.N(elementary(expression).subs(values), 40)


def _compile(trace: Trace, expressions: list[Any]) -> Callable[..., Any]:
    """Expressions → one NumPy function of every symbol, fixed ones first, then row columns."""
    import sympy

    arguments = []
    for name in (*trace.problem.parameters, *trace.fixed):
        arguments += list(trace.symbols[name].flat)
    arguments += list(_scalars(trace.seeds.values()))
    for name in trace.problem.rows:
        arguments += list(trace.symbols[name].flat)
    modules = [
        {
            "LogSumExp": lambda *terms: by_hand.logsumexp(np.stack(np.broadcast_arrays(*terms)), 0),
            "Softplus": by_hand.softplus,
            "Sigmoid": by_hand.sigmoid,
            "Expm1": np.expm1,
            "Log1p": np.log1p,
            "Heaviside": np.heaviside,
            "DiracDelta": lambda x, *k: 0.0 * x,  # the slope of a jump, beside the jump
        },
        "numpy",
    ]
    return sympy.lambdify(arguments, expressions, modules=modules, cse=True)


def _over_rows(
    function: Callable[..., Any], fixed: list[Any], columns: list[np.ndarray], reduction: str
) -> list[Any]:
    """Evaluate a function of one row on all rows, block by block, and combine."""
    n = len(columns[0])

    def sums(block: slice) -> list[Any]:
        values = function(*fixed, *(column[block] for column in columns))
        # A partial that does not depend on the row comes back as one number for all of them.
        return [np.sum(v) if np.ndim(v) else v * (block.stop - block.start) for v in values]

    totals = by_hand.add_blocks(sums, n)
    return [total / n for total in totals] if reduction == "mean" else totals


def _symbols(name: str, shape: tuple[int, ...], problem: Problem, taken: set[str]) -> Any:
    """An object array of real symbols: `m`, `w0`, `w1`, `X0_1`, …; `w0'` where `w0` is taken."""
    import sympy

    low, high = problem.domain.get(name, (-np.inf, np.inf))
    sign = {"positive": True} if low >= 0 else {"negative": True} if high <= 0 else {}
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        label = name + "_".join(map(str, index))
        while index and label in taken:  # SymPy takes symbols of one name for one symbol
            label += "'"
        taken.add(label)
        array[index] = sympy.Symbol(label, real=True, **sign)
    return array.view(_symbolic_array())


@functools.cache
def _symbolic_array() -> type:
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


def _expressions(value: Any) -> list[Any]:
    """The expressions in a value of shape () or (m,)."""
    import sympy

    return [sympy.sympify(item) for item in np.asarray(value, dtype=object).flat]


def _seed_label(name: str, taken: set[str]) -> str:
    """What the symbols of a direction (`v_w`) or cotangent (`u`) are called."""
    label = "u" if name == COTANGENT else f"v_{name.removeprefix('direction ')}"
    while label in taken:
        label += "'"
    taken.add(label)
    return label


def _dtype(value: Any) -> str:
    """What to call the type of a traced cost when checking it: symbols stand for reals."""
    import sympy

    scalar = np.asarray(value, dtype=object)
    if scalar.shape != () or isinstance(scalar[()], (float, np.floating)):
        return "float64"
    expression = sympy.sympify(scalar[()])
    if expression.has(sympy.I):
        return "complex128"
    return "int64" if expression.is_Integer and not expression.free_symbols else "float64"


def _scalars(arrays: Any) -> Iterator[Any]:
    for array in arrays:
        yield from array.flat


def _columns(data: np.ndarray) -> list[np.ndarray]:
    """Row data of any shape as contiguous columns, one per element of a row."""
    return [np.ascontiguousarray(column) for column in data.reshape(len(data), -1).T]


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
    return np.asarray(result, dtype=object).view(_symbolic_array())


def _reduction(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    reduce = object_reduction(function)
    return lambda x, axis=None, keepdims=False: _wrap(reduce(x, axis, keepdims))


@functools.cache
def _namespace() -> Namespace:
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
        if sum(_operations(e) for e in expressions if hasattr(e, "args")) > LARGEST_EXPRESSION:
            raise Unsupported(
                f"the formula has over {LARGEST_EXPRESSION:,} operations after "
                f"{done + 1} of {n} steps"
            )
    return state


# --- a program without calcbench -----------------------------------------------------------
# First the formula, in symbols; it becomes a function, and then the same names take numbers.

LARGEST_PROGRAM = 200
"""Symbols that are still worth writing a program for."""

LONGEST = 100
"""Operations in the cost, times the number of its partials, that are still worth printing."""


LARGEST_MATRIX = 20
"""Components of the parameters up to which a program takes the second derivatives one by one."""

PROGRAMS = {
    "gradient": "dC/d{name}",
    "partial": "dC/d{name}",
    "jacobian": "dC/d{name}",
    "hessian": "d2C/d{one} d{other}",
    "second_derivative": "d2C/d{name}2",
}
"""Operators that have a program, and what is printed before each of its values."""


def _program(backend: SymPy, problem: Problem, operator: Operator) -> str:
    row, kept = _one_row(problem, backend.name)
    writer = Writer(problem, backend.name, SPELLING, by_hand.NUMPY, row, operator=operator)
    cost, partials = writer.fresh("cost", "value"), writer.fresh("partials", "derivatives")
    symbols = [name for name in row if row[name].dtype.kind == "f"]
    symbols.sort(key=lambda name: name in problem.rows)
    declared = _declarations(row, symbols, real=writer.mentions(*WANT_REAL))
    *needs, formula = writer.body(cost)
    each = writer.fresh("s", "symbol")
    derived = _derivatives(writer, cost, each)
    values = "gradient" if operator.name == "partial" else operator.name
    heading = "# The formula, for one row of the data.\n" if problem.rows else ""
    blocks = [*needs, f"{heading}{declared}\n{formula}", mapping(partials, derived)]
    numbers = not problem.vector_valued and not any(array.ndim for array in row.values())
    if not problem.rows and numbers:
        printed = _print(operator, values, partials, "")
        return writer.compose(*blocks, _at_a_point(writer, values, partials), printed)
    compiled = f"sp.lambdify([{', '.join(symbols)}], d)"
    blocks[-1] += "\n" + comprehension("functions", compiled, f"name, d in {partials}.items()")
    *needs, data = writer.data(by_hand.numpy_value)
    short = not problem.vector_valued and _work(backend, problem) * len(derived) <= (
        LONGEST * len(problem.parameters)
    )
    over = f"{problem.reduction} of " if problem.rows else ""
    return writer.compose(
        *blocks,
        *needs,
        f"# Its value at the {'data' if problem.rows else 'point'}.\n{data}",
        _evaluate(problem, values, row, symbols, kept),
        _print(operator, values, partials if short else "", over),
    )


def _one_row(problem: Problem, backend: str) -> tuple[Arrays, bool]:
    """The inputs with one row of data, and whether it must keep its axis of length 1.

    Most costs read the same for one row as for many. That is tried out, on a few rows.
    """
    inputs = points.inputs(problem)
    cost = problem.cost_on(backend, by_hand.NUMPY)

    def at(rows: Any) -> Arrays:
        return {n: array[rows] if n in problem.rows else array for n, array in inputs.items()}

    def value(rows: Any) -> float:
        parameters, data = problem.split(at(rows))
        return float(cost(*parameters, **data))

    size = sum(array.size for array in at(slice(1)).values())
    if size > LARGEST_PROGRAM:
        raise Unsupported(f"no program: {size} symbols are too many, over {LARGEST_PROGRAM}")
    if not problem.rows:
        return inputs, False
    count = min(CHECKED_ROWS, len(inputs[problem.rows[0]]))
    combine = np.mean if problem.reduction == "mean" else np.sum
    try:
        reads_the_same = np.isclose(combine([value(i) for i in range(count)]), value(slice(count)))
    except (IndexError, ValueError, TypeError, AttributeError):
        reads_the_same = False
    return (at(0), False) if reads_the_same else (at(slice(1)), True)


def _declarations(row: Arrays, symbols: list[str], real: bool) -> str:
    """`m, b = sp.symbols("m b")`, arrays of symbols, and the indices as they are."""
    assumption = ", real=True" if real else ""
    numbers = [name for name in symbols if row[name].ndim == 0]
    lines = []
    if numbers:
        lines.append(f'{", ".join(numbers)} = sp.symbols("{" ".join(numbers)}"{assumption})')
    for name in symbols:
        shape, size = row[name].shape, row[name].size
        if shape:
            reshape = f".reshape{shape}" if len(shape) > 1 else ""
            lines.append(f'{name} = np.array(sp.symbols("{name}:{size}"{assumption})){reshape}')
    lines += [f"{n} = np.array({row[n].tolist()})" for n in row if n not in symbols]
    return "\n".join(lines)


def _derivative(cost: str, name: str, rank: int, each: str) -> str:
    if rank == 0:
        return f"sp.diff({cost}, {name})"
    if rank == 1:
        return f"[sp.diff({cost}, {each}) for {each} in {name}]"
    return f"np.vectorize(sp.diff)({cost}, {name}).tolist()"


def _derivatives(writer: Writer, cost: str, each: str) -> dict[Any, str]:
    """The derivatives by name, as source text."""
    problem, operator, inputs = writer.problem, writer.operator, writer.inputs
    ranks = {name: inputs[name].ndim for name in problem.parameters}
    if isinstance(operator, Partial):
        rows, symbol = writer.fresh("c", "output"), operator.component
        one = _derivative(cost, symbol, 0, each)
        if problem.vector_valued:
            one = f"[sp.diff({rows}, {symbol}) for {rows} in {cost}]"
        return {symbol: one}
    if operator.name == "gradient":
        return {name: _derivative(cost, name, rank, each) for name, rank in ranks.items()}
    if operator.name == "second_derivative" and not any(ranks.values()):
        return {name: f"sp.diff({cost}, {name}, 2)" for name in ranks}
    if max(ranks.values()) > 1 or components(problem, inputs) > LARGEST_MATRIX:
        raise Unsupported(
            f"no program for the {operator.name}, only by numbers and vectors of up to "
            f"{LARGEST_MATRIX} components together"
        )
    if operator.name == "jacobian":
        rows = writer.fresh("c", "output")
        return {
            name: f"[{_derivative(rows, name, rank, each)} for {rows} in {cost}]"
            for name, rank in ranks.items()
        }
    other = writer.fresh("t", "second_symbol")
    pairs = itertools.combinations_with_replacement(ranks, 2)
    found = {pair: _second(cost, pair, ranks, each, other) for pair in pairs}
    return found if operator.name == "hessian" else {name: found[name, name] for name in ranks}


def _second(cost: str, pair: tuple[str, str], ranks: Any, each: str, other: str) -> str:
    """One block of a Hessian, by two numbers or vectors."""
    first, second = (s if ranks[n] else n for n, s in zip(pair, (each, other), strict=True))
    text = f"sp.diff({cost}, {first}, {second})"
    for name, symbol in zip(reversed(pair), (other, each), strict=True):
        text = f"[{text} for {symbol} in {name}]" if ranks[name] else text
    return text


def _at_a_point(writer: Writer, result: str, partials: str) -> str:
    """Substitute numbers into the formula."""
    writer.refuse_attributes(list(writer.inputs))
    point = writer.fresh("point", "values")
    values = ", ".join(f"{name}: {float(array)!r}" for name, array in writer.inputs.items())
    over = f"name, d in {partials}.items()"
    return f"{point} = {{{values}}}\n{comprehension(result, f'float(d.subs({point}))', over)}"


def _evaluate(problem: Problem, result: str, row: Arrays, symbols: list[str], kept: bool) -> str:
    """Call the functions: on every row of the data, if there are rows."""
    fixed = [name for name in symbols if name not in problem.rows]
    rows = [f"{name}[:, None]" if kept else name for name in symbols if name in problem.rows]
    arrays = any(row[name].ndim for name in (*problem.parameters, *problem.rows))
    if rows and (arrays or problem.reduction == "sum"):
        call = f"function({', '.join([*fixed, '*row'])})"
        value = f"np.{problem.reduction}([{call} for row in zip({', '.join(rows)})], axis=0)"
    elif rows:
        value = f"np.mean(function({', '.join(symbols)}))"
    else:
        value = f"np.array(function({', '.join(symbols)}))"
    return comprehension(result, value, "name, function in functions.items()")


def _work(backend: SymPy, problem: Problem) -> int:
    """Operations in the cost of one row, times the number of partials."""
    inputs = points.inputs(problem)
    cost = backend.trace(problem, inputs).cost
    return int(cost.count_ops()) * sum(inputs[name].size for name in problem.parameters)


def _print(operator: Operator, values: str, partials: str, over: str) -> str:
    """Print each value, after its formula if `partials` are to be printed."""
    pair = operator.name == "hessian"
    name, index = ("(one, other)", "one, other") if pair else ("name", "name")
    formula = f"{over}{{partial}} = {{{values}[{index}]}}" if partials else "{partial}"
    return (
        f"for {name}, partial in {partials or values}.items():\n"
        f'    print(f"{PROGRAMS[operator.name]} = {formula}")'
    )


WANT_REAL = ("abs", "maximum", "minimum", "max", "sqrt", "linalg.cholesky", "linalg.slogdet")
"""Functions whose derivatives SymPy states for real symbols only."""


def _spell_elementwise(name: str, scalar: str) -> Rule:
    """A function of expressions; on arrays, it is applied to every element."""

    def rule(use: Use) -> str:
        if max(use.ranks, default=0) <= 0:
            return scalar
        if scalar.startswith("lambda "):
            return f"def {name}(x):\n    return np.vectorize({scalar})(x)"
        arguments = "x, y" if len(use.arguments) == 2 else "x"
        return f"lambda {arguments}: np.vectorize({scalar})({arguments})"

    return rule


def _spell_reduction(name: str) -> Rule:
    """The mean of one row is the row; arrays of expressions are for NumPy."""

    def rule(use: Use) -> str:
        return "lambda x: x" if use.ranks[:1] == (0,) else f"np.{name}"

    return rule


def _spell_max(use: Use) -> str:
    plain = use.ranks == (1,) and not use.keywords
    return "lambda x: sp.Max(*x)" if plain else ""


def _spell_where(use: Use) -> str:
    plain = max(use.ranks, default=0) <= 0
    return "lambda condition, x, y: sp.Piecewise((x, condition), (y, True))" if plain else ""


def _spell_logsumexp(use: Use) -> str:
    if use.ranks == (1,) and not use.keywords:
        return "lambda x: sp.log(sum(sp.exp(term) for term in x))"
    return """\
def logsumexp(x, axis=None, keepdims=False):
    total = np.sum(np.vectorize(sp.exp)(x), axis=axis, keepdims=keepdims)
    return np.vectorize(sp.log)(total)"""


def _spell_solve(use: Use) -> str:
    flat = ".ravel()" if use.ranks == (2, 1) else ""
    # By minors: elimination would choose pivots before it knows the numbers.
    return f'lambda a, b: np.array(sp.Matrix(a).inv("ADJ") @ sp.Matrix(b)){flat}'


_SCALAR = {
    **{name: f"sp.{name}" for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh")},
    "abs": "sp.Abs",
    "maximum": "sp.Max",
    "minimum": "sp.Min",
    "expm1": "lambda x: sp.exp(x) - 1",
    "log1p": "lambda x: sp.log(1 + x)",
    "sigmoid": "lambda x: 1 / (1 + sp.exp(-x))",
    "softplus": "lambda x: sp.log(1 + sp.exp(x))",
}

SPELLING = Spelling(
    "SymPy",
    {
        **{name: _spell_elementwise(name, scalar) for name, scalar in _SCALAR.items()},
        **{name: _spell_reduction(name) for name in ("sum", "mean")},
        **{name: f"np.{name}" for name in ("einsum", "reshape", "stack")},
        "pi": "sp.pi",
        "logaddexp": "lambda x, y: sp.log(sp.exp(x) + sp.exp(y))",
        "where": _spell_where,
        "max": _spell_max,
        "logsumexp": _spell_logsumexp,
        "matmul": "lambda x, y: x @ y",
        "matrix_transpose": by_hand.matrix_transpose,
        "concat": "np.concatenate",
        "take": "lambda x, indices, axis=0: np.take(x, indices, axis=axis)",
        "take_along_axis": "np.take_along_axis",
        "linalg.cholesky": "lambda x: np.array(sp.Matrix(x).cholesky(hermitian=False))",
        "linalg.solve": _spell_solve,
        "linalg.slogdet": """\
def slogdet(x):
    determinant = sp.Matrix(x).det()
    sign = sp.Piecewise((1, determinant > 0), (-1, True))
    return sign, sp.log(sp.Abs(determinant))""",
        "iterate": ITERATE,
    },
    imports={"sp": "import sympy as sp"},
)
