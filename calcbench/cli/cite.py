"""`calcbench cite`: how to cite a run."""

from __future__ import annotations

from pathlib import Path

import click

from calcbench.cli.flags import json_option
from calcbench.cli.runs import read_run
from calcbench.cli.terminal import print_json
from calcbench.cli.values import FILE
from calcbench.errors import SelectorError
from calcbench.report.citation import bibtex, cite, sentence


@click.command("cite")
@click.argument("run", required=False, type=FILE)
@json_option
def command(run: Path | None, as_json: bool) -> None:
    """Print BibTeX and a sentence that cite a run: machine, versions, date, what was timed.

    Without RUN, the latest in runs/.

    \b
    Examples:
      calcbench cite
      calcbench cite runs/all.jsonl > run.bib
    """
    found = read_run(run)
    if not found.records:
        raise SelectorError("there is nothing to cite: no cell of this run was measured")
    if as_json:
        print_json({"bibtex": bibtex(found), "sentence": sentence(found)})
    else:
        click.echo(cite(found).rstrip("\n"))
