"""Reach: which numbers of its inputs each number of an array can depend on.

An array is computed in NumPy, and with each of its numbers an interval of positions is kept for
every input that it can depend on: a superset of what it does depend on, at any values of the
inputs, whatever branch a `where` or a `maximum` takes. (Detection of sparsity by propagated index
sets: Griewank & Walther, Evaluating Derivatives, 2nd ed., section 7.1; intervals in place of sets
are never larger than two arrays, and are exact for what is computed row by row.)
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from calcbench.vocabulary.namespace import Namespace
from calcbench.vocabulary.numpy import NUMPY
from calcbench.vocabulary.primitives import conditions, elementary, special

Interval = tuple[np.ndarray, np.ndarray]
"""First and last position, for each number of an array; nothing where the last is less."""

NOTHING: tuple[int, int] = (np.iinfo(np.int64).max, -1)
"""The interval of a number that does not depend on an input."""


class Undecided(Exception):
    """What a cost does cannot be followed without its numbers."""


class Reaching:
    """An array, and for each input that it can depend on an interval for each of its numbers."""

    __array_ufunc__ = None  # NumPy's arrays leave an operation with one to it

    def __init__(
        self, value: Any, reach: dict[int, Interval], components: np.ndarray | None = None
    ) -> None:
        """Take the value, input → interval, and which component of the parameters each number is.

        `components` is None where a number is not a component as it stands.
        """
        self.value = np.asarray(value)
        self.reach = reach
        self.components = components

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def dtype(self) -> Any:
        """The type of its numbers."""
        return self.value.dtype

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Reaching]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, index: Any) -> Reaching:
        return _move(lambda x: x[index], self)

    def __bool__(self) -> bool:
        raise Undecided("a condition depends on numbers")

    __float__ = __int__ = __index__ = __bool__

    def __array__(self, *given: Any, **options: Any) -> np.ndarray:
        raise Undecided("an array of NumPy would forget what its numbers depend on")


Anything = Any
"""A `Reaching`, an array or a number of Python."""


def _values(given: Any) -> Any:
    """Take the values out of arrays in lists and tuples, however nested."""
    if isinstance(given, (list, tuple)):
        return type(given)(map(_values, given))
    return given.value if isinstance(given, Reaching) else given


def _reaching(given: Any) -> Iterator[Reaching]:
    """Find all that reach in lists and tuples, however nested."""
    if isinstance(given, (list, tuple)):
        for each in given:
            yield from _reaching(each)
    elif isinstance(given, Reaching):
        yield given


def _join(intervals: Sequence[Interval]) -> Interval:
    """Find the smallest interval that holds several, of arrays that are broadcast."""
    first, last = zip(*intervals, strict=True)
    return functools.reduce(np.minimum, first), functools.reduce(np.maximum, last)


def _combine(function: Callable[..., Any], *given: Anything, **options: Any) -> Any:
    """Apply a function number by number: a result depends on all that stand at its place."""
    value = function(*map(_values, given), **options)
    parts = list(_reaching(given))
    sources = dict.fromkeys(source for part in parts for source in part.reach)
    joined = {s: _join([part.reach[s] for part in parts if s in part.reach]) for s in sources}
    shape = np.shape(value)
    return Reaching(
        value, {s: _both(lambda x: np.broadcast_to(x, shape), i) for s, i in joined.items()}
    )


def _move(function: Callable[..., Any], given: Anything) -> Reaching:
    """Apply a function that only moves numbers: to an array, or to a list of them."""
    parts = list(_reaching(given))
    sources = dict.fromkeys(source for part in parts for source in part.reach)
    reach = {s: _both_of(function, given, s) for s in sources}
    known = all(isinstance(part, Reaching) and part.components is not None for part in _each(given))
    components = function(_replace(given, lambda part: part.components)) if known else None
    return Reaching(function(_values(given)), reach, components)


def _each(given: Any) -> Sequence[Any]:
    return given if isinstance(given, (list, tuple)) else [given]


def _replace(given: Any, change: Callable[[Any], Any]) -> Any:
    """Replace an array, or each of a list."""
    return [change(each) for each in given] if isinstance(given, (list, tuple)) else change(given)


def _both_of(function: Callable[..., Any], given: Any, source: int) -> Interval:
    """Move both ends of the interval that each number has of one input."""

    def end(k: int) -> Callable[[Any], np.ndarray]:
        def of(part: Any) -> np.ndarray:
            if isinstance(part, Reaching) and source in part.reach:
                return part.reach[source][k]
            return np.full(np.shape(_values(part)), NOTHING[k])

        return of

    return function(_replace(given, end(0))), function(_replace(given, end(1)))


def _both(function: Callable[[np.ndarray], np.ndarray], interval: Interval) -> Interval:
    return function(interval[0]), function(interval[1])


def _reduce(function: Callable[..., Any], x: Reaching, *given: Any, **options: Any) -> Reaching:
    """Apply a function along axes: a result depends on all that it is taken over."""
    named = {**dict(zip(("axis", "keepdims"), given, strict=False)), **options}
    ends = (np.min, np.max)
    reach = {s: (ends[0](i[0], **named), ends[1](i[1], **named)) for s, i in x.reach.items()}
    return Reaching(function(x.value, **named), reach)


def _mix(function: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """Apply any function: a result can depend on all that it was given."""
    value = function(*map(_values, given), **options)
    parts = list(_reaching(given))
    hull = {
        s: _join([_both_ends(part.reach[s]) for part in parts if s in part.reach])
        for s in dict.fromkeys(source for part in parts for source in part.reach)
    }

    def whole(array: Any) -> Reaching:
        shape = np.shape(array)
        return Reaching(
            array, {s: (np.full(shape, i[0]), np.full(shape, i[1])) for s, i in hull.items()}
        )

    return tuple(map(whole, value)) if isinstance(value, tuple) else whole(value)


def _both_ends(interval: Interval) -> Interval:
    first, last = interval
    return np.min(first, initial=NOTHING[0]), np.max(last, initial=NOTHING[1])


def _multiply(function: Callable[..., Any], x: Anything, y: Anything) -> Any:
    """Multiply matrices: a result depends on a row of one, and on a column of the other."""
    if np.ndim(_values(x)) < 2 or np.ndim(_values(y)) < 2:
        return _mix(function, x, y)
    rows = _reduce(np.sum, x, axis=-1, keepdims=True) if isinstance(x, Reaching) else 0.0
    columns = _reduce(np.sum, y, axis=-2, keepdims=True) if isinstance(y, Reaching) else 0.0
    found = _combine(np.add, rows, columns)
    value = function(_values(x), _values(y))
    reach = {s: _both(lambda e: np.broadcast_to(e, value.shape), i) for s, i in found.reach.items()}
    return Reaching(value, reach)


def _take(function: Callable[..., Any], x: Anything, indices: Any, axis: int = 0) -> Any:
    if isinstance(indices, Reaching):
        return _mix(function, x, indices, axis=axis)
    return _move(lambda each: function(each, indices, axis=axis), x)


def _reshape(function: Callable[..., Any], x: Reaching, shape: Any) -> Reaching:
    return _move(lambda each: function(each, shape), x)


def _concat(function: Callable[..., Any], arrays: Any, axis: int = 0) -> Reaching:
    return _move(lambda each: function(each, axis=axis), list(arrays))


def _undecided(*given: Any, **options: Any) -> Any:
    raise Undecided("loops, branches and inner derivatives are not followed")


ELEMENTWISE = [
    name
    for theme in (elementary, special, conditions)
    for name, function in vars(theme).items()
    if callable(function) and getattr(function, "__module__", "") == theme.__name__
]

RULES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys((*ELEMENTWISE, "stop_gradient"), _combine),
    **dict.fromkeys(("sum", "max"), _reduce),
    **dict.fromkeys(("concat", "stack"), _concat),
    "reshape": _reshape,
    "take": _take,
    "matmul": _multiply,
    "asarray": lambda function, x: x,
}
"""Primitive → its rule; the others mix all that they are given."""

MIXED = (
    *("einsum", "take_along_axis", "argsort"),
    *("linalg.cholesky", "linalg.solve", "linalg.eigh", "linalg.slogdet"),
)

UNKNOWN = ("grad", "scan", "iterate", "cond", "while_loop")


def _follow(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """Spell a primitive: by NumPy's function where nothing reaches, and else by its rule."""
    function: Any = NUMPY
    for part in name.split("."):
        function = getattr(function, part)

    def call(*given: Any, **options: Any) -> Any:
        if next(_reaching(given), None) is None:
            return function(*given, **options)
        return rule(function, *given, **options)

    return call


@functools.cache
def reaching_vocabulary() -> Namespace:
    """Build the vocabulary on arrays that reach; what is not a primitive follows from those."""
    rules = {**RULES, **dict.fromkeys(MIXED, _mix)}
    spelled = {name: _follow(name, rule) for name, rule in rules.items()}
    return Namespace({**spelled, **dict.fromkeys(UNKNOWN, _undecided)})


def _operate(function: Callable[..., Any], turned: bool = False) -> Callable[..., Any]:
    def method(*given: Any) -> Any:
        return _combine(function, *(given[::-1] if turned else given))

    return method


for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Reaching, f"__{_name}__", _operate(getattr(operator, _name)))
    setattr(Reaching, f"__r{_name}__", _operate(getattr(operator, _name), turned=True))
for _name in ("neg", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Reaching, f"__{_name}__", _operate(getattr(operator, _name)))
