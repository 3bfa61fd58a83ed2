"""A site of several runs: a page for each, and one that lists them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from calcbench.record.run import SavedRun
from calcbench.report import provenance
from calcbench.report.numbers import plural
from calcbench.report.page import run as run_page
from calcbench.report.page.tables import write_table
from calcbench.report.page.template import fill
from calcbench.report.tables.table import Entry, Table

INDEX = "index.html"

COLUMNS = ("run", "date", "calcbench", "machine", "problems", "backends", "cells", "failed")


Named = tuple[str, SavedRun]
"""A run, and the name of its file without its folder: a page tells nobody's folders."""


def write(runs: Sequence[Named]) -> dict[str, str]:
    """Write the pages of runs: name of the file → text. The first is the index."""
    files = dict(zip(_file_names(name for name, _ in runs), runs, strict=True))
    pages = {file: run_page.write(run) for file, (_, run) in files.items()}
    return {INDEX: _index(files), **pages}


def _index(runs: Mapping[str, Named]) -> str:
    rows = [[Entry(text) for text in (name, *_describe(run))] for name, run in runs.values()]
    number = f"{len(runs)} {plural(len(runs), 'run')}"
    table = write_table(Table("", COLUMNS, rows), links=list(runs))
    section = f'<section id="runs"><h2>{number}</h2>{table}</section>'
    data = {"runs": {file: name for file, (name, _) in runs.items()}}
    return fill("calcbench: runs", "each is a page of its own", [section], data)


def _describe(run: SavedRun) -> tuple[str, ...]:
    """Say of a run what `COLUMNS` name, but for its own name."""
    records = run.records
    return (
        provenance.dates(run),
        provenance.each(e.calcbench for e in run.environments),
        provenance.each(provenance.machine(e) for e in run.environments),
        f"{len({record.problem for record in records}):,}",
        f"{len({record.backend for record in records if record.backend}):,}",
        f"{len(records):,}",
        f"{sum(record.status.failed for record in records):,}",
    )


def _file_names(names: Iterable[str]) -> list[str]:
    """Name a file for each run: by small letters, which every system and address has, each once."""
    found: dict[str, None] = {}
    for name in names:
        letters = re.sub(r"[^a-z0-9._-]+", "-", Path(name).stem.lower())
        stem = letters.strip("-.")[:100] or "run"
        file, number = f"{stem}.html", 1
        while file in found or file == INDEX:
            number += 1
            file = f"{stem}-{number}.html"
        found[file] = None
    return list(found)
