"""The session of a notebook: exercises of the lessons, and of a teacher's sheets."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from calcbench.exercises.exercise import Exercise
from calcbench.exercises.session import Reply, Score, Session
from calcbench.exercises.sheet import Sheet, lesson_sheet, load_sheet


@functools.cache
def lesson_session() -> Session:
    """Begin the session of the lessons, which lasts as long as Python runs."""
    return Session(lesson_sheet())


def check(id: str, *answers: Any) -> Reply:
    """Mark an answer to an exercise of the lessons: right or wrong, a hint, then the answer.

        >>> check("5.3", 5, 6, -4)

    See `Session.check`.
    """
    return lesson_session().check(id, *answers)


def exercise(id: str) -> Exercise:
    """Find an exercise of the lessons, which shows its question.

    Raises `SelectorError` where there is none of that name.
    """
    return lesson_session().exercise(id)


def exercises() -> Sheet:
    """List the exercises of all lessons, by their ids."""
    return lesson_sheet()


def score() -> Score:
    """Count what was solved so far, in the lessons that were begun."""
    return lesson_session().score()


def load(path: str | Path) -> Session:
    """Read a teacher's sheet, a TOML file, and begin a session.

        >>> sheet = load("sheet.toml")
        >>> sheet.check("A.1", 3)

    Raises `SelectorError` for a file that is no sheet, with the name of the exercise and its field.
    """
    return Session(load_sheet(Path(path)))
