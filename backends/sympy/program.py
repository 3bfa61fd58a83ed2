"""Programs in SymPy: the formula in symbols, then the same names take numbers."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from calcbench.backend.rows import CHECKED_ROWS
from calcbench.errors import Unsupported
from calcbench.operators import Operator
from calcbench.problem.flat import flatten
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.problem.problem import Arrays, Problem
from calcbench.show.programs.layout import format_comprehension, format_dict
from calcbench.show.programs.numpy_spelling import matrix_transpose, numpy_value
from calcbench.show.programs.spelling import ITERATE, Rule, Spelling, Use, same_names, scan_with
from calcbench.show.programs.writer import Writer
from calcbench.vocabulary.numpy import NUMPY

from .derivatives import SymPy
from .trace import symbolic_rows

LARGEST_PROGRAM = 200
"""Symbols that are still worth writing a program for."""


LONGEST = 100
"""Operations in the cost, times the number of its partials, that are still worth printing."""


LARGEST_MATRIX = 20
"""Components of the parameters up to which a program takes the second derivatives one by one."""


LOST = 1e-6
"""The error of a program, relative to the largest number, from which on it is refused."""


PROGRAMS = {
    "gradient": "d{letter}/d{{name}}",
    "partial": "d{letter}/d{{name}}",
    "jacobian": "d{letter}/d{{name}}",
    "hessian": "d2{letter}/d{{one}} d{{other}}",
    "second_derivative": "d2{letter}/d{{name}}2",
}
"""Operators that have a program, and what is printed before each of its values."""


def program(backend: SymPy, problem: Problem, operator: Operator) -> str:
    """Write the program: the formula for one row in symbols, differentiated, then evaluated."""
    point = own_point(problem)
    rows = symbolic_rows(point)
    row, kept = _one_row(point, rows, backend.name)
    writer = Writer(problem, backend.name, SPELLING, operator, at=row)
    cost, partials = writer.fresh("cost", "value"), writer.fresh("partials", "derivatives")
    symbols = [name for name in row if row[name].dtype.kind == "f"]
    symbols.sort(key=lambda name: name in rows)
    declared = _declarations(row, symbols, real=writer.mentions(*WANT_REAL))
    functions, d = writer.fresh("functions", "compiled"), writer.fresh("d", "derivative")
    key = writer.fresh("name", "by")
    *needs, formula = writer.body(cost)  # what has no spelling is refused first
    _check_range(backend, point, operator)
    each = writer.fresh("s", "symbol")
    derived = _derivatives(writer, cost, each)
    values = "gradient" if operator.name == "partial" else operator.name
    heading = "# The formula, for one row of the data.\n" if rows else ""
    blocks = [*needs, f"{heading}{declared}\n{formula}", format_dict(partials, derived)]
    numbers = not problem.vector_valued and not any(array.ndim for array in row.values())
    if not rows and numbers:
        printed = _print(writer, values, partials, "")
        return writer.compose(*blocks, _at_a_point(writer, values, partials), printed)
    compiled = f"sp.lambdify([{', '.join(symbols)}], {d})"
    blocks[-1] += "\n" + format_comprehension(
        functions, compiled, f"{key}, {d} in {partials}.items()", key
    )
    *needs, data = writer.data(numpy_value)
    short = not problem.vector_valued and _work(backend, point) * len(derived) <= (
        LONGEST * len(problem.parameters)
    )
    over = f"{point.rows.reduction} of " if rows else ""
    return writer.compose(
        *blocks,
        *needs,
        f"# Its value at the {'data' if rows else 'point'}.\n{data}",
        _evaluate(writer, point, rows, values, functions, key, row, symbols, kept),
        _print(writer, values, partials if short else "", over),
    )


def _one_row(point: Point, rows: tuple[str, ...], backend: str) -> tuple[Arrays, bool]:
    """Return the inputs with one row of data, and whether it must keep its axis of length 1.

    Most costs read the same for one row as for many. That is tried out, on a few rows.
    """
    problem, inputs = point.problem, point.values
    cost = problem.cost_on(backend, NUMPY)

    def at(part: Any) -> Arrays:
        return {n: array[part] if n in rows else array for n, array in inputs.items()}

    def value(part: Any) -> float:
        parameters, data = problem.split(at(part))
        return float(cost(*parameters, **data))

    size = sum(array.size for array in at(slice(1)).values())
    if size > LARGEST_PROGRAM:
        raise Unsupported(f"no program: {size} symbols are too many, over {LARGEST_PROGRAM}")
    if not rows:
        return inputs, False
    if point.rows.extra:
        raise Unsupported("no program: a term that no row enters would be added up over the rows")
    count = min(CHECKED_ROWS, point.row_count)
    combine = np.mean if point.rows.reduction == "mean" else np.sum
    try:
        reads_the_same = np.isclose(combine([value(i) for i in range(count)]), value(slice(count)))
    except (IndexError, ValueError, TypeError, AttributeError):
        reads_the_same = False
    return (at(0), False) if reads_the_same else (at(slice(1)), True)


def _check_range(backend: SymPy, point: Point, operator: Operator) -> None:
    """Raise `Unsupported` where exponentials, as a program has them, are too large at the point."""
    from .vocabulary import exponentials

    point = operator.seed_point(point, np.random.default_rng(0))
    trace = backend.trace(point, operator=operator)
    plain = replace(trace, values=[exponentials(value) for value in trace.values])
    if plain.values == trace.values:
        return
    safe, exposed = (backend.prepare_trace(t, operator, point) for t in (trace, plain))
    with np.errstate(all="ignore"):
        one, other = (flatten(p.evaluate(point).values(), np.float64) for p in (safe, exposed))
    near = np.abs(one - other) <= LOST * np.max(np.abs(one), initial=0.0)
    if not np.all(near):
        raise Unsupported(
            "no program: at the own point an exponential overflows, or is lost beside 1: SymPy "
            "itself has no sigmoid, softplus, logsumexp or expm1 that avoids it"
        )


def _declarations(row: Arrays, symbols: list[str], real: bool) -> str:
    """Return `m, b = sp.symbols("m b")`, arrays of symbols, and the indices as they are."""
    assumption = ", real=True" if real else ""
    numbers = [name for name in symbols if row[name].ndim == 0]
    labels = [_label(name, [""], numbers) for name in numbers]
    lines = []
    if numbers:
        lines.append(f'{", ".join(numbers)} = sp.symbols("{" ".join(labels)}"{assumption})')
    for name in symbols:
        shape, size = row[name].shape, row[name].size
        if shape:
            reshape = f".reshape{shape}" if len(shape) > 1 else ""
            first = f"{name}_" if name[-1].isdigit() else name  # "x1:3" is x1, x2
            first = _label(first, [str(k) for k in range(size)], labels)
            lines.append(f'{name} = np.array(sp.symbols("{first}:{size}"{assumption})){reshape}')
    lines += [f"{n} = np.array({row[n].tolist()})" for n in row if n not in symbols]
    return "\n".join(lines)


def _label(name: str, endings: list[str], others: list[str]) -> str:
    """Choose what symbols are called: `exp_` for one that would hide NumPy's exp when compiled.

    For SymPy, two symbols of one name are one symbol: `x0` and the first of an array `x`.
    """
    taken = {*others} - {name}
    while any(hasattr(np, name + ending) or name + ending in taken for ending in endings):
        name += "_"
    return name


def _derivative(cost: str, name: str, rank: int, each: str) -> str:
    if rank == 0:
        return f"sp.diff({cost}, {name})"
    if rank == 1:
        return f"[sp.diff({cost}, {each}) for {each} in {name}]"
    return f"np.vectorize(sp.diff)({cost}, {name}).tolist()"


def _derivatives(writer: Writer, cost: str, each: str) -> dict[Any, str]:
    """Return the derivatives by name, as source text."""
    problem, operator, inputs = writer.problem, writer.operator, writer.inputs
    ranks = {name: inputs[name].ndim for name in problem.parameters}
    if operator.name == "partial":
        rows, symbol = writer.fresh("c", "output"), writer.component
        one = _derivative(cost, symbol, 0, each)
        if problem.vector_valued:
            one = f"[sp.diff({rows}, {symbol}) for {rows} in {cost}]"
        return {symbol: one}
    if operator.name == "gradient":
        return {name: _derivative(cost, name, rank, each) for name, rank in ranks.items()}
    if operator.name == "second_derivative" and not any(ranks.values()):
        return {name: f"sp.diff({cost}, {name}, 2)" for name in ranks}
    if max(ranks.values()) > 1 or writer.components > LARGEST_MATRIX:
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
    """Return one block of a Hessian, by two numbers or vectors."""
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
    key, d = writer.fresh("name", "by"), writer.fresh("d", "derivative")
    value, over = f"float({d}.subs({point}))", f"{key}, {d} in {partials}.items()"
    return f"{point} = {{{values}}}\n{format_comprehension(result, value, over, key)}"


def _evaluate(
    writer: Writer,
    point: Point,
    rows: tuple[str, ...],
    result: str,
    functions: str,
    key: str,
    row: Arrays,
    symbols: list[str],
    kept: bool,
) -> str:
    """Call the functions: on every row of the data, if there are rows."""
    problem, each = writer.problem, writer.fresh("row", "sample")
    function = writer.fresh("function", "compiled_function")
    reduction = point.rows.reduction
    fixed = [name for name in symbols if name not in rows]
    columns = [f"{name}[:, None]" if kept else name for name in symbols if name in rows]
    arrays = any(row[name].ndim for name in (*problem.parameters, *rows))
    if columns and (arrays or reduction == "sum"):
        call = f"{function}({', '.join([*fixed, f'*{each}'])})"
        value = f"np.{reduction}([{call} for {each} in zip({', '.join(columns)})], axis=0)"
    elif columns:
        value = f"np.mean({function}({', '.join(symbols)}))"
    else:
        value = f"np.array({function}({', '.join(symbols)}))"
    return format_comprehension(result, value, f"{key}, {function} in {functions}.items()", key)


def _work(backend: SymPy, point: Point) -> int:
    """Count the operations in the cost of one row, times the number of partials."""
    return int(backend.trace(point).cost.count_ops()) * point.size


def _print(writer: Writer, values: str, partials: str, over: str) -> str:
    """Print each value, after its formula if `partials` are to be printed."""
    pair = writer.operator.name == "hessian"
    name, index = ("(one, other)", "one, other") if pair else ("name", "name")
    formula = f"{over}{{partial}} = {{{values}[{index}]}}" if partials else "{partial}"
    label = PROGRAMS[writer.operator.name].format(letter=writer.letter)
    return (
        f'for {name}, partial in {partials or values}.items():\n    print(f"{label} = {formula}")'
    )


WANT_REAL = ("abs", "maximum", "minimum", "max", "sqrt", "linalg.cholesky", "linalg.slogdet")
"""Functions whose derivatives SymPy states for real symbols only."""


def _spell_elementwise(name: str, scalar: str) -> Rule:
    """Spell a function of expressions, applied to every element of an array."""

    def rule(use: Use) -> str:
        if max(use.ranks, default=0) <= 0:
            return scalar
        arguments = "x, y" if len(use.arguments) == 2 else "x"
        on_arrays = f"np.vectorize({scalar})({arguments})"
        if scalar.startswith("lambda "):
            return f"def {name}({arguments}):\n    return {on_arrays}"
        return f"lambda {arguments}: {on_arrays}"

    return rule


_OF_A_NUMBER = "lambda x, axis=None, keepdims=False: x"


def _spell_reduction(name: str) -> Rule:
    """Spell a reduction: the mean of a number is that number, arrays are for NumPy."""

    def rule(use: Use) -> str:
        return _OF_A_NUMBER if use.ranks[:1] == (0,) else f"np.{name}"

    return rule


def _spell_max(use: Use) -> str:
    if use.ranks[:1] == (0,):
        return _OF_A_NUMBER
    plain = use.ranks == (1,) and not use.keywords
    return "lambda x: sp.Max(*x)" if plain else ""


def _spell_asarray(use: Use) -> str:
    return "lambda value: sp.sympify(value)" if use.ranks in ((-1,), (0,)) else "np.asarray"


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


def _spell_cholesky(use: Use) -> str:
    """Spell the factor of a matrix; SymPy has none of a batch of them."""
    if use.ranks not in ((), (2,)):
        return ""
    return """\
