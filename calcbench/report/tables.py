"""Tables: what they say, and how they are drawn, for terminals, pipes and notebooks."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calcbench.record.record import Status

if TYPE_CHECKING:
    from rich.console import Console


PIPED_WIDTH = 100
"""Columns where there is no terminal to ask."""


GAP = 2
"""Columns between two columns of a table."""


NAME_WIDTH = 20
"""Columns that a backend's name may take from the partials beside it."""


NOTHING = "–"


STYLES = {
    Status.OK: "green",
    Status.DISAGREE: "bold red",
    Status.ERROR: "bold red",
    Status.TIMEOUT: "bold red",
    Status.CRASH: "bold red",
    Status.OUT_OF_MEMORY: "bold red",
    Status.NOISY: "yellow",
    Status.SKIPPED: "yellow",
    Status.NOT_INSTALLED: "yellow",
}


@dataclass(frozen=True)
class Cell:
    """One entry: its text, and the status that gives it a colour."""

    text: str
    status: Status | None = None


@dataclass(frozen=True)
class Table:
    """What a table says, before it is drawn."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = field(default_factory=tuple)


Column = tuple[str, list[Cell]]
"""A heading and what stands below it."""


def draw(table: Table, console: Console) -> None:
    """Print a table on a rich console, within its width."""
    from rich.text import Text

    with _unpadded(console):
        console.print(Text(table.title, style="bold"))
        _draw(table, console)
        for note in table.notes:
            console.print(Text(note), soft_wrap=False)
        console.print()


def _draw(table: Table, console: Console) -> None:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    for block in _blocks(table, console.width):
        drawn = RichTable(
            box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True
        )
        for (column, _), width in block:
            left = column in ("backend", "problem", "verdict", "formula")
            drawn.add_column(
                Text(_wrapped(column, width)),  # plain text: [scheme=forward] is no markup
                justify="left" if left else "right",
                overflow="fold",
                width=width,
            )
        for row in zip(*(cells for (_, cells), _ in block), strict=True):
            drawn.add_row(
                *(
                    Text(_wrapped(cell.text, width), STYLES[cell.status] if cell.status else "")
                    for cell, (_, width) in zip(row, block, strict=True)
                )
            )
        console.print(drawn)


@contextlib.contextmanager
def _unpadded(console: Console) -> Iterator[None]:
    """Where there is no terminal, leave out the blanks that rich pads lines with."""
    if console.is_terminal:
        yield
        return
    with console.capture() as captured:
        yield
    console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def duration(seconds: float | None) -> str:
    """Seconds with three digits and a unit: `3.14 µs`, `46 µs`, `2.01 ms`, `1.2 s`."""
    if seconds is None:
        return NOTHING
    rounded = float(f"{seconds:.3g}")  # first, so that 999.9 µs is 1 ms and not 1e+03 µs
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if rounded >= scale:
            number = rounded / scale
            return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"
    return f"{rounded / 1e-9:.3g} ns"


def _blocks(table: Table, width: int) -> list[list[tuple[Column, int]]]:
    """The columns with their widths; in several blocks, each with the first column, if one
    cannot hold them all. Names break where they are joined, numbers never.
    """
    columns = [
        (name, [row[position] for row in table.rows]) for position, name in enumerate(table.columns)
    ]
    first, rest = columns[0], columns[1:]
    blocks = [[first]]
    for column in rest:
        if len(blocks[-1]) > 1 and room([*blocks[-1], column]) > width:
            blocks.append([first])
        blocks[-1].append(column)
    return [list(zip(block, _widths(block, width), strict=True)) for block in blocks]


def room(columns: Sequence[Column], natural: bool = False) -> int:
    return sum(_width(column, natural) for column in columns) + GAP * (len(columns) - 1)


def _wrapped(text: str, width: int) -> str:
    """The text in lines of at most `width`, broken between pieces."""
    from rich.cells import cell_len

    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def as_markup(table: Table) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell.text)}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    notes = "".join(f"<br>{html.escape(note)}" for note in table.notes)
    return (
        f"<p><b>{html.escape(table.title)}</b></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{notes[4:]}</p>"
    )


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Natural widths, or less: the widest that can still break gives way first."""
    widths, least = ([_width(c, natural) for c in columns] for natural in (True, False))
    while sum(widths) + GAP * (len(widths) - 1) > width:
        spare = [w if w > bound else 0 for w, bound in zip(widths, least, strict=True)]
        if not any(spare):
            break
        widths[spare.index(max(spare))] -= 1
    return widths


def _width(column: Column, natural: bool) -> int:
    """What a column needs: unbroken, or broken wherever it may be."""
    from rich.cells import cell_len

    name, cells = column
    texts = [name, *(cell.text for cell in cells)]
    pieces = texts if natural else [piece.rstrip() for text in texts for piece in _pieces(text)]
    return max(map(cell_len, pieces))


def _pieces(text: str) -> list[str]:
    """Where a text may break: after _ and [ and a comma or space; numbers and ∂C/∂w[0] never."""
    if text[:1] in "0123456789.-∂(∇":
        return [text]
    return re.findall(r"[^_\[, ]*(?:[_\[ ]|, ?)?", text)[:-1] or [text]
