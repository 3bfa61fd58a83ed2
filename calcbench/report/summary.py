"""The times of a run: per problem a row for each size and backend, as numbers and as text."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from calcbench.bench.intervals import FEWEST, FULL_SPEED, NOISY, Estimate
from calcbench.record.record import Record, Status
from calcbench.record.run import SavedRun
from calcbench.report import ratios
from calcbench.report.groups import Place, by_place, by_size, title
from calcbench.report.tables import GAP, NAME_WIDTH, NOTHING, Cell, Table, duration

COLUMNS = (
    "size",
    "backend",
    "time",
    "±",
    "× fastest",
    "× cost",
    "digits",
    "prepare",
    "verdict",
)

LEAST_MISSED = ("prepare", "× cost", "digits", "±")
"""Columns that give way, in this order, where a table is too wide."""

SHORT = 24
"""Characters that a reason may have to stand in its cell; a longer one stands below the table."""


@dataclass(frozen=True)
class Row:
    """One cell of the matrix: a backend on a problem of one size."""

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
    def told_apart(self) -> bool:
        """Whether it is known to be slower than the fastest."""
        return not self.fastest and ratios.differs(self.times_fastest)

    def texts(self) -> dict[str, str]:
        """Column → what stands in it; `–` for what was not measured."""
        prepare = self.record.seconds.get("prepare", math.nan)
        return {
            "size": f"{self.record.size:,}",
            "backend": self.record.backend or NOTHING,
            "time": duration(self.time.median) if self.time else NOTHING,
            "±": percent(self.time.spread) if self.time else NOTHING,
            "× fastest": self._times_fastest(),
            "× cost": number(self.per_cost.median) if self.per_cost else NOTHING,
            "digits": _digits(self.record.digits),
            "prepare": duration(prepare) if math.isfinite(prepare) else NOTHING,
            "verdict": verdict(self.record),
        }

    def _times_fastest(self) -> str:
        if self.times_fastest is None:
            return NOTHING
        text = number(self.times_fastest.median)
        return text if self.fastest or self.told_apart else f"({text})"


@dataclass(frozen=True)
class Section:
    """One table: a problem with one seed, dtype and number of threads."""

    place: Place
    title: str
    rows: tuple[Row, ...]
    """By size; the fastest of a size first, those without a right result last."""

    @property
    def records(self) -> list[Record]:
        """What the rows were made of."""
        return [row.record for row in self.rows]


def sections(run: SavedRun) -> tuple[Section, ...]:
    """The whole run, a section for each problem, seed, dtype and number of threads."""
    found = by_place(run.records)
    return tuple(
        Section(
            place,
            title(place, found),
            tuple(row for same in by_size(records).values() for row in _rows(same)),
        )
        for place, records in found.items()
    )


def fastest(records: Sequence[Record]) -> Record | None:
    """The right result with the smallest median time; None where there is none.

    A wrong result (`disagree`) may have a time, but is never the fastest.
    """
    timed = [(t.median, r) for r in records if r.status.measured and (t := ratios.steady(r))]
    return min(timed, key=lambda entry: entry[0])[1] if timed else None


def table(section: Section, width: int | None = None) -> Table:
    """A section as a table; within `width` columns as far as it can do without some of its own."""
    texts = [row.texts() for row in section.rows]
    shown = list(COLUMNS)
    for name in LEAST_MISSED:
        if width is not None and _room(shown, texts) > width:
            shown.remove(name)
    rows = [
        [Cell(text[name], row.record.status if name == "verdict" else None) for name in shown]
        for row, text in zip(section.rows, texts, strict=True)
    ]
    return Table(section.title, shown, rows, _notes(section))


def verdict(record: Record) -> str:
    """The status, with its reason where that is short: `timeout 60 s`, `crash SIGSEGV`."""
    status = record.status.value.replace("_", " ")
    if not record.reason or len(record.reason) > SHORT or record.status is Status.NOISY:
        return status
    if record.reason.lower().startswith(status):
        return record.reason
    return f"{status} {record.reason}"


def number(value: float) -> str:
    """A ratio with three digits: `0.052`, `1.50`, `46.0`, `12,300`."""
    rounded = float(f"{value:.3g}")
    if rounded < 1:
        return f"{rounded:.3g}"
    return f"{rounded:,.{max(0, 2 - math.floor(math.log10(rounded)))}f}"


def percent(spread: float) -> str:
    """A share in per cent with two digits; `–` for one that is not known."""
    if not math.isfinite(spread):
        return NOTHING
    rounded = float(f"{100 * spread:.2g}")
    return f"{rounded:.0f} %" if rounded >= 10 else f"{rounded:.2g} %"


def _rows(records: Sequence[Record]) -> list[Row]:
    """The rows of one size."""
    best = fastest(records)
    rows = [_row(record, best) for record in records]
    return sorted(rows, key=_order)


def _row(record: Record, best: Record | None) -> Row:
    right = record.status.measured
    return Row(
        record,
        time=ratios.steady(record),
        cost=ratios.cost(record),
        # How fast a wrong result is compares with nothing.
        times_fastest=ratios.between(record, best) if right and best else None,
        per_cost=ratios.per_cost(record) if right else None,
        fastest=record is best,
    )


def _order(row: Row) -> tuple[bool, float]:
    return not row.record.status.measured, row.time.median if row.time else math.inf


def _digits(digits: float | None) -> str:
    return NOTHING if digits is None or math.isnan(digits) else f"{digits:.1f}"


def _room(columns: Sequence[str], texts: Sequence[dict[str, str]]) -> int:
    """Characters that the columns take; a backend's long name breaks."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, [name, *(t[name] for t in texts)])) for name in columns]
    widths[columns.index("backend")] = min(widths[columns.index("backend")], NAME_WIDTH)
    return sum(widths) + GAP * (len(columns) - 1)


