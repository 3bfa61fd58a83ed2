"""A run as numbers: sections of rows, each a measurement beside the fastest of its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from calcbench.bench.intervals import Estimate
from calcbench.record.record import Record
from calcbench.record.run import SavedRun
from calcbench.report import ratios
from calcbench.report.groups import Place, by_size, group_by, place, title


@dataclass(frozen=True)
class Measurement:
    """A backend on a problem of one size, beside the others of that size."""

    record: Record
    time: Estimate | None
    """Seconds of one call in the steady state."""
    cost: Estimate | None
    """Seconds of one call of the cost alone."""
    times_fastest: Estimate | None
    """How many times as long as the fastest right result of this size takes."""
    per_cost: Estimate | None
    """How many times as long as the cost alone takes."""
    fastest: bool
    """Whether no right result of this size has a smaller median time."""

    @property
    def distinct(self) -> bool:
        """Whether it is known to be slower than the fastest."""
        return not self.fastest and ratios.differs(self.times_fastest)


@dataclass(frozen=True)
class Section:
    """One table: a problem with one seed, dtype and number of threads."""

    place: Place
    title: str
    rows: tuple[Measurement, ...]
    """By size; the fastest of a size first, those without a right result last."""

    @property
    def records(self) -> list[Record]:
        """The records of the rows."""
        return [row.record for row in self.rows]


def sections(run: SavedRun) -> tuple[Section, ...]:
    """Cut a run into sections: one for each problem, seed, dtype and number of threads."""
    found = group_by(run.records, place)
    return tuple(
        Section(
            where,
            title(where, found),
            tuple(row for same in by_size(records).values() for row in _rows(same)),
        )
        for where, records in found.items()
    )


def fastest(records: Sequence[Record]) -> Record | None:
    """Find the right result with the smallest median time; None where there is none.

    A wrong result (`disagree`) may have a time, but is never the fastest.
    """
    timed = [(t.median, r) for r in records if r.status.measured and (t := ratios.steady(r))]
    return min(timed, key=lambda entry: entry[0])[1] if timed else None


def _rows(records: Sequence[Record]) -> list[Measurement]:
    """Measure the records of one size against the fastest of them, and put them in order."""
    best = fastest(records)
    return sorted((_measure(record, best) for record in records), key=_order)


def _measure(record: Record, best: Record | None) -> Measurement:
    right = record.status.measured
    return Measurement(
        record,
        time=ratios.steady(record),
        cost=ratios.cost(record),
        # How fast a wrong result is compares with nothing.
        times_fastest=ratios.between(record, best) if right and best else None,
        per_cost=ratios.per_cost(record) if right else None,
        fastest=record is best,
    )


def _order(row: Measurement) -> tuple[bool, float]:
    return not row.record.status.measured, row.time.median if row.time else math.inf
