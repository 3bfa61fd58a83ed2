"""At kinks of two functions: slopes held against each other's, and numbers against slopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from calcbench.api.checked import at_place
from calcbench.api.kinks import AtKinks
from calcbench.certified.certificate import Certificate
from calcbench.certified.kinks import Kink
from calcbench.problem.point import Point

Slopes = Mapping[int, Kink]
"""Position of a partial → the slopes on both sides."""


class SameKinks(NamedTuple):
    """The partials that one of two functions has no derivative by, and the slopes there."""

    place: str
    point: Point
    known: tuple[Slopes, ...]
    """The slopes of each function that is certified, by the partials of which all are known."""
    unjudged: int
    """How many partials there are besides."""

    @property
    def differing(self) -> list[int]:
        """The positions at which the two functions have other slopes."""
        one, *others = self.known
        return [k for k in one if any(_differ(one[k], other[k]) for other in others)]

    def describe_difference(self, names: tuple[str, str]) -> str:
        """Say at which partial the slopes differ."""
        k = self.differing[0]
        told = ", ".join(
            f"{slopes[k].lowest:.12g} and {slopes[k].highest:.12g} of {name}"
            for name, slopes in zip(names, self.known, strict=True)
        )
        return (
            f"the functions differ, though their values agree{at_place(self.place)}: the one-sided "
            f"derivatives by {self.point.component(k)} are {told}"
        )

    def describe_wrong(self, name: str, numbers: np.ndarray | None) -> str:
        """Say that a function's gradient is not between the slopes; "" where it is."""
        if numbers is None:
            return ""
        slopes = dict(self.known[0])
        held = AtKinks(self.place, self._label, slopes, numbers, list(slopes))
        told = held.describe(self.point.size) if held.missed else ""
        return told and f"the gradient of {name} is wrong: {told}"

    def _label(self, k: int) -> str:
        return f"∂f/∂{self.point.component(k)}"


def at_kinks(
    place: str,
    point: Point,
    certificates: Sequence[Certificate | None],
    kinks: Sequence[Slopes],
) -> SameKinks:
    """Collect the slopes where a function has no derivative, and count what is not known."""
    certified = [(c, known) for c, known in zip(certificates, kinks, strict=True) if c is not None]
    rough = np.any([c.rough[1:] for c, _ in certified], axis=0)
    slopes = [_slopes(c, known, np.flatnonzero(rough).tolist()) for c, known in certified]
    common = set(slopes[0]).intersection(*slopes)
    kept = tuple({k: each[k] for k in sorted(common)} for each in slopes)
    return SameKinks(place, point, kept, int(rough.sum()) - len(common))


def _slopes(certificate: Certificate, kinks: Slopes, positions: Sequence[int]) -> dict[int, Kink]:
    """Add the partials that the chain rule gives to kinks: those have one slope on both sides."""
    found = {k: kinks[k] for k in positions if k in kinks}
    smooth = certificate.judged[1:] & ~certificate.beside[1:]
    for k in positions:
        if smooth[k]:
            partial = float(certificate.value[1 + k])
            found[k] = Kink(partial, partial, float(certificate.bound[1 + k]))
    return found


def _differ(one: Kink, other: Kink) -> bool:
    """Tell whether slopes are apart by more than rounding may do in either."""
    allowed = max(one.allowed, other.allowed)
    pairs = ((one.lowest, other.lowest), (one.highest, other.highest))
    return not all(a == b or abs(a - b) <= allowed for a, b in pairs)
