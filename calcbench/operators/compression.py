"""Compression: a few products of a sparse matrix with vectors, and where its entries are in them.

Columns that never meet in a row share a direction, and rows that never meet in a column share a
cotangent (`calcbench.operators.colouring`). What is nearly full is taken by itself, and does not
count then: a few rows by pullbacks, where the rest goes by columns, a few columns by pushforwards,
where the rest goes by rows, and of a symmetric matrix both at once (bidirectional compression:
Coleman & Verma, SIAM J. Sci. Comput. 19 (1998) 1210-1233).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calcbench.operators.colouring import colour_columns, full_lines
from calcbench.problem.structure import Pattern

GROUPS = 3
"""How many groups of products there may be, so that none goes by what it has no entries by."""


@dataclass(frozen=True)
class Compression:
    """A few vectors whose products with a sparse matrix hold all of its stored entries."""

    vectors: np.ndarray
    """(colours, columns): the 0/1 vectors that the matrix is multiplied by."""
    colour: np.ndarray
    """For each stored entry, the product that it is read from: the colour of its column."""
    row: np.ndarray
    """For each stored entry, where it stands in that product: its row."""

    @property
    def colours(self) -> int:
        """Count the products that are needed."""
        return len(self.vectors)

    def places(self, rows: int) -> np.ndarray:
        """Find each entry in all products, put one after the other as vectors of `rows`."""
        places: np.ndarray = self.colour * rows + self.row
        return places

    def places_in_parts(self, sizes: Sequence[int]) -> np.ndarray:
        """Find each entry in all products, cut into parts of these sizes, each (colours, size).

        The parts stand one after the other, each of them row by row.
        """
        return places_in_parts(self.colour, self.row, sizes, self.colours)


def compress(pattern: Pattern, columns: int) -> Compression:
    """Colour the columns of a matrix with this pattern."""
    row, column = pattern
    colour = colour_columns(pattern, columns)
    return Compression(indicators(colour), colour[column], row)


def compress_symmetric(pattern: Pattern, columns: int) -> Compression:
    """Colour the columns of a symmetric matrix, where a full row is read off as a column.

    Each column that is nearly full has a colour of its own; as its row need not be told apart, the
    others share more (a simple star colouring: Gebremedhin, Manne & Pothen, section 4). A matrix of
    which the first row, the first column and the diagonal are stored takes 2 colours.
    """
    row, column = pattern
    full = _membership(full_lines(row, columns), columns)
    kept = ~full[row] & ~full[column]
    colour = np.empty(columns, dtype=np.int64)
    apart = int(np.count_nonzero(full))
    colour[full] = np.arange(apart)
    colour[~full] = apart + colour_columns((row[kept], column[kept]), columns)[~full]
    turned = full[row] & ~full[column]
    read, place = np.where(turned, row, column), np.where(turned, column, row)
    return Compression(indicators(colour), colour[read], place)


@dataclass(frozen=True)
class Bidirectional:
    """A few directions and cotangents whose products with a sparse Jacobian hold its entries."""

    directions: np.ndarray
    """(k, columns): what the matrix is multiplied by from the right."""
    sweeps: tuple[tuple[np.ndarray, int], ...]
    """The directions in turn: in which parts they are other than 0, and how many are alike."""
    cotangents: np.ndarray
    """(l, rows): what it is multiplied by from the left."""
    places: np.ndarray
    """For each stored entry, where it stands: in the k products with directions, one after the
    other, and then in the l with cotangents, cut into the parts that the columns come in."""

    @property
    def full(self) -> bool:
        """Whether each row has an entry by every direction, in their order, and that is all.

        The products are the columns of what is stored, then.
        """
        shape = len(self.directions), self.cotangents.shape[1]
        products = np.arange(math.prod(shape)).reshape(shape)
        return not len(self.cotangents) and np.array_equal(self.places, products.T.ravel())


@dataclass(frozen=True)
class Choice:
    """How a sparse Jacobian is to be read: by columns or by rows, and what is taken by itself."""

    by_columns: bool
    single: np.ndarray
    """The rows that are taken by themselves; where it goes by rows, the columns."""
    products: int
    """How many products are needed at least: one for each line taken by itself, and as many as the
    fullest row (or column) that is left has entries."""


def choose_side(pattern: Pattern, rows: int, columns: int, forward: bool, reverse: bool) -> Choice:
    """Choose columns or rows, whichever can do with fewer products; of equals, columns.

    `forward` and `reverse` tell which products there are: with directions, and with cotangents.
    """
    row, column = pattern
    single_rows = full_lines(row, rows) if reverse else row[:0]
    single_columns = full_lines(column, columns) if forward else column[:0]
    by_columns = len(single_rows) + _most_elsewhere(row, single_rows)
    by_rows = len(single_columns) + _most_elsewhere(column, single_columns)
    if forward and (not reverse or by_columns <= by_rows):
        return Choice(True, single_rows, by_columns)
    return Choice(False, single_columns, by_rows)


def compress_jacobian(
    pattern: Pattern, rows: int, sizes: Sequence[int], choice: Choice
) -> Bidirectional:
    """Compress a matrix, whose columns come in parts of `sizes`, as was chosen."""
    row, column = pattern
    columns = sum(sizes)
    if choice.by_columns:
        back = _membership(choice.single, rows)[row]
        direction = colour_columns((row[~back], column[~back]), columns)
        direction = _number_as_stored(direction, column[~back])
        cotangent = _order(choice.single, rows)
    else:
        back = ~_membership(choice.single, columns)[column]
        direction = _order(choice.single, columns)
        cotangent = colour_columns((column[back], row[back]), rows)
    directions = indicators(direction if not back.all() else np.full(columns, -1))
    parts = np.split(directions, np.cumsum(sizes)[:-1], axis=1)
    groups = group_products(np.stack([part.any(axis=1) for part in parts], axis=1))
    groups.sort(key=lambda group: int(group[1][0]))
    order = np.concatenate([products for _, products in groups] or [np.zeros(0, dtype=np.int64)])
    cotangents = indicators(cotangent if back.any() else np.full(rows, -1))
    ahead = np.argsort(order)[direction[column]] * rows + row if len(order) else 0 * row
    behind = places_in_parts(cotangent[row], column, sizes, len(cotangents))
    places = np.where(back, len(directions) * rows + behind, ahead)
    sweeps = tuple((parts, len(products)) for parts, products in groups)
    return Bidirectional(directions[order], sweeps, cotangents, places)


def group_products(meets: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Put products together that are made of the same parts: (those parts, these products).

    `meets` tells of each product and part whether it is. All by all, if there were more than a few
    groups: each runs the cost anew.
    """
    kinds, kind = np.unique(meets, axis=0, return_inverse=True)
    found = [(np.flatnonzero(of), np.flatnonzero(kind == k)) for k, of in enumerate(kinds)]
    found = [(parts, products) for parts, products in found if len(parts)]
    if len(found) <= GROUPS:
        return found
    products, parts = meets.shape
    return [(np.arange(parts), np.arange(products))]


