"""Entries: what an operator is, as a sparse linear map of partials times a seed.

Number k of an operator's result is a sum of partials of the cost, each at a row and a column of
the value (order 0), of the Jacobian (order 1, a single row for a cost) or of the Hessian (order 2),
and each times 1 or times an entry of the direction or cotangent:

    result[out] += partial[order](row, column) · seed[s]

An operator states its entries once; the certificate, SymPy, the hand-derived formulas, difference
quotients and the fallbacks of small backends all evaluate the same statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from calcbench.problem.point import Point

Index = int | Sequence[int] | np.ndarray
"""One index, or an array of them."""


@dataclass(frozen=True, eq=False)
class Entries:
    """Partials that are picked one by one; the four arrays are of one length (or broadcast to it).

    Without `seed`, each counts once.
    """

    order: int
    """0: the value, m × 1. 1: first partials, m × n. 2: second partials, n × n."""
    out: Index
    """Position in the flat result."""
    row: Index
    column: Index
    seed: Index | None = None
    """Position in the flat direction or cotangent."""

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(out, row, column), each an int array of the same length."""
        parts = (self.out, self.row, self.column)
        out, row, column = np.broadcast_arrays(
            *(np.atleast_1d(np.asarray(part, dtype=np.int64)) for part in parts)
        )
        return out, row, column

    def weights(self, seed: np.ndarray) -> np.ndarray:
        """Read off the flat seed what each partial is multiplied by; ones without a seed."""
        count = len(self.places[0])
        if self.seed is None:
            return np.ones(count)
        return np.broadcast_to(seed[np.asarray(self.seed)], (count,))

    @property
    def picks(self) -> bool:
        """Whether every number is one partial as it stands, so that nothing is computed."""
        out, _, _ = self.places
        # By sorting, for np.unique imports numpy.ma: 50 ms in the first preparation.
        return self.seed is None and not np.any(np.diff(np.sort(out)) == 0)

    def shift(self, start: int) -> Entries:
        """State the same for a result that begins at number `start`."""
        return replace(self, out=np.asarray(self.out) + start) if start else self


@dataclass(frozen=True)
class Product:
    """A whole matrix of partials times the seed: M v or, transposed, Mᵀu.

    The same as `entries` with one entry for each of the matrix, without writing them down: a dense
    matrix has too many.
    """

    order: int
    transposed: bool = False
    start: int = 0
    """Position in the flat result of the product's first number."""

    def entries(self, point: Point) -> Entries:
        """List the product as entries."""
        row, column = point.pattern(self.order)
        out, seed = (column, row) if self.transposed else (row, column)
        return Entries(self.order, out + self.start, row, column, seed)

    def shift(self, start: int) -> Product:
        """State the same for a result that begins at number `start`."""
        return replace(self, start=self.start + start)

    def places(self, point: Point) -> np.ndarray:
        """List the positions of the product's numbers in the flat result."""
        return self.start + np.arange(point.extent(self.order)[1 if self.transposed else 0])


Term = Entries | Product
"""A part of an operator's statement; the result is the sum of its terms."""
