"""Trees: arguments that hold arrays in tuples, lists and dicts ↔ arrays by name.

An array is named by where it is: `w[0]` would be a component of it, so items of a list are `w.0`
and those of a dict `w.bias`; the entries of a dict that is the only argument go by their keys.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from calcbench.errors import short_repr
from calcbench.native.function import WrongGradient
from calcbench.problem.flat import Shape
from calcbench.problem.problem import Arrays

Leaves = dict[str, Any]
"""Name → array, or another object that holds no more."""


def argument_names(function: Callable[..., Any], count: int) -> list[str]:
    """Name the first arguments of a function by its signature; x, or x0, x1, … without one."""
    try:
        found = [
            argument.name
            for argument in inspect.signature(function).parameters.values()
            if argument.kind in (argument.POSITIONAL_ONLY, argument.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        found = []
    if len(found) >= count:
        return found[:count]
    return ["x"] if count == 1 else [f"x{k}" for k in range(count)]


def name_leaves(function: Callable[..., Any], x: Any) -> Leaves:
    """Name what `x`, as it is given to a function, holds: a tuple is several arguments."""
    arguments = as_tuple(x)
    names = argument_names(function, len(arguments))
    found: Leaves = {}
    for name, argument in zip(names, arguments, strict=True):
        alone = len(arguments) == 1 and isinstance(argument, Mapping)
        _collect("" if alone else name, argument, found)
    return found


def name_parts(x: Any) -> Leaves:
    """Name what one tuple, list or dict holds by where it is, such as `layers.0`."""
    found: Leaves = {}
    _collect("", x, found)
    return found


def as_tuple(x: Any) -> tuple[Any, ...]:
    """Return the arguments: those in a tuple, unless it has names, or else `x` alone."""
    return x if isinstance(x, tuple) and not hasattr(x, "_fields") else (x,)


def function_name(function: Callable[..., Any]) -> str:
    """Return what to call a function by."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def match(x: Any, result: Any) -> list[Any]:
    """List what a gradient has for each leaf of `x`, in the order of `name_leaves`.

    Of several arguments it is a tuple or list of gradients; of a dict, a dict with the same keys,
    and so on. Raises `WrongGradient` where the two do not fit.
    """
    arguments = as_tuple(x)
    if len(arguments) == 1:
        single = isinstance(result, (tuple, list)) and len(result) == 1
        alone = single and not isinstance(x, (list, Mapping))
        part = result[0] if alone and isinstance(result, tuple) else result
        return match_parts(arguments[0], part)
    return match_parts(list(arguments), result)


def match_parts(x: Any, result: Any, what: str = "the gradient") -> list[Any]:
    """List what a result has for each leaf of one tree, in its order. Raises as `match`."""
    inside = items(x)
    if inside is None:
        return [result]
    if isinstance(x, Mapping):
        if not isinstance(result, Mapping):
            raise WrongGradient(f"{what} must be a dict of {', '.join(map(str, x))}")
        lacking = [key for key, value in x.items() if key not in result and not _is_constant(value)]
        if lacking or not set(result) <= set(x):
            beyond = [key for key in result if key not in x]
            found = f"lacks {_join(lacking)}" if lacking else f"has {_join(beyond)} beside"
            raise WrongGradient(
                f"{what} must be a dict of {', '.join(map(str, x))}, but it {found}"
            )
        parts = [result.get(key) for key in x]  # what is held constant may be left out
    else:
        parts = list(result) if isinstance(result, (tuple, list, np.ndarray)) else [result]
        if len(parts) != len(inside):
            raise WrongGradient(
                f"{what} must have {len(inside)} parts, one for each argument or item of a "
                f"list, but it has {len(parts)}"
            )
    return [
        leaf
        for (_, value), part in zip(inside, parts, strict=True)
        for leaf in match_parts(value, part, what)
    ]


def _is_constant(value: Any) -> bool:
    """Tell whether this is a single number or text that is held constant."""
    return isinstance(value, (bool, int, str, bytes, np.integer, np.bool_)) or value is None


def _join(keys: Sequence[Any]) -> str:
    return ", ".join(map(str, keys))


