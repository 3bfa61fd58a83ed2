"""Values and lists, as they are written on the command line."""

from __future__ import annotations

import json
from typing import Any

from calcbench.errors import SelectorError


def parse_values(text: str, option: str = "at") -> dict[str, Any]:
    """Parse `m=0.9,b=0.1` or `w=[1,2,3]` into values by name; `option` is named in errors.

    Raises `SelectorError` for what is neither a number nor a bracketed list of numbers.
    """
    values: dict[str, Any] = {}
    for part in _split_outside_brackets(text):
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


def parse_threads(text: str) -> list[int]:
    """Parse `1,2` into numbers of threads, each once. Raises `SelectorError` for anything else."""
    try:
        return list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        raise SelectorError(f"threads {text!r} is no number and no list such as 1,2") from None


def parse_names(text: str) -> list[str]:
    """Parse `float64,float32` into names."""
    return [part.strip() for part in text.split(",")]


def _split_outside_brackets(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]
