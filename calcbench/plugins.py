"""The one door: every problem and backend, built in or third party, comes in through here.

Built-in ones are found as files: `problems/<theme>/<name>.py`, `backends/<name>.py`. Third
parties declare entry points in the groups `calcbench.problems` and `calcbench.backends`. A
problem may also be a path to a `.py` file.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.util
import sys
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcbench.catalogue import Card, Catalogue, described, entry_point_card, find, read_card
from calcbench.errors import CalcbenchError, SelectorError, nearest

if TYPE_CHECKING:
    from calcbench.interfaces import Backend, Problem

FILE_MODULE = "calcbench_file_"
"""How the names of modules begin that were loaded from a path: no other process can import them."""


@functools.cache
def problems() -> Catalogue:
    """Every problem by name, in the order of the class. Indexing gives a `Problem`."""
    cards = [*_files("problems"), *_entries("calcbench.problems")]
    return Catalogue("problem", cards, _as_problem)


@functools.cache
def backends() -> Catalogue:
    """Every backend by name. Indexing gives its class; call it with options for an instance."""
    cards = [*_files("backends"), *_entries("calcbench.backends")]
    return Catalogue("backend", cards, _as_backend)


def select_problems(selectors: Iterable[str | Problem]) -> list[Problem]:
    """Problems from names, themes, paths to `.py` files, or problems themselves.

    Raises `SelectorError` for what is none of these.
    """
    chosen: list[Problem] = []
    for selector in selectors:
        if not isinstance(selector, str):
            chosen.append(selector)
        elif selector.endswith(".py") or "/" in selector:
            chosen.extend(load_file(Path(selector)))
        else:
            chosen.extend(_named_problems(selector))
    return chosen


def select_backends(selectors: Iterable[str | Backend], **options: Any) -> list[Backend]:
    """Backends from selectors such as `torch` or `torch[mode=compile,dtype=float32]`.

    `options` are applied to those selected by name, where the selector does not set them.
    Raises `SelectorError` for an unknown name, option or value.
    """
    return [
        _backend(selector, options) if isinstance(selector, str) else selector
        for selector in selectors
    ]


def load_file(path: Path) -> list[Problem]:
    """Import a `.py` file and return the problems that it defines, in order.

    Raises `SelectorError` with the file's own error where it does not import.
    """
    if not path.is_file():
        close = difflib.get_close_matches(path.name, (p.name for p in path.parent.glob("*.py")))
        hint = "".join(f"; did you mean {str(path.parent / name)!r}?" for name in close[:1])
        raise SelectorError(f"there is no file {str(path)!r}{hint}")
    name = FILE_MODULE + path.stem
    spec = importlib.util.spec_from_file_location(name, path.absolute())
    if spec is None or spec.loader is None:
        raise SelectorError(f"{str(path)!r} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        return _problems_of(module, path)
    except CalcbenchError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's file does
        where = _line_in(path, error)
        raise SelectorError(f"{path}{where} does not import: {described(error)}") from error


def _problems_of(module: Any, path: Path) -> list[Problem]:
    """The problems among a module's names, each once; classes only where it defines them."""
    from calcbench.interfaces import Problem

    found: list[Problem] = []
    unfinished = ""
    for value in {id(value): value for value in vars(module).values()}.values():
        if isinstance(value, Problem):
            found.append(value)
        elif not (isinstance(value, type) and issubclass(value, Problem)):
            continue
        elif value.__module__ == module.__name__:
            if value.__abstractmethods__:
                lacks = " and no ".join(sorted(value.__abstractmethods__))
                unfinished = f"{path}: the problem {value.__name__} defines no {lacks}"
            else:
                found.append(value())
    if found:
        return found
    if unfinished:
        raise SelectorError(unfinished)
    raise SelectorError(
        f"{path} defines no problem: subclass calcbench.Problem, or decorate a function "
        "with @calcbench.problem(...)"
    )


