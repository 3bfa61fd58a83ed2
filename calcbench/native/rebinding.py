"""Rebinding: other functions under the names of a user's own modules, while a function runs.

What NumPy does not hand over by its protocols, such as `np.zeros(n)` that is filled in a loop, is
found where the function's code finds it, among its globals, and where those of the user's functions
do that it calls. Installed libraries are left alone, NumPy itself above all: another thread, or an
import that happens meanwhile, sees what it always saw.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import sysconfig
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


def without_cache(function: Any) -> Any:
    """Return what `functools.cache` or `lru_cache` calls: numbers with proof are no keys."""
    return function.__wrapped__ if isinstance(function, CACHED) else function


CACHED = type(functools.cache(lambda: None))
"""The class of functions with a cache."""


def _replace(value: Any, modules: tuple[types.ModuleType, ...], replaced: Mapping[Any, Any]) -> Any:
    if isinstance(value, types.ModuleType):
        return Proxy(value, replaced) if value in modules else value
    return replacement(without_cache(value), replaced)


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
    """List where a user's functions find what they call: (closure or globals, name, contents)."""
    tables, cells = _reach(_layers(function))
    found: list[tuple[Any, Any, Any]] = [(cell, None, _contents(cell)) for cell in cells]
    for table in tables:
        found += [(table, name, value) for name, value in table.items() if name[:2] != "__"]
        found += [(table, name, ABSENT) for name in builtin if name not in table]
    return found


MOST = 64
"""Modules of a user's own that are looked through."""


def _layers(function: Any) -> list[types.FunctionType]:
    """List the Python functions that a function is made of: itself, and what it wraps."""
    wrapped = python_function(function)
    outer = [function] if isinstance(function, types.FunctionType) else []
    return outer if wrapped is None or wrapped in outer else [*outer, wrapped]


def _reach(
    functions: list[types.FunctionType],
) -> tuple[list[dict[str, Any]], list[types.CellType]]:
    """Find the globals and closures of functions, and of a user's functions that they can reach."""
    tables = {id(function.__globals__): function.__globals__ for function in functions}
    cells: dict[int, types.CellType] = {}
    left: list[Any] = [*functions, *(value for t in tables.values() for value in t.values())]
    while left and len(tables) < MOST:
        value = without_cache(left.pop())
        if isinstance(value, types.FunctionType):
            new = {id(cell): cell for cell in value.__closure__ or () if id(cell) not in cells}
            cells |= new
            left += map(_contents, new.values())
        table = _own_table(value)
        if table is not None and id(table) not in tables:
            tables[id(table)] = table
            left += table.values()
    return list(tables.values()), list(cells.values())


def _own_table(value: Any) -> dict[str, Any] | None:
    """Return the globals of a function, class or module of the user's own; None for others."""
    if isinstance(value, types.FunctionType):
        table = value.__globals__
    elif isinstance(value, (types.ModuleType, type)):
        name = value.__module__ if isinstance(value, type) else value.__name__
        table = getattr(sys.modules.get(name), "__dict__", {})
    else:
        return None
    return table if _is_own(table.get("__name__", ""), table.get("__file__", "")) else None


LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
"""Folders of Python's own library."""


@functools.cache
def _is_own(name: str, file: str | None) -> bool:
    """Tell whether a module is a user's own, and no library."""
    if not file or name.partition(".")[0] in ("calcbench", "numpy"):
        return False
    return not (file.startswith(LIBRARIES) or "site-packages" in file or "dist-packages" in file)


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
