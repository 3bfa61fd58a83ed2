"""What a learner gives, read as the values that an exercise asks for.

Whatever does not fit is a `SelectorError` of one sentence: that is no wrong answer, and no try.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from calcbench.errors import SelectorError, nearest, printable, short_repr
from calcbench.exercises import expression
from calcbench.exercises.exercise import LETTERS, Exercise, plain_text


def split(exercise: Exercise, handed: Sequence[Any]) -> list[Any]:
    """Give what was handed in as a list with a value for each answer.

    They come one by one (`5, 6, -4`), as one list or array, or by name.
    """
    names = [answer.name for answer in exercise.answers]
    values = list(handed)
    if len(values) == 1 and isinstance(values[0], Mapping):
        return _by_name(names, values[0])
    if len(values) == 1 and _is_list(values[0]):
        values = list(values[0])
    if any(value is ... for value in values):
        raise SelectorError(f"put your answers in the place of the dots: {', '.join(names)}")
    if len(values) != len(names):
        raise SelectorError(
            f"{exercise.id} asks for {_count(len(names))} ({', '.join(names)}), and was given "
            f"{len(values) or 'none'}"
        )
    return values


def _by_name(names: Sequence[str], values: Mapping[Any, Any]) -> list[Any]:
    for name in values:
        if name not in names:
            raise SelectorError(
                f"there is no {printable(repr(name))} to answer; {nearest(str(name), names)}"
            )
    missing = [name for name in names if name not in values]
    if missing:
        raise SelectorError(f"{', '.join(missing)} is missing")
    return [values[name] for name in names]


def _count(number: int) -> str:
    return "one answer" if number == 1 else f"{number} answers"


def _is_list(value: Any) -> bool:
    """Tell whether a value is several: a list, a tuple, an array with an axis; no text."""
    if isinstance(value, (str, bytes)) or getattr(value, "shape", None) == ():
        return False
    return isinstance(value, Sequence) or bool(getattr(value, "shape", ()))


def read(exercise: Exercise, handed: Sequence[Any]) -> list[float | str] | None:
    """Read numbers and letters, which needs no true value; None for a derivation."""
    if exercise.kind == "function" and not _gives_numbers(exercise, handed):
        return None
    return [
        read_letter(exercise, value) if answer.kind == "choice" else read_number(value)
        for answer, value in zip(exercise.answers, split(exercise, handed), strict=True)
    ]


def _gives_numbers(exercise: Exercise, handed: Sequence[Any]) -> bool:
    """Tell whether a gradient is given by its numbers at a point, where that is an answer."""
    if not exercise.at or (len(handed) == 1 and callable(handed[0])):
        return False
    try:
        for value in split(exercise, handed):
            read_number(value)
    except SelectorError:
        return False
    return True


def read_number(value: Any) -> float:
    """Read a real number: Python's, NumPy's, SymPy's, a framework's, or text such as `3*pi/2`."""
    if isinstance(value, str):
        return expression.number(value)
    if isinstance(value, bool) or value is None or callable(value) or _is_list(value):
        raise SelectorError(f"{short_repr(value)} is no number{_advice(value)}")
    try:
        found = float(value)
    except Exception:  # whatever an object raises that is to be a number
        raise SelectorError(f"{short_repr(value)} is no real number{_advice(value)}") from None
    if not math.isfinite(found):
        raise SelectorError(f"{found} is no number: something went wrong on the way to it")
    return found


def _advice(value: Any) -> str:
    """Say what to give instead, of what people give."""
    if value is None:
        return ": what was called returns nothing"
    if callable(value):
        return ": call the function, and give what it returns"
    if isinstance(value, Mapping):
        return f": take one value of it, by its name, {short_repr(next(iter(value), 'x'))}"
    if _is_list(value):
        return ": take one of its values"
    if getattr(value, "free_symbols", None):
        return ": put numbers in the place of its letters, with .subs(…)"
    return ""


def read_letter(exercise: Exercise, value: Any) -> str:
    """Read the letter of a choice; its whole text will do."""
    letters = LETTERS[: len(exercise.choices)]
    texts = list(map(_flatten, exercise.choices))
    if isinstance(value, str):
        given = _flatten(value).removesuffix(")")
        if given in texts:
            return letters[texts.index(given)]
        if len(given) == 1 and given in letters:
            return given
    raise SelectorError(
        f'give the letter of a choice, "{letters[0]}" to "{letters[-1]}", and not '
        f"{short_repr(value)}"
    )


def _flatten(text: str) -> str:
    """Write a text so that two that say the same are equal: without spaces and capitals."""
    return "".join(plain_text(text).lower().split())
