"""The tasks of a worker that a hand-in runs in: it is given the questions, and no true value."""

from __future__ import annotations

import json
import os
import runpy
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from calcbench.errors import CalcbenchError, SelectorError, nearest, printable, short_repr
from calcbench.exercises.answers import read
from calcbench.exercises.exercise import Exercise
from calcbench.exercises.marking import Mark, mark
from calcbench.problem.faults import RAISED, describe

ANSWERS = "answers"
"""The variable of a Python file that holds what is handed in: id → answer."""

ENDINGS = (".py", ".toml", ".json")


class Given(NamedTuple):
    """What a hand-in has for one exercise."""

    values: tuple[Any, ...] = ()
    """Numbers, or the letter of a choice."""
    mark: Mark | None = None
    """Of a derivation, which is judged where its code is."""
    unread: str = ""
    """Why it is no answer, in a sentence."""


def read_hand_in(path: str, questions: Sequence[Exercise]) -> tuple[dict[str, Given], str]:
    """Run or read a file, and give what it has for each exercise; and what it has for none.

    Raises `SelectorError` for a file that cannot be read, or raises.
    """
    _silence()
    handed = _load(Path(path))
    known = {exercise.id: exercise for exercise in questions}
    strange = [str(id) for id in handed if str(id) not in known]
    note = f"no exercise {printable(strange[0])!r}: {nearest(strange[0], known)}" if strange else ""
    return {str(id): _give(known[str(id)], handed[id]) for id in handed if str(id) in known}, note


def judge_file(path: str, exercise: Exercise) -> Mark:
    """Judge the function `gradient` of a Python file, which answers one exercise."""
    _silence()
    function = _run(Path(path)).get("gradient")
    if not callable(function):
        raise SelectorError(f"{printable(path)} defines no function `gradient`")
    return mark(exercise, [function])


def _silence() -> None:
    """Let what a hand-in prints vanish: a teacher's terminal shows the marks."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = os.fdopen(nowhere, "w")


def _load(path: Path) -> Mapping[Any, Any]:
    """Read what a file hands in, by the ids of exercises."""
    handed = _run(path).get(ANSWERS) if path.suffix == ".py" else _parse(path)
    if not isinstance(handed, Mapping):
        raise SelectorError(
            f'there is no dict `{ANSWERS}` such as {{"5.3": [6, -4]}}, but {short_repr(handed)}'
        )
    return handed


def _run(path: Path) -> dict[str, Any]:
    """Run a Python file as `python file` would, beside its own files."""
    os.chdir(path.parent)
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.parent))
    try:
        return runpy.run_path(str(path), run_name="__main__")
    except CalcbenchError:
        raise
    except RAISED as error:  # whatever a hand-in does
        raise SelectorError(describe(error)) from None


def _parse(path: Path) -> Any:
    text = path.read_bytes()
    try:
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise SelectorError(f"it is no {path.suffix[1:].upper()}: {error}") from None


def _give(exercise: Exercise, handed: Any) -> Given:
    """Read an answer, as far as that needs no true value; judge a derivation."""
    try:
        values = read(exercise, [handed])
        return Given(mark=mark(exercise, [handed])) if values is None else Given(tuple(values))
    except SelectorError as error:
        return Given(unread=str(error))
    except RAISED as error:  # an object of a hand-in may raise whatever it is asked for
        return Given(unread=describe(error))
