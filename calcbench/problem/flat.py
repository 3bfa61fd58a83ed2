"""One vector of numbers ↔ arrays by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def flatten(result: Mapping[str, np.ndarray]) -> np.ndarray:
    """A result as one float64 vector, its arrays end to end."""
    return np.concatenate([np.asarray(a, dtype=np.float64).ravel() for a in result.values()])


def unflatten(vector: np.ndarray, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """A vector over all components as arrays by name."""
    named, start = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        named[name] = vector[start : start + size].reshape(shape)
        start += size
    return named
