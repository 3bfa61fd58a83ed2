"""Ufuncs: NumPy's functions element by element, and their methods, on numbers with proof."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from calcbench.native import comparing, products
from calcbench.native.comparing import compare, is_finite, is_infinite, is_nan
from calcbench.native.elementwise import elementwise, whole_power
from calcbench.native.function import NotKnown
from calcbench.native.reductions import accumulate, reduce
from calcbench.native.values import Numbers, lift

Handler = Callable[..., Any]
"""(xp, what NumPy's function is given) → its result."""


def _named(name: str) -> Handler:
    return lambda xp, *operands: elementwise(xp, name, *operands)


def _relation(name: str) -> Handler:
    return lambda xp, x, y: compare(xp, name, x, y)


SAME = (
    "exp expm1 exp2 log log1p log2 log10 sqrt cbrt sin cos tan sinh cosh tanh square reciprocal "
    "sign floor ceil add subtract multiply divide negative positive maximum minimum logaddexp "
    "hypot logit xlogy xlog1py entr rel_entr betaln ndtr log_ndtr erf erfc erfinv gammaln i0e"
)
"""Names of ufuncs, of NumPy or `scipy.special`, that the core has as well."""

SPELLED = {
    "absolute": "abs",
    "fabs": "abs",
    "power": "pow",
    "float_power": "pow",
    "fmax": "maximum",
    "fmin": "minimum",
    "conjugate": "positive",
    "rint": "round",
    "remainder": "remainder",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "arctan2": "atan2",
    "expit": "sigmoid",
    "log_expit": "log_sigmoid",
    "psi": "digamma",
}
"""Name of a ufunc → the core's."""


def _power(xp: Any, x: Any, y: Any) -> Numbers:
    """Raise to a power; to one whole number, by products."""
    if isinstance(y, (int, float, np.integer, np.floating)) and float(y).is_integer():
        return whole_power(xp, x, int(y))
    return elementwise(xp, "pow", x, y)


def _times(factor: float) -> Handler:
    return lambda xp, x: elementwise(xp, "multiply", x, factor)


UFUNCS: dict[str, Handler] = {
    **{name: _named(name) for name in SAME.split()},
    **{name: _named(own) for name, own in SPELLED.items()},
    **{name: _relation(name) for name in comparing.RELATIONS},
    "power": _power,
    "matmul": products.matmul,
    "vecdot": lambda xp, x, y: reduce(xp, "sum", elementwise(xp, "multiply", x, y), -1),
    "isfinite": is_finite,
    "isnan": is_nan,
    "isinf": is_infinite,
    "logical_not": lambda xp, x: compare(xp, "equal", x, 0.0),
    "deg2rad": _times(np.pi / 180),
    "radians": _times(np.pi / 180),
    "rad2deg": _times(180 / np.pi),
    "degrees": _times(180 / np.pi),
    "gamma": lambda xp, x: _gamma(xp, x),
    "floor_divide": lambda xp, x, y: elementwise(xp, "floor", elementwise(xp, "divide", x, y)),
}
"""Name of a ufunc → what it does."""

REDUCTIONS = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logaddexp": "logsumexp",
}
"""Name of a ufunc → the reduction of the core."""


def _gamma(xp: Any, x: Any) -> Numbers:
    """Compute Γ of numbers above 0."""
    if not np.all(compare(xp, "greater", x, 0.0)):
        raise NotKnown("scipy.special.gamma below 0")
    return elementwise(xp, "exp", elementwise(xp, "gammaln", x))


def run_ufunc(xp: Any, ufunc: Any, method: str, operands: list[Any], options: Any) -> Any:
    """Run a ufunc, or one of its methods, on numbers with proof."""
    name = ufunc.__name__
    module = next((m for m in UFUNC_MODULES if _has(m, name, ufunc)), "")
    if not module:
        raise NotKnown(f"ufunc {name}")
    if method == "__call__" and name in UFUNCS and not options:
        return UFUNCS[name](xp, *operands)
    if method == "reduce" and name in REDUCTIONS and options.keys() <= {"axis", "keepdims"}:
        return reduce(xp, REDUCTIONS[name], operands[0], **_axes(options))
    if method == "accumulate" and name in UFUNCS and options.keys() <= {"axis"}:
        return accumulate(xp, name, operands[0], options.get("axis", 0))
    if method == "outer" and name in UFUNCS and not options:
        x, y = (lift(xp, operand) for operand in operands)
        return UFUNCS[name](xp, xp.reshape(x, x.shape + (1,) * y.ndim), y)
    said = f"{module}.{name}" if method == "__call__" else f"{module}.{name}.{method}"
    raise NotKnown(f"{said} with these options" if options else said)


UFUNC_MODULES = ("numpy", "scipy.special")
"""Modules whose ufuncs are known by name; others may have the same names."""


def _has(module: str, name: str, function: Any) -> bool:
    return getattr(sys.modules.get(module), name, None) is function


def _axes(options: Any) -> dict[str, Any]:
    return {"axes": options.get("axis", 0), "keepdims": options.get("keepdims", False)}
