"""Tables as HTML, for a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from calcbench.report.tables.table import Table


def write_html(tables: Iterable[Table], heading: str = "") -> str:
    """Write tables as a fragment of HTML, below a heading."""
    head = [f"<p>{escape(heading)}</p>"] if heading else []
    return "\n".join([*head, *map(_table, tables)])


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = ("".join(f"<td>{escape(entry.text)}</td>" for entry in row) for row in table.rows)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    notes = "<br>".join(map(escape, table.notes))
    return (
        f"<p><b>{escape(table.title)}</b></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{notes}</p>"
    )