def _notes(section: Section) -> list[str]:
    """What the table cannot say in a cell."""
    notes = []
    if not any(row.time and row.record.status.measured for row in section.rows):
        notes.append("no backend was measured")
    if any(row.times_fastest and not row.fastest and not row.told_apart for row in section.rows):
        notes.append("(in parentheses): not told apart from the fastest")
    if any(row.record.status is Status.NOISY for row in section.rows):
        notes.append(f"noisy: right, but its time is not known to {100 * NOISY:.0f} %")
    slowed = [row for row in section.rows if row.time and not row.time.calm]
    if slowed:
        pace = statistics.median(_pace(row.record) for row in slowed)
        notes.append(
            f"something else slowed the processor, to {100 * pace:.0f} % of its speed: times are"
            f" too long, ratios may be off by a tenth ({_names(slowed)})"
            if pace < FULL_SPEED
            else f"had the processor for a part of the time only: it waits, or was interrupted"
            f" ({_names(slowed)})"
        )
    lost = [row for row in section.rows if row.time and not math.isfinite(row.time.spread)]
    if lost:
        notes.append(f"± – : fewer than {FEWEST} samples, no interval ({_names(lost)})")
    return notes + _reasons(section.rows)


def _pace(record: Record) -> float:
    """The median pace of a cell's bursts; 1 where it was not measured."""
    pace = record.timing.call.pace if record.timing else ()
    return statistics.median(pace) if pace else 1.0


def _reasons(rows: Sequence[Row]) -> list[str]:
    """Each long reason once, after those whom it concerns."""
    concerned: dict[str, list[Row]] = {}
    for row in rows:
        if len(row.record.reason) > SHORT and row.record.status is not Status.NOISY:
            concerned.setdefault(row.record.reason, []).append(row)
    return [f"{_names(those)}: {reason}" for reason, those in concerned.items()]


def _names(rows: Sequence[Row]) -> str:
    """`torch at 8 and 1,000; jax at 8`."""
    sizes: dict[str, list[str]] = {}
    for row in rows:
        name = row.record.backend or row.record.problem
        sizes.setdefault(name, []).append(f"{row.record.size:,}")
    return "; ".join(f"{name} at size {' and '.join(found)}" for name, found in sizes.items())
