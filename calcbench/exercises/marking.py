"""Right or wrong, and which part of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from calcbench.errors import SelectorError
from calcbench.exercises.answers import read, split
from calcbench.exercises.exercise import Answer, Exercise
from calcbench.record.record import Status

NEAR = 0.02
"""What is wrong by less than this, relative to the true value, is perhaps a number rounded."""


@dataclass(frozen=True)
class Mark:
    """What an answer is worth."""

    right: bool
    faults: tuple[str, ...] = ()
    """What is wrong with it, in a sentence each."""


def mark(exercise: Exercise, handed: Sequence[Any]) -> Mark:
    """Mark what was handed in: values one by one, as one list, by name, or a function.

    Raises `SelectorError` for what is no answer at all, such as text where a number is asked for.
    """
    if any(value is ... for value in handed):
        raise SelectorError("write your answers in the place of the dots")
    values = read(exercise, handed)
    if values is None:
        return _mark_gradient(exercise, handed)
    pairs = zip(exercise.answers, values, strict=True)
    faults = [_fault(answer, found, exercise.tolerance) for answer, found in pairs]
    return Mark(not any(faults), tuple(filter(None, faults)))


def _fault(answer: Answer, found: float | str, tolerance: float) -> str:
    """Say what is wrong with one value; nothing of a right one."""
    if isinstance(found, str):
        return "" if found == answer.text else f"{found}) is not the one"
    return _fault_of_number(answer, found, tolerance)


def _fault_of_number(answer: Answer, found: float, tolerance: float) -> str:
    """Say what is wrong with a number; nothing of a right one.

    The tolerance is relative to the true value; where that is 0, it is absolute.
    """
    scale = abs(answer.value) or 1.0
    error = abs(found - answer.value)
    if error <= tolerance * scale:
        return ""
    if error <= NEAR * scale:
        return f"{answer.label} is near, but {_how_far(answer.value, found, tolerance)}"
    return f"{answer.label} is not {found:.9g}"


def _how_far(value: float, found: float, tolerance: float) -> str:
    """Say why a number that is near is not right; of a count, digits are not too few."""
    if value.is_integer() and found.is_integer():
        return f"not {found:.9g}"
    return f"not within {100 * tolerance:g} % (too few digits?)"


def _mark_gradient(exercise: Exercise, handed: Sequence[Any]) -> Mark:
    """Mark a gradient: right if its verdict is, wrong if that finds a fault."""
    from calcbench.exercises.derivation import judge_gradient  # imports NumPy and the harness

    whole = len(handed) == 1 and callable(handed[0])
    record = judge_gradient(exercise.problem, handed[0] if whole else split(exercise, handed))
    if record.status is Status.OK:
        return Mark(True)
    if record.status.failed:
        return Mark(False, (record.reason,))
    raise SelectorError(f"whether it is right cannot be said: {record.reason}")
