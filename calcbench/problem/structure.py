"""Structure: which entries of a matrix of derivatives can be other than 0."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.errors import DeclarationError, short_repr
from calcbench.problem.arguments import is_whole

Pattern = tuple[np.ndarray, np.ndarray]
"""Row and column of every stored entry, in row-major order."""


class BadStructure(DeclarationError, ValueError):
    """A structure that no matrix has."""


@dataclass(frozen=True)
class Structure(ABC):
    """Which entries of a matrix can be other than 0; those are stored, the others are 0."""

    @property
    def sparse(self) -> bool:
        """Whether entries are left out, so that columns can share a direction."""
        return True

    @abstractmethod
    def pattern(self, rows: int, columns: int) -> Pattern:
        """Return row and column of every stored entry of a matrix of this size, row by row."""


@dataclass(frozen=True)
class Dense(Structure):
    """A matrix of which no entry is known to be 0; `DENSE` is the instance."""

    @property
    def sparse(self) -> bool:
        """Always False: no entry is left out."""
        return False

    def pattern(self, rows: int, columns: int) -> Pattern:
        """Return every entry."""
        row, column = np.divmod(np.arange(rows * columns), columns)
        return row, column


@dataclass(frozen=True)
class Banded(Structure):
    """Entries at most `width` places from the diagonal: `DIAGONAL` has 0, `TRIDIAGONAL` 1.

    Raises `ValueError` for a negative width.
    """

    width: int

    def __post_init__(self) -> None:
        """Refuse a negative width."""
        if not is_whole(self.width, 0):
            raise BadStructure(
                f"the width of a band is a whole number, at least 0, got {short_repr(self.width)}"
            )

    def pattern(self, rows: int, columns: int) -> Pattern:
        """Return the entries of the band."""
        offsets = np.arange(-self.width, self.width + 1)
        row = np.repeat(np.arange(rows), len(offsets))
        column = (np.arange(rows)[:, None] + offsets).ravel()
        inside = (column >= 0) & (column < columns)
        return row[inside], column[inside]


@dataclass(frozen=True)
class BlockDiagonal(Structure):
    """Square blocks of `size` rows along the diagonal; the last may be smaller.

    Raises `ValueError` for a size below 1.
    """

    size: int

    def __post_init__(self) -> None:
        """Refuse blocks without a row."""
        if not is_whole(self.size, 1):
            raise BadStructure(
                f"a block has at least 1 row, a whole number, got {short_repr(self.size)}"
            )

    def pattern(self, rows: int, columns: int) -> Pattern:
        """Return the entries of the blocks."""
        row = np.repeat(np.arange(rows), self.size)
        start = np.arange(rows) // self.size * self.size
        column = (start[:, None] + np.arange(self.size)).ravel()
        inside = column < columns
        return row[inside], column[inside]


@dataclass(frozen=True, eq=False)
class Coordinates(Structure):
    """Any set of entries, by row and column; a Hessian's has both of every pair (i, j), (j, i).

    `rows` and `columns` are integer arrays (or lists) of equal length. Raises `ValueError` for
    others.
    """

    rows: np.ndarray
    columns: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what is no two lists of equal length."""
        row, column = _places(self.rows), _places(self.columns)
        if row.shape != column.shape or row.ndim != 1:
            raise BadStructure("the rows and columns of entries must be two lists of equal length")

    def pattern(self, rows: int, columns: int) -> Pattern:
        """Return the entries, each once, sorted. Raises `ValueError` for one outside the matrix."""
        row, column = _places(self.rows), _places(self.columns)
        outside = (row < 0) | (row >= rows) | (column < 0) | (column >= columns)
        if np.any(outside):
            first = np.argmax(outside)
            raise BadStructure(
                f"the entry in row {row[first]}, column {column[first]} is outside the "
                f"{rows} × {columns} matrix; both are counted from 0"
            )
        # By sorting: np.unique takes three times as long, and the places are often in order.
        place = np.sort(row * columns + column, kind="stable")
        place = place[np.append(True, np.diff(place) != 0)[: len(place)]]
        row, column = np.divmod(place, columns)
        return row, column


def _places(value: Any) -> np.ndarray:
    """Read row or column numbers."""
    try:
        found = np.asarray(value)
        if found.dtype.kind in "iu" or not found.size:
            return found.astype(np.int64)
    except Exception:  # anything may come from an object that converts itself
        pass
    raise BadStructure(
        f"the rows and columns of entries are lists of whole numbers, got {short_repr(value)}"
    )


DENSE = Dense()

DIAGONAL = Banded(0)

TRIDIAGONAL = Banded(1)
