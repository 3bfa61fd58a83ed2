"""Trees: arguments that hold arrays in tuples, lists and dicts ↔ arrays by name.

An array is named by where it is: `w[0]` would be a component of it, so items of a list are `w.0`
and those of a dict `w.bias`; the entries of a dict that is the only argument go by their keys.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
    arguments = x if is_arguments(x) else (x,)
    names = argument_names(function, len(arguments))
    found: Leaves = {}
    for name, argument in zip(names, arguments, strict=True):
        alone = len(arguments) == 1 and isinstance(argument, Mapping)
        _collect("" if alone else name, argument, found)
    return found


def is_arguments(x: Any) -> bool:
    """Tell whether `x` is several arguments: a tuple, but none with names."""
    return isinstance(x, tuple) and not hasattr(x, "_fields")


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


def _collect(name: str, x: Any, found: Leaves) -> None:
    inside = items(x)
    if inside is None:
        found[name] = x
        return
    for key, value in inside:
        _collect(f"{name}.{key}" if name else key, value, found)


def _rebuild(x: Any, left: Any) -> Any:
    inside = items(x)
    if inside is None:
        return next(left)
    values = [_rebuild(value, left) for _, value in inside]
    kind: Any = type(x)
    if isinstance(x, Mapping):
        return kind(zip(x, values, strict=True))
    return kind(*values) if hasattr(x, "_fields") else kind(values)
