"""Functions of single numbers, element by element, by name.

The names are those of the vocabulary (`exp`, `tanh`, `gammaln`, `maximum`, …) and of `OWN`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from calcbench.native.comparing import choose, compare
from calcbench.native.function import NotKnown
from calcbench.native.values import Numbers, boxed, lift
from calcbench.vocabulary.names import NAMES


def _of_operator(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda xp, *operands: function(*operands)


def _cbrt(xp: Any, x: Numbers) -> Numbers:
    return xp.sign(x) * xp.abs(x) ** (lift(xp, 1.0) / lift(xp, 3.0))


OWN: dict[str, Callable[..., Any]] = {
    "add": _of_operator(operator.add),
    "subtract": _of_operator(operator.sub),
    "multiply": _of_operator(operator.mul),
    "divide": _of_operator(operator.truediv),
    "negative": _of_operator(operator.neg),
    "positive": _of_operator(lambda x: x),
    "one_minus_square": lambda xp, x: (1.0 + x) * (1.0 - x),
    "rsqrt": lambda xp, x: 1.0 / xp.sqrt(x),
    "cbrt": _cbrt,
    "exp2": lambda xp, x: xp.exp(x * xp.log(xp.asarray(2.0))),
}
"""Names beside those of the vocabulary."""


def elementwise(xp: Any, name: str, *operands: Any) -> Numbers:
    """Apply a function by name to numbers with proof and native constants, which broadcast.

    Raises `NotKnown` for a name that there is not.
    """
    lifted = [lift(xp, x) for x in operands]
    if name in OWN:
        return boxed(OWN[name](xp, *lifted))
    if "." in name or name not in NAMES:
        raise NotKnown(f"function {name}")
    return boxed(getattr(xp, name)(*lifted))


def plus(xp: Any, x: Any, y: Any) -> Numbers:
    """Add."""
    return elementwise(xp, "add", x, y)


def minus(xp: Any, x: Any, y: Any) -> Numbers:
    """Subtract."""
    return elementwise(xp, "subtract", x, y)


def times(xp: Any, x: Any, factor: Any) -> Any:
    """Multiply; by 1, nothing is computed."""
    one = not isinstance(factor, bool) and isinstance(factor, (int, float)) and factor == 1
    return x if one else elementwise(xp, "multiply", x, factor)


def over(xp: Any, x: Any, y: Any) -> Numbers:
    """Divide."""
    return elementwise(xp, "divide", x, y)


def whole_power(xp: Any, x: Any, n: int) -> Numbers:
    """Raise to a whole power, of any base."""
    return boxed(lift(xp, x) ** n)


def cast(xp: Any, x: Any) -> Numbers:
    """Round to a coarser dtype: as a product with 1, which counts as an operation."""
    return boxed(lift(xp, x) * 1.0)


def truncate(xp: Any, x: Any) -> Numbers:
    """Round to a whole number, towards 0."""
    down, up = elementwise(xp, "floor", x), elementwise(xp, "ceil", x)
    return choose(xp, compare(xp, "less", x, 0.0), up, down)


def fmod(xp: Any, x: Any, y: Any) -> Numbers:
    """Compute what is left of x after whole multiples of y; it has the sign of x."""
    return minus(xp, x, times(xp, truncate(xp, over(xp, x, y)), y))


def clip(xp: Any, x: Any, low: Any = None, high: Any = None) -> Numbers:
    """Raise to a lower bound, and lower to an upper one; None is no bound."""
    raised = lift(xp, x) if low is None else elementwise(xp, "maximum", x, low)
    return raised if high is None else elementwise(xp, "minimum", raised, high)


def total_of(xp: Any, terms: list[Any]) -> Numbers:
    """Add up arrays that broadcast."""
    return functools.reduce(functools.partial(plus, xp), terms)