def cholesky(x):
    x = (x + x.T) / 2  # of both triangles alike
    return np.array(sp.Matrix(x).cholesky(hermitian=False))"""


_SCALAR = {
    **same_names("sp.", "exp", "log", "sqrt", "sin", "cos", "tan", "tanh"),
    **same_names("sp.", "atan", "erf", "erfinv", "digamma", "polygamma"),
    "log_ndtr": "lambda x: sp.log(sp.erfc(-x / sp.sqrt(2), evaluate=False) / 2)",
    "i0e": "lambda x: sp.exp(-sp.Abs(x)) * sp.besseli(0, x)",
    # SymPy would write 2 - erfc(-x), which cancels.
    "erfc": "lambda x: sp.erfc(x, evaluate=False)",
    "gammaln": "sp.loggamma",
    "logical_and": "sp.And",
    "logical_or": "sp.Or",
    "logical_not": "sp.Not",
    "abs": "sp.Abs",
    "maximum": "sp.Max",
    "minimum": "sp.Min",
    "expm1": "lambda x: sp.exp(x) - 1",
    "log1p": "lambda x: sp.log(1 + x)",
    "sigmoid": "lambda x: 1 / (1 + sp.exp(-x))",
    "softplus": "lambda x: sp.log(1 + sp.exp(x))",
    "logaddexp": "lambda x, y: sp.log(sp.exp(x) + sp.exp(y))",
}


SPELLING = Spelling(
    "SymPy",
    {
        **{name: _spell_elementwise(name, scalar) for name, scalar in _SCALAR.items()},
        **{name: _spell_reduction(name) for name in ("sum", "mean")},
        **same_names("np.", "einsum", "reshape", "stack", "take_along_axis"),
        "pi": "sp.pi",
        "e": "sp.E",
        "inf": "sp.oo",
        "asarray": _spell_asarray,
        "where": _spell_where,
        "max": _spell_max,
        "logsumexp": _spell_logsumexp,
        "matmul": "lambda x, y: x @ y",
        "matrix_transpose": matrix_transpose,
        "concat": "np.concatenate",
        "cumulative_sum": "np.cumsum",
        "take": "lambda x, indices, axis=0: np.take(x, indices, axis=axis)",
        "linalg.cholesky": _spell_cholesky,
        "linalg.solve": _spell_solve,
        "linalg.solve_triangular": """\
