"""Rebinding: other functions under the names of a user's own modules, while a function runs.

What NumPy does not hand over by its protocols, such as `np.zeros(n)` that is filled in a loop, is
found where the function's code finds it: among its globals and in the objects that it holds, and
where those of the user's functions do that it calls. Installed libraries are left alone, NumPy
itself above all: another thread, or an import that happens meanwhile, sees what it always saw.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import operator
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
    if type(value) is tuple:
        found = tuple(_replace(each, modules, replaced) for each in value)
        return value if all(map(operator.is_, found, value)) else found
    return replacement(without_cache(value), replaced)


@contextlib.contextmanager
def rebound(
    function: Any,
    modules: tuple[types.ModuleType, ...],
    replaced: Mapping[Any, Any],
    builtin: Mapping[str, Any],
) -> Iterator[None]:
    """Replace functions, and modules that hold them, where a function finds them.

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
"""What is under a name that a module or an object does not have."""


def _put(table: Any, name: Any, value: Any) -> None:
    if isinstance(table, types.CellType):
        table.cell_contents = value
    elif isinstance(table, types.FunctionType):
        table.__defaults__ = value
    elif value is ABSENT:
        table.pop(name, None)
    else:
        table[name] = value


def _places_of(function: Any, builtin: Mapping[str, Any]) -> list[tuple[Any, Any, Any]]:
    """List where a user's functions find what they call: (closure or table, name, contents)."""
    reached = _Reached()
    reached.look_from(_layers(function), function)
    found: list[tuple[Any, Any, Any]] = [
        (cell, None, _contents(cell)) for cell in reached.cells.values()
    ]
    for table in reached.modules.values():
        found += [(table, name, value) for name, value in table.items() if name[:2] != "__"]
        found += [(table, name, ABSENT) for name in builtin if name not in table]
    found += [(f, None, f.__defaults__) for f in reached.functions.values() if f.__defaults__]
    for held in reached.held.values():
        items = held.items() if isinstance(held, dict) else enumerate(held)
        found += [(held, name, value) for name, value in items]
    return found


MOST = 64
"""Modules of a user's own that are looked through."""

MOST_HELD = 10_000
"""Items of lists, dicts and objects that are looked at for functions; longer lists are data."""


def _layers(function: Any) -> list[types.FunctionType]:
    """List the Python functions that a function is made of: itself, and what it wraps."""
    wrapped = python_function(function)
    outer = [function] if isinstance(function, types.FunctionType) else []
    return outer if wrapped is None or wrapped in outer else [*outer, wrapped]


class _Reached:
    """What a user's functions can reach: modules of the user's own, closures, tables of functions.

    A function may also be held by an object, in a dict or list, among defaults, or in a partial.
    """

    def __init__(self) -> None:
        self.modules: dict[int, dict[str, Any]] = {}
        """The globals of modules."""
        self.functions: dict[int, types.FunctionType] = {}
        self.held: dict[int, dict[Any, Any] | list[Any]] = {}
        """Dicts and lists, and what objects have as attributes."""
        self.cells: dict[int, types.CellType] = {}
        self._seen: dict[int, Any] = {}  # kept, so that no other is at its address
        self._left = MOST_HELD

    def look_from(self, functions: list[types.FunctionType], *others: Any) -> None:
        """Look through everything that can be reached."""
        self.modules = {id(function.__globals__): function.__globals__ for function in functions}
        left = [*functions, *others, *(v for t in self.modules.values() for v in t.values())]
        while left and len(self.modules) < MOST:
            value = without_cache(left.pop())
            inside = self._inside(value)
            table = _own_table(value)
            if table is not None and id(table) not in self.modules:
                self.modules[id(table)] = table
                inside += table.values()
            left += inside

    def _inside(self, value: Any) -> list[Any]:
        """List what an object holds, if it was not looked into before."""
        if isinstance(value, types.FunctionType):
            if id(value) in self.functions:
                return []
            self.functions[id(value)] = value
            cells = value.__closure__ or ()
            self.cells |= {id(cell): cell for cell in cells}
            return [*map(_contents, cells), *(value.__defaults__ or ()), value.__kwdefaults__]
        holds = _holding(value)
        if holds is None or id(value) in self._seen or len(holds) >= self._left:
            return []
        self._seen[id(value)] = value
        self._left -= len(holds) + 1
        if not isinstance(holds, tuple):
            self.held[id(holds)] = holds
        return [type(value), *(holds.values() if isinstance(holds, dict) else holds)]


def _holding(value: Any) -> Any:
    """Return the dict, or the list or tuple, of what an object holds; None for other objects."""
    if isinstance(value, functools.partial):
        return (value.func, *value.args, *value.keywords.values())
    if isinstance(value, types.MethodType):
        return (value.__func__, value.__self__)
    if type(value) is dict:
        return None if "__spec__" in value or value is sys.modules else value  # that of a module
    if type(value) in (list, tuple):
        return value
    own = isinstance(value, types.SimpleNamespace) or is_own(type(value))
    held = getattr(value, "__dict__", None) if own else None
    return held if type(held) is dict else None


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


def is_own(value: Any) -> bool:
    """Tell whether a function, class or module is of the user's own."""
    return _own_table(value) is not None


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
