"""SymPy: trace the cost into a formula, differentiate the formula, compile it to NumPy.

A cost over data would become an expression as long as the data. So where the problem declares
its `rows`, one symbolic row is traced and differentiated, and the compiled formula is
broadcast over the data in blocks: the expression stays small and so does the memory.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.calling import timed
from calcbench.backend.prepared import Prepared
from calcbench.backend.rows import CHECKED_ROWS, add_blocks
from calcbench.backends.sympy.proof import is_zero
from calcbench.backends.sympy.trace import Trace, scalars
from calcbench.errors import ProblemError, Unsupported
from calcbench.operators import GRADIENT, Operator, named
from calcbench.operators.formulas import hand_derived
from calcbench.operators.operator import COTANGENT, VALUE, component, cut
from calcbench.operators.partial import Partial
from calcbench.problem.problem import Arrays, Problem
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import NUMPY, logsumexp, sigmoid, softplus
from calcbench.vocabulary.objects import SymbolicArray

METHOD = "symbolic"


PROOF_ROWS = 2
"""Symbolic rows in a proof: with one, a forgotten 1/n would not show."""


LARGEST_PROOF = 2_000
"""Entries of a matrix that are still worth proving one by one."""


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
        self.framework()  # says why where it is missing
        from calcbench.backends.sympy.vocabulary import SYMPY

        return SYMPY

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
            fixed = [*scalars(parameters), *scalars(data[n] for n in trace.fixed)]
            columns = [c for n in problem.rows for c in _columns(data[n])]
            return fixed, columns

        def seed(inputs: Any) -> list[Any]:
            return list(scalars(self.convert(inputs[name]) for name in trace.seeds))

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
            verdict = is_zero(claim - truth)
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

    def _check_rows(self, problem: Problem, trace: Trace, inputs: Arrays) -> None:
        """Refuse a declaration of rows that is not true of the cost."""
        if not problem.rows:
            return
        few = {**inputs, **{name: inputs[name][:CHECKED_ROWS] for name in problem.rows}}
        parameters, data = problem.split(few)
        whole = float(problem.cost_on(self.name, NUMPY)(*parameters, **data))
        fixed = [*scalars(parameters), *scalars(data[n] for n in trace.fixed)]
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


def _readable(expression: Any) -> Any:
    """A shorter form where finding one is quick."""
    import sympy

    return sympy.simplify(expression) if expression.count_ops() <= 60 else expression


def _compile(trace: Trace, expressions: list[Any]) -> Callable[..., Any]:
    """Expressions → one NumPy function of every symbol, fixed ones first, then row columns."""
    import sympy

    arguments = []
    for name in (*trace.problem.parameters, *trace.fixed):
        arguments += list(trace.symbols[name].flat)
    arguments += list(scalars(trace.seeds.values()))
    for name in trace.problem.rows:
        arguments += list(trace.symbols[name].flat)
    modules = [
        {
            "LogSumExp": lambda *terms: logsumexp(np.stack(np.broadcast_arrays(*terms)), 0),
            "Softplus": softplus,
            "Sigmoid": sigmoid,
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

    totals = add_blocks(sums, n)
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
    return array.view(SymbolicArray)


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


def _columns(data: np.ndarray) -> list[np.ndarray]:
    """Row data of any shape as contiguous columns, one per element of a row."""
    return [np.ascontiguousarray(column) for column in data.reshape(len(data), -1).T]
