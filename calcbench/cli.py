"""The command line: `calcbench list | show | compare | verify | steps | doctor`."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

import calcbench
from calcbench.errors import CalcbenchError

if TYPE_CHECKING:
    from rich.console import Console

    from calcbench.record import Record

# Everything else is imported by the command that needs it: `calcbench list` is to be quick.


class SizeType(click.ParamType):
    """A whole number, also written 8_000_000 or 8e6."""

    name = "N"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Turn the text into an int, or fail with a message."""
        for read in (int, float):
            with contextlib.suppress(ValueError, OverflowError):
                number = read(str(value))
                if number >= 1 and number == int(number):
                    return int(number)
        self.fail(f"{value!r} is not a whole number of at least 1", param, ctx)


def _selection(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that compare and verify share: which problems, which backends, where."""
    for decorate in reversed(
        (
            click.argument("names", metavar="[PROBLEM]...", nargs=-1),
            click.option(
                "-p",
                "--problem",
                "problems",
                multiple=True,
                metavar="PROBLEM",
                help="A problem's name, a theme, or a path to a .py file. May be repeated.",
            ),
            click.option(
                "-b",
                "--backend",
                "backends",
                multiple=True,
                metavar="BACKEND",
                help="A backend, with options in brackets: torch[mode=compile]. May be repeated.",
            ),
            click.option(
                "--at", metavar="m=0.9,b=0.1", help="Values of one problem's parameters; w=[1,2]."
            ),
            click.option("--size", type=SizeType(), help="Size of the problem (8e6, 8_000_000)."),
            click.option(
                "--seed", type=click.IntRange(min=0), default=0, help="Seed of data and points. [0]"
            ),
            click.option(
                "--dtype", type=click.Choice(["float64", "float32"]), help="Floats of all backends."
            ),
            click.option("--json", "as_json", is_flag=True, help="Data instead of tables."),
        )
    ):
        command = decorate(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(calcbench.__version__, prog_name="calcbench")
def cli() -> None:
    """One cost function, many ways to its gradient, compared.

    \b
    Examples:
      calcbench list                          what problems and backends there are
      calcbench compare                       every problem by every backend
      calcbench compare batch_regression      one problem
      calcbench compare my_cost.py            a cost function of your own
      calcbench show batch_regression         formula, derivation, programs
      calcbench verify                        agreement alone; exit status 1 if one is wrong
    """


@cli.command("list")
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
    if as_json:
        _print_json({k: [_card(c) for c in v.cards.values()] for k, v in chosen.items()})
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
        click.echo()


@cli.command()
@_selection
def compare(**selection: Any) -> None:
    """Compare backends: every partial side by side, digits, verdict and a first timing.

    Without PROBLEM, all problems. The digits are the worst over several points (the problem's
    own, zeros, random ones); the partials are shown at the problem's own point. `call` is the
    median of a few rounds in one process: an order of magnitude.

    Exit status: 0 if all agree, 1 if a backend disagrees or fails, 2 for bad input.

    \b
    Examples:
      calcbench compare
      calcbench compare batch_regression --at m=0.9,b=0.1
      calcbench compare review -b by_hand -b torch[mode=func] -b jax
      calcbench compare straight_line_at_scale --size 8e6
      calcbench compare square -b finite_difference[scheme=forward,delta=0.1]
      calcbench compare my_cost.py --json
    """
    _run(timed=True, **selection)


@cli.command()
@_selection
def verify(**selection: Any) -> None:
    """Check agreement alone, without timing; exit status 1 if any backend is wrong.

    \b
    Examples:
      calcbench verify
      calcbench verify my_cost.py && echo "my gradient is right"
    """
    _run(timed=False, **selection)


@cli.command()
@click.argument("problem")
@click.option(
    "-b", "--backend", "backends", multiple=True, help="Programs for these backends only."
)
@click.option("--json", "as_json", is_flag=True, help="Data instead of text.")
def show(problem: str, backends: tuple[str, ...], as_json: bool) -> None:
    """Show a problem: formula, derivation, symbolic gradient, and a program per framework.

    \b
    Examples:
      calcbench show batch_regression
      calcbench show cylinder_volume -b torch > cylinder_torch.txt
      calcbench show my_cost.py
    """
    from calcbench import description
    from calcbench.plugins import select_problems

    with _progress() as progress:
        found = []
        for chosen in select_problems([problem]):
            progress(f"{chosen.name} · formula and programs")
            found.append(description.describe(chosen, backends or None))
    if as_json:
        _print_json(found)
        return
    console = _console()
    for description_of_one in found:
        description.draw(description_of_one, console)


@cli.command()
@click.argument("problem")
@click.argument("partial", required=False)
@click.option(
    "-b",
    "--backend",
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

    from calcbench import api, plugins, tables
    from calcbench import steps as difference_steps
    from calcbench.points import parse_at

    chosen = backends or [
        f"finite_difference[scheme={scheme}]" for scheme in ("forward", "central", "richardson")
    ]
    with _progress() as progress:
        progress(f"{problem} · {len(difference_steps.STEPS)} steps")
        curve = difference_steps.curve(
            api.one_problem(problem),
            partial,
            plugins.select_backends(chosen),
            parse_at(at) if at is not None else None,
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
        tables.draw(difference_steps.table(curve), _console())


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Data instead of a table.")
def doctor(as_json: bool) -> None:
    """Check the installation: versions, what imports, and one gradient by each backend.

    Exit status 1 if something is installed but does not work.

    \b
    Examples:
      calcbench doctor
      calcbench doctor --json
    """
    from calcbench import doctor as checkup

    with _progress() as progress:
        findings = checkup.examine(progress)
    if as_json:
        _print_json(findings.as_json())
    else:
        checkup.draw(findings, _console())
    sys.exit(0 if findings.healthy else 1)


def _run(
    *,
    timed: bool,
    names: tuple[str, ...],
    problems: tuple[str, ...],
    backends: tuple[str, ...],
    at: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare or verify, printing each problem's table as soon as it is there."""
    from calcbench import api, tables
    from calcbench.points import parse_at

    console = _console()
    records: list[Record] = []
    groups = 0
    with _progress() as progress:
        for batch in api.compare_each(
            [*names, *problems] or None,
            backends or None,
            parse_at(at) if at is not None else None,
            timed=timed,
            progress=progress,
            **options,
        ):
            records += batch
            groups += 1
            if not as_json:
                tables.draw(tables.comparison(batch, console.width), console)
    if as_json:
        _print_json([record.as_json() for record in records])
    elif groups > 1:
        tables.draw(tables.summary(records), console)
    sys.exit(1 if any(record.status.failed for record in records) else 0)


def _card(card: Any) -> dict[str, Any]:
    return {
        "name": card.name,
        "theme": card.theme,
        "summary": card.summary,
        "options": card.options,
        "missing": card.missing,
    }


def _print_json(data: Any) -> None:
    """JSON with its mathematics readable, where the output can write it."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(data, indent=2, ensure_ascii=not unicode))


def _console() -> Console:
    """Rich in a terminal, at its width; plain text of a fixed width in a pipe."""
    from rich.console import Console

    from calcbench.tables import PIPED_WIDTH

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # Rich would exit with status 1: a disagreement

    return Output(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A line on the terminal that says what is being done; silent where there is none."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


def _refuse(message: str) -> None:
    click.echo(f"Error: {' '.join(message.split())}", err=True)
    sys.exit(2)


def main() -> None:
    """Entry point: one line and exit status 2 for bad input, no traceback."""
    with contextlib.suppress(AttributeError, ValueError):
        # A terminal that cannot write ∂ gets a question mark, not an exception.
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        # Not cli(): that gives a closed pipe the exit status of a disagreement.
        with cli.make_context("calcbench", sys.argv[1:]) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.exceptions.NoArgsIsHelpError as help_text:  # `calcbench` alone
        click.echo(help_text.message)
    except click.ClickException as error:
        _refuse(error.format_message())
    except CalcbenchError as error:
        _refuse(str(error))
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:  # `calcbench list | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
