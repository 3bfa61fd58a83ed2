"""Tables in a page: the script of the page lets them be sorted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

from calcbench.record.record import Status
from calcbench.report.tables.table import LEFT, Entry, Table

WORDS = (*LEFT, "growth of", "over", "reason", "run", "date", "machine")
"""Columns that begin at the left in a page."""


def write_table(table: Table, titled: bool = True, links: Sequence[str] = ()) -> str:
    """Write a table, below its title if it has one, with its notes as a list.

    `links` are where the first cell of each row leads.
    """
    title = f"<h3>{escape(table.title)}</h3>" if titled and table.title else ""
    sides = list(map(_side, table.columns))
    head = "".join(
        f'<th scope="col"{_class(side)}>{escape(column)}</th>'
        for column, side in zip(table.columns, sides, strict=True)
    )
    where = [*links, *[""] * (len(table.rows) - len(links))]
    rows = "".join(map(partial(_row, sides=sides), table.rows, where))
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    below = f'<ul class="notes">{notes}</ul>' if notes else ""
    body = f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table>"
    return f'{title}<div class="table">{body}</div>{below}'


def _row(row: Sequence[Entry], link: str, sides: Sequence[str]) -> str:
    leading = [link, *[""] * (len(row) - 1)]
    return f"<tr>{''.join(map(_cell, row, sides, leading))}</tr>\n"


def _side(column: str) -> str:
    """Give the class of a column: numbers end at the right, words begin at the left."""
    if column == "reason":
        return "l wide"
    return "l" if column in WORDS else ""


def _cell(entry: Entry, side: str, link: str) -> str:
    mark = "" if entry.status is None else _mark(entry.status)
    text = escape(entry.text)
    shown = f'<a href="{escape(link)}">{text}</a>' if link else text
    return f"<td{_class(f'{side} {mark}'.strip())}>{shown}</td>"


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""


def _mark(status: Status) -> str:
    """Give the class of a status, which has a colour."""
    if status is Status.OK:
        return "ok"
    return "bad" if status.failed else "odd"
