"""Price: how long the formula of a cost will be, counted before SymPy writes it.

SymPy's time goes with the length of a formula written out in full, and a loop of twenty steps can
be a million operations long. So the cost is run on lengths first, which takes a microsecond an
operation, and is stopped as soon as one is too long.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from calcbench.errors import Unsupported
from calcbench.problem.point import Point
from calcbench.vocabulary.composed import control
from calcbench.vocabulary.loops import count_steps
from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.objects import SymbolicArray, object_reduction

LONGEST_TRACE = 300_000
"""Operations that SymPy takes two or three seconds to write. (It may simplify some.)"""


class TooLong(Unsupported):
    """Raised as soon as a formula is too long to be written."""

    def __init__(self, after: str = "") -> None:
        """Say how long it may be, and after what it was too long."""
        super().__init__(f"the formula would have over {LONGEST_TRACE:,} operations{after}")


class Meter:
    """Counts the operations that have been made."""

    def __init__(self) -> None:
        """Start at none."""
        self.made = 0

    def length(self, operations: int) -> Length:
        """Make the length of a new expression; raises `TooLong` where that, or the whole, is."""
        self.made += 1
        if operations > LONGEST_TRACE or self.made > LONGEST_TRACE:
            raise TooLong
        return Length(operations, self)


class Length:
    """The number of operations in an expression, which stands for it."""

    __slots__ = ("meter", "operations")

    def __init__(self, operations: int, meter: Meter) -> None:
        """Take the number, and the meter that counts what is made of it."""
        self.operations = operations
        self.meter = meter

    def join(self, *others: Any) -> Length:
        """Make the length of one operation on this and others."""
        return self.meter.length(1 + self.operations + sum(map(operations, others)))

    def _binary(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # Python asks the array next
        return self.join() if other is self else self.join(other)

    def _relation(self, other: Any) -> Any:
        found = self._binary(other)
        return found if found is NotImplemented else Relation(found.operations, self.meter)

    def _times(self, other: Any) -> Any:
        if isinstance(other, (int, float)) and other in (0, 1):
            return self if other else 0
        return self._binary(other)

    def _plus(self, other: Any) -> Any:
        return self if isinstance(other, (int, float)) and other == 0 else self._binary(other)

    __add__ = __radd__ = __sub__ = _plus
    __mul__ = __rmul__ = _times
    __rsub__ = __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _binary
    __lt__ = __le__ = __gt__ = __ge__ = _relation

    def __neg__(self) -> Length:
        return self.join()


class Relation(Length):
    """The length of a comparison, which is neither true nor false."""

    def __bool__(self) -> bool:
        """Raise, as SymPy does: a loop of Python that waits for it would never end."""
        raise TypeError("cannot determine truth value of a relation")


def operations(item: Any) -> int:
    """Return the length of an expression; a number has none."""
    return item.operations if isinstance(item, Length) else 0


def join(*items: Any) -> Any:
    """Make the length of one operation on several items; of numbers alone it is a number."""
    first = next((item for item in items if isinstance(item, Length)), None)
    return 0.0 if first is None else first.meter.length(1 + sum(map(operations, items)))


def chain(*items: Any) -> Any:
    """Make the length of a choice among items, which takes an operation for each."""
    return functools.reduce(join, items)


def _elementwise(*arrays: Any) -> Any:
    joined = np.frompyfunc(join, len(arrays), 1)(*arrays)
    return np.asarray(joined, dtype=object).view(SymbolicArray)


def _reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    reduced = object_reduction(lambda items: join(*items))(x, axis, keepdims)
    return reduced.view(SymbolicArray)


def _on_arrays(function: Callable[..., Any], **joins: Any) -> Callable[..., Any]:
    """Let a function of orders make lengths, by these functions of them."""

    def apply(*arguments: Any, **options: Any) -> Any:
        return np.asarray(function(*arguments, **options, **joins)).view(SymbolicArray)

    return apply


def scan(xp: Namespace, step: Any, state: Any, xs: Any, length: int | None = None) -> Any:
    """Run `scan` on lengths; say after how many of its steps the formula is too long."""
    done, total = itertools.count(1), count_steps(xs, length)

    def counted(state: Any, x: Any) -> Any:
        k = next(done)
        try:
            return step(state, x)
        except TooLong:
            raise TooLong(f" after {k} of {total} steps") from None

    return control.scan(xp, counted, state, xs, length)


def while_loop(condition: Any, step: Any, state: Any, limit: int) -> Any:
    """Write a loop out on lengths: a piece for each number of steps, and one comparison of it."""
    states: list[Any] = []

    def count(state: Any, _: Any) -> Any:
        states.append((state, condition(state)))
        return step(state), None

    last, _ = scan(Namespace({}), count, state, None, limit)
    return _join_pieces([*(state for state, _ in states), last], [c for _, c in states])


def _join_pieces(states: Any, conditions: Any) -> Any:
    if isinstance(states[0], (tuple, list)):
        return tuple(_join_pieces(part, conditions) for part in zip(*states, strict=True))
    whole = [np.asarray(condition, dtype=object)[()] for condition in conditions]
    return _elementwise(*states, *whole)


def grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Count a derivative, of each number, as twice what is differentiated."""

    def slopes(x: Any, *others: Any) -> Any:
        y = f(x, *others)
        return _elementwise(x, y, y)

    return slopes


