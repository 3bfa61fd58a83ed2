"""`calcbench plot`: pictures of a cost."""

from __future__ import annotations

from pathlib import Path

import click

from calcbench.cli.flags import json_option
from calcbench.cli.options import COST, give_data, take
from calcbench.cli.terminal import print_json, progress
from calcbench.cli.values import FILE, parse_values_if_any, split_outside_brackets
from calcbench.errors import printable
from calcbench.problem.size import SizeLike
from calcbench.record.writing import check_place, replacing
from calcbench.report.picture import ENDINGS, Chart, check_ending
from calcbench.show import guest
from calcbench.show.in_worker import open_worker
from calcbench.show.pictures.plot import NAMES
from calcbench.workers.starting import start_method

output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=FILE,
    help="Where to draw: .svg, .png, .pdf or .html, a page with sliders. [PROBLEM.svg]",
)


@click.command("plot")
@take(*COST)
@click.option(
    "-b",
    "--backend",
    metavar="BACKEND",
    help="Who takes the slopes. [by_hand if it is derived, else finite_difference]",
)
@click.option("--kind", metavar="KIND", help=f"One of {', '.join(NAMES)}. [what suits]")
@click.option(
    "--parameters", metavar="w[0],b", help="The components that move; the others are held. [all]"
)
@click.option("--window", metavar="x=[-3,3],y=[0,4]", help="What is drawn of each component.")
@output_option
@json_option
def command(
    problem: str,
    backend: str | None,
    at: str | None,
    kind: str | None,
    parameters: str | None,
    window: str | None,
    size: SizeLike | None,
    data: str | None,
    seed: int,
    timeout: float,
    output: Path | None,
    as_json: bool,
) -> None:
    """Draw a cost: curve and tangent, surface, level curves, slices, data and curve.

    \b
    Examples:
      calcbench plot delta_method
      calcbench plot saddle -o saddle.html
      calcbench plot saddle --kind contours --window 'x=[-3,3],y=[-3,3]'
      calcbench plot batch_regression --at m=0,b=0 -o fit.png
      calcbench plot quadratic_cost --parameters 'w[0],b'
      calcbench plot deep_composition --kind graph
    """
    ending = check_output(output, Chart.endings) if output else ".svg"
    what = {
        "kind": kind,
        "parameters": split_outside_brackets(parameters) if parameters else (),
        "windows": parse_values_if_any(window, "window"),
    }
    start, values = start_method(), parse_values_if_any(at)
    (selector,) = give_data([problem], data)
    with progress() as tell, open_worker(problem, timeout, start) as ask:
        tell(f"{problem} · picture")
        name, drawn = ask(guest.draw, selector, backend, values, size, seed, what, ending)
    where = output or Path(f"{name}.svg")
    write_file(where, drawn)
    if as_json:
        print_json({"problem": name, "file": str(where)})
    else:
        click.echo(printable(f"drawn to {where}"))


def check_output(where: Path, endings: tuple[str, ...] = ENDINGS) -> str:
    """Return the ending of a picture's file. Raises `SelectorError` where it cannot be written.

    Before it is drawn, for that takes seconds.
    """
    ending = check_ending(where, endings)
    check_place(where)
    return ending


def write_file(where: Path, drawn: bytes) -> None:
    """Write a picture to a file. Raises `SelectorError` where that cannot be."""
    with replacing(where) as part:
        part.write_bytes(drawn)
