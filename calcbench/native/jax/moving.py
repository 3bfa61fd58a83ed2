"""Rules of primitives that move numbers to other places, and of those that add up on the way.

What NumPy does alike is done by NumPy; a gather or a scatter is asked of JAX itself, by having it
gather indices.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import lax

from calcbench.native.comparing import choose
from calcbench.native.elementwise import elementwise
from calcbench.native.jax.step import Rule, Step
from calcbench.native.movement import lanes, move, pick, replace, scatter_add, transpose
from calcbench.native.reductions import reduce
from calcbench.native.values import Numbers, is_active, is_certified, lift

# --- one array in another form --------------------------------------------------------------------


def _reshape(step: Step, x: Any, *_: Any) -> Any:
    if not is_certified(x):
        return np.reshape(x, step.shape)
    return step.xp.reshape(x, step.shape)


def _transpose(step: Step, x: Any) -> Any:
    axes = tuple(map(int, step.params["permutation"]))
    return transpose(step.xp, x, axes) if is_certified(x) else np.transpose(x, axes)


def _broadcast(step: Step, x: Any, *_: Any) -> Any:
    """Repeat along axes; the slopes of repeated numbers are sums."""
    kept = dict(zip(map(int, step.params["broadcast_dimensions"]), x.shape, strict=True))
    shape = tuple(kept.get(axis, 1) for axis in range(len(step.shape)))
    if not is_certified(x):
        return np.broadcast_to(np.reshape(x, shape), step.shape)
    x = step.xp.reshape(x, shape)
    return choose(step.xp, np.ones(step.shape, dtype=bool), x, 0.0) if shape != step.shape else x


def _slice(step: Step, x: Any) -> Any:
    start, stop = step.params["start_indices"], step.params["limit_indices"]
    strides = step.params["strides"] or (1,) * len(start)
    return x[tuple(map(slice, start, stop, strides))]


def _reverse(step: Step, x: Any) -> Any:
    last_first = slice(None, None, -1)
    axes = step.params["dimensions"]
    return x[tuple(last_first if a in axes else slice(None) for a in range(x.ndim))]


def _split(step: Step, x: Any) -> list[Any]:
    before = (slice(None),) * step.params["axis"]
    ends = np.cumsum([int(size) for size in step.params["sizes"]]).tolist()
    return [x[(*before, slice(start, end))] for start, end in zip([0, *ends], ends, strict=False)]


def _unstack(step: Step, x: Any) -> list[Any]:
    before = (slice(None),) * step.params["axis"]
    return [x[(*before, k)] for k in range(x.shape[step.params["axis"]])]


def _tile(step: Step, x: Any) -> Any:
    times = step.params["reps"]
    if not is_certified(x):
        return np.tile(x, times)
    return move(step.xp, lambda places: np.tile(places, times), x)


def _dynamic_slice(step: Step, x: Any, *starts: Any) -> Any:
    return x[_clamped(x.shape, starts[: x.ndim], step.params["slice_sizes"])]


def _clamped(shape: Any, starts: Any, sizes: Any) -> tuple[slice, ...]:
    """Return the slices of these sizes that begin there, or as near as they fit."""
    first = [min(max(int(k), 0), n - m) for k, n, m in zip(starts, shape, sizes, strict=True)]
    return tuple(slice(k, k + m) for k, m in zip(first, sizes, strict=True))


def _count(step: Step, *_: Any) -> np.ndarray:
    """Count along one axis, from 0 on."""
    along = tuple(-1 if a == step.params["dimension"] else 1 for a in range(len(step.shape)))
    dtype = step.equation.outvars[0].aval.dtype
    return np.broadcast_to(
        np.arange(step.shape[step.params["dimension"]], dtype=dtype).reshape(along), step.shape
    )


# --- several arrays -------------------------------------------------------------------------------


def _concatenate(step: Step, *parts: Any) -> Any:
    axis = step.params["dimension"]
    if not any(map(is_certified, parts)):
        return np.concatenate(parts, axis)
    return step.xp.concat([lift(step.xp, part) for part in parts], axis=axis)


def _stack(step: Step, *parts: Any) -> Any:
    axis = step.params["axis"]
    if not any(map(is_certified, parts)):
        return np.stack(parts, axis)
    return step.xp.stack([lift(step.xp, part) for part in parts], axis=axis)


def _pad(step: Step, x: Any, value: Any) -> Any:
    config = [tuple(map(int, each)) for each in step.params["padding_config"]]

    def pad(numbers: np.ndarray, fill: np.ndarray) -> np.ndarray:
        return pad_array(numbers, fill, config)

    certified = is_certified(x) or is_certified(value)
    return move(step.xp, pad, x, value) if certified else pad(x, value)


def pad_array(x: np.ndarray, fill: Any, config: Any) -> np.ndarray:
    """Put `fill` around and between numbers: (before, after, between) for each axis.

    Below 0, before and after cut off.
    """
    for axis, (before, after, between) in enumerate(config):
        length = x.shape[axis] + max(x.shape[axis] - 1, 0) * between
        shape = (*x.shape[:axis], length + max(before, 0) + max(after, 0), *x.shape[axis + 1 :])
        wide = np.full(shape, fill, dtype=x.dtype)
        along = (slice(None),) * axis
        wide[(*along, slice(max(before, 0), max(before, 0) + length, between + 1))] = x
        x = wide[(*along, slice(max(-before, 0), shape[axis] - max(-after, 0)))]
    return x


def _dynamic_update_slice(step: Step, x: Any, update: Any, *starts: Any) -> Any:
    if not (is_certified(x) or is_certified(update)):
        return step.natively(x, update, *starts)
    key = _clamped(x.shape, starts[: x.ndim], update.shape)
    return replace(step.xp, x, key, update)


# --- by index -------------------------------------------------------------------------------------


def _gather(step: Step, x: Any, indices: Any) -> Any:
    if not is_certified(x):
        return step.natively(x, indices)
    p = step.params
    fill = np.nan if p["fill_value"] is None else float(p["fill_value"])

    def gather(places: np.ndarray) -> np.ndarray:
        found = lax.gather(
            jax.numpy.asarray(places),
            indices,
            p["dimension_numbers"],
            p["slice_sizes"],
            mode=p["mode"],
            fill_value=0,
        )
        return np.asarray(found)

    return move(step.xp, gather, x, fill=fill)


def _targets(step: Step, x: Any, indices: Any, updates: Any) -> np.ndarray:
    """Find for each update its place in the flat x: −1 where it falls outside."""
    p = step.params
    d = p["dimension_numbers"]
    batch = getattr(d, "operand_batching_dims", ())
    window = iter(d.update_window_dims)
    alone = (*d.inserted_window_dims, *batch)
    sizes = [1 if axis in alone else updates.shape[next(window)] for axis in range(x.ndim)]
    places = np.arange(1, 1 + math.prod(x.shape)).reshape(x.shape)
    found = lax.gather(
        jax.numpy.asarray(places),
        indices,
        lax.GatherDimensionNumbers(
            offset_dims=d.update_window_dims,
            collapsed_slice_dims=d.inserted_window_dims,
            start_index_map=d.scatter_dims_to_operand_dims,
            operand_batching_dims=batch,
            start_indices_batching_dims=getattr(d, "scatter_indices_batching_dims", ()),
        ),
        sizes,
        mode=p["mode"],
        fill_value=0,
    )
    return np.asarray(found) - 1


def _scattering(function: Callable[..., Any]) -> Rule:
    """Build a rule from a function of (xp, x, the targets of updates, updates)."""

    def rule(step: Step, x: Any, indices: Any, updates: Any) -> Any:
        if not (is_certified(x) or is_certified(updates)):
            return step.natively(x, indices, updates)
        return function(step.xp, x, _targets(step, x, indices, updates), updates)

    return rule


def _scatter(xp: Any, x: Any, targets: np.ndarray, updates: Any) -> Numbers:
    """Replace numbers; of several for one place, the last one stays."""

    def write(whole: np.ndarray, part: np.ndarray) -> np.ndarray:
        found = whole.ravel().copy()
        inside = targets >= 0
        found[targets[inside]] = part[inside]
        return found.reshape(whole.shape)

    return move(xp, write, x, updates)


def _scatter_subtract(xp: Any, x: Any, targets: np.ndarray, updates: Any) -> Numbers:
    return scatter_add(xp, x, targets, elementwise(xp, "negative", updates))


def _combining(reduction: str, function: str, neutral: float) -> Callable[..., Any]:
    """Build a scatter that reduces the updates for each place, and combines that with x."""

    def scatter(xp: Any, x: Any, targets: np.ndarray, updates: Any) -> Numbers:
        places = lanes(targets.ravel(), math.prod(x.shape))
        if not places.shape[1]:
            return lift(xp, x)
        found = reduce(xp, reduction, pick(xp, [updates], places, fill=neutral), 1)
        combined = elementwise(xp, function, x, xp.reshape(found, x.shape))
        touched = np.any(places > 0, axis=1).reshape(x.shape)
        if reduction in ("max", "min") and is_active(x):
            # JAX takes an adjoint back to a number that was replaced, and then away again.
            return lift(xp, x + choose(xp, touched, combined - x, 0.0))
        return choose(xp, touched, combined, x)

    return scatter


RULES: dict[str, Rule] = {
    "iota": _count,
    "reshape": _reshape,
    "squeeze": _reshape,
    "expand_dims": _reshape,
    "transpose": _transpose,
    "broadcast_in_dim": _broadcast,
    "slice": _slice,
    "rev": _reverse,
    "split": _split,
    "unstack": _unstack,
    "tile": _tile,
    "dynamic_slice": _dynamic_slice,
    "concatenate": _concatenate,
    "stack": _stack,
    "pad": _pad,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": _gather,
    "scatter": _scattering(_scatter),
    "scatter-add": _scattering(scatter_add),
    "scatter_add": _scattering(scatter_add),
    "scatter-sub": _scattering(_scatter_subtract),
    "scatter-mul": _scattering(_combining("prod", "multiply", 1.0)),
    "scatter_mul": _scattering(_combining("prod", "multiply", 1.0)),
    "scatter-min": _scattering(_combining("min", "minimum", np.inf)),
    "scatter_min": _scattering(_combining("min", "minimum", np.inf)),
    "scatter-max": _scattering(_combining("max", "maximum", -np.inf)),
    "scatter_max": _scattering(_combining("max", "maximum", -np.inf)),
}
"""Primitive → its rule."""
