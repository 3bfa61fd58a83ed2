"""The error that a method states itself, and for which components it is proved."""

from __future__ import annotations

import numpy as np

from calcbench.problem.flat import flatten
from calcbench.problem.problem import Arrays


class ErrorBound(dict[str, np.ndarray]):
    """The bound of a method's own error, name → array, with the components where it is proved.

    What lies outside a bound that is an estimate is wrong by estimate only.
    """

    def __init__(self, bound: Arrays, proved: Arrays) -> None:
        """Take the bound, and for each number of it whether it is proved (booleans)."""
        super().__init__(bound)
        self.proved = proved


def proved_components(bound: Arrays) -> np.ndarray:
    """Tell for each component whether its bound is proved, as a flat vector of booleans.

    A backend that returns plain arrays states its bounds as facts.
    """
    proved = bound.proved if isinstance(bound, ErrorBound) else None
    if proved is None:
        return np.ones(sum(np.size(part) for part in bound.values()), dtype=bool)
    return flatten(proved.values(), bool)
