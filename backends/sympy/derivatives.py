"""SymPy: trace the cost into a formula, differentiate the formula, compile it to NumPy.

A cost over data would become an expression as long as the data. So where the problem has `rows`,
declared or found, one symbolic row is traced and differentiated, and the compiled formula is
broadcast over the data in blocks: the expression stays small and so does the memory.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.calling import measure_call
from calcbench.backend.prepared import Prepared
from calcbench.backend.rows import CHECKED_ROWS
from calcbench.errors import DeclarationError, ProblemError, Unsupported
from calcbench.operators import GRADIENT, Operator, find_operator
from calcbench.operators.hand_derived import apply_formula
from calcbench.problem.flat import unflatten
from calcbench.problem.point import Point, component_name
from calcbench.problem.problem import Arrays
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import NUMPY

from .compilation import compile_expressions, split_columns, sum_over_rows
from .deadline import deadline
from .proof import SECONDS, Decision, Proof
from .simplification import simplify
from .trace import Trace, scalars, trace_cost

METHOD = "symbolic"

PROOF_ROWS = 2
"""Symbolic rows in a proof: with one, a forgotten 1/n would not show."""

LARGEST_ROWS = 16
"""Rows up to which a proof takes the numbers of all of them."""

LARGEST_PROOF = 2_000
"""Entries of a matrix that are still worth proving one by one."""

WORDS = {
    Decision.ZERO: "proved",
    Decision.ZERO_FOR_DATA: "proved for these data",
    Decision.REFUTED: "refuted",
    Decision.OPEN: "not proved",
}

FIRST_PARTIALS = 6
"""Partials that `formulas` spells out."""

LARGEST_READ = 60
"""Operations up to which a formula that is shown is simplified."""

READING_SECONDS = 1.0
"""The longest that simplifying one of them may take, of the processor."""


@dataclass(frozen=True)
class SymPy(Backend):
    """Symbolic differentiation, compiled to NumPy with common subexpressions shared."""

    name = "sympy"
    kind = "symbolic"
    requires = ("sympy",)
    install = "python -m pip install sympy"

    def namespace(self) -> Namespace:
        self.framework()  # says why where it is missing
        from .vocabulary import SYMPY

        return SYMPY

    def to_numpy(self, native: Any) -> np.ndarray:
        # Compiled formulas mix numbers of Python and of NumPy.
        return np.array(native, dtype=self.dtype)

    def prepare_other(self, operator: Operator, point: Point) -> Prepared:
        """Compile any operator's expressions: `run` lists their values, over the rows if any.

        Every operator is linear in the cost, so that the mean (or sum) over rows is taken last.
        """
        trace = self.trace(point, operator=operator)
        self._check_rows(trace, point)
        return self.prepare_trace(trace, operator, point)

    def prepare_trace(self, trace: Trace, operator: Operator, point: Point) -> Prepared:
        """Compile an operator's expressions, derived from a trace of the cost."""
        layout = operator.layout(point)
        wanted = trace.expressions(operator, point, range(layout.size))
        distinct = {expression: k for k, expression in enumerate(dict.fromkeys(wanted))}
        places = [distinct[expression] for expression in wanted]
        function, seconds = measure_call(compile_expressions, trace, list(distinct))
        load_point, reduction = self._point_loader(trace, point), point.rows.reduction

        def seed(point: Point) -> list[Any]:
            return list(scalars(self.convert(point.seed[name]) for name in trace.seeds))

        def run(native: Any, seeds: Any = ()) -> Any:
            fixed, columns = native
            if not columns:
                return function(*fixed, *seeds)
            return sum_over_rows(function, [*fixed, *seeds], columns, reduction)

        def unload(values: Any) -> Arrays:
            parts = unflatten(self.to_numpy(values)[places], layout.shapes)
            return {name: np.array(part) for name, part in parts.items()}

        if not trace.seeds:
            return Prepared(load_point, run, unload, seconds, METHOD)
        return Prepared(
            lambda point: (load_point(point), seed(point)),
            lambda native: run(*native),
            unload,
            seconds,
            METHOD,
            seed,
        )

    def trace(self, point: Point, rows: int = 1, operator: Operator = GRADIENT) -> Trace:
        """Run the cost on symbols (`trace_cost`)."""
        self.framework()
        return trace_cost(point, self.namespace(), rows, operator)

    def prove(self, point: Point, formula: str = "gradient") -> str:
        """Run a hand-derived formula on symbols and subtract the derivative of the cost.

        Every parameter, datum, row and seed is a symbol, so a difference that simplifies to 0 is
        a proof for all values; for costs over rows it is one for `PROOF_ROWS` rows of any data.
        Where it takes the data's own numbers, they are put in, those of every row.
        """
        try:
            with deadline(SECONDS):
                verdict, where = self._prove(point, formula, PROOF_ROWS)
                if verdict is Decision.ZERO_FOR_DATA and point.row_count > PROOF_ROWS:
                    verdict, where = self._prove_all_rows(point, formula)
            if verdict is Decision.REFUTED and point.rows.found:  # all of them may be needed
                raise Unsupported(f"it is not the derivative for {PROOF_ROWS} of the rows")
        except Unsupported as error:
            return f"not proved: {error}"
        return WORDS[verdict] + where

    def _prove_all_rows(self, point: Point, formula: str) -> tuple[Decision, str]:
        """Decide about a formula with the numbers of every row."""
        if point.row_count > LARGEST_ROWS:
            raise Unsupported(f"not for all data, and these have {point.row_count:,} rows")
        return self._prove(point, formula, point.row_count)

    def _prove(self, point: Point, formula: str, rows: int) -> tuple[Decision, str]:
        """Decide about every number of a formula: the worst decision, and where it falls."""
        from .vocabulary import spell_shares

        operator = find_operator(formula).resolve(point)
        layout = operator.layout(point)
        if layout.size > LARGEST_PROOF:
            raise Unsupported(f"{layout.size:,} entries, over {LARGEST_PROOF:,}")
        trace = self.trace(point, rows, operator)
        derivative = map(spell_shares, trace.expressions(operator, point, range(layout.size)))
        hand = apply_formula(point, formula, self.namespace(), trace.symbols, trace.seeds)
        stated = [e for array in hand.values() for e in np.asarray(array, dtype=object).flat]
        proof, worst = Proof(trace, point), Decision.ZERO
        for k, (statement, truth) in enumerate(zip(stated, derivative, strict=True)):
            decision, where = proof.decide(statement, truth)
            if decision in (Decision.REFUTED, Decision.OPEN):
                return decision, f" in {layout.label(k)}{where}"
            if decision is Decision.ZERO_FOR_DATA:
                worst = decision
        return worst, ""

    def formulas(self, point: Point, operator: Operator = GRADIENT) -> dict[str, str]:
        """Write the cost and an operator's first components; for a cost over rows, those of one."""
        trace = self.trace(point, operator=operator)
        outputs = [(k,) if point.value_shape else () for k in range(len(trace.values))]
        names = [component_name(point.problem.letter, index) for index in outputs]
        found = {name: str(value) for name, value in zip(names, trace.values, strict=True)}
        layout = operator.layout(point)
        first = range(min(layout.size, FIRST_PARTIALS))
        for k, expression in zip(first, trace.expressions(operator, point, first), strict=True):
            found.setdefault(layout.label(k), str(_readable(expression)))
        more = layout.size - len(first)
        notes = []
        if trace.rows:
            notes.append(f"for one row; the {point.rows.reduction} over all rows is taken")
        if trace.rows and point.rows.found:
            notes.append(point.rows.describe(point.row_count))
        if more > 0:
            notes.append(f"… and {more} more partials")
        return {**found, "note": "; ".join(notes)} if notes else found

    def _point_loader(self, trace: Trace, point: Point) -> Any:
        """Build `load`: (numbers in the order of the compiled arguments, columns of the rows).

        Row data is evaluated in NumPy all the same: it is split into columns once.
        """
        problem, check = point.problem, self.loader(point)
        baked = {n: point[n] for n in problem.data if point[n].dtype.kind == "i"}

        def load(point: Point) -> Any:
            for name, indices in baked.items():
                if not np.array_equal(point[name], indices):
                    raise ProblemError(
                        f"problem {problem.name!r}: the indices {name!r} are part of the formula; "
                        "prepare it again for other indices"
                    )
            return _arguments(trace, *check(point))

        return load

    def _check_rows(self, trace: Trace, point: Point) -> None:
        """Refuse rows that are not true of the cost, such as a declaration that is wrong.

        It is called wrong only where values of the cost in NumPy say so, too: then it is wrong for
        every backend, and otherwise for SymPy alone.
        """
        problem, reduction = point.problem, point.rows.reduction
        if not trace.rows:
            return
        # A row's share in a term without rows is an n-th for all n rows, and for no fewer.
        count = point.row_count if point.rows.extra else CHECKED_ROWS
        parameters, data = problem.split(point.with_rows(slice(count)).values)
        whole = float(problem.cost_on(self.name, NUMPY)(*parameters, **data))
        fixed, columns = _arguments(trace, parameters, data)
        cost = compile_expressions(dataclasses.replace(trace, seeds={}), [trace.cost])
        (by_row,) = sum_over_rows(cost, fixed, columns, reduction)
        if np.isclose(whole, by_row, rtol=1e-8, atol=1e-12, equal_nan=True):
            return
        differs = (
            f"its cost of {len(columns[0])} rows is {whole:.17g}, and the {reduction} of the costs "
            f"of its rows is {by_row:.17g}"
        )
        if point.rows.found:
            raise Unsupported(f"the rows of {', '.join(trace.rows)} are not alike: {differs}")
        if point.rows.refuted:
            raise DeclarationError(
                f"problem {problem.name!r} declares rows = {problem.rows}, but {differs}"
            )
        raise Unsupported(f"one symbolic row does not stand for all: {differs}")


def _arguments(trace: Trace, parameters: Any, data: Any) -> tuple[list[Any], list[np.ndarray]]:
    """Put numbers into the order of a compiled function's arguments: fixed ones, then columns."""
    fixed = [*scalars(parameters), *scalars(data[name] for name in trace.fixed)]
    return fixed, [c for name in trace.rows for c in split_columns(data[name])]


def _readable(expression: Any) -> Any:
    """Simplify an expression where that is quick."""
    from .vocabulary import spell_shares

    expression = spell_shares(expression)
    try:
        return simplify(expression, LARGEST_READ, READING_SECONDS)
    except Unsupported:
        return expression
