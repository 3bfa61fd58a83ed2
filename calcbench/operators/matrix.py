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
