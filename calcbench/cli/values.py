"""Parsers of values on the command line: numbers with units, lists, values by name."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import click

from calcbench.errors import SelectorError
from calcbench.problem.size import parse_named
from calcbench.record.writing import check_name

SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
"""Units of a duration."""

BYTES = {"K": 2**10, "M": 2**20, "G": 2**30}
"""Units of an amount of memory."""

LONGEST_TIME = 366 * 24 * 3600.0
"""Seconds that any limit may be; the systems' own timers end somewhere beyond."""

MOST_MEMORY = 2**60 - 1
"""Bytes that any limit may be: more than any machine has, and a number that every system takes."""


def parse_values(text: str, option: str = "at") -> dict[str, Any]:
    """Parse `m=0.9,b=0.1` or `w=[1,2,3]` into values by name; `option` is named in errors.

    Raises `SelectorError` for what is neither a number nor a bracketed list of numbers.
    """
    values: dict[str, Any] = {}
    for part in split_outside_brackets(text):
        name, equals, literal = (piece.strip() for piece in part.partition("="))
        if not (name and equals and literal):
            raise SelectorError(
                f"--{option} {text!r}: {part.strip()!r} is not of the form NAME=VALUE"
            )
        if name in values:
            raise SelectorError(f"--{option} {text!r}: {name!r} is given twice")
        try:
            values[name] = json.loads(literal) if literal.startswith("[") else float(literal)
        except (ValueError, RecursionError):
            raise SelectorError(
                f"{option}: {name}={literal} is neither a number nor a list such as [1, 2]"
            ) from None
    return values


def parse_values_if_any(text: str | None, option: str = "at") -> dict[str, Any] | None:
    """Parse values by name as `parse_values` does; None stays None."""
    return None if text is None else parse_values(text, option)


def parse_size(text: str) -> int:
    """Parse a whole number of at least 1, also written 8_000_000 or 8e6.

    Raises `click.BadParameter` for anything else, as `parse_duration` and `parse_bytes` do.
    """
    for read in (int, float):
        with contextlib.suppress(ValueError, OverflowError):
            number = read(text)
            if number >= 1 and number == int(number):
                return int(number)
    raise click.BadParameter(f"{text!r} is not a whole number of at least 1")


def parse_problem_size(text: str) -> int:
    """Parse a size: a whole number as `parse_size` does, or such numbers by name: n=1e3,d=10."""
    return parse_named(text, parse_size) if "=" in text else parse_size(text)


def parse_duration(text: str) -> float:
    """Parse seconds, also written 90s, 10m or 1h."""
    found = re.fullmatch(r"([0-9.]+) *([smh]?)", text)
    with contextlib.suppress(ValueError):
        seconds = float(found[1]) * SECONDS[found[2]] if found else 0.0
        if 0 < seconds <= LONGEST_TIME:
            return seconds
    raise click.BadParameter(f"{text!r} is no time such as 60, 90s, 10m or 1h, of at most a year")


def parse_bytes(text: str) -> int:
    """Parse a number of bytes, written 800M, 4G or 4GiB."""
    found = re.fullmatch(r"([0-9.]+) *([KMG])(?:i?B)?", text)
    with contextlib.suppress(ValueError):
        size = float(found[1]) * BYTES[found[2]] if found else 0.0
        if 2**20 <= size <= MOST_MEMORY:
            return int(size)
    raise click.BadParameter(
        f"{text!r} is no amount of memory such as 800M or 4G, of at least 1M and less than 2^60"
    )


class FileName(click.Path):
    """The name of a file, as a path; a shell completes it."""

    def convert(self, value: Any, *where: Any) -> Any:
        """Make a path of it. Raises `SelectorError` for a name that no file can have."""
        check_name(Path(value))  # which `click.Path` would ask the system about
        return super().convert(value, *where)


FILE = FileName(path_type=Path)


def parse_threads(text: str) -> list[int]:
    """Parse `1,2` into numbers of threads, each once. Raises `SelectorError` for anything else."""
    try:
        return list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        raise SelectorError(f"threads {text!r} is no number and no list such as 1,2") from None


def parse_names(text: str) -> list[str]:
    """Parse `float64,float32` into names."""
    return [part.strip() for part in text.split(",")]


def split_outside_brackets(text: str) -> list[str]:
    """Split text at its commas, but for those in brackets: `w[0],W[1,2]`."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]
