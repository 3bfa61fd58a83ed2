"""Tables: titles, columns and notes, before a writer draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from calcbench.errors import printable
from calcbench.record.record import Status

LEFT = ("backend", "problem", "verdict", "formula", "question")
"""Columns of words, which begin at the left; numbers end at the right."""


@dataclass(frozen=True)
class Entry:
    """One cell of a table: its text, and the status that gives it a colour."""

    text: str
    status: Status | None = None


@dataclass(frozen=True)
class Column:
    """A heading, and what stands below it."""

    name: str
    entries: Sequence[Entry]

    @property
    def texts(self) -> list[str]:
        """The heading and the text of every entry."""
        return [self.name, *(entry.text for entry in self.entries)]


@dataclass(frozen=True)
class Table:
    """A title, rows below headings, and notes below the rows."""

    title: str
    columns: Sequence[str]
    """The headings."""
    rows: Sequence[Sequence[Entry]]
    notes: Sequence[str] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        """Make all text printable, in whatever format: it comes from names, reasons and files."""
        rows = [[Entry(printable(entry.text), entry.status) for entry in row] for row in self.rows]
        for name, value in (
            ("title", printable(self.title)),
            ("columns", list(map(printable, self.columns))),
            ("rows", rows),
            ("notes", list(map(printable, self.notes))),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def of_columns(cls, title: str, columns: Sequence[Column], notes: Sequence[str]) -> Table:
        """Put columns of equal length beside each other."""
        rows = list(zip(*(column.entries for column in columns), strict=True))
        return cls(title, [column.name for column in columns], rows, notes)

    def by_column(self) -> list[Column]:
        """Cut the table into its columns."""
        return [
            Column(name, [row[position] for row in self.rows])
            for position, name in enumerate(self.columns)
        ]
