"""Directions: a few vectors whose products with a matrix of partials show its entries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from calcbench.operators.compression import compress
from calcbench.problem.structure import Pattern


@dataclass(frozen=True)
class Directions:
    """Vectors to multiply a matrix by, and where each of its columns is read from the products."""

    vectors: np.ndarray
    """(k, columns)."""
    place: np.ndarray
    """Column → the vector that it is read from; −1 for one that was not asked for."""
    pattern: Pattern | None = None
    """Row and column of the stored entries, where columns share a vector."""

    @classmethod
    def units(cls, wanted: np.ndarray, columns: int) -> Directions:
        """Take a unit vector for every column that is wanted."""
        place = np.full(columns, -1)
        place[wanted] = np.arange(len(wanted))
        return cls(np.eye(columns)[wanted], place)

    @classmethod
    def coloured(cls, pattern: Pattern, columns: int) -> Directions:
        """Take a vector for every colour: columns of one colour have no row in common.

        An entry that the declared structure lacks would be added to another one, unnoticed. So the
        last vector has random numbers: the stored entries do not add up to the product with it.
        """
        compression = compress(pattern, columns)
        place = np.zeros(columns, dtype=np.int64)
        place[pattern[1]] = compression.colour
        check = np.random.default_rng(0).uniform(-1, 1, columns)
        return cls(np.concatenate([compression.vectors, check[None]]), place, pattern)

    def holds(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Tell for each entry whether it is stored; the others are 0."""
        if self.pattern is None:
            return np.ones(len(row), dtype=bool)
        width = len(self.place)
        stored = self.pattern[0] * width + self.pattern[1]
        return np.asarray(np.isin(row * width + column, stored))

    def row_that_lacks_an_entry(self, products: np.ndarray) -> int | None:
        """Find a row of which stored entries times the last vector are not what they should be.

        `products` are those of the matrix with the vectors, as balls (rows, k).
        """
        if self.pattern is None:
            return None
        row, column = self.pattern
        totals = np.full(len(products), arb(0), dtype=object)
        np.add.at(totals, row, products[row, self.place[column]] * self.vectors[-1, column])
        for i, (total, whole) in enumerate(zip(totals, products[:, -1], strict=True)):
            if not total.overlaps(whole):
                return i
        return None
