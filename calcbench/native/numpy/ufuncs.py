"""Ufuncs: NumPy's functions element by element, and their methods, on numbers with proof."""

from __future__ import annotations

import sys
from typing import Any

from calcbench.native.function import NotKnown
from calcbench.native.numpy.functions import REDUCTIONS, UFUNCS
from calcbench.native.reductions import accumulate, reduce
from calcbench.native.values import lift


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