def _line_in(path: Path, error: BaseException) -> str:
    """`:7`, the line of the user's file at which an import failed."""
    file, line, trace = str(path.absolute()), 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == file:
        line = error.lineno or 0
    return f":{line}" if line else ""


def _named_problems(selector: str) -> list[Problem]:
    catalogue = problems()
    if selector in catalogue:
        return [catalogue[selector]]
    themes = {card.theme for card in catalogue.cards.values()}
    if selector in themes:
        names = [name for name, card in catalogue.cards.items() if card.theme == selector]
        return [catalogue[name] for name in names]
    raise SelectorError(f"no problem {selector!r}: {nearest(selector, {*catalogue, *themes})}")


def _backend(selector: str, defaults: dict[str, Any]) -> Backend:
    """`name[option=value,…]` → an instance."""
    name, bracket, rest = selector.strip().partition("[")
    backend = backends()[name]
    if bracket and not rest.endswith("]"):
        raise SelectorError(f"backend {selector!r}: the options lack their closing ]")
    given: dict[str, Any] = {}
    known = backend.options()
    for part in filter(None, rest.removesuffix("]").split(",")):
        option, equals, value = (piece.strip() for piece in part.partition("="))
        if option not in known:
            raise SelectorError(
                f"backend {name!r} has no option {option!r}: {nearest(option, known)}"
            )
        if not equals:
            raise SelectorError(f"backend {selector!r}: {part!r} is not of the form OPTION=VALUE")
        if option in given:
            raise SelectorError(f"backend {selector!r}: {option!r} is given twice")
        given[option] = value if known[option] else _number(name, option, value)
    return backend(**{**defaults, **given})


def _number(name: str, option: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise SelectorError(f"backend {name!r}: {option}={value!r} is not a number") from None


def _as_problem(found: Any, name: str) -> Problem:
    from calcbench.interfaces import Problem

    found = found() if isinstance(found, type) and issubclass(found, Problem) else found
    if not isinstance(found, Problem):
        raise CalcbenchError(f"problem {name!r} is {found!r}, which is no calcbench.Problem")
    return found


def _as_backend(found: Any, name: str) -> type[Backend]:
    from calcbench.interfaces import Backend

    if not (isinstance(found, type) and issubclass(found, Backend)):
        raise CalcbenchError(f"backend {name!r} is {found!r}, which is no calcbench.Backend class")
    if found.name != name:  # its selector would not lead back to it
        raise CalcbenchError(f"backend {name!r} says that its name is {found.name!r}")
    return found


def _files(package: str) -> list[Card]:
    """The cards of a built-in package, in the order that its `ORDER` and its themes' state."""
    parent = importlib.import_module(f"calcbench.{package}")
    cards = []
    for folder in map(Path, parent.__path__):
        cards += _folder(folder, f"calcbench.{package}", package, getattr(parent, "ORDER", ()))
    return cards


def _folder(folder: Path, module: str, theme: str, order: tuple[str, ...]) -> list[Card]:
    def rank(path: Path) -> tuple[int, str]:
        return (order.index(path.stem) if path.stem in order else len(order), path.stem)

    cards = []
    for path in sorted(folder.iterdir(), key=rank):
        name = f"{module}.{path.stem}"
        if path.stem.startswith(("_", ".")):
            continue
        if path.is_dir():
            inner = getattr(importlib.import_module(name), "ORDER", ())
            cards += _folder(path, name, path.stem, inner)
        elif path.suffix == ".py":
            load = functools.partial(_load, name, path.stem)
            cards.append(read_card(path.stem, theme, path, load))
    return cards


def _load(module: str, name: str) -> Any:
    """Import a built-in file and return what it is named after."""
    return find(importlib.import_module(module), name)


def _entries(group: str) -> list[Card]:
    return [entry_point_card(entry) for entry in sorted(entry_points(group=group))]
