"""Runs on the disk: the latest one, the name of a new one, reading and printing one."""

from __future__ import annotations

import datetime
import textwrap
from pathlib import Path

import click

from calcbench.cli.terminal import console, say
from calcbench.errors import SelectorError
from calcbench.record.run import SavedRun, load
from calcbench.report import provenance
from calcbench.report.run_tables import run_tables
from calcbench.report.tables.text import draw

RUNS = Path("runs")
"""Where runs are saved if `--output` says nothing, and where `report` looks for the latest."""


def latest_run() -> Path:
    """Find the run in runs/ that was written to last. Raises `SelectorError` without one."""
    found = sorted(RUNS.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SelectorError(f"there is no run in {RUNS}/: name a file, or make one with bench")
    return found[-1]


def new_run() -> Path:
    """Name a new run for the time."""
    now = datetime.datetime.now(datetime.UTC)
    return RUNS / f"{now:%Y%m%d-%H%M%S}.jsonl"


def read_run(path: Path | None) -> SavedRun:
    """Read a run, the latest if none is named, and warn where it is not whole."""
    path = path or latest_run()
    run = load(path)
    if run.cut:
        plural = "lines were" if run.cut > 1 else "line was"
        say(f"{path}: {run.cut} {plural} cut short, and left out")
    return run


def print_run(run: SavedRun) -> None:
    """Print the tables of a run, and what it was measured with."""
    output = console()
    for table in run_tables(run, output.width):
        draw(table, output)
    click.echo(textwrap.fill(provenance.line(run), output.width))
