"""The array vocabulary on NumPy object arrays whose elements are balls or Taylor series.

Both kinds of number have the elementary functions as methods; what needs to look at several
numbers at once (sums, maxima) comes from the module of the kind.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from calcbench.certified import decompositions, natural, ordering, special
from calcbench.certified.conditions import as_condition
from calcbench.certified.natural import NATURAL
from calcbench.certified.ordering import keep_integers, keep_integers_along
from calcbench.errors import Unsupported
from calcbench.vocabulary.duals import Dual, on_duals
from calcbench.vocabulary.loops import branch_on, loop_while
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.objects import object_reduction
from calcbench.vocabulary.rules import SLOPES, elementwise

Comparison = Callable[[Any, Any], Any]
"""A comparison of two numbers, of `operator`."""


class Arithmetic(ordering.Ordered, Protocol):
    """What a kind of number (`balls`, `series`) provides beyond the methods of its numbers."""

    def total(self, terms: Sequence[Any]) -> Any:
        """Add numbers up."""

    def dot(self, xs: Sequence[Any], ys: Sequence[Any]) -> Any:
        """Add up the products xₖ·yₖ."""

    def logsumexp(self, terms: Sequence[Any]) -> Any:
        """Compute log Σ eˣ."""

    def pi(self) -> Any:
        """Return π."""

    def e(self) -> Any:
        """Return Euler's number e."""

    def special(self, name: str, number: Any) -> Any:
        """Evaluate a special function (`certified.special`)."""

    def select(self, holds: Comparison, x: Any, y: Any) -> Any:
        """Take x where a comparison of the two, `gt` or `lt`, holds, and y elsewhere."""

    def floor(self, number: Any) -> Any:
        """Round down. Raises `Undecided` where that is not known."""

    def round(self, number: Any) -> Any:
        """Round to the nearest whole number, of two to the even one; as `floor`."""

    def hold(self, number: Any) -> Any:
        """Hold a number constant."""

    def size(self, number: Any) -> float:
        """Return roughly |number|, to choose a pivot by."""


class Proved(decompositions.Arithmetic, Arithmetic, Protocol):
    """A kind of number that encloses what is not known of it."""


METHODS = (
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "tanh",
    "abs",
    "sigmoid",
    "softplus",
)
"""Names of the vocabulary that are methods of both kinds of number."""


def namespace(kind: Proved) -> Namespace:
    """Build the vocabulary for one kind of number, with proof of all that it gives."""
    functions = decompositions.spell(kind)
    return Namespace.over(
        of_numbers(kind),
        {
            **{n: on_duals(n, f) for n, f in functions.items()},
            **{name: on_duals(name, _method(kind, name), _rule(name)) for name in NATURAL},
            "i0e": _i0e_without_duals(kind),
        },
    )


def of_numbers(kind: Arithmetic) -> Namespace:
    """Build the vocabulary for one kind of number, but for decompositions.

    Every name is listed here, and any other is missing: what NumPy would do with object arrays of
    its own accord is not proved.
    """
    return _with_control(
        kind,
        {
            **{name: _method(kind, name) for name in METHODS},
            **{name: _special(kind, name) for name in special.NAMES},
            "polygamma": lambda n, x: _special(kind, f"polygamma{n}" if n else "digamma")(x),
            "i0e": functools.partial(_i0e, kind),
            "floor": _of_number(kind, kind.floor),
            "round": _of_number(kind, kind.round),
            "pi": kind.pi(),
            "e": kind.e(),
            "inf": float("inf"),
            "logical_and": lambda p, q: _holds(kind, p) & _holds(kind, q),
            "logical_or": lambda p, q: _holds(kind, p) | _holds(kind, q),
            "logical_not": lambda p: ~_holds(kind, p),
            "maximum": keep_integers(np.maximum, _pairwise(kind, _larger(kind))),
            "minimum": keep_integers(np.minimum, _pairwise(kind, _smaller(kind))),
            "logaddexp": _pairwise(kind, lambda x, y: kind.logsumexp([x, y])),
            "where": functools.partial(_where, kind),
            "sum": _reduction(kind, kind.total),
            "mean": _reduction(kind, lambda terms: kind.total(terms) / len(terms)),
            "max": keep_integers_along(np.max, _maximum_along(kind)),
            "logsumexp": _reduction(kind, kind.logsumexp),
            "matmul": functools.partial(_matmul, kind),
            "einsum": np.einsum,
            "matrix_transpose": np.matrix_transpose,
            "asarray": functools.partial(_constant, kind),
            "reshape": np.reshape,
            "concat": keep_integers_along(np.concat, functools.partial(_concat, kind)),
            "stack": keep_integers_along(np.stack, functools.partial(_stack, kind)),
            "take": ordering.take,
            "take_along_axis": ordering.take_along_axis,
            "argsort": functools.partial(ordering.argsort, kind),
            "argmax": functools.partial(ordering.argmax, kind),
            "isfinite": ordering.classify(kind, "is_finite"),
            "isnan": ordering.classify(kind, "is_nan"),
            "linalg.cholesky": functools.partial(_cholesky, kind),
            "linalg.solve": functools.partial(_solve, kind),
            "linalg.solve_triangular": functools.partial(_solve_triangular, kind),
            "linalg.slogdet": functools.partial(_slogdet, kind),
            "stop_gradient": _of_number(kind, kind.hold),
        },
    )


