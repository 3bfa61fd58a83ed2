"""A run as text, HTML, Markdown, LaTeX, CSV or JSON: all from the same rows."""

from __future__ import annotations

import csv
import dataclasses
import html as markup
import io
import json
import math
import re
from typing import Any

from calcbench.bench.intervals import Estimate
from calcbench.record.record import Record, Status
from calcbench.record.run import SavedRun
from calcbench.report import break_even, latex_tables, provenance, scaling, summary
from calcbench.report.groups import by_size
from calcbench.report.summary import Row, Section
from calcbench.report.tables import PIPED_WIDTH, Table, draw

SETUP = "(time of k calls: prepare + first, measured once, + k · time; without the import)"

SECONDS = ("import", "prepare", "compile", "first", "load", "unload", "total")


def text(run: SavedRun, width: int = PIPED_WIDTH) -> str:
    """The report for a terminal of `width` columns; what does not fit is left out, or broken."""
    from rich.console import Console
    from rich.text import Text

    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=False)
    console.print(Text(provenance.line(run)), Text(), sep="\n")
    for table in tables(run, width):
        draw(table, console)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).rstrip() + "\n"


def html(run: SavedRun) -> str:
    """The report as a fragment of HTML, for a notebook."""
    head = f"<p>{markup.escape(provenance.line(run))}</p>"
    return "\n".join([head, *(_html(table) for table in tables(run))])


def markdown(run: SavedRun) -> str:
    """The report as Markdown, with tables as GitHub draws them."""
    head = _markdown_escaped(provenance.line(run))
    return "\n\n".join([head, *(_markdown(table) for table in tables(run))]) + "\n"


def latex(run: SavedRun) -> str:
    r"""The report in LaTeX, for `\input` into a document with `\usepackage{booktabs}`."""
    drawn = latex_tables.draw(tables(run))
    end = f"\\noindent{{\\footnotesize {latex_tables.escape(provenance.line(run))}\\par}}"
    return "\n\n".join(["% \\usepackage{booktabs}", drawn, end]) + "\n"


def csv_text(run: SavedRun) -> str:
    """One line per record, under a line of names. All times in seconds, memory in bytes.

    What was not measured, or is no number, is empty. The environment stands in every line.
    """
    rows = [_flat(run, row) for section in summary.sections(run) for row in section.rows]
    names = list(rows[0]) if rows else list(_flat(run, None))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _csv(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def json_text(run: SavedRun) -> str:
    """The numbers of the report, with its environments. NaN is null; infinity is `"inf"`."""
    data = {
        "provenance": provenance.line(run),
        "environments": [environment.as_json() for environment in run.environments],
        "cut": run.cut,
        "sections": [_section(run, section) for section in summary.sections(run)],
    }
    return json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def tables(run: SavedRun, width: int | None = None) -> list[Table]:
    """The tables of the report, before they are drawn; with `width`, those of a terminal."""
    found = []
    for section in summary.sections(run):
        table = summary.table(section, width)
        sentences = break_even.sentences(section)
        notes = [*table.notes, *sentences, *([SETUP] if sentences else [])]
        found.append(dataclasses.replace(table, notes=notes))
        growth = scaling.table(section)
        found += [growth] if growth else []
    return found or [Table("no cell was run", ["problem", "backend"], [])]


def _html(table: Table) -> str:
    head = "".join(f"<th>{markup.escape(column)}</th>" for column in table.columns)
    rows = ("".join(f"<td>{markup.escape(cell.text)}</td>" for cell in row) for row in table.rows)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    notes = "<br>".join(markup.escape(note) for note in table.notes)
    return (
        f"<p><b>{markup.escape(table.title)}</b></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{notes}</p>"
    )


def _markdown(table: Table) -> str:
    lines = [
        [_markdown_escaped(column) for column in table.columns],
        ["---"] * len(table.columns),
        *([_markdown_escaped(cell.text) for cell in row] for row in table.rows),
    ]
    drawn = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "".join(f"\n- {_markdown_escaped(note)}" for note in table.notes)
    return f"**{_markdown_escaped(table.title)}**\n\n{drawn}" + (f"\n{notes}" if notes else "")


def _markdown_escaped(text: str) -> str:
    """Text in one line, that neither ends a cell of a table nor begins a tag or emphasis."""
    return re.sub(r"([\\|`*_<\[\]~])", r"\\\1", " ".join(text.split()))


def _flat(run: SavedRun, row: Row | None) -> dict[str, Any]:
    """A line of the CSV: name → value. Without a row, the names alone."""
    record = row.record if row else Record("", "", "", "", Status.SKIPPED)
    timing = record.timing
    environment = run.environment(record)
    machine = environment.machine if environment else {}
    return {
        "problem": record.problem,
        "size": record.size,
        "seed": record.seed,
        "backend": record.backend,
        "operator": record.operator,
        "dtype": record.dtype,
        "threads": record.threads,
        "status": record.status.value,
        "reason": " ".join(record.reason.split()),
        **_bounds("seconds", row.time if row else None),
        "samples": row.time.used if row and row.time else None,
        "disturbed": row.time.disturbed if row and row.time else None,
        **_bounds("times_fastest", row.times_fastest if row else None),
        **_bounds("cost_seconds", row.cost if row else None),
        **_bounds("per_cost", row.per_cost if row else None),
        "digits": record.digits,
        "certified_digits": record.certified_digits,
        "parameters": scaling.parameters(record) or None,
        **{f"{name}_seconds": record.seconds.get(name) for name in SECONDS},
        "memory_imported": timing.memory.get("imported") if timing else None,
        "memory_peak": timing.memory.get("peak") if timing else None,
        "threads_busy": timing.threads_busy if timing else None,
        "problem_source": record.source.get("problem"),
        "backend_source": record.source.get("backend"),
        "versions": "; ".join(f"{name} {version}" for name, version in record.versions.items()),
        "run": record.run,
        "started": environment.started if environment else None,
        "calcbench": environment.calcbench if environment else None,
        **{name: machine.get(name) for name in ("cpu", "cores", "system")},
    }


def _bounds(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    values = (estimate.median, estimate.low, estimate.high) if estimate else (None,) * 3
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def _csv(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _section(run: SavedRun, section: Section) -> dict[str, Any]:
    return {
        **dataclasses.asdict(section.place),
        "title": section.title,
        "rows": [
            {**_flat(run, row), "fastest": row.fastest, "told_apart": row.told_apart}
            for row in section.rows
        ],
        "break_even": [
            {
                "size": size,
                "stages": [_stage(stage) for stage in break_even.stages(records)],
            }
            for size, records in by_size(section.records).items()
        ],
        "growth": [dataclasses.asdict(growth) for growth in scaling.growths(section)],
    }


def _stage(stage: break_even.Stage) -> dict[str, Any]:
    return {
        "backend": stage.line.record.backend,
        "after": stage.after,
        "setup_seconds": stage.line.setup,
        "seconds": stage.line.steady,
    }


def _plain(value: Any) -> Any:
    """NaN → None; infinity → a string, for JSON has no word for it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
