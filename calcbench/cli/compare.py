"""`calcbench compare`: backends side by side, judged and timed once."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from calcbench.catalogue.selection import is_path
from calcbench.cli.options import COMPARISON, give_data, take
from calcbench.cli.tables import Tables
from calcbench.cli.terminal import console, say
from calcbench.cli.values import FILE, parse_values_if_any
from calcbench.harness.compare_in_worker import compare_in_worker
from calcbench.harness.request import Request
from calcbench.record.record import Record
from calcbench.record.writing import check_place, replacing
from calcbench.report.page import comparison as comparison_page
from calcbench.report.page.formulas import catalogue_problems
from calcbench.workers.starting import start_method


@click.command("compare")
@take(*COMPARISON)
@click.option(
    "--html",
    "page",
    type=FILE,
    metavar="FILE",
    help="Write a page to send, with charts, beside what is printed.",
)
def command(page: Path | None, **selection: Any) -> None:
    """Compare backends: every partial side by side, digits, verdict and a first timing.

    Without PROBLEM, the default ones. --operator asks for something else than the gradient (of a
    vector-valued problem, the Jacobian); where a problem or a backend has none, it is skipped, with
    the reason. The digits are the worst over several points (the problem's own, zeros, random
    ones); the components are shown at the problem's own point. `time` is that of a call, the
    median of a few rounds in one process: an order of magnitude.

    Exit status: 0 if none is wrong, 1 if a backend disagrees or fails, 2 for bad input.

    \b
    Examples:
      calcbench compare
      calcbench compare batch_regression --at m=0.9,b=0.1
      calcbench compare review -b by_hand -b 'torch[mode=func]' -b jax
      calcbench compare straight_line_at_scale --size 8e6
      calcbench compare square -b 'finite_difference[scheme=forward,delta=0.1]'
      calcbench compare saddle --operator hessian
      calcbench compare batch_regression --operator hvp --direction m=1,b=0
      calcbench compare ba --data gradbench/evals/ba/data
      calcbench compare my_cost.py --json
      calcbench compare review --html review.html
    """
    compare_and_exit(timed=True, page=page, **selection)


def compare_and_exit(
    *,
    timed: bool,
    page: Path | None = None,
    names: tuple[str, ...],
    problems: tuple[str, ...],
    data: str | None,
    backends: tuple[str, ...],
    at: str | None,
    direction: str | None,
    timeout: float,
    as_json: bool,
    wide: bool,
    no_missing: bool,
    **options: Any,
) -> None:
    """Compare, print each problem's table as soon as it is there, and exit with the status."""
    if page is not None:
        check_place(page)  # before anything is computed
    selectors = [*names, *problems]
    request = Request(
        give_data(selectors, data) or None,
        backends or None,
        parse_values_if_any(at),
        direction=parse_values_if_any(direction, "direction"),
        timed=timed,
        **options,
    )
    tables = Tables(console(), as_json, wide, no_missing, not any(map(is_path, selectors)))
    records = _compare(request, timeout, tables)
    tables.end(records)
    if page is not None:
        _write_page(records, page, selectors)
    sys.exit(1 if any(record.status.failed for record in records) else 0)


def _compare(request: Request, timeout: float, tables: Tables) -> list[Record]:
    """Compare, with a table for each problem as it goes, and return all records."""
    records: list[Record] = []
    start = start_method()
    with tables.open() as shown:
        draft = partial(tables.draft, shown) if tables.drafted else None
        for batch in compare_in_worker(request, timeout, start, shown.tell, draft):
            records += batch
            shown.clear()
            tables.print(batch)
    return records


def _write_page(records: list[Record], page: Path, selectors: list[str]) -> None:
    """Write the page; a user's file is not run for it, so its problems have no formulas there."""
    files = any(map(is_path, selectors))
    known = catalogue_problems(() if files else {record.problem for record in records})
    text = comparison_page.write(records, known)
    with replacing(page) as part:
        part.write_text(text, encoding="utf-8")
    say(f"written to {page}")
