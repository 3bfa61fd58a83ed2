"""Axes, shapes and indices: what functions of arrays ask of them."""

from __future__ import annotations

from typing import Any

import numpy as np


def running_axis(x: Any, axis: int | None) -> int:
    """Return the axis that running totals run along: without one, that of a vector.

    Raises `ValueError` for any other array without one, as in the array API standard: libraries
    themselves would flatten it, or raise errors of their own.
    """
    if axis is not None:
        return axis
    if len(x.shape) != 1:
        raise ValueError(f"running along an array of shape {tuple(x.shape)} needs an axis")
    return 0


def require_thin(shape: Any, full_matrices: bool) -> None:
    """Raise `ValueError` for a decomposition whose further columns have no derivative."""
    if full_matrices and shape[-2] != shape[-1]:
        raise ValueError(
            f"svd of a matrix of shape {tuple(shape)} needs full_matrices=False: the further "
            "columns of U or V may be any that are orthogonal, and have no derivative"
        )


def as_indices(indices: Any) -> Any:
    """Make an array of integers of a list or a tuple of them, an empty one as well."""
    if hasattr(indices, "shape"):
        return indices
    return np.asarray(indices, None if np.size(indices) else np.int64)