def _with_control(kind: Arithmetic, functions: dict[str, Any]) -> Namespace:
    """Let functions take duals, and add branches and loops that ask their conditions."""

    def holds(condition: Any) -> bool:
        return bool(_holds(kind, condition))

    found = {n: on_duals(n, f) if callable(f) else f for n, f in functions.items()}
    return Namespace(
        {
            **found,
            # NumPy calls the method of a number: so it stands in a user's own line, as a branch.
            "equal": np.equal,
            "not_equal": np.not_equal,
            "cond": branch_on(holds),
            "while_loop": _loop(holds),
        }
    )


def _loop(holds: Callable[[Any], bool]) -> Callable[..., Any]:
    """Build a `while_loop` of whose condition nothing is wanted but whether it holds."""
    loop = loop_while(holds)
    return lambda condition, *others, **named: loop(as_condition(condition), *others, **named)


def _rule(name: str) -> Callable[..., Any]:
    """Build the rule of a function inside of `xp.grad`: with its slope as libraries take it.

    Where what rounding may do is enclosed, that is; the truth has the slope that cancels nowhere.
    """

    def slope(xp: Any, x: Any, y: Any) -> Any:
        return NATURAL[name](xp.exp, x, y) if natural.chosen() else SLOPES[name](xp, x, y)

    return elementwise(slope)


def _method(kind: Arithmetic, name: str) -> Callable[[Any], Any]:
    """Build a function that calls a method of every element."""
    function: Callable[[Any], Any] = np.frompyfunc(lambda x: getattr(kind.convert(x), name)(), 1, 1)
    return function


