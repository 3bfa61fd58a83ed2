"""Field: the function whose differences are taken, of the flat vector of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Field:
    """A function whose differences are taken, and the scheme that takes them."""

    value: Callable[[np.ndarray, dict[str, Any], np.ndarray], Any]
    """(flat vector of parameters, data, steps of differences within it) → array."""
    scheme: str
    method: str
    twice: bool = False
    """Whether it is made of differences itself."""
    gradient: bool = False
    """Whether it is a gradient, and not the cost."""

    def by_component(
        self, x: np.ndarray, data: Any, steps: np.ndarray, k: int
    ) -> Callable[[Any], Any]:
        """Make the field a function of one component."""

        def one(number: Any) -> Any:
            moved = np.array(x, dtype=np.result_type(number))
            moved[k] = number
            return self.value(moved, data, steps)

        return one

    def along(
        self, x: np.ndarray, data: Any, steps: np.ndarray, direction: np.ndarray
    ) -> Callable[[Any], Any]:
        """Make the field a function of how far to go along a direction."""
        return lambda t: self.value(x + t * direction, data, steps)
