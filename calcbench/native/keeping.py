"""Keeping: what a user's code holds is put back after it ran on numbers with proof.

Code keeps things: a layer its activations, a loss a count. What it keeps of such a run would be
found by the next call, and by the user. So what is reachable from a function (the object of a
method, closures, defaults, globals of its module) is noted before, and put back where it changed.
"""

from __future__ import annotations

import contextlib
import random
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from calcbench.native.rebinding import python_function

MOST = 10_000
"""Containers that are noted at most."""

LARGEST = 1_000_000
"""Numbers of the largest array whose contents are noted: longer ones are data, and not written."""

FOREIGN = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
"""What is not looked into: it is not the function's own."""


@contextlib.contextmanager
def seeds_kept() -> Iterator[None]:
    """Put back the random numbers of Python and NumPy, and of torch if it is there."""
    states = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")
    drawn = torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        if torch:
            torch.set_rng_state(drawn)


@contextlib.contextmanager
def kept(function: Any) -> Iterator[None]:
    """Put back what changed of all that a function can reach."""
    found = _Noted(_packages(function))
    for root in _roots(function):
        found.note(root)
    try:
        yield
    finally:
        found.put_back()


def _packages(function: Any) -> set[str]:
    """Name the packages whose objects are a function's own: that of its code, of its object."""
    owners = (python_function(function), type(function), type(getattr(function, "__self__", None)))
    return {str(getattr(owner, "__module__", "")).partition(".")[0] for owner in owners}


def _roots(function: Any) -> list[Any]:
    """List what a function can reach: its object, closures, defaults, and its module's globals."""
    code = python_function(function)
    roots = [function, getattr(function, "__self__", None), getattr(function, "func", None)]
    roots.append(getattr(getattr(function, "func", None), "__self__", None))
    if code is not None:
        roots += [code.__closure__, code.__defaults__, code.__kwdefaults__, code.__globals__]
    return [root for root in roots if root is not None]


class _Noted:
    """Containers and what they held."""

    def __init__(self, packages: set[str]) -> None:
        self.packages = packages
        self.seen: set[int] = set()
        self.dicts: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
        self.lists: list[tuple[list[Any], list[Any]]] = []
        self.cells: list[tuple[types.CellType, Any]] = []
        self.arrays: list[tuple[np.ndarray, np.ndarray]] = []

    def note(self, root: Any) -> None:
        """Note what can be reached from an object."""
        left = [root]
        while left and len(self.seen) < MOST:
            value = left.pop()
            if id(value) in self.seen or isinstance(value, FOREIGN):
                continue
            self.seen.add(id(value))
            left += self._inside(value)

    def _inside(self, value: Any) -> list[Any]:
        """Note one object; list what it holds."""
        if isinstance(value, dict):
            self.dicts.append((value, dict(value)))
            return list(value.values())
        if isinstance(value, list):
            self.lists.append((value, list(value)))
            return value
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, types.CellType):
            return self._inside_cell(value)
        if type(value) is np.ndarray:
            if value.flags.writeable and value.dtype != object and value.size <= LARGEST:
                self.arrays.append((value, value.copy()))
            return []
        own = type(value).__module__.partition(".")[0] in self.packages
        held = getattr(value, "__dict__", None) if own else None
        return [held] if type(held) is dict else []

    def _inside_cell(self, cell: types.CellType) -> list[Any]:
        try:
            self.cells.append((cell, cell.cell_contents))
        except ValueError:  # it is empty
            return []
        return [cell.cell_contents]

    def put_back(self) -> None:
        """Put back what changed."""
        for now, before in self.dicts:
            if now.keys() != before.keys() or any(now[key] is not before[key] for key in before):
                now.clear()
                now.update(before)
        for values, held in self.lists:
            if len(values) != len(held) or any(
                a is not b for a, b in zip(values, held, strict=True)
            ):
                values[:] = held
        for cell, contents in self.cells:
            cell.cell_contents = contents
        for array, copy in self.arrays:
            if array.tobytes() != copy.tobytes():
                array[...] = copy
