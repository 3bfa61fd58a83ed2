"""`calcbench report`: a run as tables, in one of several formats."""

from __future__ import annotations

from pathlib import Path

import click

from calcbench.cli.runs import print_run, read_run
from calcbench.errors import printable
from calcbench.record.writing import replacing
from calcbench.report.formats import FORMATS, write


@click.command("report")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", help="[table]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
def command(run: Path | None, form: str, output: Path | None) -> None:
    """Report a run: per problem time, ratio to the fastest, to the cost, and digits.

    Below each table stand the break-even points and the growth with size. Without RUN, the
    latest in runs/. The format pyperf is for `python -m pyperf compare_to` and its like.

    \b
    Examples:
      calcbench report
      calcbench report runs/all.jsonl --format markdown
      calcbench report runs/all.jsonl --format latex --output table.tex
      calcbench report runs/all.jsonl --format pyperf --output run.json
    """
    found = read_run(run)
    if output is not None:
        text = write(found, form)
        with replacing(output) as part:
            part.write_text(text, encoding="utf-8")
        click.echo(printable(f"written to {output}"))
    elif form == "table":
        print_run(found)  # in colour, and as wide as the terminal
    else:
        click.echo(write(found, form).rstrip("\n"))
