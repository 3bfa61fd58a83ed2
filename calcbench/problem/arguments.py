"""Check what a caller gives to a public function: what does not fit is told in a sentence.

Each raises `SelectorError`; `what` is the argument's name, with which the sentence begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from calcbench.errors import SelectorError, short_repr


def is_whole(value: Any, least: int) -> bool:
    """Whether a value is a whole number of at least `least`; True and False are none."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return bool(whole and value >= least)


def whole_number(what: str, value: Any, least: int) -> int:
    """Read a whole number of at least `least`."""
    if not is_whole(value, least):
        raise SelectorError(
            f"{what} must be a whole number of at least {least}, got {short_repr(value)}"
        )
    return int(value)


def positive(what: str, value: Any) -> float:
    """Read a number above 0, which may be infinite."""
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))
    if not number or not value > 0:
        raise SelectorError(f"{what} must be a number above 0, got {short_repr(value)}")
    return float(value)


def yes_or_no(what: str, value: Any) -> bool:
    """Read True or False."""
    if not isinstance(value, (bool, np.bool_, int)) or value not in (0, 1):
        raise SelectorError(f"{what} must be True or False, got {short_repr(value)}")
    return bool(value)


def check_text(what: str, value: Any, example: str) -> None:
    """Refuse what is no text; `example` says what one is like."""
    if not isinstance(value, str):
        raise SelectorError(f"{what} must be a text such as {example}, got {short_repr(value)}")


def check_names(what: str, value: Any) -> None:
    """Refuse what is no dict of name → values."""
    if not isinstance(value, Mapping):
        raise SelectorError(f"{what} must be a dict of name → values, got {short_repr(value)}")
    for name in value:
        if not isinstance(name, str):
            raise SelectorError(f"{what}: {short_repr(name)} is no name")


def check_function(what: str, value: Any) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise SelectorError(f"{what} must be a function, got {short_repr(value)}")


def list_of(what: str, value: Any, one: Callable[[Any], bool]) -> list[Any]:
    """List one or several; `one` tells what is a single one, and no list."""
    if one(value):
        return [value]
    try:
        return list(value)
    except Exception as error:  # what is no list, and whatever one raises that is asked for items
        raise SelectorError(
            f"{what}: {short_repr(value)} is neither one nor a list of them"
        ) from error


def real_array(value: Any) -> np.ndarray:
    """Convert to a new float64 array. Text is refused, where NumPy would read numbers out of it.

    Raises `ValueError` for what is not real, whatever its conversion raises.
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufO":
            raise ValueError(f"{array.dtype} is not real")
        return np.array(array, dtype=np.float64)
    except Exception as error:  # anything may come from an object that converts itself
        raise ValueError(str(type(error))) from error
