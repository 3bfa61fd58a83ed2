"""Rebinding: other functions under the names of a function's own module, while it runs.

What NumPy does not hand over by its protocols, such as `np.zeros(n)` that is filled in a loop, is
found where the function's code finds it, among its globals. NumPy itself is left alone: another
thread, or an import that happens meanwhile, sees what it always saw.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Any


class Proxy(types.ModuleType):
    """A module with some functions replaced, as one other module sees it."""

    def __init__(self, module: types.ModuleType, replaced: Mapping[Any, Any]) -> None:
        """Take the module, and function → what to call instead."""
        super().__init__(module.__name__)
        self._module, self._replaced = module, replaced

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if isinstance(found, types.ModuleType):
            return Proxy(found, self._replaced)
        return replacement(found, self._replaced)


def replacement(value: Any, replaced: Mapping[Any, Any]) -> Any:
    """Return what to call instead of a function; any other object stays as it is."""
    if not callable(value):
        return value
    try:
        return replaced.get(value, value)
    except TypeError:  # it has no hash
        return value


def _replace(value: Any, modules: tuple[types.ModuleType, ...], replaced: Mapping[Any, Any]) -> Any:
    if isinstance(value, types.ModuleType):
        return Proxy(value, replaced) if value in modules else value
    return replacement(value, replaced)


@contextlib.contextmanager
def rebound(
    function: Any,
    modules: tuple[types.ModuleType, ...],
    replaced: Mapping[Any, Any],
    builtin: Mapping[str, Any],
) -> Iterator[None]:
    """Replace functions, and modules that hold them, among a function's globals and closures.

    `builtin` are names that stand beside the globals, such as `float`. Whatever is raised, all is
    put back.
    """
    before: list[tuple[Any, Any, Any]] = []
    try:
        for table, name, value in _places_of(function, builtin):
            new = builtin[name] if value is ABSENT else _replace(value, modules, replaced)
            if new is not value:
                before.append((table, name, value))
                _put(table, name, new)
        yield
    finally:
        for table, name, value in before:
            _put(table, name, value)


ABSENT = object()
"""What is under a name that a module does not have."""


def _put(table: Any, name: Any, value: Any) -> None:
    if isinstance(table, types.CellType):
        table.cell_contents = value
    elif value is ABSENT:
        table.pop(name, None)
    else:
        table[name] = value


def _places_of(function: Any, builtin: Mapping[str, Any]) -> list[tuple[Any, Any, Any]]:
    """List where a function finds what it calls: (closure or globals, name, what is there)."""
    code = python_function(function)
    if code is None:
        return []
    table = code.__globals__
    cells = [(cell, None, _contents(cell)) for cell in code.__closure__ or ()]
    names = [(table, name, value) for name, value in table.items() if not name.startswith("__")]
    absent = [(table, name, ABSENT) for name in builtin if name not in table]
    return [*cells, *names, *absent]


def _contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def python_function(function: Any) -> types.FunctionType | None:
    """Find the Python function behind a method, a partial, a wrapper or an object to call."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        function = getattr(type(function).__call__, "__func__", type(function).__call__)
    return function if isinstance(function, types.FunctionType) else None
