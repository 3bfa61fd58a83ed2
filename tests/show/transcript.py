"""A function of `xp` and of arrays, written down as source text by calling it.

The vocabulary's test cases are calls such as `lambda xp, x: getattr(xp, name)(x)`, of which
nobody could copy the source. Called with a `Transcript` in the place of each argument, they give
the expression that they compute: `xp.exp(x)`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np


class Transcript:
    """An expression: whatever is computed with it is written down, and nothing is computed."""

    __array_ufunc__ = None  # an array of NumPy's leaves operators to this class

    def __init__(self, text: str) -> None:
        self.text = text

    def __getattr__(self, name: str) -> Transcript:
        if name.startswith("__"):
            raise AttributeError(name)
        return Transcript(f"{self.text}.{name}")

    def __call__(self, *arguments: Any, **keywords: Any) -> Transcript:
        items = [*map(text, arguments), *(f"{name}={text(v)}" for name, v in keywords.items())]
        return Transcript(f"{self.text}({', '.join(items)})")

    def __getitem__(self, index: Any) -> Transcript:
        items = index if isinstance(index, tuple) else (index,)
        return Transcript(f"{self.text}[{', '.join(map(text_of_index, items))}]")

    def __iter__(self) -> Any:
        return iter((self[0], self[1]))  # what gives several here gives two

    def __neg__(self) -> Transcript:
        return Transcript(f"(-{self.text})")


def _binary(sign: str, reflected: bool) -> Callable[[Transcript, Any], Transcript]:
    def write(self: Transcript, other: Any) -> Transcript:
        first, second = (text(other), self.text) if reflected else (self.text, text(other))
        return Transcript(f"({first} {sign} {second})")

    return write


SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "pow": "**",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}
for name, sign in SIGNS.items():
    setattr(Transcript, f"__{name}__", _binary(sign, reflected=False))
    setattr(Transcript, f"__r{name}__", _binary(sign, reflected=True))  # none of comparisons


def text(value: Any) -> str:
    """Write an argument down."""
    if isinstance(value, Transcript):
        return value.text
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()})"
    if isinstance(value, (list, tuple)):
        items = "".join(f"{text(item)}, " for item in value)
        return f"[{items}]" if isinstance(value, list) else f"({items})"
    if callable(value):
        names = list(inspect.signature(value).parameters)
        return f"lambda {', '.join(names)}: {text(value(*map(Transcript, names)))}"
    return repr(value)


def text_of_index(value: Any) -> str:
    """Write one part of an index down."""
    if value is Ellipsis:
        return "..."
    if not isinstance(value, slice):
        return text(value)
    parts = [value.start, value.stop] + [value.step] * (value.step is not None)
    return ":".join("" if part is None else text(part) for part in parts)
