"""Trace: a cost as SymPy expressions, and their derivatives.

The cost is run on symbols. A cost over data would become an expression as long as the data; so
where the problem declares its `rows`, one symbolic row stands for all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.entries import Product
from calcbench.problem.point import Point
from calcbench.problem.problem import Problem
from calcbench.problem.rows import NOT_FOUND, sought

from .price import check_price

T = TypeVar("T")

LARGEST_EXPRESSION = 100_000
"""Operations beyond which differentiating and compiling takes minutes; refused with a reason."""

LARGEST_DATA = 2_000
"""Numbers of data, one symbol each, beyond which a formula takes minutes; refused with a reason."""

LARGEST_DERIVATIVE = 200_000
"""Operations of first partials together, beyond which they take SymPy over ten seconds or so."""


@dataclass(frozen=True)
class Trace:
    """A cost as a SymPy expression, with the symbols that stand for its inputs."""

    problem: Problem
    symbols: dict[str, Any]
    """Argument name → object array of symbols (or integer array, baked in)."""
    values: list[Any]
    """The cost; of a vector-valued problem, each of its outputs."""
    seeds: dict[str, Any]
    """As `Point.seed`: symbols of the direction or cotangent."""
    rows: tuple[str, ...]
    """Names of the data of which one symbolic row, or a few, stand for all."""

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
            if name not in self.rows and self.symbols[name].dtype == object
        ]

    def expressions(self, operator: Operator, point: Point, positions: Iterable[int]) -> list[Any]:
        """Derive the operator's result at these positions of its layout.

        Raises `Unsupported` for what would take minutes to derive or compile.
        """
        import sympy

        self._check_size()
        wanted = list(positions)
        entries = self._entries(operator, point, set(wanted))
        self._check_first(entries)
        self._check_second(entries)
        seeds = list(scalars(self.seeds.values()))

        def number(k: int) -> Any:
            found = []
            for order, row, column, seed in entries.get(k, ()):
                partial = self._partial(order, row, column)
                found.append(partial if seed is None else partial * seeds[seed])
            return sympy.Add(*found)

        return [number(k) for k in wanted]

    def _entries(
        self, operator: Operator, point: Point, wanted: set[int]
    ) -> dict[int, list[tuple[int, int, int, int | None]]]:
        """Sort the operator's entries by the number of the result that they belong to.

        Each is (order, row, column, position in the seed).
        """
        found: dict[int, list[tuple[int, int, int, int | None]]] = {}
        for term in operator.terms(point):
            entries = term.entries(point) if isinstance(term, Product) else term
            out, row, column = (part.tolist() for part in entries.places)
            seeds: list[int | None] = [None] * len(out)
            if entries.seed is not None:
                seeds = np.broadcast_to(np.asarray(entries.seed), len(out)).tolist()
            for k, i, j, s in zip(out, row, column, seeds, strict=True):
                if k in wanted:
                    found.setdefault(k, []).append((entries.order, i, j, s))
        return found

    def _partial(self, order: int, row: int, column: int) -> Any:
        """Derive a value (order 0), a first (1) or a second partial (2)."""
        if order == 0:
            return self.values[row]
        if order == 1:
            return self._slope(row, column)
        return self._curvature(min(row, column), max(row, column))  # it is symmetric

    def _slope(self, row: int, column: int) -> Any:
        """Differentiate one output by one component; of a sum, the terms that it occurs in."""
        found = self._slopes.get((row, column))
        if found is None:
            import sympy

            symbol = self._variables[column]
            terms = self._terms[row].get(symbol, ())
            slopes = (differentiate(term, symbol) for term in terms)
            found = self._slopes[row, column] = sympy.Add(*slopes)
        return found

    def _curvature(self, one: int, other: int) -> Any:
        """Differentiate the cost by two components, in this order of their positions."""
        found = self._curvatures.get((one, other))
        if found is None:
            slope, symbol = self._slope(0, one), self._variables[other]
            found = differentiate(slope, symbol) if symbol in slope.free_symbols else 0 * symbol
            self._curvatures[one, other] = found
        return found

    @functools.cached_property
    def _slopes(self) -> dict[tuple[int, int], Any]:
        return {}

    @functools.cached_property
    def _curvatures(self) -> dict[tuple[int, int], Any]:
        return {}

    @functools.cached_property
    def _variables(self) -> list[Any]:
        """The symbols of all components, in order."""
        return list(scalars(self.symbols[name] for name in self.problem.parameters))

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

    def _check_size(self) -> None:
        """Raise `Unsupported` for a cost that would take minutes to differentiate or compile."""
        operations = sum(count_operations(value) for value in self.values)
        if operations > LARGEST_EXPRESSION:
            raise Unsupported(
                f"the formula has {operations:,} operations, over {LARGEST_EXPRESSION:,}"
            )

    def _check_first(self, entries: dict[int, list[tuple[int, int, int, int | None]]]) -> None:
        """Raise `Unsupported` for first partials that would be too long together."""
        columns: dict[int, set[int]] = {}
        for order, i, j, _ in (entry for mine in entries.values() for entry in mine):
            if order == 1:
                columns.setdefault(i, set()).add(j)
            elif order == 2:  # the derivative of a first partial
                columns.setdefault(0, set()).add(min(i, j))
        operations = sum(
            count_slopes(self.values[row], [self._variables[k] for k in sorted(mine)])
            for row, mine in columns.items()
        )
        if operations > LARGEST_DERIVATIVE:
            raise Unsupported(
                f"the formulas of the derivatives would have about {operations:,} operations, "
                f"over {LARGEST_DERIVATIVE:,}"
            )

    def _check_second(self, entries: dict[int, list[tuple[int, int, int, int | None]]]) -> None:
        """Raise `Unsupported` for second partials that would be too long together.

        Each is about as long as the first partial that it is the derivative of.
        """
        pairs = {
            (min(row, column), max(row, column))
            for mine in entries.values()
            for order, row, column, _ in mine
            if order == 2
        }
        length = {one: count_operations(self._slope(0, one)) for one in {one for one, _ in pairs}}
        depends = {one: self._slope(0, one).free_symbols for one in length}
        operations = sum(
            length[one] for one, other in pairs if self._variables[other] in depends[one]
        )
        if operations > LARGEST_EXPRESSION:
            raise Unsupported(
                f"the formulas of the second derivatives have about {operations:,} operations, "
                f"over {LARGEST_EXPRESSION:,}"
            )


def trace_cost(point: Point, namespace: Any, rows: int = 1, operator: Operator = GRADIENT) -> Trace:
    """Run a cost on symbols: `rows` symbolic rows of data, everything else in full.

    With symbols for the operator's direction or cotangent, the same for every row. `namespace` is
    the vocabulary in SymPy. Where one row stands for all, each has its share in a term that no row
    enters, so that their mean or sum is the cost.
    """
    from .vocabulary import Expressions

    problem, names = point.problem, symbolic_rows(point)
    check_price(point, namespace, names, rows)
    taken = {*problem.parameters, *problem.data}

    def symbolic(name: str, shape: tuple[int, ...], label: str = "") -> Any:
        sign = _sign(problem, label or name)
        return make_symbols(label or name, shape, sign, taken).view(Expressions)

    def evaluate(symbols: dict[str, Any]) -> Any:
        # Copies: a cost may write into what it is given, and the symbols are needed afterwards.
        parameters, data = problem.split({name: array.copy() for name, array in symbols.items()})
        return problem.cost_on("sympy", namespace)(*parameters, **data)

    symbols = {
        name: point[name]
        if point[name].dtype.kind == "i"
        else symbolic(name, (rows, *point[name].shape[1:]) if name in names else point[name].shape)
        for name in (*problem.parameters, *problem.data)
    }
    seeds = {
        name: symbolic(name, shape, _seed_label(operator, name, taken))
        for name, shape in operator.seed_shapes(point).items()
    }
    value = evaluate(symbols)
    problem.check_returned(value)
    problem.check_cost(np.shape(value), _dtype(value), point.value_shape)
    values = _expressions(value)
    if rows == 1 and names and point.rows.extra:
        other = {name: symbolic(name, symbols[name].shape, f"other_{name}") for name in names}
        values = [_share_term(point, symbols, other, evaluate)]
    return Trace(problem, symbols, values, seeds, names)


def symbolic_rows(point: Point) -> tuple[str, ...]:
    """Return the names of the rows of which one stands for all; none where the cost has no rows.

    Raises `Unsupported` where there would be more symbols than a formula can have.
    """
    names = point.row_names
    indices = [name for name in names if point[name].dtype.kind == "i"]
    if indices and point.problem.rows:
        raise Unsupported(f"one symbolic row cannot stand for all: {_no_symbol(indices)}")
    names = () if indices else names
    numbers = sum(point[name].size for name in point.problem.data if name not in names)
    if numbers > LARGEST_DATA:
        raise Unsupported(_too_much_data(point, numbers, indices))
    return names


def _too_much_data(point: Point, numbers: int, indices: list[str]) -> str:
    """Say why there is no formula of that many data, and what to declare, if that helps."""
    problem = point.problem
    if indices:
        why = f", and one row cannot stand for all: {_no_symbol(indices)}"
    elif point.row_names:
        why = " beside its rows"
    elif problem.vector_valued:
        why = ""
    elif sought(problem, point.values):
        why = f", and {NOT_FOUND}"
    else:
        why = ": declare rows=… if the cost is the mean or sum over rows of them"
    return f"a formula of {numbers:,} numbers of data would be too long{why}"


def _no_symbol(indices: list[str]) -> str:
    """Say why rows of integers have no symbols."""
    return f"its {indices[0]!r} is an integer, which is for indices and has no symbol"


def _share_term(point: Point, one: dict[str, Any], other: dict[str, Any], evaluate: Any) -> Any:
    """Give a row its share in the term that no row enters: with n rows, an n-th of it.

    The term is what the costs of two rows one by one have more than the two together
    (`calcbench.problem.rows`). Raises `Unsupported` where SymPy does not see that no row enters it.
    """
    import sympy

    from .vocabulary import symbolic

    both = {name: symbolic(np.concatenate([one[name], other[name]])) for name in other}
    costs = [_expressions(evaluate({**one, **rows}))[0] for rows in ({}, other, both)]
    weight = 2 if point.rows.reduction == "mean" else 1
    rows = {*scalars(both.values())}
    for read in (lambda cost: cost, sympy.expand):
        alone, second, together = map(read, costs)
        term = read(alone + second - weight * together)
        if not term.free_symbols & rows:
            return costs[0] - term + term / point.row_count
    raise Unsupported(
        f"the cost is the {point.rows.reduction} over rows up to a term without rows, which SymPy "
        "does not tell apart"
    )


def make_symbols(
    name: str, shape: tuple[int, ...], sign: dict[str, bool], taken: set[str]
) -> np.ndarray:
    """Make an object array of real symbols: `m`, `w0`, `w1`, `X0_1`, …; `w0'` if `w0` is taken."""
    import sympy

    array = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        label = name + "_".join(map(str, index))
        while index and label in taken:  # SymPy takes symbols of one name for one symbol
            label += "'"
        taken.add(label)
        array[index] = sympy.Symbol(label, real=True, **sign)
    return array


def _sign(problem: Problem, name: str) -> dict[str, bool]:
    """Read off a parameter's domain what sign its symbols have."""
    low, high = problem.interval(name)
    return {"positive": True} if low >= 0 else {"negative": True} if high <= 0 else {}


