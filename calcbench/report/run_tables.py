"""All tables of a run: times with their break-even points, and growth with size."""

from __future__ import annotations

import dataclasses

from calcbench.record.run import SavedRun
from calcbench.report import break_even, scaling, summary
from calcbench.report.sections import Section, sections
from calcbench.report.tables.table import Table

SETUP = "(time of k calls: prepare + first, measured once, + k · time; without the import)"


def run_tables(run: SavedRun, width: int | None = None) -> list[Table]:
    """Tabulate a run; with `width`, for lines of so many characters."""
    found = [table for section in sections(run) for table in section_tables(section, width)]
    return found or [Table("no cell was run", ["problem", "backend"], [])]


def section_tables(section: Section, width: int | None) -> list[Table]:
    """Tabulate a section: its times, and how they grow where that can be said."""
    times = summary.table(section, width)
    sentences = break_even.sentences(section)
    notes = [*times.notes, *sentences, *([SETUP] if sentences else [])]
    growth = scaling.table(section)
    return [dataclasses.replace(times, notes=notes), *([growth] if growth else [])]
