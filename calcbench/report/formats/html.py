"""A run as a fragment of HTML, for a notebook."""

from __future__ import annotations

from calcbench.record.run import SavedRun
from calcbench.report import provenance
from calcbench.report.run_tables import run_tables
from calcbench.report.tables.html import write_html


def write(run: SavedRun) -> str:
    """Write all tables with all columns."""
    return write_html(run_tables(run), provenance.line(run))
