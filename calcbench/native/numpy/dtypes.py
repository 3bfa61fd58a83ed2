"""Dtypes: which one NumPy gives what is computed, of arrays with proof as of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.native.function import PRECISION
from calcbench.native.numpy.moving import leaves

ARRAYS = (np.ndarray, np.generic)
"""What has a dtype; arrays with proof say that they are NumPy's."""


def is_coarser(dtype: np.dtype[Any], other: np.dtype[Any]) -> bool:
    """Tell whether a dtype has fewer digits than another, so that a conversion rounds."""
    return PRECISION.get(dtype.name, 0) < PRECISION.get(other.name, 0)


def result_dtype(inputs: Any, dtype: Any) -> np.dtype[Any]:
    """Return the dtype of what is computed of operands, as NumPy promotes it."""
    operands = [
        x.dtype if isinstance(x, ARRAYS) else x
        for x in leaves(inputs)
        if isinstance(x, (*ARRAYS, float))
    ]
    if dtype is not None:
        given: np.dtype[Any] = np.dtype(dtype)
        return given  # which `wrap` refuses unless it is one of floats
    found: np.dtype[Any] = np.result_type(*operands)
    return found if found.kind == "f" else np.dtype(float)


def dtype_of(x: Any) -> np.dtype[Any]:
    """Return the dtype of an array, or of the one that NumPy makes of a list."""
    parts = leaves(list(x) if isinstance(x, (list, tuple)) else [x])
    found: np.dtype[Any] = np.result_type(
        *(part.dtype if isinstance(part, ARRAYS) else np.asarray(part).dtype for part in parts)
    )
    return found
