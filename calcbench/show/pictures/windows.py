"""How far a picture reaches around its point, and where a curve in it is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

SAMPLES = 241
"""Values that a curve is drawn from."""

TRIED = 65
"""Values that a window is chosen by."""

REACH = 2.0
"""How far from 0 a picture reaches, as a multiple of the point's size or of 1, if that is more."""

STEEPEST = 5.0
"""Range of a curve, as a multiple of that of its middle half, above which the window shrinks."""

FEW = 0.15
"""Share of a curve that must not be level, if not all of it is."""

HALVINGS = 6
"""How often a window shrinks, where it stays steep however often it does."""

FINEST = 40
"""How often it shrinks at most, until a curve is seen: a rate of 10⁻⁹ is far from 1."""

RESOLVED = 1e-6
"""Share of the point's size that a window reaches at least: in less, roundings are seen."""

BISECTIONS = 40
"""Halvings of a segment after which a jump that is still there is one."""

Function = Callable[[float], float]


class Axis(NamedTuple):
    """A component of the parameters, and the interval of it that is drawn."""

    name: str
    position: int
    low: float
    high: float

    def values(self, count: int) -> np.ndarray:
        """Spread values over the interval, its ends included."""
        return np.linspace(self.low, self.high, count)

    @property
    def width(self) -> float:
        """The length of the interval."""
        return self.high - self.low


def choose_window(
    function: Function, start: float, widest: tuple[float, float], domain: tuple[float, float]
) -> tuple[float, float]:
    """Choose an interval: the widest, or a closer one around the `start` of a steep curve."""
    half = (widest[1] - widest[0]) / 2
    reaches = [half / 2**k for k in range(1, FINEST + 1)]
    reaches = [r for k, r in enumerate(reaches) if k < HALVINGS or r > RESOLVED * abs(start)]
    tried = [widest, *((start - reach, start + reach) for reach in reaches)]
    steep = None
    for shrunk, (low, high) in enumerate(tried):
        inside = max(low, domain[0]), min(high, domain[1])
        places = np.linspace(*inside, TRIED)
        values = [function(x) for x in places]
        if inside[0] < inside[1] and not _outgrows(values):
            return _trim(places, values)
        if shrunk <= HALVINGS:
            steep = _trim(places, values)
    assert steep is not None
    return steep


def _trim(places: np.ndarray, values: list[float]) -> tuple[float, float]:
    """Leave out what lies beyond the first and the last place with a value."""
    (finite,) = np.nonzero(np.isfinite(values))
    if not len(finite):
        return float(places[0]), float(places[-1])
    last = len(places) - 1
    return float(places[max(finite[0] - 1, 0)]), float(places[min(finite[-1] + 1, last)])


def _outgrows(values: list[float]) -> bool:
    """Tell whether a few values are so large that the others would lie on a line."""
    found = np.array(values)[np.isfinite(values)]
    if len(found) < len(values) / 2:
        return True
    first, third = np.quantile(found, [0.25, 0.75])
    middle = third - first
    if middle == 0:  # level, but for the place where something happens
        others = found[found != first]
        return len(others) > 0 and (len(others) < FEW * len(found) or _outgrows(others.tolist()))
    return bool(np.ptp(found) > STEEPEST * middle)


def visible_range(values: list[float], tail: float = 20.0) -> tuple[float, float]:
    """Choose the interval of values that is drawn.

    Left outside is what lies further from the middle half than `tail` times its width, as at a
    pole.
    """
    found = np.array(values)[np.isfinite(values)]
    if not len(found):
        return 0.0, 1.0
    low, high = float(np.min(found)), float(np.max(found))
    first, third = (float(q) for q in np.quantile(found, [0.25, 0.75]))
    if third > first:
        low, high = (
            max(low, first - tail * (third - first)),
            min(high, third + tail * (third - first)),
        )
    margin = 0.06 * (high - low) or 0.5 * max(1.0, abs(high))
    return low - margin, high + margin


def sample(
    function: Function, low: float, high: float, count: int = SAMPLES
) -> list[tuple[float, float, int]]:
    """Sample a curve: (x, y, piece); it is drawn piece by piece, so that a jump has no line.

    What is not finite is left out, and ends a piece.
    """
    points: list[tuple[float, float, int]] = []
    xs = np.linspace(low, high, count)
    ys = [function(float(x)) for x in xs]
    finite = [y for y in ys if np.isfinite(y)]
    large = 0.1 * float(np.subtract(*np.quantile(finite, [0.9, 0.1]))) if finite else 0.0
    piece = 0
    for k, (x, y) in enumerate(zip(xs, ys, strict=True)):
        if not np.isfinite(y):
            piece += 1
            continue
        if k and abs(y - ys[k - 1]) > large and _jumps(function, xs[k - 1], x, large):
            piece += 1
        points.append((float(x), y, piece))
    return points


def _jumps(function: Function, low: float, high: float, large: float) -> bool:
    """Tell whether a curve jumps between two places: it does, however close they come."""
    below, above = function(low), function(high)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        value = function(middle)
        if not np.isfinite(value):
            return True
        if abs(value - below) > abs(above - value):
            high, above = middle, value
        else:
            low, below = middle, value
    return abs(above - below) > large


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """List round numbers between two others, about `count` of them."""
    step = nice_step((high - low) / max(count - 1, 1))
    return [k * step for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def nice_step(largest: float) -> float:
    """Round down to 1, 2 or 5 times a power of ten."""
    unit = 10.0 ** np.floor(np.log10(largest))
    return float(max(m for m in (1, 2, 5) if m * unit <= largest * (1 + 1e-9)) * unit)
