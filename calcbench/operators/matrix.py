"""Matrices of partials: how large they may be, and how blocks of them are put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.errors import Unsupported
from calcbench.problem.point import Point

LARGEST = 10**8
"""Entries of the largest dense matrix that is computed: 800 MB of float64."""


def require_storable(point: Point, order: int, what: str) -> None:
    """Raise `Unsupported` for a dense matrix that is too large to be computed."""
    rows, columns = point.extent(order)
    if not point.sparse(order) and rows * columns > LARGEST:
        raise Unsupported(
            f"the {what} of problem {point.problem.name!r} has {rows:,} × {columns:,} entries, "
            f"over {LARGEST:,}, and the problem declares no structure that leaves any out"
        )


def side_by_side(parts: Any, rows: int) -> np.ndarray:
    """Put arrays of shape (rows, *shape), one for each parameter, side by side as a matrix."""
    blocks = [np.reshape(part, (rows, -1)) for part in parts]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)


def require_dense(point: Point, order: int, what: str) -> None:
    """Raise `Unsupported` for a matrix that is too large to be given with all of its zeros."""
    rows, columns = point.extent(order)
    if rows * columns > LARGEST:
        raise Unsupported(
            f"the {what} of problem {point.problem.name!r} has {rows:,} × {columns:,} entries: "
            "ask for sparse=True"
        )


def as_matrix(point: Point, order: int, found: np.ndarray, sparse: bool) -> Any:
    """Put the entries that are stored into a dense array, or a `scipy.sparse.csr_array`."""
    if not (sparse or point.sparse(order)):
        return found
    entries, places, extent = found.ravel(), point.pattern(order), point.extent(order)
    if sparse:
        from scipy.sparse import csr_array

        return csr_array((entries, places), shape=extent)
    dense = np.zeros(extent, found.dtype)
    dense[places] = entries
    return dense
