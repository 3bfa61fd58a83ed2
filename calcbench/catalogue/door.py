"""The door: every problem and backend, built in or third party, is found here.

Built-in ones are found as files: `problems/<theme>/<name>.py`, `backends/<name>.py` or
`backends/<name>/derivatives.py`. Third parties declare entry points in the groups
`calcbench.problems` and `calcbench.backends`. A problem may also be a path to a `.py` file.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calcbench.catalogue.cards import Card, entry_point_card, find, read_card
from calcbench.catalogue.catalogue import Catalogue
from calcbench.errors import CalcbenchError, SelectorError

if TYPE_CHECKING:
    from calcbench.backend.backend import Backend
    from calcbench.problem.files import Files
    from calcbench.problem.problem import Problem


DERIVATIVES = "derivatives.py"
"""The file that holds the class, of a backend that is a folder."""


@functools.cache
def problems() -> Catalogue:
    """List every problem by name, in the order of a course. Indexing gives a `Problem`.

    Nothing is imported until it is indexed.
    """
    cards = [*_files("problems"), *_entries("calcbench.problems")]
    return Catalogue("problem", cards, _as_problem)


def problems_reading(data: Files) -> Catalogue:
    """List every problem, as `problems` does; those that read files read `data`."""
    check = functools.partial(_as_problem, data=data)
    return Catalogue("problem", list(problems().cards.values()), check)


@functools.cache
def backends() -> Catalogue:
    """List every backend by name. Indexing gives its class; call it with options for an instance.

    Nothing is imported until it is indexed.
    """
    cards = [*_files("backends"), *map(_check_name, _entries("calcbench.backends"))]
    return Catalogue("backend", cards, _as_backend)


def default_problems() -> tuple[str, ...]:
    """Name the problems that take part when none is named: all but those of `ON_REQUEST`.

    `ON_REQUEST` of `calcbench.problems` names themes.
    """
    return tuple(name for name, card in problems().cards.items() if card.default)


def default_backends() -> tuple[str, ...]:
    """Name the backends that take part when none is named: `DEFAULT` of `calcbench.backends`."""
    found: tuple[str, ...] = importlib.import_module("calcbench.backends").DEFAULT
    return found


def companion(backend: type[Backend], name: str) -> Any:
    """Import an optional file (`program`) that lies beside a backend's `derivatives`.

    None where the backend is no folder, or has no such file.
    """
    package, _, module = backend.__module__.rpartition(".")
    if module != Path(DERIVATIVES).stem:
        return None
    if importlib.util.find_spec(f"{package}.{name}") is None:
        return None
    return importlib.import_module(f"{package}.{name}")


def _as_problem(found: Any, name: str, data: Files | None = None) -> Problem:
    from calcbench.problem.files import make
    from calcbench.problem.problem import Problem

    if not (isinstance(found, Problem) or (isinstance(found, type) and issubclass(found, Problem))):
        raise CalcbenchError(f"problem {name!r} is {found!r}, which is no calcbench.Problem")
    try:
        return make(found, data)
    except SelectorError as error:
        raise SelectorError(f"problem {name!r}: {error}") from error


def _as_backend(found: Any, name: str) -> type[Backend]:
    from calcbench.backend.backend import Backend

    if not (isinstance(found, type) and issubclass(found, Backend)):
        raise CalcbenchError(f"backend {name!r} is {found!r}, which is no calcbench.Backend class")
    if found.name != name:  # its selector would not lead back to it
        raise CalcbenchError(f"backend {name!r} says that its name is {found.name!r}")
    return found


def _check_name(card: Card) -> Card:
    """Say of a backend that goes by another name than its plugin's that it cannot be used."""
    name = card.declared.get("name", card.name)
    return card if name == card.name else replace(card, broken=f"says that its name is {name!r}")


def _files(package: str) -> list[Card]:
    """Read the cards of a built-in package, in the order that its `ORDER` and its themes' state."""
    parent = importlib.import_module(f"calcbench.{package}")
    cards = []
    for folder in map(Path, parent.__path__):
        cards += _folder(folder, f"calcbench.{package}", package, getattr(parent, "ORDER", ()))
    on_request = getattr(parent, "ON_REQUEST", ())
    return [replace(card, default=card.theme not in on_request) for card in cards]


def _folder(folder: Path, module: str, theme: str, order: tuple[str, ...]) -> list[Card]:
    def rank(path: Path) -> tuple[int, str]:
        return (order.index(path.stem) if path.stem in order else len(order), path.stem)

    cards = []
    for path in sorted(folder.iterdir(), key=rank):
        name = f"{module}.{path.stem}"
        if path.stem.startswith(("_", ".")):
            continue
        if (path / DERIVATIVES).exists():
            load = functools.partial(_load, f"{name}.{Path(DERIVATIVES).stem}", path.stem)
            cards.append(read_card(path.stem, theme, path / DERIVATIVES, load))
        elif path.is_dir():
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
