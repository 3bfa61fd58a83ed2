"""The times of a run as tables: per problem a row for each size and backend, and notes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from calcbench.bench.intervals import FEWEST, FULL_SPEED, NOISY
from calcbench.record.record import Record, Status
from calcbench.report.groups import group_by
from calcbench.report.numbers import (
    NOTHING,
    format_digits,
    format_duration,
    format_percent,
    format_ratio,
)
from calcbench.report.sections import Measurement, Section
from calcbench.report.tables.table import Column, Entry, Table
from calcbench.report.tables.widths import NAME_WIDTH, line_width, natural_width

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


def table(section: Section, width: int | None = None) -> Table:
    """Tabulate a section; within `width` characters as far as `LEAST_MISSED` may give way."""
    columns = _columns(section.rows)
    for name in LEAST_MISSED:
        if width is not None and _width(columns) > width:
            columns = [column for column in columns if column.name != name]
    return Table.of_columns(section.title, columns, _notes(section.rows))


def texts(row: Measurement) -> dict[str, str]:
    """Give what stands in each column; `–` for what was not measured."""
    prepare = row.record.seconds.get("prepare", math.nan)
    return {
        "size": f"{row.record.size:,}",
        "backend": row.record.backend or NOTHING,
        "time": format_duration(row.time.median) if row.time else NOTHING,
        "±": format_percent(row.time.spread) if row.time else NOTHING,
        "× fastest": _times_fastest(row),
        "× cost": format_ratio(row.per_cost.median) if row.per_cost else NOTHING,
        "digits": format_digits(row.record.digits),
        "prepare": format_duration(prepare) if math.isfinite(prepare) else NOTHING,
        "verdict": verdict(row.record),
    }


def verdict(record: Record) -> str:
    """Give the status, with its reason where that is short: `timeout 60 s`, `crash SIGSEGV`."""
    status = record.status.words
    if not record.reason or len(record.reason) > SHORT or record.status is Status.NOISY:
        return status
    if record.reason.lower().startswith(status):
        return record.reason
    return f"{status} {record.reason}"


def _columns(rows: Sequence[Measurement]) -> list[Column]:
    found = [texts(row) for row in rows]
    return [
        Column(name, [_entry(name, text[name], row) for text, row in zip(found, rows, strict=True)])
        for name in COLUMNS
    ]


def _entry(name: str, text: str, row: Measurement) -> Entry:
    return Entry(text, row.record.status if name == "verdict" else None)


def _times_fastest(row: Measurement) -> str:
    if row.times_fastest is None:
        return NOTHING
    text = format_ratio(row.times_fastest.median)
    return text if row.fastest or row.distinct else f"({text})"


def _width(columns: Sequence[Column]) -> int:
    """Count the characters that the columns take; a backend's long name breaks."""
    return line_width(
        min(natural_width(column), NAME_WIDTH)
        if column.name == "backend"
        else natural_width(column)
        for column in columns
    )


def _notes(rows: Sequence[Measurement]) -> list[str]:
    """Say below the table what it cannot say in a cell."""
    return [
        *_no_measurement(rows),
        *_parentheses(rows),
        *_noisy(rows),
        *_slow_processor(rows),
        *_no_interval(rows),
        *_reasons(rows),
    ]


def _no_measurement(rows: Sequence[Measurement]) -> list[str]:
    if any(row.time and row.record.status.measured for row in rows):
        return []
    return ["no backend that was timed is known to be right"]


def _parentheses(rows: Sequence[Measurement]) -> list[str]:
    if any(row.times_fastest and not row.fastest and not row.distinct for row in rows):
        return ["(in parentheses): not told apart from the fastest"]
    return []


def _noisy(rows: Sequence[Measurement]) -> list[str]:
    if any(row.record.status is Status.NOISY for row in rows):
        return [f"noisy: right, but its time is not known to {100 * NOISY:.0f} %"]
    return []


def _slow_processor(rows: Sequence[Measurement]) -> list[str]:
    """Say whose times something else disturbed: at a lower speed, or without the processor."""
    slow = [row for row in rows if row.time and not row.time.calm]
    if not slow:
        return []
    pace = statistics.median(_pace(row.record) for row in slow)
    if pace < FULL_SPEED:
        return [
            f"something else slowed the processor, to {100 * pace:.0f} % of its speed: times are"
            f" too long, ratios may be off by a tenth ({_names(slow)})"
        ]
    return [
        "had the processor for a part of the time only: it waits, or was interrupted"
        f" ({_names(slow)})"
    ]


def _no_interval(rows: Sequence[Measurement]) -> list[str]:
    few = [row for row in rows if row.time and not math.isfinite(row.time.spread)]
    return [f"± – : fewer than {FEWEST} samples, no interval ({_names(few)})"] if few else []


def _reasons(rows: Sequence[Measurement]) -> list[str]:
    """Give each long reason once, after those whom it concerns. That of `noisy` is its ±."""
    long = [
        row
        for row in rows
        if len(row.record.reason) > SHORT and row.record.status is not Status.NOISY
    ]
    found = group_by(long, lambda row: row.record.reason)
    return [f"{_names(those)}: {reason}" for reason, those in found.items()]


def _pace(record: Record) -> float:
    """Take the median pace of a cell's bursts; 1 where it was not measured."""
    pace = record.timing.call.pace if record.timing else ()
    return statistics.median(pace) if pace else 1.0


def _names(rows: Sequence[Measurement]) -> str:
    """Name the rows: `torch at size 8 and 1,000; jax at size 8`."""
    found = group_by(rows, lambda row: row.record.backend or row.record.problem)
    return "; ".join(f"{name} at size {_sizes(those)}" for name, those in found.items())


def _sizes(rows: Sequence[Measurement]) -> str:
    return " and ".join(f"{row.record.size:,}" for row in rows)
