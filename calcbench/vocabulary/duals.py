"""Dual numbers: a derivative inside a cost, where a library has none of its own.

A dual is a + b·ε with ε² = 0: an array, and how it moves as one number of the argument does
(forward mode: Griewank & Walther, Evaluating Derivatives, 2nd ed., chapter 3). Its parts are arrays
of the vocabulary that the cost is evaluated in, so that balls, complex steps and duals again may be
inside; NumPy's functions give it to the rules (`rules.py`) by its protocols, and any other
vocabulary by `on_duals`. Each `grad` has a level of its own: what moves with an outer one is
constant here.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from calcbench.errors import ProblemError, Unsupported
from calcbench.vocabulary import rules
from calcbench.vocabulary.array import Array
from calcbench.vocabulary.composed import DEFINITIONS
from calcbench.vocabulary.rules import ON_DUALS, RULES, STILL

_levels = itertools.count(1)

Rule = Callable[..., Any]
"""How a result moves with what it is of (`rules.py`)."""


def grad(xp: Any, f: Callable[..., Any]) -> Callable[..., Array]:
    """Build the function (x, *others) → the derivative of the number f(x, *others) by x.

    Here it is one evaluation of f on duals for each number of x. Raises `ProblemError` where f does
    not give one number.
    """

    def slopes(x: Any, *others: Any) -> Any:
        shape, level, partials = tuple(getattr(x, "shape", ())), next(_levels), []
        for index in np.ndindex(shape):
            unit = np.zeros(shape)
            unit[index] = 1.0
            y = f(Dual(xp, x, xp.asarray(unit), level), *others)
            check_number(y)
            partials.append(y.slope if isinstance(y, Dual) and y.level == level else 0.0)
        return xp.reshape(xp.stack(partials), shape)

    return slopes


def check_number(y: Any) -> None:
    """Raise `ProblemError` unless what a function gives, whose derivative is taken, is a number."""
    shape = tuple(getattr(y, "shape", ()))
    if shape:
        raise ProblemError(
            f"xp.grad takes the derivative of a function that gives one number, and not an array "
            f"of shape {shape}"
        )


class Dual:
    """An array, and its slope: an array of the same shape."""

    __slots__ = ("level", "slope", "value", "xp")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, xp: Any, value: Any, slope: Any, level: int) -> None:
        """Take the vocabulary that both parts are arrays of, and the level of the `grad`."""
        self.xp = xp
        self.value = value
        self.slope = slope
        self.level = level

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return tuple(getattr(self.value, "shape", ()))

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def dtype(self) -> Any:
        """The dtype of the array; that of a float, for what has none."""
        return getattr(self.value, "dtype", np.dtype(float))

    def beside(self, value: Any, slope: Any) -> Dual:
        """Make a dual of the same vocabulary and level."""
        return Dual(self.xp, value, slope, self.level)

    def __getitem__(self, index: Any) -> Dual:
        return self.beside(self.value[index], self.slope[index])

    def __iter__(self) -> Iterator[Dual]:
        return (self[k] for k in range(self.shape[0]))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Apply one of NumPy's or SciPy's functions of numbers."""
        if method != "__call__" or options:
            return NotImplemented
        name = RENAMED.get(ufunc.__name__, ufunc.__name__)
        if name in OPERATORS:
            return OPERATORS[name](*inputs)
        return apply(self.xp, name, inputs, {})

    def __array_function__(self, function: Any, _: Any, inputs: Any, options: Any) -> Any:
        """Apply one of NumPy's functions of arrays."""
        name = RENAMED.get(function.__name__, function.__name__)
        return apply(self.xp, name, inputs, options)


def on_duals(
    name: str, function: Callable[..., Any], rule: Rule | None = None
) -> Callable[..., Any]:
    """Let a function of a vocabulary take duals, too: by the rule of its name, or by another."""

    @functools.wraps(function, updated=())
    def call(*arguments: Any, **options: Any) -> Any:
        duals = _duals(arguments)
        if _duals(list(options.values())):
            raise Unsupported(f"inside of xp.grad, xp.{name} takes its arrays by position alone")
        if not duals:
            return function(*arguments, **options)
        if rule is not None:
            return _combine(duals[0].xp, call, rule, arguments, options)
        return apply(duals[0].xp, name, arguments, options)

    return call


