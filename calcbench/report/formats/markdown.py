"""A run as Markdown, with tables as GitHub draws them."""

from __future__ import annotations

from calcbench.record.run import SavedRun
from calcbench.report import provenance
from calcbench.report.run_tables import run_tables
from calcbench.report.tables.markdown import write_markdown


def write(run: SavedRun) -> str:
    """Write all tables with all columns."""
    return write_markdown(run_tables(run), provenance.line(run))
