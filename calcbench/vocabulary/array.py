"""What a cost may do with an array, whatever library it is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias


class Array(Protocol):
    """An array of any backend: operators, basic slices and `shape`, and nothing else.

    It is a type for editors and for mypy; at run time arrays are those of the library itself.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""

    def __getitem__(self, index: Any, /) -> Array:
        """Return a basic slice: `w[0]`, `w[1:]`, `w[:, None]`."""

    def __neg__(self) -> Array:
        """Return −x."""

    def __add__(self, other: Number, /) -> Array:
        """Return x + other."""

    def __radd__(self, other: Number, /) -> Array:
        """Return other + x."""

    def __sub__(self, other: Number, /) -> Array:
        """Return x − other."""

    def __rsub__(self, other: Number, /) -> Array:
        """Return other − x."""

    def __mul__(self, other: Number, /) -> Array:
        """Return x · other."""

    def __rmul__(self, other: Number, /) -> Array:
        """Return other · x."""

    def __truediv__(self, other: Number, /) -> Array:
        """Return x / other."""

    def __rtruediv__(self, other: Number, /) -> Array:
        """Return other / x."""

    def __pow__(self, other: Number, /) -> Array:
        """Return x to the power of other."""

    def __rpow__(self, other: Number, /) -> Array:
        """Return other to the power of x."""

    def __lt__(self, other: Number, /) -> Array:
        """Tell where x < other."""

    def __le__(self, other: Number, /) -> Array:
        """Tell where x ≤ other."""

    def __gt__(self, other: Number, /) -> Array:
        """Tell where x > other."""

    def __ge__(self, other: Number, /) -> Array:
        """Tell where x ≥ other."""

    def __eq__(self, other: object, /) -> Array:  # type: ignore[override]
        """Tell where x = other, of whole arrays such as labels."""

    def __ne__(self, other: object, /) -> Array:  # type: ignore[override]
        """Tell where x ≠ other, likewise."""


Number: TypeAlias = Array | float
"""An array, or a Python number in its place."""

Condition: TypeAlias = Array | bool
"""A comparison, or what is made of comparisons; of numbers, those hold that are not 0."""

Axes: TypeAlias = int | tuple[int, ...] | None
"""One axis, several, or `None` for all."""

Shape: TypeAlias = int | tuple[int, ...]
"""The length of each axis."""

Indices: TypeAlias = Any
"""Integers, as data or of NumPy, counted from 0."""

State: TypeAlias = Any
"""An array, or a tuple of arrays."""

Padding: TypeAlias = int | str | Sequence[int]
"""Zeros on both sides: a number for all axes, one for each, "valid" (none) or "same"."""
