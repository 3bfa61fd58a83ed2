"""`calcbench descend`: gradient descent by a backend."""

from __future__ import annotations

from pathlib import Path

import click

from calcbench.cli.flags import json_option
from calcbench.cli.options import COST, give_data, take
from calcbench.cli.plot import check_output, write_file
from calcbench.cli.terminal import console, print_json, progress
from calcbench.cli.values import FILE, parse_size, parse_values_if_any
from calcbench.errors import printable
from calcbench.problem.size import SizeLike
from calcbench.report.picture import Chart
from calcbench.report.tables.text import draw
from calcbench.show import guest
from calcbench.show.in_worker import open_worker
from calcbench.workers.starting import start_method


@click.command("descend")
@take(*COST)
@click.option(
    "-b",
    "--backend",
    metavar="BACKEND",
    help="Who takes the gradients. [by_hand if it is derived, else finite_difference]",
)
@click.option(
    "--rate", "rates", type=float, multiple=True, help="Learning rate; may be repeated. [0.01]"
)
@click.option("--steps", type=parse_size, metavar="N", default="100", help="Steps. [100]")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=FILE,
    help="Draw the paths to .svg, .png, .pdf or .html.",
)
@json_option
def command(
    problem: str,
    backend: str | None,
    at: str | None,
    rates: tuple[float, ...],
    steps: int,
    size: SizeLike | None,
    data: str | None,
    seed: int,
    timeout: float,
    output: Path | None,
    as_json: bool,
) -> None:
    """Descend the gradient, at one rate or several: the path, and the cost per step.

    A step is θ ← θ − rate · ∇C.

    \b
    Examples:
      calcbench descend batch_regression --rate 0.04 --steps 600
      calcbench descend batch_regression --rate 0.01 --rate 0.05 -o paths.svg
      calcbench descend square --at x=8 --rate 0.25 --steps 10 --json
    """
    ending = check_output(output, Chart.endings) if output else None
    start, values = start_method(), parse_values_if_any(at)
    (selector,) = give_data([problem], data)
    with progress() as tell, open_worker(problem, timeout, start) as ask:
        tell(f"{problem} · {steps} steps")
        chosen = rates or (0.01,)
        paths, tables, drawn = ask(
            guest.follow, selector, backend, values, size, seed, chosen, steps, ending
        )
    if output:
        write_file(output, drawn)
    if as_json:
        print_json(paths)
        return
    for table in tables:
        draw(table, console())
    if output:
        click.echo(printable(f"drawn to {output}"))
