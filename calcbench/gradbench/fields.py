"""Fields of an input, as JSON has them: what is missing or of another form is told by its name.

Each raises `SelectorError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from calcbench.errors import SelectorError, short_repr, shorten
from calcbench.problem.arguments import real_array, whole_number

FORMS = ("a number", "a list of numbers", "a list of rows, all of one length", "a list of matrices")
"""What an array of so many axes is in JSON."""


def take(given: Any, name: str, what: str = "the input") -> Any:
    """Take a field off an object; `what` says in messages whose field it is."""
    if not isinstance(given, Mapping):
        raise SelectorError(f"{what} must be an object that has {name!r}, got {short_repr(given)}")
    if name not in given:
        has = f"it has {', '.join(map(shorten, given))}" if given else "it is empty"
        raise SelectorError(f"{what} has no {name!r}: {has}")
    return given[name]


def take_number(given: Any, name: str) -> float:
    """Take a field that is a number."""
    return float(read_numbers(repr(name), take(given, name), 0))


def take_whole(given: Any, name: str) -> int:
    """Take a field that is a whole number of at least 1."""
    return whole_number(repr(name), take(given, name), 1)


def take_arrays(
    given: Any, known: Mapping[str, int] | None = None, **shapes: str
) -> dict[str, np.ndarray]:
    """Take fields that are arrays: name → float64 array.

    A shape names its lengths, as "n d" does; one name is one length in all of them, and a number
    itself. `known` are names whose lengths are given.
    """
    found, lengths = {}, dict(known or {})
    for name, shape in shapes.items():
        letters = shape.split()
        found[name] = array = read_numbers(repr(name), take(given, name), len(letters))
        for letter, length in zip(letters, array.shape, strict=True):
            fixed = letter.isdecimal()
            wanted = int(letter) if fixed else lengths.setdefault(letter, length)
            if length != wanted:
                where = "" if fixed else f", where {letter} = {wanted}"
                raise SelectorError(
                    f"{name!r} must be of shape ({', '.join(letters)}){where}; "
                    f"it is of shape ({', '.join(map(str, array.shape))})"
                )
    return found


def take_indices(given: Any, name: str, axes: int, below: int, least: int = 0) -> np.ndarray:
    """Take a field that is an array of whole numbers from `least`, all below `below`."""
    found = read_numbers(repr(name), take(given, name), axes)
    wrong = found[~((found >= least) & (found < below) & (found == np.floor(found)))]
    if wrong.size:
        raise SelectorError(
            f"{name!r} must be whole numbers from {least} to {below - 1}, got {wrong[0]:g}"
        )
    return found.astype(np.int64)


def read_numbers(what: str, value: Any, axes: int) -> np.ndarray:
    """Read a float64 array of so many axes."""
    try:
        found = real_array(value)
    except ValueError:
        found = None
    if found is None or found.ndim != axes:
        raise SelectorError(f"{what} must be {FORMS[axes]}, got {short_repr(value)}")
    return found
