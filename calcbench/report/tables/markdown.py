"""Tables as Markdown, as GitHub draws them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from calcbench.report.tables.table import Table


def write_markdown(tables: Iterable[Table], heading: str) -> str:
    """Write tables as Markdown, below a heading."""
    return "\n\n".join([escape(heading), *map(_table, tables)]) + "\n"


def escape(text: str) -> str:
    """Write text in one line that neither ends a cell nor begins a tag or emphasis."""
    return re.sub(r"([\\|`*_<\[\]~])", r"\\\1", " ".join(text.split()))


def _table(table: Table) -> str:
    lines = [
        [escape(column) for column in table.columns],
        ["---"] * len(table.columns),
        *([escape(entry.text) for entry in row] for row in table.rows),
    ]
    grid = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "".join(f"\n- {escape(note)}" for note in table.notes)
    return f"**{escape(table.title)}**\n\n{grid}" + (f"\n{notes}" if notes else "")
