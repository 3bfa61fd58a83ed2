"""Colouring: columns that never meet in a row share one direction of differentiation.

A matrix whose columns have k colours follows from k products with 0/1 vectors, however many
columns it has: in every row, each colour has at most one entry to give (Curtis, Powell & Reid,
J. Inst. Maths Applics 13 (1974) 117-119; Gebremedhin, Manne & Pothen, SIAM Review 47 (2005)
629-705, section 3). The colouring itself is networkx's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from calcbench.problem.structure import Pattern


@dataclass(frozen=True)
class Compression:
    """A few vectors whose products with a sparse matrix hold all of its stored entries."""

    vectors: np.ndarray
    """(colours, columns): the 0/1 vectors that the matrix is multiplied by."""
    colour: np.ndarray
    """The colour of each stored entry's column."""
    row: np.ndarray
    """The row of each stored entry."""

    @property
    def colours(self) -> int:
        """Count the products that are needed."""
        return len(self.vectors)

    def places(self, rows: int) -> np.ndarray:
        """Find each entry in all products, put one after the other as vectors of `rows`."""
        places: np.ndarray = self.colour * rows + self.row
        return places


def compress(pattern: Pattern, columns: int) -> Compression:
    """Colour the columns of a matrix with this pattern."""
    import networkx

    row, column = pattern
    graph: Any = networkx.Graph()
    graph.add_nodes_from(range(columns))
    for members in _by_row(row, column):
        graph.add_edges_from(combinations(members, 2))
    found = networkx.greedy_color(graph, strategy="connected_sequential")
    colour = np.array([found[k] for k in range(columns)], dtype=np.int64)
    vectors = np.zeros((int(colour.max(initial=0)) + 1, columns))
    vectors[colour, np.arange(columns)] = 1.0
    return Compression(vectors, colour[column], row)


def transpose(pattern: Pattern) -> tuple[Pattern, np.ndarray]:
    """Transpose a pattern; also tell where each of its entries stands in the transpose."""
    row, column = pattern
    order = np.lexsort((row, column))
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return (column[order], row[order]), back


def format_colours(colours: int) -> str:
    """Format a number of colours: `3 colours`."""
    return f"{colours} colour{'s' if colours > 1 else ''}"


def _by_row(row: np.ndarray, column: np.ndarray) -> Iterator[list[int]]:
    """Yield the columns of each row, of a pattern in row-major order."""
    starts = np.flatnonzero(np.diff(row)) + 1
    for members in np.split(column, starts):
        yield members.tolist()