def _seed_label(operator: Operator, name: str, taken: set[str]) -> str:
    """Choose what the symbols of a direction (`v_w`) or cotangent (`u`) are called."""
    label = "u" if operator.seeded == "cotangent" else f"v_{name}"
    while label in taken:
        label += "'"
    taken.add(label)
    return label


def _expressions(value: Any) -> list[Any]:
    """List the expressions in a value of shape () or (m,)."""
    import sympy

    return [sympy.sympify(item) for item in np.asarray(value, dtype=object).flat]


def _dtype(value: Any) -> str:
    """Name the type of a traced cost, to check it: symbols stand for reals."""
    import sympy

    scalar = np.asarray(value, dtype=object)
    if scalar.shape != () or isinstance(scalar[()], (float, np.floating)):
        return "float64"
    if isinstance(scalar[()], (int, np.integer)):
        return "int64"  # an integer of SymPy's is what a cost such as 0·x came to
    return "complex128" if sympy.sympify(scalar[()]).has(sympy.I) else "float64"


def differentiate(expression: Any, symbol: Any) -> Any:
    """Differentiate; of xᵏ, with k a symbol, as k·xᵏ⁻¹ in place of SymPy's k·xᵏ/x, 0/0 at 0."""
    import sympy

    slope = expression.diff(symbol)
    powers = slope.atoms(sympy.Pow)
    symbolic = any(p.exp.free_symbols and symbol in p.base.free_symbols for p in powers)
    return sympy.powsimp(slope, deep=True, combine="exp") if symbolic else slope


