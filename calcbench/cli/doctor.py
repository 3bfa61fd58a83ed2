"""`calcbench doctor`: whether everything that is installed works."""

from __future__ import annotations

import sys

import click

from calcbench.cli.flags import json_option
from calcbench.cli.options import traceback_option
from calcbench.cli.terminal import console, print_json, progress, results_apart
from calcbench.show.doctor import draw, examine


@click.command("doctor")
@click.option(
    "-b",
    "--backend",
    "--backends",
    "backends",
    multiple=True,
    metavar="BACKEND",
    help="The name of a backend. May be repeated. [all of them]",
)
@traceback_option
@json_option
def command(backends: tuple[str, ...], as_json: bool) -> None:
    """Check the installation: versions, what imports, and one gradient by each backend.

    Exit status 1 if something is installed but does not work.

    \b
    Examples:
      calcbench doctor
      calcbench doctor -b torch -b jax
      calcbench doctor --json
    """
    with progress() as tell, results_apart():
        findings = examine(tell, backends or None)
    if as_json:
        print_json(findings.as_json())
    else:
        draw(findings, console())
    sys.exit(0 if findings.healthy else 1)
