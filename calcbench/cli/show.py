"""`calcbench show`: what there is to know about a problem."""

from __future__ import annotations

import click

from calcbench.cli.options import operator_option, timeout_option, traceback_option
from calcbench.cli.terminal import console, print_json, progress
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
    help="Programs for these backends, or all. [the default ones]",
)
@operator_option
@timeout_option
@traceback_option
@click.option("--json", "as_json", is_flag=True, help="Data instead of text.")
def command(
    problem: str, backends: tuple[str, ...], operator: str, timeout: float, as_json: bool
) -> None:
    """Show a problem: formula, derivation, symbolic gradient, and a program per framework.

    With --operator, the symbolic formulas are those of another operator, such as the Hessian,
    and the programs, where there are any, compute that.

    \b
    Examples:
      calcbench show batch_regression
      calcbench show cylinder_volume -b torch > cylinder_torch.txt
      calcbench show saddle --operator hessian
      calcbench show my_cost.py
    """
    start = start_method()
    with progress() as tell, open_worker(problem, timeout, start) as ask:
        found = []
        for number, name in enumerate(ask(guest.select, problem)):
            tell(f"{name} · formula and programs")
            found.append(ask(guest.describe_problem, number, backends or None, operator))
    if as_json:
        print_json(found)
        return
    output = console()
    for description in found:
        draw(description, output)
