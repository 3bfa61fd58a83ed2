"""The performance profile of a run: who is within which factor of the fastest, and how often.

For a factor τ it is the share of comparisons (a problem of one size, by at least two backends) in
which a backend takes at most τ times as long as the fastest. At τ = 1 that is how often it wins;
far to the right, how often it has a right result at all (Dolan and Moré, Benchmarking optimization
software with performance profiles, Mathematical Programming 91, 2002).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from calcbench.report.groups import group_by
from calcbench.report.sections import Measurement, Section


@dataclass(frozen=True)
class Profile:
    """One backend: in how many comparisons it was asked, and its ratios to the fastest there."""

    backend: str
    comparisons: int
    """Comparisons of the whole run; where it failed, or was not asked, it is within no factor."""
    ratios: tuple[float, ...]
    """Of its right results, the smallest first."""

    @property
    def wins(self) -> int:
        """In how many comparisons it was the fastest."""
        return sum(ratio <= 1 for ratio in self.ratios)

    def share(self, factor: float) -> float:
        """Give the share of comparisons in which it is within a factor of the fastest."""
        return sum(ratio <= factor for ratio in self.ratios) / self.comparisons

    @property
    def median(self) -> float:
        """The factor within which it is in half of the comparisons; infinite if it never is."""
        half = math.ceil(self.comparisons / 2)
        return self.ratios[half - 1] if len(self.ratios) >= half else math.inf


def profiles(sections: Sequence[Section]) -> list[Profile]:
    """Make the profiles of a run's backends, the one that wins most first; none without a rival."""
    compared = [rows for section in sections for rows in _comparisons(section)]
    ratios: dict[str, list[float]] = {}
    for rows in compared:
        for row in rows:
            reached = ratios.setdefault(row.record.backend, [])
            if row.times_fastest is not None:
                reached.append(1.0 if row.fastest else max(row.times_fastest.median, 1.0))
    found = [Profile(name, len(compared), tuple(sorted(r))) for name, r in ratios.items()]
    return sorted(found, key=lambda profile: (-profile.wins, profile.median))


def _comparisons(section: Section) -> list[list[Measurement]]:
    """List the rows of each size of a section that has at least two timed right results."""
    sizes = group_by(section.rows, lambda row: row.record.size).values()
    return [rows for rows in sizes if sum(row.times_fastest is not None for row in rows) > 1]
