"""Colouring: columns that never meet in a row share one direction of differentiation.

A matrix whose columns have k colours follows from k products with 0/1 vectors, however many
columns it has: in every row, each colour has at most one entry to give (Curtis, Powell & Reid,
J. Inst. Maths Applics 13 (1974) 117-119; Gebremedhin, Manne & Pothen, SIAM Review 47 (2005)
629-705, section 3).

Of a band or of blocks, column j has colour j mod k, where k is the most entries of a row: fewer
there cannot be. Of any other pattern, each column in turn takes the first colour that is free,
those with most entries first (Welsh & Powell, The Computer Journal 10 (1967) 85-86). Columns that
are alike are one step of that, and so are rows: bundle adjustment has two residuals for each
observation, and eleven parameters for each camera.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from calcbench.problem.structure import Pattern


def full_lines(line: np.ndarray, count: int) -> np.ndarray:
    """Choose the rows (or columns) to be taken one by one, so that the others need few colours.

    `line` is the row of each stored entry. Of the k fullest rows, and of the most entries of
    another, which no colouring of what is left can do without, the sum is least.
    """
    entries = np.bincount(line, minlength=count)
    fullest = np.argsort(-entries, kind="stable")
    needed = np.arange(count + 1) + np.append(entries[fullest], 0)
    return fullest[: int(np.argmin(needed))]


def colour_columns(pattern: Pattern, columns: int) -> np.ndarray:
    """Give each column a colour, 0, 1, …, that no other column has which it meets in a row."""
    row, column = pattern
    if not len(row):
        return np.zeros(columns, dtype=np.int64)
    fewest = int(np.bincount(row).max())
    colour = np.arange(columns) % fewest
    met = np.sort(row * fewest + colour[column], kind="stable")
    return colour if np.all(np.diff(met)) else _colour_greedily(pattern, columns)


def _colour_greedily(pattern: Pattern, columns: int) -> np.ndarray:
    """Give each column in turn the first colour that is free, those with most entries first."""
    matrix = _as_csc(pattern, columns)
    stored = np.flatnonzero(np.diff(matrix.indptr))
    kind, first, alike = _find_alike(matrix[:, stored])
    small = matrix[:, stored[first]].tocsr()
    _, distinct, _ = _find_alike(small.T)
    small = small[distinct[np.diff(small.indptr)[distinct] > 1]].tocsc()  # where columns meet
    order = np.lexsort((first, -np.diff(small.indptr)))
    free = list(_free_colours(small, order, alike))
    found = np.zeros(columns, dtype=np.int64)
    # The columns of a kind, in turn.
    found[stored[np.argsort(np.argsort(order)[kind], kind="stable")]] = np.concatenate(free)
    return found


def _as_csc(pattern: Pattern, columns: int) -> Any:
    """Put a pattern into a sparse matrix, column by column."""
    from scipy.sparse import csc_array, csr_array

    row, column = pattern
    shape = (int(row.max()) + 1, columns)
    ones = np.ones(len(row), dtype=np.int8)
    return csc_array(csr_array((ones, (row, column)), shape=shape))


def _find_alike(matrix: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find columns with the same rows: the kind of each, and of each kind its first and its count.

    By sums of 106 random bits for each row, which two sets of rows do not share by chance.
    """
    words = np.random.default_rng(0).random((2, matrix.shape[0]))
    ends = np.diff(matrix.indptr)
    column = np.repeat(np.arange(matrix.shape[1]), ends)
    sums = [np.bincount(column, w[matrix.indices], matrix.shape[1]) for w in words]
    signature = np.array(sums[0] + 1j * sums[1])
    _, first, kind, alike = np.unique(
        signature, return_index=True, return_inverse=True, return_counts=True
    )
    return kind, first, alike


def _free_colours(matrix: Any, order: np.ndarray, alike: np.ndarray) -> Iterator[list[int]]:
    """Yield for each column, in order, as many free colours as there are columns like it.

    The colours that the columns of a row have are the bits of a number.
    """
    taken = [0] * matrix.shape[0]
    ends, rows = matrix.indptr.tolist(), matrix.indices.tolist()
    for k, count in zip(order.tolist(), alike[order].tolist(), strict=True):
        mine = rows[ends[k] : ends[k + 1]]
        used = 0
        for row in mine:
            used |= taken[row]
        chosen, new = [], 0
        for _ in range(count):
            lowest = ~(used | new) & (used | new) + 1
            new |= lowest
            chosen.append(lowest.bit_length() - 1)
        for row in mine:
            taken[row] |= new
        yield chosen


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
