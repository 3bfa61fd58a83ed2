"""`calcbench exercise`: an exercise of the lessons, in a terminal."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from calcbench.cli.flags import json_option
from calcbench.cli.options import limit_time
from calcbench.cli.terminal import console, print_json
from calcbench.cli.values import FILE
from calcbench.errors import SelectorError, printable
from calcbench.exercises import guest
from calcbench.exercises.answers import read_number
from calcbench.exercises.exercise import Exercise, plain_text
from calcbench.exercises.session import Reply, Session
from calcbench.exercises.sheet import Sheet, lesson_sheet, load_sheet
from calcbench.report.tables.table import Entry, Table
from calcbench.report.tables.text import draw
from calcbench.show.in_worker import open_worker
from calcbench.workers.starting import start_method

STATUS = {"right": 0, "wrong": 1, "shown": 1, "unread": 2}
"""Exit status of what an answer is."""

NEGATIVE = re.compile(r"-(?!-|h$)[\w.(√]")
"""How an answer begins that is no option: -4, -2*y."""

LONGEST = 58
"""Characters of a question in the list."""


class WithNegativeAnswers(click.Command):
    """A command whose arguments may begin with a minus."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `--` before the first argument that is a negative number."""
        first = next((k for k, word in enumerate(args) if NEGATIVE.match(word)), None)
        if first is not None and "--" not in args:
            args = [*args[:first], "--", *args[first:]]
        return super().parse_args(ctx, args)


@click.command("exercise", cls=WithNegativeAnswers)
@click.argument("id", required=False)
@click.argument("answers", metavar="[ANSWER]...", nargs=-1)
@click.option("--sheet", "file", metavar="FILE", type=FILE, help="A sheet of your own (TOML).")
@click.option("--solution", is_flag=True, help="Show the answer, and why.")
@limit_time("What judging a derivation may take.")
@json_option
def command(
    id: str | None,
    answers: tuple[str, ...],
    file: Path | None,
    solution: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Show an exercise of the lessons, and mark an answer to it.

    Exit status 1 if it is wrong. Without ID, the exercises are listed. Without an answer, a
    terminal asks for it. An answer is a number or an expression for each value that is asked for;
    of a derivation, an expression for each parameter, or a .py file with a function `gradient`.
    Options stand before the answers.

    \b
    Examples:
      calcbench exercise
      calcbench exercise 5.3
      calcbench exercise 5.5 4 13
      calcbench exercise 6.2 '8*pi' '4*pi/3'
      calcbench exercise 5.5 --solution
    """
    sheet = lesson_sheet() if file is None else load_sheet(file)
    if id is None:
        _list(sheet, as_json)
        return
    exercise = sheet[id]
    if solution and as_json:
        print_json({**_as_data(exercise), "solution": exercise.solution, "why": exercise.because})
    elif solution:
        click.echo(f"{exercise}\n  {exercise.solution}\n  {plain_text(exercise.because)}")
    elif answers:
        sys.exit(_answer(Session(sheet), exercise, answers, timeout, as_json))
    elif as_json:
        print_json(_as_data(exercise))
    else:
        click.echo(str(exercise))
        if sys.stdin.isatty() and sys.stdout.isatty():
            sys.exit(_converse(Session(sheet), exercise, timeout))


def _list(sheet: Sheet, as_json: bool) -> None:
    """List the exercises, a line each."""
    if as_json:
        print_json([_as_data(exercise) for exercise in sheet])
        return
    rows = [[Entry(e.id), Entry(_shorten(plain_text(e.question)))] for e in sheet]
    draw(Table("", ("id", "question"), rows), console())


def _shorten(question: str) -> str:
    """Take the begin of a question that fits in a line."""
    question = printable(question)
    return question if len(question) <= LONGEST else f"{question[: LONGEST - 1].rstrip()}…"


def _as_data(exercise: Exercise) -> dict[str, object]:
    """Give what is asked as plain data, and no answer."""
    return {
        "id": exercise.id,
        "kind": exercise.kind,
        "question": exercise.question,
        "choices": list(exercise.choices),
        "answers": [answer.name for answer in exercise.answers],
        "kinds": [answer.kind for answer in exercise.answers],
        "problem": exercise.problem or None,
    }


def _answer(
    session: Session, exercise: Exercise, answers: tuple[str, ...], timeout: float, as_json: bool
) -> int:
    """Mark an answer, say what it is worth, and give the exit status."""
    reply = _check(session, exercise, answers, timeout)
    if as_json:
        print_json({"id": reply.id, "outcome": reply.outcome, "lines": list(reply.lines)})
    else:
        click.echo(str(reply))
    return STATUS[reply.outcome]


def _check(session: Session, exercise: Exercise, answers: tuple[str, ...], timeout: float) -> Reply:
    """Mark an answer; the code of a file is run in a process of its own."""
    if exercise.kind == "function" and len(answers) == 1 and answers[0].endswith(".py"):
        with open_worker(answers[0], timeout, start_method()) as ask:
            found = ask(guest.judge_file, str(Path(answers[0]).absolute()), exercise)
        return session.reply(exercise, found)
    return session.check(exercise.id, *answers)


def _converse(session: Session, exercise: Exercise, timeout: float) -> int:
    """Ask for each value until the answer is right or was shown; give the exit status."""
    while True:
        answers = tuple(
            click.prompt(
                f"  {answer.label}",
                prompt_suffix=" = ",
                value_proc=_read_number if answer.kind == "number" else str,
            )
            for answer in exercise.answers
        )
        reply = _check(session, exercise, answers, timeout)
        click.echo(str(reply))
        if reply.outcome in ("right", "shown"):
            return STATUS[reply.outcome]


def _read_number(text: str) -> str:
    """Take text that is a number, or ask again: the other values need not be written twice."""
    try:
        read_number(text)
    except SelectorError as error:
        raise click.UsageError(str(error)) from None
    return text
