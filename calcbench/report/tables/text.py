"""Tables as text, in a terminal or a file. Rich draws them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from calcbench.record.record import Status
from calcbench.report.tables.table import LEFT, Column, Entry, Table
from calcbench.report.tables.widths import block_width, fit_widths, least_width, line_width, wrap

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

STYLES = {
    Status.OK: "green",
    Status.DISAGREE: "bold red",
    Status.ERROR: "bold red",
    Status.TIMEOUT: "bold red",
    Status.CRASH: "bold red",
    Status.OUT_OF_MEMORY: "bold red",
    Status.IMPRECISE: "yellow",
    Status.NOISY: "yellow",
    Status.SKIPPED: "yellow",
    Status.NOT_INSTALLED: "yellow",
}


def write_text(tables: Iterable[Table], width: int, heading: str = "") -> str:
    """Write tables as plain text, in lines of `width` characters, below a heading."""
    from rich.console import Console
    from rich.text import Text

    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=False)
    if heading:
        console.print(Text(heading), Text(), sep="\n")
    for table in tables:
        draw(table, console)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).rstrip() + "\n"


def draw(table: Table, console: Console) -> None:
    """Print a table on a rich console, within its width."""
    with _strip_padding(console):
        console.print(*parts(table, console.width), "", sep="\n")


def parts(table: Table, width: int) -> list[Any]:
    """Make what rich prints of a table: its title, its columns and its notes."""
    from rich.text import Text

    grids = [_grid(columns, width) for columns in _blocks(table, width)]
    return [Text(table.title, style="bold"), *grids, *map(Text, table.notes)]


def _grid(columns: Sequence[Column], width: int) -> RichTable:
    """Put columns side by side."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    widths = fit_widths(columns, width)
    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for column, narrow in zip(columns, widths, strict=True):
        grid.add_column(
            Text(wrap(column.name, narrow)),  # plain text: [scheme=forward] is no markup
            justify="left" if column.name in LEFT else "right",
            overflow="fold",
            width=narrow,
        )
    for row in zip(*(column.entries for column in columns), strict=True):
        grid.add_row(*map(_styled_text, row, widths))
    return grid


def _styled_text(entry: Entry, width: int) -> Text:
    from rich.text import Text

    return Text(wrap(entry.text, width), STYLES[entry.status] if entry.status else "")


def _blocks(table: Table, width: int) -> list[list[Column]]:
    """Group the columns into blocks, each with the first one, if one line cannot hold them all.

    Where there are several, names stand whole in them, as far as they are short.
    """
    first, *rest = table.by_column()
    if line_width(map(least_width, table.by_column())) <= width:
        return [[first, *rest]]
    blocks = [[first]]
    for column in rest:
        if len(blocks[-1]) > 1 and line_width(map(block_width, [*blocks[-1], column])) > width:
            blocks.append([first])
        blocks[-1].append(column)
    return blocks


@contextlib.contextmanager
def _strip_padding(console: Console) -> Iterator[None]:
    """Where there is no terminal, leave out the blanks that rich pads lines with."""
    if console.is_terminal:
        yield
        return
    with console.capture() as captured:
        yield
    console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
    console.file.flush()
