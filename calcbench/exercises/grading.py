"""Marking a folder of hand-ins, each in a process of its own with a deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from calcbench.errors import CalcbenchError, SelectorError, printable
from calcbench.exercises import guest
from calcbench.exercises.exercise import Exercise
from calcbench.exercises.guest import ENDINGS, Given
from calcbench.exercises.marking import mark
from calcbench.exercises.sheet import Sheet
from calcbench.report.formats.csv import write_lines
from calcbench.workers.isolation import Worker, WorkerDied
from calcbench.workers.memory import memory_limit

RIGHT, WRONG, UNREAD, MISSING = "right", "wrong", "unread", "missing"


@dataclass(frozen=True)
class Grade:
    """What one hand-in is worth."""

    name: str
    """The name of the file."""
    outcomes: dict[str, str]
    """Exercise → `right`, `wrong`, `unread` (no answer, such as text for a number) or `missing`."""
    remarks: tuple[str, ...] = ()
    """What was wrong, exercise by exercise; or why nothing could be read."""

    @property
    def right(self) -> int:
        """How many exercises are right."""
        return list(self.outcomes.values()).count(RIGHT)


def grade(
    sheet: Sheet, folder: Path, timeout: float, start: str, tell: Callable[[str], None]
) -> list[Grade]:
    """Mark every file of a folder; `timeout` is in seconds, `start` is how a process starts.

    Raises `SelectorError` for a folder that is none, or is empty.
    """
    questions = [_blank(exercise) for exercise in sheet]
    grades = []
    for path in hand_ins(folder):
        tell(path.name)
        grades.append(_grade(sheet, questions, path, timeout, start))
    return grades


def hand_ins(folder: Path) -> list[Path]:
    """List the files of a folder, by name; not those that are hidden."""
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        reason = error.strerror or str(error)
        raise SelectorError(f"{printable(repr(str(folder)))} is no folder: {reason}") from None
    files = [path.absolute() for path in found if path.is_file()]
    if not files:
        raise SelectorError(f"there are no hand-ins in {printable(repr(str(folder)))}")
    return files


def _blank(exercise: Exercise) -> Exercise:
    """Take all that answers an exercise out of it: a hand-in is to find nothing to read."""
    answers = tuple(replace(answer, text="", value=float("nan")) for answer in exercise.answers)
    return replace(exercise, answers=answers, hint="", because="", wrong=())


def _grade(
    sheet: Sheet, questions: list[Exercise], path: Path, timeout: float, start: str
) -> Grade:
    """Mark one file."""
    nothing = dict.fromkeys(sheet.by_id, MISSING)
    if path.suffix not in ENDINGS:
        return Grade(path.name, nothing, (f"its name must end in {', '.join(ENDINGS)}",))
    try:
        found, note = _read(questions, path, timeout, start)
    except (CalcbenchError, WorkerDied) as error:
        return Grade(path.name, nothing, (printable(str(error)),))
    marked = {id: _mark(sheet[id], given) for id, given in found.items()}
    outcomes = {**nothing, **{id: outcome for id, (outcome, _) in marked.items()}}
    remarks = [f"{id}: {remark}" for id, (_, remark) in marked.items() if remark]
    return Grade(path.name, outcomes, tuple(map(printable, filter(None, (*remarks, note)))))


def _read(
    questions: list[Exercise], path: Path, timeout: float, start: str
) -> tuple[dict[str, Given], str]:
    """Let a worker of its own read a hand-in."""
    worker = Worker(None, memory_limit(), start)
    try:
        worker.load(guest.__name__)
        found: tuple[dict[str, Given], str] = worker.ask(
            guest.read_hand_in, str(path), questions, timeout=timeout
        )
        return found
    finally:
        worker.stop()


def _mark(exercise: Exercise, given: Given) -> tuple[str, str]:
    """Mark what a hand-in has for one exercise: the outcome, and what is wrong."""
    if given.unread:
        return UNREAD, given.unread
    found = given.mark or mark(exercise, given.values)
    return (RIGHT, "") if found.right else (WRONG, "; ".join(found.faults))


def write_csv(sheet: Sheet, grades: Iterable[Grade]) -> str:
    """Write a line for each hand-in: its name, how many are right, each exercise, and remarks.

    No cell is text that a spreadsheet would run as a formula.
    """
    head = ["hand_in", "right", "exercises", *sheet.by_id, "remarks"]
    lines = [
        [
            g.name,
            g.right,
            len(sheet),
            *(g.outcomes[id] for id in sheet.by_id),
            " | ".join(g.remarks),
        ]
        for g in grades
    ]
    return write_lines([head, *lines])
