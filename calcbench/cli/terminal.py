"""What the command line prints with: tables, JSON, progress on the standard error stream."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console


def print_json(data: Any) -> None:
    """JSON with its mathematics readable, where the output can write it."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(data, indent=2, ensure_ascii=not unicode))


def console() -> Console:
    """Rich in a terminal, at its width; plain text of a fixed width in a pipe."""
    from rich.console import Console

    from calcbench.report.tables import PIPED_WIDTH

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # Rich would exit with status 1: a disagreement

    return Output(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A line on the terminal that says what is being done; silent where there is none."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update
