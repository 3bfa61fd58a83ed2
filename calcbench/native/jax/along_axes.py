"""Rules of primitives that work along axes: reductions, running ones, windows and orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.native.comparing import argmax, argmin, argsort, largest
from calcbench.native.function import NotKnown
from calcbench.native.jax.moving import pad_array
from calcbench.native.jax.step import Rule, Step
from calcbench.native.movement import move, windows
from calcbench.native.needs import enclose_extreme_along
from calcbench.native.reductions import accumulate, reduce
from calcbench.native.values import Numbers, is_certified


def _reduction(name: str) -> Rule:
    return lambda step, x: reduce(step.xp, name, x, tuple(map(int, step.params["axes"])))


def _extreme(name: str) -> Rule:
    """Build the largest or the smallest along axes. Where no slope is needed, no tie matters."""

    def rule(step: Step, x: Any) -> Numbers:
        reduction = enclose_extreme_along if step.held else reduce
        return reduction(step.xp, name, x, tuple(map(int, step.params["axes"])))

    return rule


def _running(name: str) -> Rule:
    return lambda step, x: accumulate(step.xp, name, x, step.params["axis"], step.params["reverse"])


def _argument(function: Any) -> Rule:
    def rule(step: Step, x: Any) -> np.ndarray:
        (axis,) = step.params["axes"]
        return np.asarray(function(step.xp, x, int(axis))).astype(step.params["index_dtype"])

    return rule


# --- windows --------------------------------------------------------------------------------------


def _windows(reduction: str, fill: float) -> Rule:
    """Build a reduction of the numbers in each window."""

    def rule(step: Step, x: Any) -> Numbers:
        p, n = step.params, x.ndim
        config = [
            (*padding, dilation - 1)
            for padding, dilation in zip(p["padding"], p["base_dilation"], strict=True)
        ]
        wide = move(step.xp, lambda indices: pad_array(indices, 0, config), x, fill=fill)
        cut = windows(
            step.xp,
            wide,
            p["window_dimensions"],
            p["window_strides"],
            ((0, 0),) * n,
            p["window_dilation"],
        )
        return reduce(step.xp, reduction, cut, tuple(range(n, 2 * n)))

    return rule


# --- orders ---------------------------------------------------------------------------------------


def _sort(step: Step, *operands: Any) -> list[Any]:
    """Sort by the first operand, and the others with it."""
    axis, keys = step.params["dimension"], operands[: step.params["num_keys"]]
    if any(map(is_certified, keys)):
        if len(keys) > 1:
            raise NotKnown("primitive sort by several keys")
        order = argsort(step.xp, keys[0], axis)
    else:
        order = np.lexsort(keys[::-1], axis)
    return [_take_along(step.xp, x, order, axis) for x in operands]


def _take_along(xp: Any, x: Any, order: np.ndarray, axis: int) -> Any:
    if not is_certified(x):
        return np.take_along_axis(x, order, axis)
    return xp.take_along_axis(x, order, axis)


def _top(step: Step, x: Any) -> list[Any]:
    """Find the k largest along an axis, and where they are."""
    axis = step.params.get("axis", x.ndim - 1)
    found, places = largest(step.xp, x, step.params["k"], axis)
    return [found, places.astype(step.equation.outvars[1].aval.dtype)]


RULES: dict[str, Rule] = {
    "reduce_sum": _reduction("sum"),
    "reduce_prod": _reduction("prod"),
    "reduce_max": _extreme("max"),
    "reduce_min": _extreme("min"),
    "cumsum": _running("add"),
    "cumprod": _running("multiply"),
    "cummax": _running("maximum"),
    "cummin": _running("minimum"),
    "cumlogsumexp": _running("logaddexp"),
    "argmax": _argument(argmax),
    "argmin": _argument(argmin),
    "reduce_window_sum": _windows("sum", 0.0),
    "reduce_window_max": _windows("max", -np.inf),
    "reduce_window_min": _windows("min", np.inf),
    "sort": _sort,
    "top_k": _top,
}
"""Primitive → its rule."""
