"""The tables of a comparison, as they come; a terminal shows before what there is."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from calcbench.cli.terminal import Screen, print_json, screen, screen_on_stderr
from calcbench.record.record import Record, Status
from calcbench.report.agreement import by_problem, summary
from calcbench.report.comparison import comparison
from calcbench.report.tables.table import Table
from calcbench.report.tables.text import draw, parts

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Tables:
    """What a comparison prints, and how."""

    output: Console
    as_json: bool
    wide: bool
    no_missing: bool
    quiet: bool
    """Whether no file of the user's takes part: what it prints would be written over by drafts."""

    @property
    def drafted(self) -> bool:
        """Whether a table is shown before it is complete."""
        return self.quiet and not self.as_json and sys.stdout.isatty()

    def open(self) -> contextlib.AbstractContextManager[Screen]:
        """Open the lines that change: where the tables are, or else on standard error.

        None change where neither is a terminal, and where the tables go through a pipe: that may
        well end in the same terminal, as of `| cat`.
        """
        if sys.stdout.isatty() and not self.as_json:
            return screen(self.output)
        return screen(None) if is_pipe(sys.stdout) and not self.as_json else screen_on_stderr()

    def draft(self, shown: Screen, records: Sequence[Record], judged: bool) -> None:
        """Show the table of a problem that is not complete."""
        if self._chosen(records):
            shown.draft(parts(self._table(records, judged), self.output.width))

    def print(self, records: Sequence[Record]) -> None:
        """Print the table of a problem, unless data are wanted."""
        if self._chosen(records) and not self.as_json:
            draw(self._table(records), self.output)

    def end(self, records: Sequence[Record]) -> None:
        """Print what is said of all problems, or the data."""
        if self.as_json:
            print_json([record.as_json() for record in self._chosen(records)])
        elif len(by_problem(records)) > 1:
            draw(summary(self._chosen(records)), self.output)

    def _table(self, records: Sequence[Record], judged: bool = True) -> Table:
        chosen = self._chosen(records)
        return comparison(chosen, self.output.width, wide=self.wide, judged=judged)

    def _chosen(self, records: Sequence[Record]) -> Sequence[Record]:
        """Leave out what is not installed, where that is asked for."""
        if not self.no_missing:
            return records
        return [record for record in records if record.status is not Status.NOT_INSTALLED]


def is_pipe(stream: TextIO) -> bool:
    """Tell whether a stream is read by another program; one that is no file is not."""
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # of a notebook, or of a test
        return False
