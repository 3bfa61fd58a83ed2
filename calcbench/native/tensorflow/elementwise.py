"""Rules of operations that compute element by element, and of comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.native.comparing import choose, compare, is_finite, is_nan
from calcbench.native.elementwise import cast, clip, elementwise, fmod, total_of, truncate
from calcbench.native.function import NotKnown
from calcbench.native.needs import enclose_extreme
from calcbench.native.tensorflow.step import Rule, Step
from calcbench.native.values import Numbers, hold, is_certified, lift, midpoints

NAMES = {
    **{
        name.capitalize(): name
        for name in (
            "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "cos",
            "cosh", "digamma", "elu", "erf", "erfc", "erfinv", "exp", "expm1", "floor", "log",
            "log1p", "reciprocal", "relu", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh",
            "softplus", "sqrt", "square", "tan", "tanh", "xlog1py", "xlogy", "add", "pow",
        )
    },
    "AddV2": "add",
    "Sub": "subtract",
    "Mul": "multiply",
    "RealDiv": "divide",
    "Div": "divide",
    "Neg": "negative",
    "Inv": "reciprocal",
    "Rint": "round",
    "Lgamma": "gammaln",
    "BesselI0e": "i0e",
}  # fmt: skip
"""Operation → the function's name in the core."""

RELATIONS = {
    "Less": "less",
    "LessEqual": "less_equal",
    "Greater": "greater",
    "GreaterEqual": "greater_equal",
    "Equal": "equal",
    "NotEqual": "not_equal",
}
"""Operation → the relation's name in the core."""


def _named(name: str) -> Rule:
    return lambda step, *operands: elementwise(step.xp, name, *operands)


def _relation(name: str) -> Rule:
    return lambda step, x, y: compare(step.xp, name, x, y)


def _extreme(name: str) -> Rule:
    """Build the larger or the smaller of two. Where no slope is needed, no tie matters."""

    def rule(step: Step, x: Any, y: Any) -> Numbers:
        if step.held:
            return enclose_extreme(step.xp, name, x, y)
        return elementwise(step.xp, name, x, y)

    return rule


def positive(xp: Any, x: Any) -> np.ndarray:
    """Tell which numbers are above 0."""
    return compare(xp, "greater", x, 0.0)


def _where_zero(xp: Any, y: Any, otherwise: Any) -> Numbers:
    """Give 0 where y is 0, and elsewhere a function of y, which is not computed at 0."""
    away = compare(xp, "not_equal", y, 0.0)
    return choose(xp, away, otherwise(choose(xp, away, y, 1.0)), 0.0)


def _divide_no_nan(step: Step, x: Any, y: Any) -> Numbers:
    return _where_zero(step.xp, y, lambda safe: elementwise(step.xp, "divide", x, safe))


def _multiply_no_nan(step: Step, x: Any, y: Any) -> Numbers:
    return _where_zero(step.xp, y, lambda safe: elementwise(step.xp, "multiply", x, safe))


def _xdivy(step: Step, x: Any, y: Any) -> Numbers:
    return _where_zero(step.xp, x, lambda safe: elementwise(step.xp, "divide", safe, y))


def _floor_divide(step: Step, x: Any, y: Any) -> Numbers:
    return elementwise(step.xp, "floor", elementwise(step.xp, "divide", x, y))


def _remainder(step: Step, x: Any, y: Any) -> Numbers:
    """Compute what is left of x after whole multiples of y; it has the sign of y."""
    x, y = lift(step.xp, x), lift(step.xp, y)
    return x - elementwise(step.xp, "floor", x / y) * y


def _squared_difference(step: Step, x: Any, y: Any) -> Numbers:
    return elementwise(step.xp, "square", elementwise(step.xp, "subtract", x, y))


def _polygamma(step: Step, order: Any, x: Any) -> Numbers:
    (n, *others) = np.unique(midpoints(order) if is_certified(order) else order)
    if others or n != int(n) or n < 0:
        raise NotKnown("operation Polygamma of several orders")
    return step.xp.polygamma(int(n), lift(step.xp, x))


# --- activations ----------------------------------------------------------------------------------

