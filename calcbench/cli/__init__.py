"""The command line: `calcbench list | show | compare | verify | bench | report | …`.

agreement   list, show, compare, verify, steps, doctor
timing      bench, merge, report, compare-runs, cite
selection   the options that select problems, backends and sizes
terminal    tables, JSON and progress
"""

from __future__ import annotations

import contextlib
import os
import sys

import click

import calcbench
from calcbench.cli import agreement, timing
from calcbench.errors import CalcbenchError

# Everything else is imported by the command that needs it: `calcbench list` is to be quick.


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


for command in (*agreement.COMMANDS, *timing.COMMANDS):
    cli.add_command(command)


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
