"""`calcbench exercises`: a teacher's sheet, and the hand-ins to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from calcbench.cli.flags import json_option
from calcbench.cli.options import limit_time
from calcbench.cli.plot import write_file
from calcbench.cli.terminal import console, print_json, progress, say
from calcbench.cli.values import FILE
from calcbench.exercises.exercise import Exercise
from calcbench.exercises.grading import grade, write_csv
from calcbench.exercises.marking import mark
from calcbench.exercises.sheet import Sheet, load_sheet
from calcbench.report.numbers import plural
from calcbench.report.tables.table import Entry, Table
from calcbench.report.tables.text import draw
from calcbench.workers.starting import start_method


@click.command("exercises")
@click.argument("sheet", type=FILE)
@click.option("--grade", "folder", metavar="FOLDER", type=FILE, help="Mark the files in a folder.")
@click.option("-o", "--output", metavar="FILE", type=FILE, help="Write the marks there, as CSV.")
@limit_time("What one hand-in may take.")
@json_option
def command(
    sheet: Path, folder: Path | None, output: Path | None, timeout: float, as_json: bool
) -> None:
    """Read a sheet of exercises, and mark a folder of hand-ins to it.

    A sheet is a TOML file. Without --grade, every right answer of it is tried, which must be
    accepted, and every wrong one, which must be refused: exit status 1 if that is not so.

    A hand-in is a .py file with a dict, answers = {"5.3": [6, -4]}, or a .toml or .json file of the
    same. Each is read in a process of its own. The marks are comma-separated values.

    \b
    Examples:
      calcbench exercises sheet.toml
      calcbench exercises sheet.toml --grade hand_ins > marks.csv
      calcbench exercises sheet.toml --grade hand_ins -o marks.csv --timeout 10s
    """
    found = load_sheet(sheet)
    if folder is None:
        _try_out(found, as_json)
        return
    with progress() as tell:
        grades = grade(found, folder, timeout, start_method(), tell)
    if as_json:
        print_json([vars(each) for each in grades])
    elif output:
        write_file(output, write_csv(found, grades).encode())
        say(f"{len(grades)} {plural(len(grades), 'hand-in')} marked in {output}")
    else:
        click.echo(write_csv(found, grades), nl=False)


def _try_out(sheet: Sheet, as_json: bool) -> None:
    """Try the stored answers, right and wrong; exit status 1 if one is not marked so."""
    tried = [_try_one(exercise) for exercise in sheet]
    if as_json:
        print_json(tried)
    else:
        columns = ("exercise", "kind", "right answer", "wrong answers")
        rows = [[Entry(str(cell)) for cell in one.values()] for one in tried]
        draw(Table(sheet.title, columns, rows), console())
    if any(one["right"] != "accepted" or "accepted" in one["wrong"] for one in tried):
        sys.exit(1)


def _try_one(exercise: Exercise) -> dict[str, Any]:
    """Try what one exercise has stored."""
    right = mark(exercise, [answer.text for answer in exercise.answers]).right
    taken = [number for number, w in enumerate(exercise.wrong, 1) if mark(exercise, w).right]
    refused = f"{len(exercise.wrong) - len(taken)} of {len(exercise.wrong)} refused"
    return {
        "id": exercise.id,
        "kind": exercise.kind,
        "right": "accepted" if right else "refused",
        "wrong": f"no. {taken[0]} accepted" if taken else refused if exercise.wrong else "none",
    }