def _of_number(kind: Arithmetic, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Build a function of an array, element by element, from one of a number."""
    apply: Callable[[Any], Any] = np.frompyfunc(lambda x: function(kind.convert(x)), 1, 1)
    return apply


def _special(kind: Arithmetic, name: str) -> Callable[[Any], Any]:
    return _of_number(kind, functools.partial(kind.special, name))


def _i0e(kind: Arithmetic, x: Any) -> Any:
    return _special(kind, "ive0")(_method(kind, "abs")(x))


def _i0e_without_duals(kind: Arithmetic) -> Callable[[Any], Any]:
    """Refuse duals: they would go through the definition, whose series end, which is no proof."""

    def i0e(x: Any) -> Any:
        if isinstance(x, Dual):
            raise Unsupported("xp.i0e has no certified derivative inside of xp.grad")
        return _i0e(kind, x)

    return i0e


def _pairwise(kind: Arithmetic, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Build a function of two arrays, element by element, from one of two numbers."""
    pairwise: Callable[[Any, Any], Any] = np.frompyfunc(
        lambda x, y: function(kind.convert(x), kind.convert(y)), 2, 1
    )
    return pairwise


def _maximum_along(kind: Arithmetic) -> Callable[..., Any]:
    return _reduction(kind, lambda terms: functools.reduce(_larger(kind), terms))


def _larger(kind: Arithmetic) -> Callable[[Any, Any], Any]:
    return functools.partial(kind.select, operator.gt)


def _smaller(kind: Arithmetic) -> Callable[[Any, Any], Any]:
    return functools.partial(kind.select, operator.lt)


def _convert(kind: Arithmetic, x: Any) -> np.ndarray:
    """Convert every number: with one that stays a float, Python would calculate in floats."""
    return np.asarray(np.frompyfunc(kind.convert, 1, 1)(x), dtype=object)


def _constant(kind: Arithmetic, value: Any) -> Any:
    """Make an array of a constant; integers and booleans stay what they are."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return array
    numbers = _convert(kind, array)
    return numbers if numbers.ndim else numbers[()]


def _holds(kind: Arithmetic, condition: Any) -> np.ndarray:
    """Tell where conditions hold: of numbers, where they are not 0. (To Python, any ball is.)"""

    def holds(item: Any) -> bool:
        return bool(item if isinstance(item, (bool, np.bool_)) else kind.convert(item) != 0)

    return np.asarray(np.frompyfunc(holds, 1, 1)(condition), dtype=bool)


def _where(kind: Arithmetic, condition: Any, x: Any, y: Any) -> Any:
    def choose(x: Any, y: Any) -> Any:
        chosen = np.where(_holds(kind, condition), x, y)
        return chosen if chosen.ndim else chosen[()]

    def choose_numbers(x: Any, y: Any) -> Any:
        return choose(_convert(kind, x), _convert(kind, y))

    return keep_integers(choose, choose_numbers)(x, y)


def _concat(kind: Arithmetic, arrays: Sequence[Any], axis: int = 0) -> Any:
    return np.concat([_convert(kind, a) for a in arrays], axis=axis)


def _stack(kind: Arithmetic, arrays: Sequence[Any], axis: int = 0) -> Any:
    return np.stack([_convert(kind, a) for a in arrays], axis=axis)


def _reduction(kind: Arithmetic, function: Callable[[Sequence[Any]], Any]) -> Callable[..., Any]:
    """Build a reduction over axes of arrays that mix exact numbers and numbers of this kind."""
    reduce = object_reduction(lambda terms: function([kind.convert(term) for term in terms]))

    def apply(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        result = reduce(x, axis, keepdims)
        return result if result.ndim else result[()]

    return apply


def _matmul(kind: Arithmetic, x: Any, y: Any) -> Any:
    """Multiply matrices as `np.matmul`, with one dot product per entry."""
    x, y = np.asarray(x), np.asarray(y)
    rows = x if x.ndim > 1 else x[None, :]
    columns = y if y.ndim > 1 else y[:, None]
    batch = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    rows = np.broadcast_to(rows, batch + rows.shape[-2:])
    columns = np.broadcast_to(columns, batch + columns.shape[-2:])
    product = np.empty((*batch, rows.shape[-2], columns.shape[-1]), dtype=object)
    for *place, i, j in np.ndindex(product.shape):
        left, right = rows[(*place, i)], columns[(*place, slice(None), j)]
        product[(*place, i, j)] = kind.dot(list(left), list(right))
    if x.ndim == 1:
        product = product[..., 0, :]
    if y.ndim == 1:
        product = product[..., 0]
    return product if product.ndim else product[()]


def _cholesky(kind: Arithmetic, x: np.ndarray) -> np.ndarray:
    """Factor (x + xᵀ)/2 = L Lᵀ by the Cholesky-Banachiewicz algorithm."""
    a = (x + np.matrix_transpose(x)) / 2
    factor = np.full(a.shape, kind.convert(0), dtype=object)
    for *place, i, j in np.ndindex(a.shape):
        own = factor[tuple(place)]
        if j <= i:
            rest = a[(*place, i, j)] - kind.dot(list(own[i, :j]), list(own[j, :j]))
            own[i, j] = rest.sqrt() if i == j else rest / own[j, j]
    return factor


def _eliminate(
    kind: Arithmetic, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Eliminate below the diagonal: (upper triangle, right side, sign of the row exchanges)."""
    # Any pivot gives a true enclosure; a large one gives a narrow one. So it is chosen by midpoint,
    # and no comparison of balls has to be decided.
    a, b, sign = a.copy(), b.copy(), 1
    n = len(a)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: kind.size(a[i, k]))
        if pivot != k:
            a[[k, pivot]], b[[k, pivot]], sign = a[[pivot, k]], b[[pivot, k]], -sign
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i, k + 1 :] = a[i, k + 1 :] - factor * a[k, k + 1 :]
            b[i] = b[i] - factor * b[k]
    return a, b, sign


def _solve(kind: Arithmetic, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Solve a x = b by elimination and back substitution."""
    columns = b if b.ndim > 1 else b[:, None]
    upper, right, _ = _eliminate(kind, a, columns)
    n = len(a)
    x = np.empty(columns.shape, dtype=object)
    for i in reversed(range(n)):
        for j in range(columns.shape[1]):
            rest = right[i, j] - kind.dot(list(upper[i, i + 1 :]), list(x[i + 1 :, j]))
            x[i, j] = rest / upper[i, i]
    return x if b.ndim > 1 else x[:, 0]


def _solve_triangular(
    kind: Arithmetic, a: np.ndarray, b: np.ndarray, lower: bool = False
) -> np.ndarray:
    """Solve a x = b by substitution; the other triangle is not read."""
    if not lower:  # in the opposite order, an upper triangle is a lower one
        return _solve_triangular(kind, a[::-1, ::-1], b[::-1], lower=True)[::-1]
    columns = b if b.ndim > 1 else b[:, None]
    x = np.empty(columns.shape, dtype=object)
    for i, j in np.ndindex(columns.shape):
        x[i, j] = (columns[i, j] - kind.dot(list(a[i, :i]), list(x[:i, j]))) / a[i, i]
    return x if b.ndim > 1 else x[:, 0]


def _slogdet(kind: Arithmetic, a: np.ndarray) -> tuple[Any, Any]:
    """Compute (sign, log |det|) from the pivots."""
    upper, _, sign = _eliminate(kind, a, np.full((len(a), 1), kind.convert(0), dtype=object))
    logs = []
    for pivot in np.diagonal(upper):
        if pivot < 0:
            sign, pivot = -sign, -pivot
        logs.append(pivot.log())
    return kind.convert(sign), kind.total(logs)