def apply(xp: Any, name: str, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    """Apply a function of the vocabulary where a dual is among the arguments.

    Raises `Unsupported` for one without a rule.
    """
    if name in STILL:
        return _find(xp, name)(*_strip(arguments, _top(arguments)), **options)
    if name in RULES:
        return _combine(xp, _find(xp, name), RULES[name], arguments, options)
    definition = ON_DUALS.get(name) or DEFINITIONS.get(name)
    if definition is None:
        raise Unsupported(f"xp.{name} has no derivative inside of xp.grad on this backend")
    return definition(xp, *arguments, **options)


def _combine(
    xp: Any,
    function: Callable[..., Any],
    rule: Callable[..., Any],
    arguments: Sequence[Any],
    options: dict[str, Any],
) -> Dual:
    """Evaluate a function at the values of the innermost level, and the rule for its slope."""
    level = _top(arguments)
    values = _strip(arguments, level)
    result = function(*values, **options)
    slope = rule(xp, function, result, values, _slopes(xp, arguments, level), options)
    shape = tuple(getattr(result, "shape", ()))
    if tuple(getattr(slope, "shape", ())) != shape:
        slope = xp.broadcast_to(slope, shape)
    return Dual(xp, result, slope, level)


def _find(xp: Any, name: str) -> Any:
    return functools.reduce(getattr, name.split("."), xp)


def _duals(arguments: Sequence[Any]) -> list[Dual]:
    """List the duals among arguments, and in lists among them."""
    found = []
    for each in arguments:
        if isinstance(each, Dual):
            found.append(each)
        elif isinstance(each, (list, tuple)):
            found += _duals(each)
    return found


def _top(arguments: Sequence[Any]) -> int:
    return max(dual.level for dual in _duals(arguments))


def _strip(arguments: Sequence[Any], level: int) -> list[Any]:
    """Take the values of the duals of a level."""

    def strip(each: Any) -> Any:
        if isinstance(each, Dual) and each.level == level:
            return each.value
        return _strip(each, level) if _duals_within(each) else each

    return [strip(each) for each in arguments]


def _slopes(xp: Any, arguments: Sequence[Any], level: int) -> list[Any]:
    """Take the slopes of the duals of a level; None for a constant, zeros for one in a list."""

    def slope(each: Any) -> Any:
        if isinstance(each, Dual) and each.level == level:
            return each.slope
        if not _duals_within(each):
            return None
        slopes = _slopes(xp, each, level)
        return [_zero(xp, a) if s is None else s for a, s in zip(each, slopes, strict=True)]

    return [slope(each) for each in arguments]


def _duals_within(each: Any) -> bool:
    return isinstance(each, (list, tuple)) and bool(_duals(each))


def _zero(xp: Any, x: Any) -> Any:
    return xp.zeros_like(x) if getattr(x, "shape", ()) else 0.0


# --- operators ------------------------------------------------------------------------------------


def _operator(function: Callable[[Any, Any], Any], rule: Callable[..., Any]) -> Any:
    def call(x: Any, y: Any) -> Dual:
        xp = _duals((x, y))[0].xp
        return _combine(xp, function, rule, (x, y), {})

    return call


def _comparison(function: Callable[[Any, Any], Any]) -> Any:
    """Compare by value."""

    def call(x: Any, y: Any) -> Any:
        return function(*_strip((x, y), _top((x, y))))

    return call


OPERATORS: dict[str, Callable[..., Any]] = {
    "add": _operator(operator.add, rules.add),
    "subtract": _operator(operator.sub, rules.subtract),
    "multiply": _operator(operator.mul, rules.multiply),
    "divide": _operator(operator.truediv, rules.divide),
    "power": _operator(operator.pow, rules.power),
    "negative": lambda x: x * -1.0,
    "greater": _comparison(operator.gt),
    "greater_equal": _comparison(operator.ge),
    "less": _comparison(operator.lt),
    "less_equal": _comparison(operator.le),
    "equal": _comparison(operator.eq),
    "not_equal": _comparison(operator.ne),
}
"""NumPy's name of an operator → what it is, where a dual is on one side."""

SIGNS = {
    **{"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power"},
    **{"gt": "greater", "ge": "greater_equal", "lt": "less", "le": "less_equal"},
    **{"eq": "equal", "ne": "not_equal"},
}
for _sign, _name in SIGNS.items():
    setattr(Dual, f"__{_sign}__", OPERATORS[_name])
    if _sign in ("add", "sub", "mul", "truediv", "pow"):
        setattr(Dual, f"__r{_sign}__", lambda x, y, _name=_name: OPERATORS[_name](y, x))
setattr(Dual, "__neg__", OPERATORS["negative"])  # noqa: B010


# --- functions ------------------------------------------------------------------------------------

RENAMED = {
    **{"absolute": "abs", "arctan": "atan", "rint": "round", "psi": "digamma", "expit": "sigmoid"},
    **{"arcsin": "asin", "arccos": "acos", "arctan2": "atan2", "arcsinh": "asinh"},
    **{"arccosh": "acosh", "arctanh": "atanh", "transpose": "permute_dims", "amax": "max"},
    **{"concatenate": "concat", "cumsum": "cumulative_sum", "cumprod": "cumulative_prod"},
    **{"cholesky": "linalg.cholesky", "solve": "linalg.solve", "slogdet": "linalg.slogdet"},
    **{name: f"linalg.{name}" for name in ("eigh", "eigvalsh", "svd", "svdvals", "qr")},
}
"""What NumPy and SciPy call a function → what the vocabulary calls it."""
