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


def total_of(xp: Any, terms: list[Any]) -> Numbers:
    """Add up arrays that broadcast."""
    return functools.reduce(lambda x, y: elementwise(xp, "add", x, y), terms)
