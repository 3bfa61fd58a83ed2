"""Sizes of a problem: a number, or several by name, such as n = 1000 and d = 10."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from calcbench.errors import SelectorError, nearest, short_repr
from calcbench.problem.arguments import is_whole, whole_number

SizeLike = int | Mapping[str, int]
"""What a caller may give: a number, or a dict of name → number."""


class NamedSize(int):
    """Several sizes by name: `size["n"]`. As a number it is their product, by which times grow."""

    _names: dict[str, int]

    def __new__(cls, names: Mapping[str, int]) -> NamedSize:
        """Take name → whole number of at least 1."""
        size = super().__new__(cls, math.prod(names.values()))
        size._names = dict(names)
        return size

    @property
    def names(self) -> dict[str, int]:
        """Name → number."""
        return dict(self._names)

    def __getitem__(self, name: str) -> int:
        """Return one of the sizes. Raises `KeyError`, which says what there is."""
        if name not in self._names:
            raise KeyError(f"no size is called {short_repr(name)}: {nearest(name, self._names)}")
        return self._names[name]

    def __eq__(self, other: object) -> bool:
        """Compare by name: 2 × 6 is another size than 3 × 4, and than 12."""
        return isinstance(other, NamedSize) and self._names == other._names

    def __ne__(self, other: object) -> bool:
        """Tell whether any of them differs."""
        return not self == other

    def __hash__(self) -> int:
        """Hash the names with their numbers."""
        return hash(frozenset(self._names.items()))

    def __str__(self) -> str:
        """Write `n=1000, d=10`."""
        return format(self)

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        """Write each number by `spec`: `n=1,000, d=10` for a comma."""
        return ", ".join(f"{name}={number:{spec}}" for name, number in self._names.items())

    def __reduce__(self) -> Any:
        """Say how it is made again in another process."""
        return NamedSize, (self._names,)


def read_size(value: Any) -> int:
    """Read a size: a whole number of at least 1, or a dict of them by name.

    Raises `SelectorError` for anything else.
    """
    if isinstance(value, NamedSize) or not isinstance(value, Mapping):
        return value if isinstance(value, NamedSize) else whole_number("size", value, 1)
    if not value:
        raise SelectorError("size: give a number by name, such as {'n': 1000}")
    for name, number in value.items():
        if not isinstance(name, str):
            raise SelectorError(f"size: {short_repr(name)} is no name")
        whole_number(f"size[{name!r}]", number, 1)
    return NamedSize({name: int(number) for name, number in value.items()})


def parse_named(text: str, whole: Callable[[str], int]) -> NamedSize:
    """Parse `n=1000,d=10`, each number by `whole`. Raises `SelectorError` for any other form."""
    found: dict[str, int] = {}
    for part in text.split(","):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        if not equals or not name.isidentifier():
            raise SelectorError(f"size {text!r} is not of the form n=1000,d=10")
        if name in found:
            raise SelectorError(f"size {text!r}: {name!r} is given twice")
        found[name] = whole(number)
    return NamedSize(found)


def is_size(value: Any) -> bool:
    """Whether a problem may declare this as a size."""
    if isinstance(value, Mapping):
        return bool(value) and all(
            isinstance(name, str) and name.isidentifier() and is_whole(number, 1)
            for name, number in value.items()
        )
    return is_whole(value, 1)


def declared(sizes: Any) -> Any:
    """Make named sizes of the dicts in a declaration; `check_declarations` says what is wrong."""
    if not isinstance(sizes, (tuple, list)):
        return sizes
    return tuple(
        NamedSize(size) if isinstance(size, Mapping) and is_size(size) else size for size in sizes
    )


def fit(subject: str, size: int, own: int) -> int:
    """Fit a size to the first that a problem declares: names that are not given keep that one's.

    Raises `SelectorError` for names that the problem has not, and a number where it has names.
    """
    if not isinstance(own, NamedSize):
        if isinstance(size, NamedSize):
            raise SelectorError(f"{subject} has sizes without names, such as {own}, got {size}")
        return size
    if not isinstance(size, NamedSize):
        raise SelectorError(f"{subject} has sizes by name: {own}; got {size} without one")
    for name in size.names:
        if name not in own.names:
            raise SelectorError(f"{subject} has no size {name!r}: {nearest(name, own.names)}")
    return NamedSize({**own.names, **size.names})
