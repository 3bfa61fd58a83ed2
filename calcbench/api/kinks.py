"""At kinks: numbers that are given where there is no derivative, held against the slopes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from calcbench.api.checked import at_place, count_partials
from calcbench.certified.kinks import Kink
from calcbench.judge.result import Judged


class AtKinks(NamedTuple):
    """Numbers of a gradient, and the kinks among its components."""

    place: str
    label: Callable[[int], str]
    """Position → what its number is called, such as `∂f/∂x[0]`."""
    kinks: dict[int, Kink]
    """Position → the slopes on both sides, where these are known."""
    numbers: np.ndarray
    """The gradient, as a flat vector."""
    rough: list[int]
    """The positions of all components that have no derivative."""

    @property
    def missed(self) -> list[int]:
        """The positions of finite numbers that are no choice between slopes, the worst first."""
        wrong = [k for k, kink in self.kinks.items() if kink.refutes(float(self.numbers[k]))]
        return sorted(wrong, key=lambda k: -self.kinks[k].misses(float(self.numbers[k])))

    @property
    def chosen(self) -> list[int]:
        """The positions of numbers that are valid choices between the slopes."""
        return [k for k, kink in self.kinks.items() if kink.allows(float(self.numbers[k]))]

    def describe(self, of: int) -> str:
        """Say how many numbers are not between the slopes, and which is farthest from them."""
        k = self.missed[0]
        kink = self.kinks[k]
        return (
            f"{len(self.missed)} of {count_partials(of)} outside of what lies between the "
            f"one-sided derivatives{at_place(self.place)}; the worst: {self.label(k)} is "
            f"{self.numbers[k]:.17g}, should be between {kink.lowest:.12g} and {kink.highest:.12g}"
        )

    def describe_none(self) -> str:
        """Say that nothing is a derivative, and whether every number is one valid choice."""
        said = "one-sided derivatives differ here, of every partial"
        return f"{said}; each is between them: one valid choice" if self._complete else said

    @property
    def _complete(self) -> bool:
        return not self.not_judged and not self.missed

    @property
    def not_judged(self) -> tuple[str, ...]:
        """The names of numbers that are called neither right nor wrong."""
        judged = {*self.chosen, *self.missed}
        place = at_place(self.place)
        return tuple(f"{self.label(k)}{place}" for k in self.rough if k not in judged)

    def digits(self, judged: Judged) -> float | None:
        """Count the digits of the worst number: of one that is missed, to what is between."""
        if not self.missed:
            return judged.record.digits
        errors = [self._error(k) for k in self.missed]
        found = float(np.clip(-np.log10(max(errors)), 0.0, 16.0)) + 0.0
        return found if judged.record.digits is None else min(found, judged.record.digits)

    def _error(self, k: int) -> float:
        """Measure how far a number is from the slopes, relative to the larger of them."""
        kink = self.kinks[k]
        size = max(abs(kink.lowest), abs(kink.highest)) or 1.0
        return kink.misses(float(self.numbers[k])) / size
