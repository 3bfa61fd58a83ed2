"""The output of the command line, and the end of a command: a message and an exit status."""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

import click

from calcbench.errors import CalcbenchError, printable
from calcbench.record.writing import write_json
from calcbench.report.tables.widths import PIPED_WIDTH
from calcbench.workers.interrupt import INTERRUPTED

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

    from calcbench.record.record import Record


def print_json(data: Any) -> None:
    """Print JSON with its mathematics readable, where the output can write it."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(write_json(data, indent=2) if unicode else json.dumps(data, indent=2))


def say(message: str) -> None:
    """Print a line that is no result to the standard error stream, such as where a run is saved."""
    try:
        click.echo(printable(message), err=True)
    except OSError:  # nobody can be told; the exit status still can
        _discard(sys.stderr)


def console() -> Console:
    """Open rich in a terminal, at its width; plain text in a pipe, `COLUMNS` wide if it is set."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # Rich would exit with status 1: a disagreement

    piped = columns_given() or PIPED_WIDTH
    return Output(highlight=False, width=None if sys.stdout.isatty() else piped)


def columns_given() -> int:
    """Read how wide lines are to be off `COLUMNS`; 0 where it does not say."""
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isdecimal() else 0


class Screen:
    """The lines of a terminal that change: a table that grows, and what is being done.

    They are written anew when something happens, not by a thread with a clock: processes are
    forked meanwhile, and calls are timed.
    """

    def __init__(self, live: Live | None = None) -> None:
        """Take what rich writes anew; None where there is no terminal."""
        self._live = live
        self._draft: list[Any] = []
        self._doing = ""

    def tell(self, doing: str) -> None:
        """Say what is being done."""
        self._doing = printable(doing)
        self._write()

    def draft(self, parts: Iterable[Any]) -> None:
        """Show the parts of a table that is not complete, as rich prints them."""
        self._draft = list(parts)
        self._write()

    def clear(self) -> None:
        """Leave nothing on the screen, so that what is printed next stands in its place."""
        self._draft, self._doing = [], ""
        self._write()

    def _write(self) -> None:
        if self._live is None:
            return
        from rich.console import Group
        from rich.text import Text

        doing = Text(self._doing, style="dim", no_wrap=True, overflow="ellipsis")
        self._live.update(Group(*self._draft, doing), refresh=True)


@contextlib.contextmanager
def screen(output: Console | None) -> Iterator[Screen]:
    """Open lines that change on `output`, a terminal; lines that do not, where there is none."""
    if output is None:
        yield Screen()
        return
    from rich.live import Live

    with Live(
        console=output,
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as live:
        yield Screen(live)


def screen_on_stderr() -> contextlib.AbstractContextManager[Screen]:
    """Open lines that change on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        return screen(None)
    from rich.console import Console

    return screen(Console(stderr=True))


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show a line on the terminal that says what is being done; nothing where there is none.

    For commands that print nothing until that is done.
    """
    with screen_on_stderr() as shown:
        yield shown.tell


@contextlib.contextmanager
def progress_bar(total: int) -> Iterator[tuple[Callable[[str], None], Callable[[Record], None]]]:
    """Show the current cell, how many are done, and the time left; nothing without a terminal.

    Gives a function that names the current cell, and one that takes its record when it ends.
    """
    if not sys.stderr.isatty() or not total:
        yield (lambda text: None), (lambda record: None)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    # Twice a second: what the display burns, the rounds must not notice.
    with Progress(
        *columns, console=Console(stderr=True), refresh_per_second=2, transient=True
    ) as bar:
        task = bar.add_task("starting", total=total)

        def advance(record: Record) -> None:
            if record.status.failed:
                what = f"{record.problem}[{record.size}] {record.backend}: {record.reason}"
                bar.console.print(printable(what), style="red", markup=False)
            bar.advance(task)

        yield (lambda text: bar.update(task, description=printable(text))), advance


@contextlib.contextmanager
def results_apart() -> Iterator[TextIO]:
    """Give a stream to standard output, and send all else that is printed to standard error.

    For commands that run users' code in this process: what that prints is no result, nor is what a
    library in C does. After the block standard output is what it was, for results, until the
    process ends: functions that were registered for the exit are users' code, too.
    """
    before = sys.stdout
    encoding = getattr(before, "encoding", None) or "utf-8"
    with os.fdopen(os.dup(1), "w", encoding=encoding, errors="replace") as results:
        before.flush()
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        try:
            yield results
        finally:
            sys.stdout = before
            sys.stderr.flush()
            results.flush()
            os.dup2(results.fileno(), 1)
            atexit.register(_end_results)  # the last that is registered is the first that is run


def _end_results() -> None:
    """Send to standard error what is printed from now on."""
    sys.stdout.flush()
    os.dup2(2, 1)


def open_closed_streams() -> None:
    """Let output vanish for which there is no stream, as after `>&-`: the exit status remains."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)  # processes that are started have it, too
    os.close(descriptor)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))


def tolerate_narrow_encoding() -> None:
    """Let a terminal that cannot write ∂ get a question mark, not an exception."""
    with contextlib.suppress(AttributeError, ValueError):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What writing to a disk that is full, over its quota or broken gives."""


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """End with one line in place of a traceback: 2 for bad input, 130 after Ctrl-C.

    A pipe that was closed, as by `calcbench list | head -1`, is no fault: status 0.
    """
    try:
        yield
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.exceptions.NoArgsIsHelpError as help_text:  # `calcbench` alone
        click.echo(help_text.message)
    except click.ClickException as error:
        _refuse(error.format_message())
    except CalcbenchError as error:
        _refuse(str(error))
    except (KeyboardInterrupt, click.Abort):
        say("interrupted")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _discard(sys.stdout)
        sys.exit(0)
    except OSError as error:  # files that are asked for have messages of their own
        if error.filename is not None or error.errno not in FULL:
            raise
        _discard(sys.stdout)
        _refuse(f"the output cannot be written: {error.strerror or error}")


def _discard(stream: TextIO) -> None:
    """Let nothing that is left to be written raise again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _refuse(message: str) -> None:
    say(f"Error: {message}")
    sys.exit(2)
