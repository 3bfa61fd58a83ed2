"""Run: a saved run that prints itself as its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from calcbench.record import run as record
from calcbench.record.run import SavedRun
from calcbench.report import provenance
from calcbench.report.columns import run_columns, to_pandas, to_polars
from calcbench.report.formats import table
from calcbench.report.run_tables import run_tables
from calcbench.report.tables.html import write_html


class Run(SavedRun):
    """The environments and records of a run; in a terminal and in a notebook, its report."""

    @classmethod
    def of(cls, run: SavedRun) -> Run:
        """Let a saved run print itself."""
        return cls(run.environments, run.records, run.cut)

    def __str__(self) -> str:
        """Write the report as plain text."""
        return table.write(self)

    __repr__ = __str__

    def to_pandas(self) -> Any:
        """Give a `pandas.DataFrame` with a row per cell: the columns of the format CSV.

        Raises `NotInstalled` without pandas.
        """
        return to_pandas(run_columns(self))

    def to_polars(self) -> Any:
        """Give a `polars.DataFrame` with a row per cell: the columns of the format CSV.

        Raises `NotInstalled` without Polars.
        """
        return to_polars(run_columns(self))

    def _repr_html_(self) -> str:
        return write_html(run_tables(self), provenance.line(self))


def load(path: str | Path) -> Run:
    """Read a run. Raises `SelectorError` where the file is missing or is no run."""
    return Run.of(record.load(path))
