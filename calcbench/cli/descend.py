"""`calcbench descend`: gradient descent by a backend."""

from __future__ import annotations

import click

from calcbench.api import descend
from calcbench.catalogue.selection import find_problem
from calcbench.cli.options import seed_option
from calcbench.cli.terminal import console, print_json, progress
from calcbench.cli.values import parse_size, parse_values_if_any
from calcbench.errors import printable
from calcbench.report.picture import check_ending
from calcbench.report.tables.text import draw
from calcbench.show.descent import table


@click.command("descend")
@click.argument("problem")
@click.option(
    "-b",
    "--backend",
    metavar="BACKEND",
    default="by_hand",
    help="Who takes the gradients. [by_hand]",
)
@click.option("--at", metavar="m=0.9,b=0.1", help="Where to start.")
@click.option(
    "--rate", "rates", type=float, multiple=True, help="Learning rate; may be repeated. [0.01]"
)
@click.option("--steps", type=parse_size, metavar="N", default="100", help="Steps. [100]")
@click.option("--size", type=parse_size, metavar="N", help="Size of the problem.")
@seed_option
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Draw the paths to .svg, .png, .pdf or .html.",
)
@click.option("--json", "as_json", is_flag=True, help="All steps, as data.")
def command(
    problem: str,
    backend: str,
    at: str | None,
    rates: tuple[float, ...],
    steps: int,
    size: int | None,
    seed: int,
    output: str | None,
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
    if output:
        check_ending(output)
    with progress() as tell:
        tell(f"{problem} · {steps} steps")
        paths = descend(
            find_problem(problem),
            backend,
            parse_values_if_any(at),
            rate=rates or (0.01,),
            steps=steps,
            size=size,
            seed=seed,
        )
        if output:
            paths.save(output)
    if as_json:
        print_json([path.as_json() for path in paths])
        return
    for path in paths:
        draw(table(path), console())
    if output:
        click.echo(printable(f"drawn to {output}"))