FUNCTIONS = SimpleNamespace(sqrt=join, atan2=join, cos=join, sin=join)
"""Functions of expressions, of their lengths."""


@functools.cache
def lengths(spelling: Namespace) -> Namespace:
    """Make the vocabulary on lengths: what moves or multiplies entries is as in `spelling`."""
    from . import ordering
    from .vocabulary import cholesky, determinant, eigh, solve, solve_triangular

    reductions = ("sum", "mean", "max", "logsumexp", "all", "any")
    shapes = ("matrix_transpose", "reshape", "concat", "stack")
    moves = ("matmul", "einsum", "asarray", *shapes)
    own = {
        **dict.fromkeys(reductions, _reduce),
        **{name: spelling.spelling[name] for name in moves if name in spelling.spelling},
        "take": _on_arrays(ordering.take, choose=chain),
        "take_along_axis": _on_arrays(ordering.take_along_axis, choose=chain),
        "argsort": _on_arrays(ordering.argsort, order=join, place=join),
        "pi": np.pi,
        "e": np.e,
        "inf": np.inf,
        "while_loop": while_loop,
        "grad": grad,
        "linalg.cholesky": lambda x: cholesky(x, root=join),
        "linalg.solve": solve,
        "linalg.solve_triangular": solve_triangular,
        "linalg.eigh": lambda x: eigh(x, FUNCTIONS),
        "linalg.slogdet": lambda x: (determinant(x), join(determinant(x))),
    }
    others = spelling.spelling.keys() - own.keys()
    found = Namespace({**own, **dict.fromkeys(others, _elementwise)})
    return Namespace.over(found, {"scan": functools.partial(scan, found)})


def check_price(point: Point, namespace: Namespace, names: tuple[str, ...], rows: int) -> None:
    """Raise `TooLong` for a cost whose formula is too long to be written.

    With so many rows of the data of these names, and all others in full.
    """
    problem, symbol = point.problem, Length(0, Meter())
    inputs = {}
    for name in (*problem.parameters, *problem.data):
        inputs[name] = values = point[name]
        if values.dtype.kind == "f":
            shape = (rows, *values.shape[1:]) if name in names else values.shape
            inputs[name] = np.full(shape, symbol, dtype=object).view(SymbolicArray)
    parameters, data = problem.split(inputs)
    cost: Callable[..., Any] = problem.cost_on("sympy", lengths(namespace))
    try:
        cost(*parameters, **data)
    except TooLong:
        raise
    except Exception:  # what is wrong with it shows on symbols, and is told there
        return
