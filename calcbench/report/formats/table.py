"""A run as text: tables for a terminal or a text file."""

from __future__ import annotations

from calcbench.record.run import SavedRun
from calcbench.report import provenance
from calcbench.report.run_tables import run_tables
from calcbench.report.tables.text import write_text
from calcbench.report.tables.widths import PIPED_WIDTH


def write(run: SavedRun, width: int = PIPED_WIDTH) -> str:
    """Write tables for lines of `width` characters; what does not fit is left out, or broken."""
    return write_text(run_tables(run, width), width, provenance.line(run))
