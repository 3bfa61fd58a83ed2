"""The command line: `calcbench list | show | compare | verify | bench | report | …`.

A command is a file of its name, and a line in `commands`. Beside them:

completion  what a shell needs to complete a line, for every command
flags       flags that many commands have
options     options that several commands share, and how sizes, times and memory are written
values      values by name, `m=0.9,b=0.1`, and lists
runs        the files in runs/: finding, reading and printing one
tables      the tables of a comparison, as they come
terminal    JSON, progress, and how a command ends
"""

from __future__ import annotations

import os
import sys

import click
from click.shell_completion import shell_complete

import calcbench
from calcbench.cli.commands import COMMANDS
from calcbench.cli.terminal import (
    open_closed_streams,
    tolerate_narrow_encoding,
    translate_errors,
)
from calcbench.workers import interrupt


@click.group(commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(calcbench.__version__, prog_name="calcbench")
def cli() -> None:
    """One cost function, many ways to its gradient, compared.

    \b
    Examples:
      calcbench list                        what problems and backends there are
      calcbench compare                     the class's problems by six backends
      calcbench compare batch_regression    one problem
      calcbench compare my_cost.py          a cost function of your own
      calcbench show batch_regression       formula, derivation, programs
      calcbench verify                      exit status 1 if a backend is wrong

    Problems, backends and options are completed after a Tab, where the shell was told so:

    \b
      bash: eval "$(_CALCBENCH_COMPLETE=bash_source calcbench)" in ~/.bashrc
      zsh:  eval "$(_CALCBENCH_COMPLETE=zsh_source calcbench)" in ~/.zshrc
      fish: _CALCBENCH_COMPLETE=fish_source calcbench | source
    """


COMPLETE = "_CALCBENCH_COMPLETE"
"""What a shell sets in the environment to have a line completed."""


def main() -> None:
    """Run the command line; bad input is one line and exit status 2, without a traceback."""
    with translate_errors():
        interrupt.raise_again()
        open_closed_streams()
        tolerate_narrow_encoding()
        if instruction := os.environ.get(COMPLETE):
            sys.exit(shell_complete(cli, {}, "calcbench", COMPLETE, instruction))
        # Not cli(): that gives a closed pipe the exit status of a disagreement.
        try:
            with cli.make_context("calcbench", sys.argv[1:]) as context:
                cli.invoke(context)
        finally:  # after sys.exit, too: what cannot be written is to be told
            sys.stdout.flush()
