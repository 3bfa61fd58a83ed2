"""The fields of an exercise in a sheet, checked one by one: a message names the file and the field.

A field is read by a function of the table, which raises `SelectorError` with what is expected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from calcbench.catalogue import door
from calcbench.errors import SelectorError, nearest, short_repr
from calcbench.exercises import expression
from calcbench.exercises.exercise import LETTERS, TOLERANCE, Answer, Exercise

KINDS = ("number", "choice", "function")

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}")

Table = Mapping[str, Any]


def read_exercise(table: Any) -> Exercise:
    """Make an exercise of its table. Raises `SelectorError` that begins with the field's name."""
    if not isinstance(table, dict):
        raise SelectorError(f"exercise must be tables, [[exercise]], not {short_repr(table)}")
    for name in table:
        if name not in READERS:
            raise SelectorError(f"there is no field {name!r}; {nearest(name, READERS)}")
    found: dict[str, Any] = {}
    for name, read in READERS.items():
        try:
            found[name] = read(table, found)
        except SelectorError as error:
            raise SelectorError(f"{name}: {error}") from None
    return Exercise(**found)


def _text(name: str, needed: bool = False) -> Callable[[Table, Table], str]:
    """Build the reader of a field that is text."""

    def read(table: Table, found: Table) -> str:
        value = table.get(name, "")
        if not isinstance(value, str):
            raise SelectorError(f"must be text, not {short_repr(value)}")
        if needed and not value.strip():
            raise SelectorError("is missing, or empty")
        return value.strip()

    return read


def _id(table: Table, found: Table) -> str:
    value = table.get("id")
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise SelectorError(
            f'must be text such as "5.3", of letters, digits, ".", "_" and "-", '
            f"not {short_repr(value)}"
        )
    return value


def _kind(table: Table, found: Table) -> str:
    value = table.get("kind", KINDS[0])
    if value not in KINDS:
        raise SelectorError(f"must be {', '.join(KINDS)}, not {short_repr(value)}")
    return str(value)


def _problem(table: Table, found: Table) -> str:
    name = _text("problem")(table, found)
    if (found["kind"] == "function") != bool(name):
        raise SelectorError('is the name of a problem, of an exercise of kind "function" alone')
    if name and name not in door.problems():
        raise SelectorError(f"there is no problem {name!r}; {nearest(name, door.problems())}")
    return name


def _choices(table: Table, found: Table) -> tuple[str, ...]:
    value = table.get("choices", [])
    if found["kind"] != "choice" and "choices" not in table:
        return ()
    if not _is_list(value, str) or not 2 <= len(value) <= len(LETTERS):
        raise SelectorError(f"must be a list of at least two texts, not {short_repr(value)}")
    return tuple(value)


def _answers(table: Table, found: Table) -> tuple[Answer, ...]:
    value = table.get("answers", [])
    if not _is_list(value, dict) or not value:
        raise SelectorError(f'must be a list such as [{{name="z", value="5"}}], not {value!r}')
    answers = tuple(_answer(part, found) for part in value)
    if len({answer.name for answer in answers}) < len(answers):
        raise SelectorError("have each a name of its own")
    letters = [answer.kind for answer in answers].count("choice")
    if letters != bool(found["choices"]):
        raise SelectorError(f'{letters} of kind "choice": one, where there are choices')
    if found["kind"] == "choice" and len(answers) > 1:
        raise SelectorError("of a choice are one letter")
    return _partials(found["problem"], answers) if found["kind"] == "function" else answers


def _partials(name: str, answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    """Write the answers of a derivation as slopes, `∂v/∂r`: they are named by the parameters."""
    problem = door.problems()[name]
    parameters = list(problem.parameters)
    if [answer.name for answer in answers] != parameters:
        raise SelectorError(f"are named {', '.join(parameters)}, by the parameters of {name}")
    sign = "∂" if len(parameters) > 1 else "d"
    slopes = [f"{sign}{problem.letter}/{sign}{parameter}" for parameter in parameters]
    return tuple(replace(a, slope=slope) for a, slope in zip(answers, slopes, strict=True))


def _answer(table: Table, found: Table) -> Answer:
    for key in table:
        if key not in ("name", "value", "kind"):
            raise SelectorError(f"have a name and a value, and no {key!r}")
    name, value, kind = table.get("name"), table.get("value"), table.get("kind", found["kind"])
    if not isinstance(name, str) or not name.strip():
        raise SelectorError(f"have each a name, text, not {short_repr(name)}")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise SelectorError(f"{name} has a value, text or a number, not {short_repr(value)}")
    if kind not in (found["kind"], "choice"):
        raise SelectorError(f'{name} may be of kind "choice", not {short_repr(kind)}')
    text = str(value)
    if kind == "choice":
        if text not in LETTERS[: len(found["choices"])]:
            raise SelectorError(f"{name} is the letter of a choice, not {text!r}")
        return Answer(name, text, kind=kind)
    expression.parse(text)
    known = kind == "number" or found["at"]
    return Answer(name, text, expression.number(text, found["at"]) if known else math.nan, kind)


def _at(table: Table, found: Table) -> dict[str, float]:
    value = table.get("at", {})
    if value and found["kind"] != "function":
        raise SelectorError('is the point of an exercise of kind "function" alone')
    if not isinstance(value, dict):
        raise SelectorError(f"must be a table such as {{ x = 2, y = 3 }}, not {short_repr(value)}")
    return {name: _coordinate(name, number) for name, number in value.items()}


def _coordinate(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise SelectorError(f"{name} must be a number, not {short_repr(value)}")
    return expression.number(str(value))


def _tolerance(table: Table, found: Table) -> float:
    value = table.get("tolerance", TOLERANCE)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise SelectorError(f"must be a number between 0 and 1, such as 1e-4, not {value!r}")
    return float(value)


def _wrong(table: Table, found: Table) -> tuple[tuple[Any, ...], ...]:
    value = table.get("wrong", [])
    count = len(found["answers"])
    if not _is_list(value, list) or any(len(handed) != count for handed in value):
        raise SelectorError(f"must be lists of {count}, as there are answers, not {value!r}")
    return tuple(map(tuple, value))


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(part, kind) for part in value)


READERS: Mapping[str, Callable[[Table, Table], Any]] = {
    "id": _id,
    "question": _text("question", needed=True),
    "kind": _kind,
    "problem": _problem,
    "at": _at,
    "choices": _choices,
    "answers": _answers,
    "tolerance": _tolerance,
    "hint": _text("hint"),
    "because": _text("because"),
    "wrong": _wrong,
}
"""Field → its reader; one may look at the fields before it."""
