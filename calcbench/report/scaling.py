"""How time grows with size: a straight line through logarithms, by least squares.

time = c · sizeᵏ is a line of slope k in the plane of log₁₀ size and log₁₀ time. The residual is
the root mean square of what the line leaves of log₁₀ time, over all points: the counterpart of
the RMS that google/benchmark prints beside a fitted complexity. Small sizes show overhead rather
than growth, so the fit is repeated over the largest three sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calcbench.record.record import Record
from calcbench.report.groups import group_by
from calcbench.report.numbers import NOTHING
from calcbench.report.sections import Section
from calcbench.report.tables.table import Entry, Table

TIME, PER_COST = "time", "× cost"
"""The quantities whose growth is fitted."""

FEWEST = 3
"""Sizes without which nothing is fitted: a line through two points always fits."""


@dataclass(frozen=True)
class Fit:
    """A power law y = factor · xᵏ, fitted."""

    exponent: float
    """k: 1 for what grows in proportion, 0 for what stays as it is."""
    factor: float
    """y at x = 1, in the unit of y."""
    residual: float
    """Root mean square of the residuals of log₁₀ y: 0.04 is about 10 %."""
    smallest: float
    largest: float
    points: int


@dataclass(frozen=True)
class Growth:
    """How one quantity of one backend grows."""

    backend: str
    quantity: str
    """`time`, in seconds; or `× cost`."""
    against: str
    """`size`, or `parameters`: the number of their components."""
    all: Fit
    largest: Fit | None
    """Over the largest three sizes; None where there are no more than these."""

    def __str__(self) -> str:
        """Say in a sentence how the quantity grows."""
        words = f"{self.backend}: {self.quantity} grows as {_power(self.against, self.all)}"
        if self.largest:
            end = _power(self.against, self.largest)
            words += f"; over the largest {self.largest.points} sizes as {end}"
        return words


def fit(x: Sequence[float], y: Sequence[float]) -> Fit | None:
    """Fit y = c·xᵏ by least squares in logarithms; None below three different values of x.

    Points that are not positive and finite have no logarithm, and do not count.
    """
    points = [(a, b) for a, b in zip(x, y, strict=True) if 0 < a < math.inf and 0 < b < math.inf]
    if len({a for a, _ in points}) < FEWEST:
        return None
    a, b = np.log10(np.array(points, dtype=np.float64)).T
    slope, offset = np.polyfit(a, b, 1)
    residual = float(np.sqrt(np.mean((offset + slope * a - b) ** 2)))
    xs = [point for point, _ in points]
    return Fit(float(slope), float(10**offset), residual, min(xs), max(xs), len(points))


def growths(section: Section) -> list[Growth]:
    """Fit per backend the growth of its time with size, and of × cost with parameters.

    Only right results count. The second is left out where the number of parameters is the
    same at fewer than three sizes.
    """
    found = []
    for backend, rows in group_by(section.rows, lambda row: row.record.backend).items():
        right = [row for row in rows if row.record.status.measured]
        times = [(float(r.record.size), r.time.median) for r in right if r.time]
        each = [(float(parameters(r.record)), r.per_cost.median) for r in right if r.per_cost]
        found.append(_growth(backend, TIME, "size", times))
        found.append(_growth(backend, PER_COST, "parameters", each))
    return [growth for growth in found if growth]


def parameters(record: Record) -> int:
    """Count the components of the parameters; 0 where it is not recorded."""
    if record.components is not None:
        return record.components
    return sum(int(np.size(value)) for value in record.at.values())


def table(section: Section) -> Table | None:
    """Tabulate the growth of what was measured at three sizes or more; None if nothing was."""
    found = growths(section)
    if not found:
        return None
    columns = ["backend", "growth of", "over", "exponent", "residual", "largest 3", "residual"]
    notes = ["time = c · sizeᵏ, fitted in logarithms: exponent k, and root mean square in log₁₀"]
    if any(g.quantity != TIME for g in found):
        notes.append("× cost is fitted against the number of parameters")
    if any(g.largest for g in found):
        notes.append("largest 3: the same for the largest three sizes, where overhead is least")
    return Table(f"{section.title}: growth", columns, [_entries(g) for g in found], notes)


def _growth(
    backend: str, quantity: str, against: str, points: Sequence[tuple[float, float]]
) -> Growth | None:
    ordered = sorted(points)
    everything = _fit(ordered)
    if everything is None:
        return None
    largest = _fit(ordered[-FEWEST:]) if len(ordered) > FEWEST else None
    return Growth(backend, quantity, against, everything, largest)


def _fit(points: Sequence[tuple[float, float]]) -> Fit | None:
    return fit([x for x, _ in points], [y for _, y in points])


def _power(name: str, fit: Fit) -> str:
    return (
        f"{name}^{fit.exponent:.2f} from {fit.smallest:,.0f} to {fit.largest:,.0f}"
        f" (residual {fit.residual:.2g})"
    )


def _entries(growth: Growth) -> list[Entry]:
    texts = [
        growth.backend,
        growth.quantity,
        f"{growth.all.smallest:,.0f} … {growth.all.largest:,.0f}",
        *_exponent(growth.all),
        *_exponent(growth.largest),
    ]
    return [Entry(text) for text in texts]


def _exponent(fit: Fit | None) -> list[str]:
    return [NOTHING, NOTHING] if fit is None else [f"{fit.exponent:.2f}", f"{fit.residual:.2g}"]
