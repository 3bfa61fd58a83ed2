"""`calcbench lessons`: the lessons, listed, or as one page."""

from __future__ import annotations

from pathlib import Path

import click

from calcbench.cli.flags import json_option
from calcbench.cli.plot import write_file
from calcbench.cli.terminal import print_json, progress, say
from calcbench.cli.values import FILE
from calcbench.errors import SelectorError
from calcbench.exercises.cells import lessons
from calcbench.exercises.lesson_page import select, write
from calcbench.record.writing import refuse_unwritable
from calcbench.report.numbers import plural


@click.command("lessons")
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1, type=int)
@click.option(
    "--html", "folder", metavar="FOLDER", type=FILE, help="Run them, and write index.html there."
)
@json_option
def command(numbers: tuple[int, ...], folder: Path | None, as_json: bool) -> None:
    """List the lessons, or write them as one page that opens without a network.

    The page is what running them here gives; all of them, with every framework, take minutes.

    \b
    Examples:
      calcbench lessons
      calcbench lessons --html lessons
      calcbench lessons 5 8 --html lessons
    """
    chosen = select(numbers)
    unknown = sorted(set(numbers) - {lesson.number for lesson in chosen})
    if unknown or not chosen:
        known = ", ".join(str(lesson.number) for lesson in lessons())
        raise SelectorError(
            f"there is no lesson {unknown[0] if unknown else ''}: choose from {known}"
        )
    if folder is not None:
        with progress() as tell:
            page = write(chosen, tell)
        with refuse_unwritable(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_file(folder / "index.html", page.encode())
        say(f"{len(chosen)} {plural(len(chosen), 'lesson')} in {folder / 'index.html'}")
    if as_json:
        print_json(
            [{"number": each.number, "name": each.name, "title": each.title} for each in chosen]
        )
    elif folder is None:
        click.echo("\n".join(lesson.title for lesson in chosen))
