"""Plain data → dataclasses: each field is read as its type hint says; what does not fit is named.

The types of `Record`, `Environment` and `Timing` are thereby the one description of a saved run.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from calcbench.problem.size import NamedSize
from calcbench.record.plain import number

Scalar = str | int | float | bool | None
"""A value of an object whose names nobody fixed: the settings of a run, its machine."""

ECHOED = 40
"""Characters of a wrong value that stand in a message."""


@dataclass(frozen=True)
class Within:
    """The range of a number, ends included: metadata of its type, as `Annotated` takes them."""

    low: int
    high: int

    def __str__(self) -> str:
        """Say the range in words."""
        return f"from {self.low} to {self.high:.2g}"


Count = Annotated[int, Within(0, 2**63 - 1)]
"""A number of things that a computer holds."""

Positive = Annotated[int, Within(1, 2**63 - 1)]
"""The same, of at least one."""


@dataclass(frozen=True)
class Named:
    """Says that a number may be several by name, for which an object stands (`NamedSize`)."""


Size = Annotated[int, Named()]
"""The size of a problem."""


class FieldError(ValueError):
    """A field that is missing, or has a value of another type; the message says which."""


def read(kind: Any, data: Any, field: str = "") -> Any:
    """Read plain data as a type: a dataclass, an array, a number, a list or dict of these.

    Names that a dataclass does not have are passed over: a later version may have added them.
    `field` is where the data stand, for the message. Raises `FieldError`.
    """
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, data, field)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        if isinstance(parts[1], Named):
            return _read_size(data, field)
        return _read_within(parts[0], parts[1], data, field)
    if origin in (Union, types.UnionType):
        return _read_union(parts, data, field)
    if origin is dict:
        _demand(isinstance(data, dict), "an object", data, field)
        return {name: read(parts[1], item, _join(field, name)) for name, item in data.items()}
    if origin is tuple:
        _demand(isinstance(data, list), "a list", data, field)
        return tuple(read(parts[0], item, f"{field}[{k}]") for k, item in enumerate(data))
    if issubclass(kind, StrEnum):
        _demand(data in list(kind), f"one of {', '.join(kind)}", data, field)
        return kind(data)
    return _READERS[kind](data, field)


def _read_dataclass(kind: Any, data: Any, field: str) -> Any:
    _demand(isinstance(data, dict), "an object", data, field)
    values = {}
    for name, (hint, required) in _fields(kind).items():
        if name in data:
            values[name] = read(hint, data[name], _join(field, name))
        elif required:
            raise FieldError(f"field `{_join(field, name)}` is missing")
    try:
        return kind(**values)
    except ValueError as error:  # fields that do not fit each other
        raise FieldError(f"field `{field}`: {error}" if field else str(error)) from error


@functools.cache
def _fields(kind: Any) -> Mapping[str, tuple[Any, bool]]:
    """List the fields of a dataclass: its type, and whether it must be there."""
    hints = get_type_hints(kind, include_extras=True)
    nothing = dataclasses.MISSING
    return {
        entry.name: (
            hints[entry.name],
            entry.default is nothing and entry.default_factory is nothing,
        )
        for entry in dataclasses.fields(kind)
    }


def _read_within(kind: Any, allowed: Within, data: Any, field: str) -> Any:
    value = read(kind, data, field)
    _demand(allowed.low <= value <= allowed.high, f"{_WORDS[kind]} {allowed}", data, field)
    return value


def _read_size(data: Any, field: str) -> int:
    """Read a number of at least 1, or an object of them by name."""
    if not isinstance(data, dict) or not data:
        return int(read(Positive, data, field))
    return NamedSize({n: read(Positive, item, _join(field, n)) for n, item in data.items()})


def _read_union(kinds: tuple[Any, ...], data: Any, field: str) -> Any:
    """Read the first type that fits; the error of a type that may only be missing is its own."""
    if data is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    if len(others) == 1:
        return read(others[0], data, field)
    for kind in others:
        try:
            return read(kind, data, field)
        except FieldError:
            continue
    raise FieldError(_message(" or ".join(_WORDS[kind] for kind in others), data, field))


def _read_text(data: Any, field: str) -> str:
    _demand(isinstance(data, str), _WORDS[str], data, field)
    return str(data)


def _read_bool(data: Any, field: str) -> bool:
    _demand(isinstance(data, bool), _WORDS[bool], data, field)
    return bool(data)


def _read_int(data: Any, field: str) -> int:
    _demand(isinstance(data, int) and not isinstance(data, bool), _WORDS[int], data, field)
    return int(data)


def _read_float(data: Any, field: str) -> float:
    """Read a number, or the text that stands for one that is not finite (see `plain`)."""
    value = number(data) if isinstance(data, str) else data
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    _demand(real, _WORDS[float], data, field)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _read_array(data: Any, field: str) -> np.ndarray:
    """Read numbers, in lists of lists of one shape."""
    numbers = _numbers(data, field)
    try:
        return np.array(numbers, dtype=np.float64)
    except ValueError as error:  # ragged, or of more dimensions than NumPy has
        raise FieldError(_message(_WORDS[np.ndarray], data, field)) from error


def _numbers(data: Any, field: str) -> Any:
    if isinstance(data, list):
        return [_numbers(item, field) for item in data]
    return _read_float(data, field)


_READERS: dict[Any, Callable[[Any, str], Any]] = {
    str: _read_text,
    bool: _read_bool,
    int: _read_int,
    float: _read_float,
    np.ndarray: _read_array,
}

_WORDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    np.ndarray: "numbers, in lists of one shape",
}
"""Types, as messages say them."""


def _demand(fits: bool, expected: str, data: Any, field: str) -> None:
    if not fits:
        raise FieldError(_message(expected, data, field))


def _message(expected: str, data: Any, field: str) -> str:
    subject = f"field `{field}`" if field else "it"
    return f"{subject} must be {expected}, got {echo(data)}"


def echo(data: Any) -> str:
    """Write a wrong value as JSON has it, or what it is, where that is long."""
    if isinstance(data, (dict, list)):
        return ("an object" if isinstance(data, dict) else "a list") if data else json.dumps(data)
    text = json.dumps(data)
    return text if len(text) <= ECHOED else f"{text[:ECHOED]}…"


def _join(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name
