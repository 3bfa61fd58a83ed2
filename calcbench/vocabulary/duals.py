"""Dual numbers: a derivative inside a cost, where a library has none of its own.

A dual is a + b·ε with ε² = 0: an array, and how it moves as one number of the argument does
(forward mode: Griewank & Walther, Evaluating Derivatives, 2nd ed., chapter 3). Its parts are arrays
of the vocabulary that the cost is evaluated in, so that balls, complex steps and duals again may be
inside; NumPy's functions give it to the rules below by its protocols, and any other vocabulary by
`on_duals`. Each `grad` has a level of its own: what moves with an outer one is constant here.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from calcbench.errors import ProblemError, Unsupported
from calcbench.vocabulary.array import Array
from calcbench.vocabulary.composed import DEFINITIONS

_levels = itertools.count(1)


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

    def __getitem__(self, index: Any) -> Dual:
        return Dual(self.xp, self.value[index], self.slope[index], self.level)

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


def on_duals(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of a vocabulary take duals, too: by the rule of its name."""

    @functools.wraps(function, updated=())
    def call(*arguments: Any, **options: Any) -> Any:
        duals = _duals(arguments)
        if _duals(list(options.values())):
            raise Unsupported(f"inside of xp.grad, xp.{name} takes its arrays by position alone")
        if not duals:
            return function(*arguments, **options)
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


def _plus(*terms: Any) -> Any:
    """Add what there is: None is nothing."""
    return functools.reduce(operator.add, [term for term in terms if term is not None])


def _times(slope: Any, factor: Any) -> Any:
    return None if slope is None else slope * factor