def _number_as_stored(colour: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Give colours numbers in the order of the stored entries, whose columns are given.

    Where each row has an entry of each, the products are then the columns of what is stored.
    """
    first = np.full(int(colour.max(initial=-1)) + 1, len(column))
    first[colour[column[::-1]]] = np.arange(len(column))[::-1]  # of equals, the last is kept
    found: np.ndarray = np.argsort(np.argsort(first, kind="stable"))[colour]
    return found


def _most_elsewhere(line: np.ndarray, single: np.ndarray) -> int:
    """Count the most entries of a row, but for the rows that are taken by themselves."""
    entries = np.bincount(line)
    entries[single] = 0
    return int(entries.max(initial=0))


def _membership(some: np.ndarray, count: int) -> np.ndarray:
    """Tell of each of `count` indices whether it is among some."""
    members = np.zeros(count, dtype=bool)
    members[some] = True
    return members


def _order(some: np.ndarray, count: int) -> np.ndarray:
    """Give numbers 0, 1, … to some of `count` indices; the others are −1."""
    order = np.full(count, -1)
    order[some] = np.arange(len(some))
    return order


def indicators(colour: np.ndarray) -> np.ndarray:
    """Make a vector for each colour, with a 1 where it is; −1 is no colour."""
    vectors = np.zeros((int(colour.max(initial=-1)) + 1, len(colour)))
    (coloured,) = np.nonzero(colour >= 0)
    vectors[colour[coloured], coloured] = 1.0
    return vectors


def places_in_parts(
    product: np.ndarray, position: np.ndarray, sizes: Sequence[int], products: int
) -> np.ndarray:
    """Find a position of a product in all products, cut into parts that stand one after another."""
    starts = np.cumsum([0, *sizes])
    part = np.searchsorted(starts, position, side="right") - 1
    size = np.asarray(sizes)[part]
    found: np.ndarray = starts[part] * products + product * size + position - starts[part]
    return found
