"""`calcbench steps`: the error of difference quotients against their step."""

from __future__ import annotations

from pathlib import Path

import click

from calcbench.cli.flags import json_option
from calcbench.cli.options import COST, dtype_option, give_data, take
from calcbench.cli.plot import check_output
from calcbench.cli.terminal import console, print_json, progress
from calcbench.cli.values import FILE, parse_values_if_any
from calcbench.errors import printable
from calcbench.problem.size import SizeLike
from calcbench.report.picture import Chart
from calcbench.report.tables.text import draw
from calcbench.show import guest
from calcbench.show.in_worker import open_worker
from calcbench.show.steps import SCHEMES, STEPS, table
from calcbench.workers.starting import start_method


@click.command("steps")
@take(COST[0], click.argument("partial", required=False), *COST[1:])
@click.option(
    "-b",
    "--backend",
    "--backends",
    "backends",
    multiple=True,
    metavar="BACKEND",
    help="With a step: 'finite_difference[scheme=forward]'. [its schemes but complex]",
)
@dtype_option
@click.option(
    "--plot",
    "picture",
    metavar="FILE",
    type=FILE,
    help="Draw to .svg, .png, .pdf, .html or .json (Vega-Lite).",
)
@json_option
def command(
    problem: str,
    partial: str | None,
    backends: tuple[str, ...],
    at: str | None,
    size: SizeLike | None,
    data: str | None,
    seed: int,
    dtype: str | None,
    timeout: float,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Show the error of finite differences against the step: the V and its optimum.

    PARTIAL is a parameter (m) or one of its components (w[3]); the first one if not given.

    \b
    Examples:
      calcbench steps chain_rule_single
      calcbench steps batch_regression m -b 'finite_difference[scheme=forward]'
      calcbench steps damped_wave x --at x=0,t=0.5 --plot v.svg
    """
    if picture:
        check_output(picture, Chart.endings)
    start, values = start_method(), parse_values_if_any(at)
    (selector,) = give_data([problem], data)
    with progress() as tell, open_worker(problem, timeout, start) as ask:
        tell(f"{problem} · {len(STEPS)} steps")
        chosen = backends or SCHEMES
        found = ask(guest.measure_steps, selector, partial, chosen, values, size, seed, dtype)
        if picture:
            found.save(picture)
    if as_json:
        print_json(found.as_json())
    elif picture:
        click.echo(printable(f"drawn to {picture}"))
    else:
        draw(table(found), console())
