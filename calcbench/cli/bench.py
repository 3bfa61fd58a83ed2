"""`calcbench bench`: a run, timed so that its numbers repeat, and saved."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import sys
import textwrap
from pathlib import Path
from typing import Any

import click

from calcbench.bench.cells import parse_sizes
from calcbench.bench.rounds import QUICK, Settings
from calcbench.bench.session_in_worker import SessionInWorker
from calcbench.catalogue.selection import ALL
from calcbench.cli.flags import json_option
from calcbench.cli.options import (
    backends_option,
    data_option,
    give_data,
    names_argument,
    operator_option,
    problems_option,
    seed_option,
    take,
    traceback_option,
)
from calcbench.cli.runs import latest_run, new_run, print_run
from calcbench.cli.terminal import console, print_json, progress_bar, say
from calcbench.cli.values import FILE, parse_bytes, parse_duration, parse_names, parse_threads
from calcbench.errors import printable
from calcbench.record.record import Record, Status
from calcbench.record.writing import size_of
from calcbench.report.numbers import format_duration, plural
from calcbench.workers.starting import start_method

BENCHMARK = (
    names_argument,
    problems_option,
    backends_option,
    operator_option,
    click.option(
        "--size",
        "sizes",
        type=parse_sizes,
        multiple=True,
        metavar="N[,N…]",
        help="Sizes: 1e6, a list 8,1000, a range 10:1e7:log, or n=1000,d=10 by name. "
        "[those that each problem declares]",
    ),
    click.option(
        "--dtype",
        "dtypes",
        type=parse_names,
        metavar="DTYPE[,…]",
        help="float64, float32 or both. [float64]",
    ),
    click.option(
        "--threads",
        type=parse_threads,
        metavar="N[,N…]",
        default="1",
        help="Threads of each process. [1]",
    ),
    data_option,
    seed_option,
    click.option("--shard", metavar="I/N", help="Only the I-th of N parts; see calcbench merge."),
)
"""What bench times: the cells of its matrix."""

EFFORT = (
    click.option(
        "--quick", is_flag=True, help="A first look: a tenth of the time, wider intervals."
    ),
    click.option(
        "--budget",
        type=parse_duration,
        metavar="TIME",
        help="Rounds of one problem and size. [20s; quick 2s]",
    ),
    click.option(
        "--timeout",
        type=parse_duration,
        metavar="TIME",
        help="Any single step of a cell. [120s; quick 60s]",
    ),
    click.option(
        "--memory",
        type=parse_bytes,
        metavar="BYTES",
        help="What one process may take. [3/4 of what is free]",
    ),
)
"""How closely bench measures, and what it may take."""


@click.command("bench")
@take(*BENCHMARK)
@take(*EFFORT)
@click.option("-o", "--output", type=FILE, help="The file. [runs/<time>.jsonl]")
@click.option("--resume", is_flag=True, help="Go on with --output, or with the latest in runs/.")
@click.option("--dry-run", is_flag=True, help="List the cells and estimate the time; run nothing.")
@traceback_option
@json_option
def command(
    output: Path | None, resume: bool, dry_run: bool, as_json: bool, **options: Any
) -> None:
    """Time gradients, or another operator, so that the numbers repeat, and save them as a run.

    Every backend gets a process of its own; all are visited in shuffled rounds, a short burst
    each, until the times are known to 2 % (quick: 5 %) or the budget is spent. A crash, a hang
    or a lack of memory is a record, and the rest goes on. What is measured is on the disk at
    once: after Ctrl-C, --resume goes on.

    Exit status: 0 if no cell failed, 1 if one did, 2 for bad input, 130 after Ctrl-C.

    \b
    Examples:
      calcbench bench --quick
      calcbench bench batch_regression -b by_hand -b torch -b jax
      calcbench bench straight_line_at_scale --size 10:1e7:log --threads 1,2
      calcbench bench my_cost.py -b 'torch[mode=compile]' --output mine.jsonl
      calcbench bench extended_rosenbrock --operator hvp -b torch -b jax
      calcbench bench ht_simple --data gradbench --operator jacobian
      calcbench bench --dry-run
      calcbench bench --resume --output runs/all.jsonl
      calcbench bench --shard 1/4 --output part1.jsonl
    """
    output = output or (latest_run() if resume else new_run())
    looked_at = output if resume or not dry_run or size_of(output) is not None else None
    with contextlib.closing(_open(**options, output=looked_at, resume=resume)) as session:
        if dry_run:
            _print_plan(session, as_json)
            return
        if resume:
            _tell_what_is_there(session)
        _run(session, output)
    _print_result(session, output, as_json)
    named = bool(options["backends"]) and ALL not in options["backends"]
    sys.exit(0 if _succeeded(session.matrix(), named) else 1)


def _tell_what_is_there(session: SessionInWorker) -> None:
    """Say how many cells are there, and how many that were are replaced."""
    there, changed = session.total - session.cells, session.outline.changed
    say(f"{there} of {session.total} cells are there already")
    if changed:
        subject = "1 that was there is" if changed == 1 else f"{changed} that were there are"
        say(f"{subject} replaced: of another source, other versions of libraries, or other data")


def _open(
    *,
    names: tuple[str, ...],
    problems: tuple[str, ...],
    data: str | None,
    backends: tuple[str, ...],
    sizes: tuple[list[int], ...],
    quick: bool,
    budget: float | None,
    timeout: float | None,
    memory: int | None,
    **matrix: Any,
) -> SessionInWorker:
    """Open the session that the options describe."""
    settings = _settings(quick, budget=budget, timeout=timeout, memory=memory)
    return SessionInWorker(
        settings.timeout,
        start_method(),
        problems=give_data([*names, *problems], data) or None,
        backends=backends or None,
        sizes=[size for some in sizes for size in some] or None,
        settings=settings,
        **matrix,
    )


def _settings(quick: bool, **changes: Any) -> Settings:
    """Give the settings, with what was given on the command line."""
    changed = {name: value for name, value in changes.items() if value is not None}
    return dataclasses.replace(QUICK if quick else Settings(), **changed)


UNBROKEN: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
"""Names stay whole where lines end."""


def _print_plan(session: SessionInWorker, as_json: bool) -> None:
    """Print the cells that are due, and about how long they will take."""
    planned = session.outline.groups
    if as_json:
        groups = [group._asdict() for group in planned]
        print_json({"groups": groups, "cells": session.cells, "seconds": session.outline.seconds})
        return
    width = console().width
    for group in planned:
        threads = f", {group.threads} threads" if group.threads > 1 else ""
        backends = ", ".join(group.backends)
        what = printable(f"{group.title} ({group.dtype}{threads}): {backends}")
        click.echo(textwrap.fill(what, width, subsequent_indent="  ", **UNBROKEN))
    cells = f"{session.cells} {plural(session.cells, 'cell')}"
    parts = f"{len(planned)} {plural(len(planned), 'group')}"
    low, high = map(format_duration, session.outline.seconds)
    click.echo(f"{cells} in {parts}: about {low} to {high}, and what compiling takes")


def _run(session: SessionInWorker, output: Path) -> None:
    """Run what is due; after Ctrl-C, say what is saved."""
    try:
        with progress_bar(session.cells) as (tell, advance):
            session.run(tell, advance)
    except KeyboardInterrupt:
        number = session.count_saved(output) if output.exists() else 0
        say(f"{number} of {session.total} cells are saved in {output}; --resume goes on")
        raise


def _print_result(session: SessionInWorker, output: Path, as_json: bool) -> None:
    run = session.saved()
    if as_json:
        print_json([record.as_json() for record in run.records])
    elif run.records:
        print_run(run)
    else:
        click.echo("no cell is due")
    if session.cells:
        say(f"saved as {output}; calcbench report {shlex.quote(str(output))}")


def _succeeded(records: list[Record], named: bool) -> bool:
    """Whether no cell failed, and every backend that was `named` is there.

    What was asked for by name, and breaks when it is imported, is no success.
    """
    missing = any(record.status is Status.NOT_INSTALLED for record in records)
    return not any(record.status.failed for record in records) and not (named and missing)