def _add(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    return _plus(*slopes)


def _subtract(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    return _plus(slopes[0], _times(slopes[1], -1.0))


def _multiply(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    return _plus(_times(slopes[0], values[1]), _times(slopes[1], values[0]))


def _divide(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    _, y = values
    return _plus(None if slopes[0] is None else slopes[0] / y, _times(slopes[1], -z / y))


def _power(xp: Any, f: Any, z: Any, values: Any, slopes: Any, o: Any) -> Any:
    x, y = values
    if isinstance(y, (int, float)) and y in (0, 1):
        return slopes[0] * y
    by_base = _times(slopes[0], y * x ** (y - 1)) if slopes[0] is not None else None
    if slopes[1] is None:
        return by_base
    return _plus(by_base, slopes[1] * z * xp.log(xp.asarray(1.0) * x))


OPERATORS: dict[str, Callable[..., Any]] = {
    "add": _operator(operator.add, _add),
    "subtract": _operator(operator.sub, _subtract),
    "multiply": _operator(operator.mul, _multiply),
    "divide": _operator(operator.truediv, _divide),
    "power": _operator(operator.pow, _power),
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

STILL = (
    *("floor", "round", "logical_and", "logical_or", "logical_not", "equal", "not_equal"),
    *("argsort", "argmax", "argmin", "isfinite", "isnan"),
)
"""Functions that give the same, and no slope, as what they are given moves a little."""


def _elementwise(slope: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    """Build the rule of a function of one number from its slope: of the vocabulary, x and y."""
    return lambda xp, f, y, values, slopes, options: slopes[0] * slope(xp, values[0], y)


def _linear(xp: Any, f: Any, y: Any, values: Any, slopes: Any, options: Any) -> Any:
    """Apply a function that is linear in its first argument to the slope."""
    return f(slopes[0], *values[1:], **options)


def _multilinear(xp: Any, f: Any, y: Any, values: Any, slopes: Any, options: Any) -> Any:
    """Apply a function that is linear in each argument to the slope of one at a time."""
    moved = (k for k, slope in enumerate(slopes) if slope is not None)
    return _plus(*(f(*values[:k], slopes[k], *values[k + 1 :], **options) for k in moved))


def _logsumexp(xp: Any, f: Any, y: Any, values: Any, slopes: Any, options: Any) -> Any:
    x, *more = values
    given = {**dict(zip(("axis", "keepdims"), more, strict=False)), **options}
    shift = _finite(xp, f(x, axis=given.get("axis"), keepdims=True))
    return xp.sum(xp.exp(x - shift) * slopes[0], **given)


def _logaddexp(xp: Any, f: Any, z: Any, values: Any, slopes: Any, options: Any) -> Any:
    shift = _finite(xp, z)
    return _plus(*(_times(s, xp.exp(x - shift)) for x, s in zip(values, slopes, strict=True)))


def _finite(xp: Any, x: Any) -> Any:
    """Put 0 in the place of −∞, where no term is to be shifted."""
    return xp.where(xp.isfinite(x), x, 0.0)


def _extreme(first: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Build the rule of the larger, or smaller, of two; the mean of both slopes at a tie."""

    def rule(xp: Any, f: Any, z: Any, values: Any, slopes: Any, options: Any) -> Any:
        (x, y), (one, other) = values, (0.0 if slope is None else slope for slope in slopes)
        tied = xp.where(first(y, x), other, 0.5 * one + 0.5 * other)
        return xp.where(first(x, y), one, tied)

    return rule


def _where(xp: Any, f: Any, z: Any, values: Any, slopes: Any, options: Any) -> Any:
    return f(values[0], *(0.0 if slope is None else slope for slope in slopes[1:]))


def _cholesky(xp: Any, f: Any, lower: Any, values: Any, slopes: Any, options: Any) -> Any:
    """L·Φ(L⁻¹ Ȧ L⁻ᵀ), where Φ halves the diagonal and drops what is above (Murray 2016, (8))."""
    turned = xp.matrix_transpose
    moved = (slopes[0] + turned(slopes[0])) * 0.5
    inner = xp.linalg.solve(lower, turned(xp.linalg.solve(lower, moved)))
    halved = xp.tril(inner) - 0.5 * (inner * xp.eye(lower.shape[-1]))
    return xp.matmul(lower, halved)


def _solve(xp: Any, f: Any, x: Any, values: Any, slopes: Any, options: Any) -> Any:
    a, _ = values
    turned = None if slopes[0] is None else xp.matmul(slopes[0], x) * -1.0
    return f(a, _plus(slopes[1], turned))


def _polygamma(xp: Any, f: Any, y: Any, values: Any, slopes: Any, options: Any) -> Any:
    order, x = values
    return slopes[1] * f(order + 1, x)


RULES: dict[str, Callable[..., Any]] = {
    "exp": _elementwise(lambda xp, x, y: y),
    "expm1": _elementwise(lambda xp, x, y: xp.exp(x)),
    "log": _elementwise(lambda xp, x, y: 1.0 / x),
    "log1p": _elementwise(lambda xp, x, y: 1.0 / (1.0 + x)),
    "sqrt": _elementwise(lambda xp, x, y: 0.5 / y),
    "sin": _elementwise(lambda xp, x, y: xp.cos(x)),
    "cos": _elementwise(lambda xp, x, y: -1.0 * xp.sin(x)),
    "tan": _elementwise(lambda xp, x, y: 1.0 + y * y),
    # 1 − y² would cancel where y is near 1.
    "tanh": _elementwise(lambda xp, x, y: 4.0 * xp.sigmoid(2.0 * x) * xp.sigmoid(-2.0 * x)),
    "atan": _elementwise(lambda xp, x, y: 1.0 / (1.0 + x * x)),
    "abs": _elementwise(lambda xp, x, y: xp.sign(x)),
    "sigmoid": _elementwise(lambda xp, x, y: y * xp.sigmoid(-1.0 * x)),
    "softplus": _elementwise(lambda xp, x, y: xp.sigmoid(x)),
    "erf": _elementwise(lambda xp, x, y: xp.exp(-1.0 * (x * x)) * 2.0 / xp.pi**0.5),
    "erfc": _elementwise(lambda xp, x, y: xp.exp(-1.0 * (x * x)) * -2.0 / xp.pi**0.5),
    "gammaln": _elementwise(lambda xp, x, y: xp.digamma(x)),
    "digamma": _elementwise(lambda xp, x, y: xp.polygamma(1, x)),
    "polygamma": _polygamma,
    "erfinv": _elementwise(lambda xp, x, y: xp.exp(y * y) * xp.pi**0.5 / 2.0),
    "log_ndtr": _elementwise(lambda xp, x, y: xp.exp(x * x * -0.5 - y) / (2.0 * xp.pi) ** 0.5),
    "maximum": _extreme(operator.gt),
    "minimum": _extreme(operator.lt),
    "logaddexp": _logaddexp,
    "where": _where,
    **dict.fromkeys(("sum", "mean", "matrix_transpose", "reshape", "concat", "stack"), _linear),
    **dict.fromkeys(("take", "take_along_axis"), _linear),
    **dict.fromkeys(("matmul", "einsum"), _multilinear),
    "logsumexp": _logsumexp,
    "linalg.cholesky": _cholesky,
    "linalg.solve": _solve,
}
"""Name → its rule, of (vocabulary, function, result, values, slopes, options)."""


def _max(xp: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Find the largest, one slice after the other."""
    axes = range(x.ndim) if axis is None else [int(each) % x.ndim for each in np.atleast_1d(axis)]
    for each in axes:
        before = (slice(None),) * each
        slices = [x[(*before, slice(k, k + 1))] for k in range(x.shape[each])]
        x = functools.reduce(xp.maximum, slices)
    kept = [n for each, n in enumerate(x.shape) if each not in axes]
    return x if keepdims else xp.reshape(x, tuple(kept))


def _slogdet(xp: Any, x: Dual) -> tuple[Any, Any]:
    sign, log = xp.linalg.slogdet(x.value)
    return sign, Dual(xp, log, xp.linalg.trace(xp.linalg.solve(x.value, x.slope)), x.level)


def _eigh(xp: Any, x: Dual) -> tuple[Dual, Dual]:
    """Turn each eigenvector towards the others, by how far its eigenvalue is from theirs.

    (Magnus & Neudecker, Matrix Differential Calculus, 3rd ed., chapter 8.) Of eigenvalues that
    coincide the vectors have no slope: it is infinite or NaN.
    """
    values, vectors = xp.linalg.eigh(x.value)
    slope = (x.slope + xp.matrix_transpose(x.slope)) * 0.5
    moved = xp.matmul(xp.matrix_transpose(vectors), xp.matmul(slope, vectors))
    one = xp.eye(values.shape[-1])
    gaps = values[..., None, :] - values[..., :, None] + one
    turned = xp.matmul(vectors, moved * (1.0 - one) / gaps)
    shifts = xp.sum(moved * one, axis=-1)
    return Dual(xp, values, shifts, x.level), Dual(xp, vectors, turned, x.level)


def _expm(xp: Any, x: Dual) -> Dual:
    """Find the slope above the diagonal of the exponential of [a ȧ; 0 a].

    (Higham, Functions of Matrices, theorem 3.6.)
    """
    n, a = x.shape[-1], x.value
    upper = xp.concat([a, x.slope], axis=-1)
    lower = xp.concat([a * 0.0, a], axis=-1)
    both = xp.linalg.expm(xp.concat([upper, lower], axis=-2))
    return Dual(xp, both[..., :n, :n], both[..., :n, n:], x.level)


ON_DUALS: dict[str, Callable[..., Any]] = {
    "max": _max,
    "linalg.expm": _expm,
    "linalg.slogdet": _slogdet,
    "linalg.eigh": _eigh,
    "asarray": lambda xp, x: x,
    "stop_gradient": lambda xp, x: xp.stop_gradient(x.value),
}
"""Name → its definition in a vocabulary, where it is given duals."""