def solve_triangular(a, b, lower=False):
    triangle = sp.Matrix(np.tril(a) if lower else np.triu(a))
    return np.array(triangle.inv("ADJ") @ sp.Matrix(b)).reshape(b.shape)""",
        "linalg.slogdet": """\
def slogdet(x):
    determinant = sp.Matrix(x).det()
    sign = sp.Piecewise((1, determinant > 0), (-1, True))
    return sign, sp.log(sp.Abs(determinant))""",
        "iterate": ITERATE,
        "grad": """\
def grad(f):
    def slope(x, *others):
        symbols = np.frompyfunc(lambda _: sp.Dummy(real=True), 1, 1)(x)
        y = sp.sympify(f(symbols, *others))
        back = dict(zip(np.ravel(symbols), np.ravel(x)))
        return np.frompyfunc(lambda symbol: sp.diff(y, symbol).subs(back), 1, 1)(symbols)
    return slope""",
        "scan": scan_with("np.stack({})"),
        "cond": """\
def cond(predicate, true_fn, false_fn, *operands):
    def choose(yes, no):
        if isinstance(yes, tuple):
            return tuple(map(choose, yes, no))
        pieces = lambda a, b: sp.Piecewise((a, predicate), (b, True))
        return np.frompyfunc(pieces, 2, 1)(yes, no)
    return choose(true_fn(*operands), false_fn(*operands))""",
        "while_loop": """\
def while_loop(condition, step, state, limit):
    states = [state]
    for _ in range(limit):
        states.append(step(states[-1]))
    ends = [sp.Not(condition(state)) for state in states]
    def join(*parts):  # a piece for each number of steps
        if isinstance(parts[0], tuple):
            return tuple(map(join, *parts))
        flat = [np.ravel(np.asarray(part, dtype=object)) for part in parts]
        pieces = [sp.Piecewise(*zip(each, ends)) for each in zip(*flat)]
        return np.array(pieces, dtype=object).reshape(np.shape(parts[-1]))[()]
    return join(*states)""",
    },
    imports={"sp": "import sympy as sp"},
)
