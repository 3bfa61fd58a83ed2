"""A run as comma-separated values, for a spreadsheet or pandas."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from calcbench.errors import escape_controls
from calcbench.record.run import SavedRun
from calcbench.report.fields import NO_ROW, fields
from calcbench.report.sections import sections

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of text that a spreadsheet runs as a formula; an apostrophe before it stops that."""


def write(run: SavedRun) -> str:
    """Write one line per record, under a line of names.

    What was not measured, or is no number, is empty. The environment stands in every line.
    """
    rows = [fields(run, row) for section in sections(run) for row in section.rows]
    names = list(fields(run, NO_ROW))
    return write_lines([names, *([row[name] for name in names] for row in rows)])


def write_lines(rows: Iterable[Sequence[Any]]) -> str:
    """Write rows of cells, none of which a spreadsheet takes for a formula."""
    return "".join(_line([_cell(value) for value in row]) for row in rows)


def _line(cells: Sequence[Any]) -> str:
    """Write one line, ended by a line feed.

    The writer is given both characters that end lines, for it quotes cells with those alone, and
    `csv.reader` takes a bare carriage return that is not quoted for the end of a line.
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: Any) -> Any:
    """Give a number as it is, nothing for NaN, and text that no spreadsheet takes for a formula."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if not isinstance(value, str):
        return value
    return f"'{_escape(value)}" if value.startswith(FORMULA) else _escape(value)


def _escape(text: str) -> str:
    """Escape what is not printable, but for blanks and the ends of lines: a cell may have those."""
    return "".join(
        part if part.isspace() else escape_controls(part) for part in re.split(r"([\t\r\n]+)", text)
    )
