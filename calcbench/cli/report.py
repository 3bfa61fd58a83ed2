"""`calcbench report`: a run as tables, in one of several formats, or several as pages."""

from __future__ import annotations

from os.path import isdir
from pathlib import Path

import click

from calcbench.cli.runs import print_run, read_run
from calcbench.cli.values import FILE
from calcbench.errors import SelectorError, printable
from calcbench.record.writing import refuse_unwritable, replacing
from calcbench.report.formats import FORMATS, write
from calcbench.report.page import site


@click.command("report")
@click.argument("runs", metavar="[RUN]...", nargs=-1, type=FILE)
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", help="[table]")
@click.option("-o", "--output", type=FILE, help="Write to a file.")
@click.option(
    "--site",
    "folder",
    type=FILE,
    metavar="DIR",
    help="Write a page for each RUN, or each in a folder of runs, and an index of them.",
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
def command(
    runs: tuple[Path, ...], form: str, output: Path | None, folder: Path | None, as_json: bool
) -> None:
    """Report a run: per problem time, ratio to the fastest, to the cost, and digits.

    Below each table stand the break-even points and the growth with size. Without RUN, the
    latest in runs/. The format html is a page with charts, to be sent; pyperf is for
    `python -m pyperf compare_to` and its like.

    \b
    Examples:
      calcbench report
      calcbench report runs/all.jsonl --format markdown
      calcbench report runs/all.jsonl --format html --output all.html
      calcbench report runs/all.jsonl --format latex --output table.tex
      calcbench report runs/all.jsonl --format pyperf --output run.json
      calcbench report runs/ --site pages
    """
    if folder is not None:
        _write_site(runs, folder)
        return
    if len(runs) > 1:
        raise SelectorError("report takes one run, or --site DIR for a page of each")
    found = read_run(runs[0] if runs else None)
    form = "json" if as_json else form
    if output is not None:
        _write(write(found, form), output)
        click.echo(printable(f"written to {output}"))
    elif form == "table":
        print_run(found)  # in colour, and as wide as the terminal
    else:
        click.echo(write(found, form).rstrip("\n"))


def _write_site(runs: tuple[Path, ...], folder: Path) -> None:
    """Write a page for each run, and the index last, so that no link in it leads nowhere."""
    files = [file for path in runs for file in (_runs_in(path) if isdir(path) else [path])]
    if not files:
        raise SelectorError("name the runs, or the folder of runs, that --site is to show")
    index, *pages = site.write([(file.name, read_run(file)) for file in files]).items()
    with refuse_unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in (*pages, index):
        _write(text, folder / name)
    click.echo(printable(f"written to {folder / index[0]}"))


def _runs_in(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.jsonl"))
    if not found:
        raise SelectorError(f"there is no run (*.jsonl) in {str(folder)!r}")
    return found


def _write(text: str, path: Path) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
