"""`calcbench merge`: one run of several."""

from __future__ import annotations

from pathlib import Path

import click

from calcbench.cli.flags import json_option
from calcbench.cli.terminal import print_json
from calcbench.cli.values import FILE
from calcbench.errors import SelectorError, printable
from calcbench.record.run import load, merge_runs, save
from calcbench.record.writing import size_of
from calcbench.report.numbers import plural


@click.command("merge")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="The merged run.")
@json_option
def command(runs: tuple[Path, ...], output: Path, as_json: bool) -> None:
    """Merge runs, such as the shards of one matrix, into one file.

    A cell that several runs hold is taken from the last of them.

    \b
    Examples:
      calcbench merge part1.jsonl part2.jsonl --output all.jsonl
    """
    if size_of(output) is not None:
        raise SelectorError(f"{str(output)!r} exists: choose another output")
    run = merge_runs([load(path) for path in runs])
    save(run, output)
    if as_json:
        print_json({"file": str(output), "cells": len(run.records), "runs": len(runs)})
        return
    cells = f"{len(run.records)} {plural(len(run.records), 'cell')}"
    merged = f"{cells} of {len(runs)} {plural(len(runs), 'run')} merged into {output}"
    click.echo(printable(merged))
