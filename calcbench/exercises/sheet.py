"""A sheet: exercises in a TOML file, and those that come with the lessons."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calcbench.errors import SelectorError, nearest, printable
from calcbench.exercises.exercise import Exercise
from calcbench.exercises.fields import read_exercise
from calcbench.record.writing import check_name

FIELDS = ("title", "exercise")
"""What a sheet has."""


@dataclass(frozen=True)
class Sheet:
    """Exercises by their ids, in order."""

    title: str
    by_id: dict[str, Exercise]

    def __iter__(self) -> Iterator[Exercise]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def __getitem__(self, id: str) -> Exercise:
        """Find an exercise. Raises `SelectorError` with the nearest one there is."""
        if not isinstance(id, str):
            raise SelectorError(f'an exercise is named by text: "5.3", and not {id!r}')
        if id not in self.by_id:
            raise SelectorError(
                f"there is no exercise {printable(repr(id))}; {nearest(id, self.by_id)}"
            )
        return self.by_id[id]


@functools.cache
def lesson_sheet() -> Sheet:
    """Read the exercises of all lessons, which are installed with calcbench."""
    folder = importlib.resources.files("calcbench.lessons").joinpath("exercises")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    sheets = [read_sheet(file.read_text(encoding="utf-8"), file.name) for file in files]
    return join("the lessons", sheets)


def join(title: str, sheets: Iterable[Sheet]) -> Sheet:
    """Put sheets one behind the other. Raises `SelectorError` where two have an id in common."""
    found: dict[str, Exercise] = {}
    for sheet in sheets:
        for exercise in sheet:
            if exercise.id in found:
                raise SelectorError(f"{sheet.title}: there is an exercise {exercise.id!r} already")
            found[exercise.id] = exercise
    return Sheet(title, found)


def load_sheet(path: Path) -> Sheet:
    """Read a file of exercises. Raises `SelectorError` for one that is none, naming the field."""
    check_name(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SelectorError(f"there is no file {printable(repr(str(path)))}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SelectorError(f"{printable(str(path))} cannot be read: {error}") from None
    return read_sheet(text, str(path))


def read_sheet(text: str, file: str) -> Sheet:
    """Read the text of a sheet; messages call it `file`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SelectorError(f"{printable(file)} is no TOML: {error}") from None
    for name in data:
        if name not in FIELDS:
            raise SelectorError(f"{printable(file)}: there is no {name!r}; {nearest(name, FIELDS)}")
    title = data.get("title", Path(file).name)
    if not isinstance(title, str):
        raise SelectorError(f"{printable(file)}: title must be text, not {title!r}")
    return Sheet(title, _exercises(data.get("exercise"), printable(file)))


def _exercises(tables: Any, file: str) -> dict[str, Exercise]:
    if not isinstance(tables, list) or not tables:
        raise SelectorError(f"{file}: there is no [[exercise]]")
    found: dict[str, Exercise] = {}
    for number, table in enumerate(tables, 1):
        try:
            exercise = read_exercise(table)
        except SelectorError as error:
            raise SelectorError(f"{file}: {_label(table, number)}: {error}") from None
        if exercise.id in found:
            raise SelectorError(f"{file}: exercise {exercise.id!r} is there twice")
        found[exercise.id] = exercise
    return found


def _label(table: Any, number: int) -> str:
    """Name an exercise that cannot be read: by its id, or by its place."""
    id = table.get("id") if isinstance(table, dict) else None
    return f"exercise {printable(repr(id)) if isinstance(id, str) else f'no. {number}'}"
