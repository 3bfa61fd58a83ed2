"""Flat: the numbers of an array one after the other, as NumPy's `x.flat` has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calcbench.native.numpy.array import Traced


class Flat:
    """What `x.flat` is: the numbers of an array one after the other, to read, write and walk."""

    def __init__(self, numbers: Traced) -> None:
        """Take the numbers, in the order of the array, as places of its storage."""
        self._numbers = numbers
        self._left = iter(numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._left)

    def __getitem__(self, key: Any) -> Any:
        return self._numbers[key].copy()

    def __setitem__(self, key: Any, values: Any) -> None:
        self._numbers[key] = values

    def copy(self) -> Any:
        """Copy the numbers, as an array of one axis."""
        return self._numbers.copy()
