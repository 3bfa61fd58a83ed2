"""Tables as HTML, for a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from html import escape

from calcbench.record.record import Status
from calcbench.report.tables.table import LEFT, Entry, Table

RIGHT, WRONG, ODD = "#2f9e6e", "#d0453e", "#a67c00"
"""Colours of verdicts, which one can read on white and on black."""


def write_html(tables: Iterable[Table], heading: str = "") -> str:
    """Write tables as a fragment of HTML, below a heading."""
    head = [f"<p>{escape(heading)}</p>"] if heading else []
    return "\n".join([*head, *map(_table, tables)])


def _table(table: Table) -> str:
    sides = ["left" if column in LEFT else "right" for column in table.columns]
    head = "".join(map(partial(_cell, "th"), map(Entry, table.columns), sides))
    rows = ("".join(map(partial(_cell, "td"), row, sides)) for row in table.rows)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    notes = "<br>".join(map(escape, table.notes))
    return (
        f"<p><b>{escape(table.title)}</b></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{notes}</p>"
    )


def _cell(tag: str, entry: Entry, side: str) -> str:
    """Write a cell with its style in it: a notebook has none of ours."""
    colour = f";color:{_colour(entry.status)}" if entry.status else ""
    return f'<{tag} style="text-align:{side}{colour}">{escape(entry.text)}</{tag}>'


def _colour(status: Status) -> str:
    if status is Status.OK:
        return RIGHT
    return WRONG if status.failed else ODD
