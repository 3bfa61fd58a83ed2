"""`calcbench show`: what there is to know about a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from calcbench.cli.flags import json_option
from calcbench.cli.options import (
    data_option,
    give_data,
    operator_option,
    timeout_option,
    traceback_option,
)
from calcbench.cli.terminal import console, print_json, progress
from calcbench.errors import SelectorError, Unsupported, escape_controls
from calcbench.show import guest
from calcbench.show.describe import draw
from calcbench.show.in_worker import open_worker
from calcbench.workers.starting import start_method


@click.command("show")
@click.argument("problem")
@click.option(
    "-b",
    "--backend",
    "--backends",
    "backends",
    multiple=True,
    metavar="BACKEND",
    help="Programs for these backends, or all. [the default ones]",
)
@click.option(
    "--program",
    "alone",
    metavar="BACKEND",
    help="The program of this backend and nothing else, to be saved and run.",
)
@operator_option
@data_option
@timeout_option
@traceback_option
@json_option
def command(
    problem: str,
    backends: tuple[str, ...],
    alone: str | None,
    operator: str,
    data: str | None,
    timeout: float,
    as_json: bool,
) -> None:
    """Show a problem: formula, derivation, symbolic gradient, and a program per framework.

    With --operator, the symbolic formulas are those of another operator, such as the Hessian,
    and the programs, where there are any, compute that.

    \b
    Examples:
      calcbench show batch_regression
      calcbench show cylinder_volume -b torch
      calcbench show cylinder_volume --program torch > cylinder_torch.py
      calcbench show saddle --operator hessian
      calcbench show my_cost.py
    """
    start, (selector,) = start_method(), give_data([problem], data)
    wanted = (alone,) if alone else backends or None
    with progress() as tell, open_worker(problem, timeout, start) as ask:
        found = []
        for number, name in enumerate(ask(guest.select, selector)):
            tell(f"{name} · formula and programs")
            found.append(ask(guest.describe_problem, number, wanted, operator))
    if as_json:
        print_json(found)
        return
    if alone:
        click.echo(_program(found, problem, alone))
        return
    output = console()
    for description in found:
        draw(description, output)


def _program(found: Sequence[Mapping[str, Any]], problem: str, backend: str) -> str:
    """Take the one program that was asked for. Raises `SelectorError` where there is not one."""
    programs = [program for description in found for program in description["programs"].values()]
    if len(programs) != 1:
        raise SelectorError(
            f"--program is that of one problem by one backend; {problem!r} and {backend!r} are "
            f"{len(programs)}"
        )
    if "program" not in programs[0]:
        raise Unsupported(f"{backend}: {programs[0]['reason']}")
    return escape_controls(programs[0]["program"]).rstrip("\n")
