"""Object arrays, for namespaces whose numbers are Python objects: expressions, balls, series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class SymbolicArray(np.ndarray):
    """An object array whose comparisons give relations, which NumPy would call bool() on."""

    def __lt__(self, other: Any) -> Any:
        return np.less(self, other, dtype=object)

    def __le__(self, other: Any) -> Any:
        return np.less_equal(self, other, dtype=object)

    def __gt__(self, other: Any) -> Any:
        return np.greater(self, other, dtype=object)

    def __ge__(self, other: Any) -> Any:
        return np.greater_equal(self, other, dtype=object)


def object_reduction(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """Build `reduce(x, axis=None, keepdims=False)` on object arrays from a function of a list.

    The result is always an object array, of shape `()` where everything is reduced.
    """

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        x = np.asarray(x, dtype=object)
        axes = [*range(x.ndim)] if axis is None else [int(a) % x.ndim for a in np.atleast_1d(axis)]
        kept = [a for a in range(x.ndim) if a not in axes]
        lanes = np.transpose(x, [*kept, *axes]).reshape([*(x.shape[a] for a in kept), -1])
        result = np.empty(lanes.shape[:-1], dtype=object)
        for index in np.ndindex(result.shape):
            result[index] = function(list(lanes[index]))
        return np.expand_dims(result, tuple(axes)) if keepdims else result

    return reduce
