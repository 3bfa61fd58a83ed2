"""`calcbench compare-runs`: what changed from one run to another."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from calcbench.cli.flags import json_option
from calcbench.cli.runs import read_run
from calcbench.cli.terminal import console, print_json
from calcbench.cli.values import FILE
from calcbench.report.differences import Verdict, differences
from calcbench.report.differences_table import plain_data, table
from calcbench.report.tables.text import draw


@click.command("compare-runs")
@click.argument("first", type=FILE)
@click.argument("second", type=FILE)
@click.option("--force", is_flag=True, help="Compare although machines or libraries differ.")
@json_option
def command(first: Path, second: Path, force: bool, as_json: bool) -> None:
    """Say which cells got faster or slower from FIRST to SECOND, beyond noise.

    Runs of different machines are refused; a cell whose source or libraries differ is left out,
    with the reason.

    Exit status: 0 if nothing got slower or newly fails, 1 if something did, 2 for bad input.

    \b
    Examples:
      calcbench compare-runs before.jsonl after.jsonl
      calcbench compare-runs laptop.jsonl server.jsonl --force
    """
    found = differences(read_run(first), read_run(second), force)
    if as_json:
        print_json(plain_data(found))
    else:
        draw(table(found), console())
    worse = found.count(Verdict.SLOWER) + found.count(Verdict.FAILED_SECOND)
    sys.exit(1 if worse else 0)