def count_operations(expression: Any) -> int:
    """Count the operations of an expression written out in full, without writing it out.

    Subexpressions are shared: SymPy's own count visits each as often as it occurs, which after
    thirty steps of x·(1 − x) is a billion times.
    """
    return _fold(expression, lambda node, parts: bool(node.args) + sum(parts), {})


def _fold(expression: Any, join: Callable[[Any, list[T]], T], known: dict[Any, T]) -> T:
    """Compute a value of an expression from those of its arguments, each subexpression once.

    `known` has what is known beforehand. No recursion: a chain of steps may be thousands long.
    """
    left = [expression]
    while left:
        node = left[-1]
        waiting = [child for child in node.args if child not in known]
        if waiting:
            left += waiting
            continue
        left.pop()
        if node not in known:
            known[node] = join(node, [known[child] for child in node.args])
    return known[expression]


class Slopes(NamedTuple):
    """What an expression's derivatives depend on, and how long they are."""

    operations: int
    """Of the expression itself."""
    variables: int
    """Those that it depends on, as the bits of a number."""
    derived: int
    """Operations of its derivatives by all of them, together."""


def count_slopes(expression: Any, variables: list[Any]) -> int:
    """Estimate the operations of an expression's derivatives by several variables, together.

    Written out in full, by the sum, product and chain rules; nothing is derived for it.
    """
    known = {variable: Slopes(0, 1 << k, 0) for k, variable in enumerate(variables)}
    return _fold(expression, _join_slopes, known).derived


def _join_slopes(node: Any, parts: list[Slopes]) -> Slopes:
    """Apply the rule of a node to what its parts have."""
    if node.is_Boolean or node.is_Relational:  # a condition is not differentiated
        return Slopes(1 + sum(part.operations for part in parts), 0, 0)
    whole = bool(node.args) + sum(part.operations for part in parts)
    variables, derived = 0, 0
    for part in parts:
        beside = 0 if node.is_Add else whole - node.is_Mul * part.operations
        derived += part.derived + part.variables.bit_count() * beside
        variables |= part.variables
    return Slopes(whole, variables, derived + variables.bit_count() * node.is_Add)


def scalars(arrays: Any) -> Iterator[Any]:
    """Yield the elements of all arrays, in order."""
    for array in arrays:
        yield from array.flat