SELU = 1.0507009873554804934, 1.7580993408473768600
"""The factors of `selu` above and below 0, as TensorFlow has them."""


def _leaky_relu(step: Step, x: Any) -> Numbers:
    slope = step.attribute("alpha")
    return choose(step.xp, positive(step.xp, x), x, elementwise(step.xp, "multiply", x, slope))


def _selu(step: Step, x: Any) -> Numbers:
    xp, above = step.xp, positive(step.xp, x)
    below = elementwise(xp, "expm1", choose(xp, above, 0.0, x))
    factors = [step.dtype(factor) for factor in SELU]
    return choose(
        xp,
        above,
        elementwise(xp, "multiply", x, factors[0]),
        elementwise(xp, "multiply", below, factors[1]),
    )


def _relu6(step: Step, x: Any) -> Numbers:
    return elementwise(step.xp, "minimum", elementwise(step.xp, "relu", x), 6.0)


def _softsign(step: Step, x: Any) -> Numbers:
    sizes = elementwise(step.xp, "abs", x)
    return elementwise(step.xp, "divide", x, elementwise(step.xp, "add", sizes, 1.0))


# --- conversions and choices ----------------------------------------------------------------------


def _convert(step: Step, x: Any) -> Any:
    """Convert to another dtype: a coarser one rounds, and integers leave out what is behind."""
    old, new = step.operation.inputs[0].dtype, step.operation.outputs[0].dtype
    if new.is_floating:
        return cast(step.xp, x) if new.size < old.size else x
    if new.is_bool:
        return compare(step.xp, "not_equal", x, 0.0)
    return midpoints(truncate(step.xp, x)).astype(new.as_numpy_dtype)


def _select(step: Step, which: Any, x: Any, y: Any) -> Any:
    """Take numbers by a condition; that of the older operation may be of rows."""
    if step.name == "Select" and which.ndim == 1:
        which = which.reshape(-1, *[1] * (np.ndim(x) - 1))
    return choose(step.xp, which, x, y)


def _is_infinite(step: Step, x: Any) -> np.ndarray:
    return np.asarray(~(is_finite(step.xp, x) | is_nan(step.xp, x)))


def _held(step: Step, x: Any) -> Any:
    return hold(step.xp, x) if is_certified(x) else x


def _same(step: Step, *operands: Any) -> list[Any]:
    return list(operands)


SAME = (
    "CheckNumerics", "CheckNumericsV2", "DebugIdentityV2", "EnsureShape", "Identity", "IdentityN",
    "OptimizationBarrier", "PlaceholderWithDefault", "PreventGradient", "Snapshot", "XlaSharding",
)  # fmt: skip
"""Operations that compute nothing. The one with several operands has a custom rule around it."""

RULES: dict[str, Rule] = {
    **{operation: _named(name) for operation, name in NAMES.items()},
    **{operation: _relation(name) for operation, name in RELATIONS.items()},
    "Maximum": _extreme("maximum"),
    "Minimum": _extreme("minimum"),
    "AddN": lambda step, *terms: total_of(step.xp, list(terms)),
    "AccumulateNV2": lambda step, *terms: total_of(step.xp, list(terms)),
    "SquaredDifference": _squared_difference,
    "DivNoNan": _divide_no_nan,
    "MulNoNan": _multiply_no_nan,
    "Xdivy": _xdivy,
    "FloorDiv": _floor_divide,
    "FloorMod": _remainder,
    **dict.fromkeys(("TruncateMod", "Mod"), lambda step, x, y: fmod(step.xp, x, y)),
    "Polygamma": _polygamma,
    "ClipByValue": lambda step, x, low, high: clip(step.xp, x, low, high),
    "LeakyRelu": _leaky_relu,
    "Selu": _selu,
    "Relu6": _relu6,
    "Softsign": _softsign,
    "IsFinite": lambda step, x: is_finite(step.xp, x),
    "IsNan": lambda step, x: is_nan(step.xp, x),
    "IsInf": _is_infinite,
    "Cast": _convert,
    "Select": _select,
    "SelectV2": _select,
    "StopGradient": _held,
    **dict.fromkeys(SAME, _same),
}
"""Operation → its rule."""