def read_gradient(
    x: Any, leaves: Leaves, moving: Arrays, result: Any, outputs: Shape = ()
) -> Arrays:
    """Read a gradient as float64 arrays by name: of those leaves that hold the numbers `moving`.

    `outputs` is the shape of what is differentiated, which is before theirs in a Jacobian. Raises
    `WrongGradient` for what is not of their shapes, or no real number.
    """
    found = dict(zip(leaves, match(x, result), strict=True))
    return {
        name: read_part(name, found[name], array.shape, outputs) for name, array in moving.items()
    }


def read_part(name: str, part: Any, shape: Shape, outputs: Shape = ()) -> np.ndarray:
    """Read the gradient by one array as float64; raises `WrongGradient` as `read_gradient`."""
    array = np.asarray(part)
    if array.dtype.kind not in "fiu":
        raise WrongGradient(f"the gradient by {name} must be real numbers, got {short_repr(part)}")
    if outputs and array.shape != outputs + shape:
        raise WrongGradient(
            f"the Jacobian by {name} has the shape {array.shape}, but must have {outputs + shape}: "
            f"that of f(x), {outputs}, followed by that of {name}, {shape}"
        )
    if array.shape != outputs + shape:
        raise WrongGradient(
            f"the gradient by {name} has the shape {array.shape}, but {name} has the shape {shape}"
        )
    return array.astype(np.float64)


def rebuild(x: Any, leaves: Sequence[Any]) -> Any:
    """Build what is like `x`, with other leaves, in the order of `name_leaves`."""
    left = iter(leaves)
    return _rebuild(x, left)


def items(x: Any) -> list[tuple[str, Any]] | None:
    """List what a tuple, list or dict holds, by name; None for what is a leaf."""
    if isinstance(x, Mapping):
        return [(str(key), value) for key, value in x.items()]
    fields = getattr(x, "_fields", None)
    if fields is not None and isinstance(x, tuple):
        return list(zip(fields, x, strict=True))
    if isinstance(x, (tuple, list)):
        return [(str(k), value) for k, value in enumerate(x)]
    return None


def list_leaves(x: Any) -> list[Any]:
    """List what a tuple, list or dict holds, and what those in it do; of a leaf, itself."""
    inside = items(x)
    return [x] if inside is None else [leaf for _, part in inside for leaf in list_leaves(part)]


def list_like(form: Any, x: Any) -> list[Any] | None:
    """List the leaves of a tree in the order of another one's; None where its form is another.

    Dicts with the same keys have the same form, and lists and tuples of as many items.
    """
    if items(form) is None or items(x) is None:
        return [x] if items(form) is items(x) else None
    first, found = _entries(form), _entries(x)
    names = {fields for tree in (form, x) if (fields := getattr(tree, "_fields", None))}
    if first.keys() != found.keys() or len(names) > 1:
        return None
    parts = [list_like(part, found[key]) for key, part in first.items()]
    known = [part for part in parts if part is not None]
    return list(itertools.chain(*known)) if len(known) == len(parts) else None


def _entries(x: Any) -> dict[Any, Any]:
    """Return what a dict holds by its keys, and a list or tuple by position."""
    return dict(x) if isinstance(x, Mapping) else dict(enumerate(x))


def _collect(name: str, x: Any, found: Leaves) -> None:
    inside = items(x)
    if inside is None:
        found[_distinct(name, found)] = x
        return
    for key, value in inside:
        _collect(f"{name}.{key}" if name else key, value, found)


def distinct(names: Iterable[str]) -> list[str]:
    """Make names of which none is there twice."""
    found: dict[str, None] = {}
    for name in names:
        found[_distinct(name, found)] = None
    return list(found)


def _distinct(name: str, known: Mapping[str, Any]) -> str:
    while name in known:  # "a.b" beside the b of a
        name += "′"
    return name


def _rebuild(x: Any, left: Any) -> Any:
    inside = items(x)
    if inside is None:
        return next(left)
    values = [_rebuild(value, left) for _, value in inside]
    kind: Any = type(x)
    if isinstance(x, Mapping):
        return kind(zip(x, values, strict=True))
    return kind(*values) if hasattr(x, "_fields") else kind(values)
