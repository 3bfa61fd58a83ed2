"""Rules of primitives that compute element by element, and of comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.native.comparing import SHORT, choose, compare, is_finite
from calcbench.native.elementwise import cast, clip, elementwise, fmod, truncate, whole_power
from calcbench.native.function import NotKnown
from calcbench.native.jax.framework import is_real
from calcbench.native.jax.step import Rule, Step
from calcbench.native.needs import enclose_extreme
from calcbench.native.values import Numbers, hold, is_certified, lift, midpoints

NAMES = {
    **{
        name: name
        for name in (
            "abs", "acosh", "asinh", "atan2", "atanh", "cbrt", "ceil", "cos", "cosh", "digamma",
            "erf", "erfc", "exp", "exp2", "expm1", "floor", "log", "log1p", "log2",
            "one_minus_square", "rsqrt", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh",
            "acos", "asin", "atan", "pow",
        )
    },
    "add": "add",
    "add_any": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "logistic": "sigmoid",
    "lgamma": "gammaln",
    "erf_inv": "erfinv",
    "bessel_i0e": "i0e",
}  # fmt: skip
"""Primitive → the function's name in the core."""

RELATIONS = SHORT | {"lt_to": "less", "le_to": "less_equal", "eq_to": "equal"}
"""Primitive → the relation's name in the core."""


def _named(name: str) -> Rule:
    return lambda step, *operands: elementwise(step.xp, name, *operands)


def _relation(name: str) -> Rule:
    def rule(step: Step, x: Any, y: Any) -> np.ndarray:
        left, right = step.equation.invars
        if left is right:  # is it a number?
            y = x
        return compare(step.xp, name, x, y)

    return rule


def _extreme(name: str) -> Rule:
    """Build the larger or the smaller of two. Where no slope is needed, no tie matters."""

    def rule(step: Step, x: Any, y: Any) -> Numbers:
        if not step.held:
            return elementwise(step.xp, name, x, y)
        return enclose_extreme(step.xp, name, x, y)

    return rule


def _integer_pow(step: Step, x: Any) -> Numbers:
    return whole_power(step.xp, x, step.params["y"])


def _round(step: Step, x: Any) -> Numbers:
    if int(step.params["rounding_method"]) == 1:  # a half to the even number
        return elementwise(step.xp, "round", x)
    x = lift(step.xp, x)
    up, down = elementwise(step.xp, "floor", x + 0.5), elementwise(step.xp, "ceil", x - 0.5)
    return choose(step.xp, compare(step.xp, "less", x, 0.0), down, up)


def _polygamma(step: Step, order: Any, x: Any) -> Numbers:
    if is_certified(order):
        order = midpoints(order)
    (n, *others) = np.unique(order)
    if others or n != int(n) or n < 0:
        raise NotKnown("primitive polygamma of several orders")
    return step.xp.polygamma(int(n), lift(step.xp, x))


def _convert(step: Step, x: Any) -> Any:
    """Convert to another dtype: a coarser one rounds, and integers leave out what is behind."""
    old, new = step.equation.invars[0].aval, step.equation.outvars[0].aval
    if not is_certified(x):
        return np.asarray(x).astype(new.dtype)
    if is_real(new):
        return cast(step.xp, x) if new.dtype.itemsize < old.dtype.itemsize else x
    if new.dtype == bool:
        return compare(step.xp, "not_equal", x, 0.0)
    return midpoints(truncate(step.xp, x)).astype(new.dtype)


def _select(step: Step, which: np.ndarray, *cases: Any) -> Any:
    """Take numbers from the cases by their position; false is 0."""
    which = np.asarray(which)
    if not any(map(is_certified, cases)):
        return np.select([which == k for k in range(len(cases))], cases)
    found = cases[0]
    for k, case in enumerate(cases[1:], start=1):
        found = choose(step.xp, np.broadcast_to(which == k, case.shape), case, found)
    return found


def _same(step: Step, *operands: Any) -> list[Any]:
    return list(operands)


RULES: dict[str, Rule] = {
    **{primitive: _named(name) for primitive, name in NAMES.items()},
    **{primitive: _relation(name) for primitive, name in RELATIONS.items()},
    "max": _extreme("maximum"),
    "min": _extreme("minimum"),
    "integer_pow": _integer_pow,
    "rem": lambda step, x, y: fmod(step.xp, x, y),
    "round": _round,
    "polygamma": _polygamma,
    "is_finite": lambda step, x: is_finite(step.xp, x),
    "convert_element_type": _convert,
    "reduce_precision": lambda step, x: cast(step.xp, x),
    "select_n": _select,
    "clamp": lambda step, low, x, high: clip(step.xp, x, low, high),
    "stop_gradient": lambda step, x: hold(step.xp, x) if is_certified(x) else x,
    **dict.fromkeys(
        ("copy", "copy_p", "name", "device_put", "optimization_barrier", "sharding_constraint"),
        _same,
    ),
}
"""Primitive → its rule."""
