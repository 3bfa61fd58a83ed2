"""Citing a run: an entry for BibTeX, and a sentence with what it takes to repeat it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from calcbench.errors import escape_controls
from calcbench.record.record import Record
from calcbench.record.run import SavedRun
from calcbench.report import provenance
from calcbench.report.tables.latex import escape

SETTINGS = {
    "burst": "s",
    "rounds": "",
    "budget": "s",
    "precision": "",
    "timeout": "s",
    "memory": "bytes",
}
"""Settings that are published, with their units; no other one, for it might hold a path."""

LISTED = 12
"""Names listed before the rest is counted."""


def cite(run: SavedRun) -> str:
    """Write the entry for BibTeX, a blank line, and the sentence."""
    return f"{bibtex(run)}\n\n{sentence(run)}\n"


def bibtex(run: SavedRun) -> str:
    """Write an entry `@misc`, in ASCII, with all special characters escaped."""
    ids = [environment.id for environment in run.environments]
    key = re.sub(r"[^A-Za-z0-9-]", "", f"calcbench-{ids[0]}" if ids else "calcbench-run")
    versions = provenance.each(e.calcbench for e in run.environments)
    years = sorted({e.started[:4] for e in run.environments if e.started})
    problems = _list_names(dict.fromkeys(r.problem for r in run.records))
    fields = {
        "title": f"{{Gradients timed with {{calcbench}}: {escape(problems)}}}",
        "author": "{{The calcbench authors}}",
        "year": f"{{{escape(years[-1])}}}" if years else "",
        "version": f"{{{escape(versions)}}}",
        "howpublished": "{Computer program and measurements}",
        "note": f"{{{escape(sentence(run))}}}",
    }
    body = ",\n".join(f"  {name:<12} = {value}" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{body}\n}}"


def sentence(run: SavedRun) -> str:
    """Say what was measured, with what, where, when and how. No host, user or path."""
    records = run.records
    parts = [
        f"Measured on {provenance.dates(run)} with {_program(run)}",
        f"on {provenance.each(provenance.machine(e) for e in run.environments)}",
        f"with {provenance.libraries(run)}",
        provenance.threads(records),
        f"problems {_list_names(dict.fromkeys(r.problem for r in records))}",
        f"backends {_list_names(dict.fromkeys(r.backend for r in records if r.backend))}",
        f"sizes {_list_names(f'{size:,}' for size in sorted({r.size for r in records}))}",
        f"dtypes {_list_names(sorted({r.dtype for r in records if r.dtype}))}",
        f"seeds {_list_names(map(str, sorted({r.seed for r in records})))}",
        *_data(records),
        provenance.cells(run),
        *_settings(run),
        f"run {provenance.each(e.id for e in run.environments)}",
    ]
    return escape_controls(" ".join("; ".join(parts).split())) + "."


def _program(run: SavedRun) -> str:
    commit = provenance.commit(run)
    return provenance.calcbench(run) + (f" ({commit})" if commit else "")


def _data(records: Iterable[Record]) -> list[str]:
    """Name the files that data were read from, if any."""
    files = sorted({record.read_from for record in records if record.read_from})
    return [f"data from {_list_names(files)}"] if files else []


def _settings(run: SavedRun) -> list[str]:
    words = dict.fromkeys(_join_settings(e.settings) for e in run.environments)
    return [f"settings {' / '.join(filter(None, words))}"] if any(words) else []


def _join_settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {provenance.text(settings[name])} {unit}".rstrip()
        for name, unit in SETTINGS.items()
        if settings.get(name) is not None
    )


def _list_names(names: Iterable[str]) -> str:
    found = list(names)
    if not found:
        return "none"
    more = len(found) - LISTED
    return ", ".join(found[:LISTED]) + (f" and {more} more" if more > 0 else "")
