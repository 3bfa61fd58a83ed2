"""The fields of an exercise in a sheet, checked one by one: a message names the file and the field.

A field is read by a function of the table, which raises `SelectorError` with what is expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
    if found["kind"] != "choice":
        if "choices" in table:
            raise SelectorError('are of an exercise of kind "choice" alone')
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
    if found["kind"] == "choice" and len(answers) > 1:
        raise SelectorError("of a choice are one letter")
    if found["kind"] == "function":
        _check_parameters(found["problem"], [answer.name for answer in answers])
    return answers


def _check_parameters(problem: str, names: list[str]) -> None:
    """Raise `SelectorError` unless the answers of a derivation are named by the parameters."""
    parameters = list(door.problems()[problem].parameters)
    if names != parameters:
        raise SelectorError(f"are named {', '.join(parameters)}, by the parameters of {problem}")


def _answer(table: Table, found: Table) -> Answer:
    for key in table:
        if key not in ("name", "value"):
            raise SelectorError(f"have a name and a value, and no {key!r}")
    name, value = table.get("name"), table.get("value")
    if not isinstance(name, str) or not name.strip():
        raise SelectorError(f"have each a name, text, not {short_repr(name)}")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise SelectorError(f"{name} has a value, text or a number, not {short_repr(value)}")
    text = str(value)
    if found["kind"] == "number":
        return Answer(name, text, expression.number(text))
    if found["kind"] == "choice":
        if text not in LETTERS[: len(found["choices"])]:
            raise SelectorError(f"{name} is the letter of a choice, not {text!r}")
    else:
        expression.parse(text)
    return Answer(name, text)


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
    "choices": _choices,
    "answers": _answers,
    "tolerance": _tolerance,
    "hint": _text("hint"),
    "because": _text("because"),
    "wrong": _wrong,
}
"""Field → its reader; one may look at the fields before it."""
