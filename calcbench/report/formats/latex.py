"""A run in LaTeX, to be read by a document with `\\input`."""

from __future__ import annotations

from calcbench.record.run import SavedRun
from calcbench.report import provenance
from calcbench.report.run_tables import run_tables
from calcbench.report.tables.latex import write_latex


def write(run: SavedRun) -> str:
    """Write all tables with all columns."""
    return write_latex(run_tables(run), provenance.line(run))
