"""Tables of records: one per problem, and a summary; for terminals, pipes and notebooks."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from calcbench.record import Record, Status

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 100
"""Columns where there is no terminal to ask."""

FIXED_WIDTH = 57
"""Columns that a comparison needs beside its partials."""

PARTIAL_WIDTH = 15

NOTHING = "–"

STYLES = {
    Status.OK: "green",
    Status.DISAGREE: "bold red",
    Status.ERROR: "bold red",
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


def comparison(records: Sequence[Record], width: int = PIPED_WIDTH) -> Table:
    """One problem: a row per backend, with partials, digits, verdict and times."""
    first = records[0]
    names = _components(records)
    fitting = max(1, (width - FIXED_WIDTH) // PARTIAL_WIDTH)
    shown = names[:fitting]
    rows = [
        [
            Cell(record.backend or NOTHING),
            *(Cell(_partial(record, name)) for name in shown),
            Cell(NOTHING if record.digits is None else f"{record.digits:.1f}"),
            Cell(_verdict(record), record.status),
            Cell(duration(record.seconds.get("prepare"))),
            Cell(duration(record.seconds.get("call"))),
        ]
        for record in records
    ]
    notes = [f"{r.backend or r.problem}: {r.reason}" for r in records if r.reason]
    notes += [f"by_hand {r.proof}" for r in records if r.proof not in ("", "proved")]
    if len(names) > len(shown):
        notes.append(f"… and {len(names) - len(shown)} more partials (--json gives all)")
    columns = [
        "backend",
        *(f"∂C/∂{name}" for name in shown),
        "digits",
        "verdict",
        "prepare",
        "call",
    ]
    return Table(_title(first), columns, rows, notes)


def summary(records: Sequence[Record]) -> Table:
    """Every problem: the digits to which each backend agrees, or what kept it from that."""
    backends = list(dict.fromkeys(r.backend for r in records if r.backend))
    rows = []
    for problem, group in _by_problem(records):
        found = {record.backend: record for record in group}
        refused = found.get("")
        rows.append(
            [Cell(problem)]
            + [_digits(found.get(backend, refused)) for backend in backends]
            + [Cell(next((r.proof for r in found.values() if r.proof), NOTHING).split(":")[0])]
        )
    return Table("digits of agreement", ["problem", *backends, "formula"], rows, [count(records)])


def count(records: Sequence[Record]) -> str:
    """One sentence: how many gradients, how many agree, and what the others did."""
    problems = len({record.problem for record in records})
    number = {status: sum(r.status is status for r in records) for status in Status}
    ran = number[Status.OK] + number[Status.DISAGREE]
    parts = [f"{number[Status.OK]} of {ran} gradients agree, over {problems} problems"]
    parts += [
        f"{number[status]} {status.value.replace('_', ' ')}"
        for status in (Status.ERROR, Status.SKIPPED, Status.NOT_INSTALLED)
        if number[status]
    ]
    proved = sum(record.proof == "proved" for record in records)
    stated = sum(record.proof != "" for record in records)
    if stated:
        parts.append(f"{proved} of {stated} hand-derived formulas proved")
    return "; ".join(parts) + "."


def draw(table: Table, console: Console) -> None:
    """Print a table on a rich console, within its width."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    console.print(Text(table.title, style="bold"))
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in table.columns:
        left = column in ("backend", "problem", "verdict", "formula")
        drawn.add_column(column, justify="left" if left else "right", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(cell.text, style=STYLES.get(cell.status, "")) for cell in row))  # type: ignore[arg-type]
    console.print(drawn)
    for note in table.notes:
        console.print(Text(note), soft_wrap=False)
    console.print()


def as_text(records: Sequence[Record], width: int = PIPED_WIDTH) -> str:
    """All tables as plain text."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=False)
    for table in _tables(records, width):
        draw(table, console)
    return out.getvalue().rstrip() + "\n"


def as_html(records: Sequence[Record]) -> str:
    """All tables as HTML, for a notebook."""
    return "\n".join(_html(table) for table in _tables(records, PIPED_WIDTH))


def duration(seconds: float | None) -> str:
    """Seconds with three digits and a unit: `3.14 µs`, `46 µs`, `2.01 ms`, `1.2 s`."""
    if seconds is None:
        return NOTHING
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _tables(records: Sequence[Record], width: int) -> Iterable[Table]:
    groups = _by_problem(records)
    for _, group in groups:
        yield comparison(group, width)
    if len(groups) > 1:
        yield summary(records)


def _by_problem(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    return [(name, list(group)) for name, group in groupby(records, key=lambda r: r.problem)]


def _title(record: Record) -> str:
    place = ", ".join(f"{name} = {_value(value)}" for name, value in record.at.items())
    size = f", size {record.size:,}" if record.size > 1 else ""
    return f"{record.problem}{f' at {place}' if place else ''}{size}"


def _value(value: np.ndarray) -> str:
    if value.size <= 3:
        return np.array2string(value, precision=6, separator=", ").replace("\n", "")
    return f"[{value.flat[0]:.4g}, … {value.size} values]"


def _components(records: Sequence[Record]) -> list[str]:
    """The names of all partials: `m`, `w[0]`, …, taken from the first record that has some."""
    for record in records:
        if record.gradient is not None:
            return [
                f"{name}[{', '.join(map(str, index))}]" if index else name
                for name, partial in record.gradient.items()
                for index in np.ndindex(partial.shape)
            ]
    return []


def _partial(record: Record, component: str) -> str:
    if record.gradient is None:
        return NOTHING
    name, _, index = component.rstrip("]").partition("[")
    try:
        value = record.gradient[name][tuple(int(i) for i in index.split(",")) if index else ()]
    except (KeyError, IndexError):  # a gradient of another form than the first one's
        return NOTHING
    return f"{value:.9g}"


def _verdict(record: Record) -> str:
    text = record.status.value.replace("_", " ")
    return f"{text}, proved" if record.proof == "proved" else text


def _digits(record: Record | None) -> Cell:
    if record is None:
        return Cell(NOTHING)
    if record.status is Status.OK and record.digits is not None:
        return Cell(f"{record.digits:.1f}", record.status)
    return Cell(record.status.value.replace("_", " "), record.status)


def _html(table: Table) -> str:
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
