"""Problems from a path to a `.py` file."""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from calcbench.catalogue.cards import describe_error
from calcbench.errors import CalcbenchError, SelectorError, first_line, printable
from calcbench.problem import whereabouts
from calcbench.problem.faults import RAISED
from calcbench.problem.files import Files, make
from calcbench.problem.problem import Problem

T = TypeVar("T")

FILE_MODULE = "calcbench_file_"
"""How the names of modules begin that were loaded from a path: no other process can import them."""


def load_file(path: Path, told: Path | None = None, data: Files | None = None) -> list[Problem]:
    """Import a `.py` file and return the problems that it defines, in order.

    `told` is what messages call it, if not by its path; problems that read files read `data`.
    Raises `SelectorError` with the file's own error where it does not import.
    """
    told = told or path
    return _load(path, told, lambda module: _problems_of(module, told, data))


def load_module(path: Path) -> ModuleType:
    """Import a `.py` file, whatever it defines; as `load_file`."""
    return _load(path, path, lambda module: module)


def _load(path: Path, told: Path, read: Callable[[ModuleType], T]) -> T:
    """Import a file that messages call `told`, and read what is wanted of it."""
    with whereabouts.at("file", str(told)):
        return _import(path, told, read)


def _import(path: Path, told: Path, read: Callable[[ModuleType], T]) -> T:
    if not resolve(path).is_file():
        close = difflib.get_close_matches(path.name, (p.name for p in path.parent.glob("*.py")))
        hint = "".join(f"; did you mean {str(told.parent / name)!r}?" for name in close[:1])
        raise SelectorError(f"there is no file {printable(repr(str(told)))}{hint}")
    path = path.absolute()
    name = _module_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SelectorError(f"{str(told)!r} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _importing_beside(path.parent):
            spec.loader.exec_module(module)
        return read(module)
    except CalcbenchError as error:
        del sys.modules[name]
        where = _line_in(path, error)
        if where:  # what the file asks of calcbench
            error.args = (f"{told}{where} does not import: {error}",)
        raise
    except RAISED as error:  # whatever a user's file does
        del sys.modules[name]
        where = _line_in(path, error)
        raise SelectorError(f"{told}{where} does not import: {describe_error(error)}") from error


_beside: dict[str, Path] = {}
"""Modules that files imported from beside them → the folder."""


def modules_beside(folder: Path) -> list[ModuleType]:
    """List the modules that the files of a folder imported from beside them."""
    names = [name for name in _beside if _beside[name] == folder]
    return [sys.modules[name] for name in names if name in sys.modules]


@contextlib.contextmanager
def _importing_beside(folder: Path) -> Iterator[None]:
    """Let a file import the files beside it, after all that is installed.

    Those of another folder are forgotten first: they may have the same names.
    """
    for name in [name for name in _beside if _beside[name] != folder]:
        del _beside[name]
        sys.modules.pop(name, None)
    before = set(sys.modules)
    sys.path.append(str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # a file may have made itself another path
            sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if _is_beside(getattr(sys.modules[name], "__file__", None), folder):
                _beside[name] = folder


def _is_beside(file: str | None, folder: Path) -> bool:
    """Tell whether a module was found in a folder, and not in one inside of it that has its own."""
    if file is None or folder not in Path(file).parents:
        return False
    inside = [Path(entry) for entry in sys.path if folder in Path(entry).parents]
    return not any(entry in Path(file).parents for entry in inside)


def resolve(path: Path) -> Path:
    """Resolve a path. Raises `SelectorError` for one that no system could have."""
    try:
        found = path.resolve()
        found.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # too long, NUL, a loop of links
        raise SelectorError(
            f"there can be no file {printable(repr(str(path)))}: {first_line(error)}"
        ) from error
    return found


def _module_name(path: Path) -> str:
    """Name the module of a file; two files of one name are two modules."""
    name = wanted = FILE_MODULE + path.stem
    number = 1
    while name in sys.modules and sys.modules[name].__file__ != str(path):
        number += 1
        name = f"{wanted}_{number}"
    return name


def _problems_of(module: Any, path: Path, data: Files | None) -> list[Problem]:
    """List the problems among a module's names, each once; classes only where it defines them."""
    found: list[Problem] = []
    unfinished = ""
    for value in {id(value): value for value in vars(module).values()}.values():
        if isinstance(value, Problem):
            found.append(_make(value, data, path))
        elif not (isinstance(value, type) and issubclass(value, Problem)):
            continue
        elif value.__module__ == module.__name__:
            if value.__abstractmethods__:
                lacks = " and no ".join(sorted(value.__abstractmethods__))
                unfinished = f"{path}: the problem {value.__name__} defines no {lacks}"
            else:
                found.append(_make(value, data, path))
    if found:
        return found
    if unfinished:
        raise SelectorError(unfinished)
    raise SelectorError(
        f"{path} defines no problem: subclass calcbench.Problem, or decorate a function "
        "with @calcbench.problem(...)"
    )


def _make(found: Problem | type[Problem], data: Files | None, path: Path) -> Problem:
    try:
        return make(found, data)
    except SelectorError as error:
        raise SelectorError(f"{path}: {error}") from error


def _line_in(path: Path, error: BaseException) -> str:
    """Format the line of the user's file at which its import failed: `:7`, or nothing."""
    file, line, trace = str(path), 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == file:
        line = error.lineno or 0
    return f":{line}" if line else ""
