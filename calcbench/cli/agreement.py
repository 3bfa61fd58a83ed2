"""Commands about agreement: list, show, compare, verify, steps, doctor."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

import calcbench
from calcbench.catalogue.door import default_backends
from calcbench.cli.selection import operator_option, selection
from calcbench.cli.terminal import console, print_json, progress

if TYPE_CHECKING:
    from calcbench.record.record import Record


@click.command("list")
@click.argument("what", type=click.Choice(["problems", "backends"]), required=False)
@click.option("--json", "as_json", is_flag=True, help="Data instead of a table.")
def list_command(what: str | None, as_json: bool) -> None:
    """List problems and backends, and why something is not available.

    \b
    Examples:
      calcbench list
      calcbench list backends --json
    """
    catalogues = {"problems": calcbench.problems, "backends": calcbench.backends}
    chosen = {name: get() for name, get in catalogues.items() if what in (None, name)}
    default = default_backends()
    if as_json:
        listed = {k: [_card(c) for c in v.cards.values()] for k, v in chosen.items()}
        for backend in listed.get("backends", ()):
            backend["default"] = backend["name"] in default
        print_json(listed)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    for heading, catalogue in chosen.items():
        click.secho(f"{heading} ({len(catalogue)})", bold=True)
        pad = max((len(name) for name in catalogue), default=0)
        theme = None
        for card in catalogue.cards.values():
            if heading == "problems" and card.theme != theme:
                theme = card.theme
                click.secho(f"  {theme}", dim=True)
            text = card.missing or card.summary
            line = f"    {card.name:<{pad}}  {text}"
            if len(line) > width and not card.missing:
                line = line[: width - 1] + "…"
            click.secho(line, fg="yellow" if card.missing else None)
            for option, choices in card.options.items():
                if not card.missing:
                    values = " | ".join(map(str, choices)) or "a number"
                    click.secho(f"    {'':<{pad}}    [{option}={values}]", dim=True)
            if heading == "backends" and card.name not in default:
                note = f"not in the default set; ask for it: -b {card.name}"
                click.secho(f"    {'':<{pad}}    {note}", dim=True)
        click.echo()


@click.command()
@selection
def compare(**selection: Any) -> None:
    """Compare backends: every partial side by side, digits, verdict and a first timing.

    Without PROBLEM, all problems. --operator asks for something else than the gradient; where a
    problem or a backend has none, it is skipped, with the reason. The digits are the worst over
    several points (the problem's own, zeros, random ones); the components are shown at the
    problem's own point. `call` is the median of a few rounds in one process: an order of magnitude.

    Exit status: 0 if all agree, 1 if a backend disagrees or fails, 2 for bad input.

    \b
    Examples:
      calcbench compare
      calcbench compare batch_regression --at m=0.9,b=0.1
      calcbench compare review -b by_hand -b torch[mode=func] -b jax
      calcbench compare straight_line_at_scale --size 8e6
      calcbench compare square -b finite_difference[scheme=forward,delta=0.1]
      calcbench compare saddle --operator hessian
      calcbench compare batch_regression --operator hvp --direction m=1,b=0
      calcbench compare my_cost.py --json
    """
    _run(timed=True, **selection)


@click.command()
@selection
def verify(**selection: Any) -> None:
    """Check agreement alone, without timing; exit status 1 if any backend is wrong.

    \b
    Examples:
      calcbench verify
      calcbench verify my_cost.py && echo "my gradient is right"
      calcbench verify second_order --operator hessian
    """
    _run(timed=False, **selection)


@click.command()
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
@click.option("--json", "as_json", is_flag=True, help="Data instead of text.")
def show(problem: str, backends: tuple[str, ...], operator: str, as_json: bool) -> None:
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
    from calcbench.catalogue.selection import select_problems
    from calcbench.show.describe import describe, draw

    with progress() as tell:
        found = []
        for chosen in select_problems([problem]):
            tell(f"{chosen.name} · formula and programs")
            found.append(describe(chosen, backends or None, operator))
    if as_json:
        print_json(found)
        return
    output = console()
    for description_of_one in found:
        draw(description_of_one, output)


@click.command()
@click.argument("problem")
@click.argument("partial", required=False)
@click.option(
    "-b",
    "--backend",
    "--backends",
    "backends",
    multiple=True,
    help="Backends with a step: finite_difference[scheme=forward]. [its schemes but complex]",
)
@click.option("--at", metavar="m=0.9,b=0.1", help="Values of the parameters.")
@click.option("--plot", type=click.Path(dir_okay=False), help="Draw to .html, .svg, .png or .json.")
@click.option("--json", "as_json", is_flag=True, help="Data instead of a table.")
def steps(
    problem: str,
    partial: str | None,
    backends: tuple[str, ...],
    at: str | None,
    plot: str | None,
    as_json: bool,
) -> None:
    """Show the error of finite differences against the step: the V and its optimum.

    PARTIAL is a parameter (m) or one of its components (w[3]); the first one if not given.

    \b
    Examples:
      calcbench steps chain_rule_single
      calcbench steps batch_regression m -b finite_difference[scheme=forward]
      calcbench steps damped_wave x --at x=1,t=0.5 --plot v.svg
    """
    from pathlib import Path

    from calcbench.catalogue.selection import one_problem, select_backends
    from calcbench.cli.values import parse_values
    from calcbench.report.tables import draw
    from calcbench.show import steps as difference_steps

    chosen = backends or [
        f"finite_difference[scheme={scheme}]" for scheme in ("forward", "central", "richardson")
    ]
    with progress() as tell:
        tell(f"{problem} · {len(difference_steps.STEPS)} steps")
        curve = difference_steps.curve(
            one_problem(problem),
            partial,
            select_backends(chosen),
            parse_values(at) if at is not None else None,
        )
        if plot:
            try:
                difference_steps.plot(curve, Path(plot))
            except OSError as error:
                raise click.FileError(plot, error.strerror or str(error)) from error
    if as_json:
        click.echo(json.dumps(curve.as_json()))
    elif plot:
        click.echo(f"drawn to {plot}")
    else:
        draw(difference_steps.table(curve), console())


@click.command()
@click.option(
    "-b",
    "--backend",
    "--backends",
    "backends",
    multiple=True,
    help="The name of a backend, or all. May be repeated. [the default ones]",
)
@click.option("--json", "as_json", is_flag=True, help="Data instead of a table.")
def doctor(backends: tuple[str, ...], as_json: bool) -> None:
    """Check the installation: versions, what imports, and one gradient by each default backend.

    Exit status 1 if something is installed but does not work.

    \b
    Examples:
      calcbench doctor
      calcbench doctor -b all
      calcbench doctor --json
    """
    from calcbench.show.doctor import draw, examine

    with progress() as tell:
        findings = examine(tell, backends or None)
    if as_json:
        print_json(findings.as_json())
    else:
        draw(findings, console())
    sys.exit(0 if findings.healthy else 1)


def _run(
    *,
    timed: bool,
    names: tuple[str, ...],
    problems: tuple[str, ...],
    backends: tuple[str, ...],
    at: str | None,
    direction: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare or verify, printing each problem's table as soon as it is there."""
    from calcbench.api import compare_each
    from calcbench.cli.values import parse_values
    from calcbench.report.comparison import comparison, summary
    from calcbench.report.tables import draw

    output = console()
    records: list[Record] = []
    groups = 0
    with progress() as tell:
        for batch in compare_each(
            [*names, *problems] or None,
            backends or None,
            parse_values(at) if at is not None else None,
            direction=parse_values(direction, "direction") if direction is not None else None,
            timed=timed,
            progress=tell,
            **options,
        ):
            records += batch
            groups += 1
            if not as_json:
                draw(comparison(batch, output.width), output)
    if as_json:
        print_json([record.as_json() for record in records])
    elif groups > 1:
        draw(summary(records), output)
    sys.exit(1 if any(record.status.failed for record in records) else 0)


def _card(card: Any) -> dict[str, Any]:
    return {
        "name": card.name,
        "theme": card.theme,
        "summary": card.summary,
        "options": card.options,
        "missing": card.missing,
    }


COMMANDS = (list_command, show, compare, verify, steps, doctor)
