"""A run as a page of HTML, to be sent: one file that opens without a network."""

from __future__ import annotations

from calcbench.record.run import SavedRun
from calcbench.report.page import run as page


def write(run: SavedRun) -> str:
    """Write all tables with all columns, and charts where vl-convert is installed."""
    return page.write(run)
