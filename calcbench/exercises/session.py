"""A learner's session: what was tried, what is said to it, and the score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from calcbench.errors import SelectorError
from calcbench.exercises.exercise import Exercise, escape_stars, plain_text
from calcbench.exercises.marking import Mark, mark
from calcbench.exercises.sheet import Sheet
from calcbench.report.numbers import plural

TRIES = 2
"""After so many wrong answers the right one is shown."""

SIGNS = {"right": "✓", "wrong": "✗", "shown": "✗", "unread": "?"}


@dataclass(frozen=True)
class Reply:
    """What is said to an answer. It prints as text, and is set in a notebook."""

    id: str
    outcome: str
    """`right`, `wrong`, `shown` (wrong, and the answer was given) or `unread` (no answer)."""
    lines: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether the answer was right."""
        return self.outcome == "right"

    def __str__(self) -> str:
        """Write it as plain text."""
        first, *others = map(plain_text, self.lines)
        head = f"{SIGNS[self.outcome]} {self.id}: {first}"
        return "\n".join([head, *(f"  {line}" for line in others)])

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        first, *others = map(escape_stars, self.lines)
        return "\n\n".join([f"**{SIGNS[self.outcome]} {self.id}:** {first}", *others])


@dataclass
class Tries:
    """What became of one exercise so far."""

    wrong: int = 0
    outcome: str = "open"
    """`open`, `first` (right at the first try), `later`, or `shown` (the answer was given)."""


@dataclass(frozen=True)
class Score:
    """What was solved so far, lesson by lesson."""

    rows: tuple[tuple[str, int, int, int, int], ...]
    """Of each lesson that was begun: its name, right, right at the first try, shown, exercises."""

    @property
    def right(self) -> int:
        """How many exercises were solved, at the first try or a later one."""
        return sum(row[1] for row in self.rows)

    @property
    def total(self) -> int:
        """How many exercises the lessons have that were begun."""
        return sum(row[4] for row in self.rows)

    def _lines(self) -> Iterator[str]:
        for lesson, right, first, shown, total in self.rows:
            told = f", {shown} shown" if shown else ""
            yield f"{lesson}: {right} of {total} right, {first} at the first try{told}"

    def __str__(self) -> str:
        """Write it as plain text."""
        if not self.rows:
            return "nothing was tried yet"
        whole = f"{self.right} of {self.total} {plural(self.total, 'exercise')} right"
        return "\n".join([whole, *(f"  {line}" for line in self._lines())])

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        first, *others = str(self).splitlines()
        return "\n".join([f"**{first}**", "", *(f"- {line.strip()}" for line in others)])


@dataclass
class Session:
    """Tries at the exercises of a sheet."""

    sheet: Sheet
    tries: dict[str, Tries] = field(default_factory=dict)

    def exercise(self, id: str) -> Exercise:
        """Find an exercise, which shows its question; `SelectorError` where there is none."""
        return self.sheet[id]

    def check(self, id: str, *handed: Any) -> Reply:
        """Mark an answer: a hint at the first wrong one, the true values at the second.

        `handed` are the values in the order in which the exercise asks for them, or one list, or a
        dict by name; of a derivation, a function or an expression for each parameter. What is no
        answer, such as a list where a number is asked for, is told in a sentence, and is no try.
        Raises `SelectorError` where there is no such exercise.
        """
        exercise = self.sheet[id]
        try:
            found = mark(exercise, handed)
        except SelectorError as error:
            return Reply(id, "unread", (str(error),))
        return self.reply(exercise, found)

    def reply(self, exercise: Exercise, found: Mark) -> Reply:
        """Count a try, and say what it was worth."""
        tries = self.tries.setdefault(exercise.id, Tries())
        if found.right:
            if tries.outcome == "open":
                tries.outcome = "later" if tries.wrong else "first"
            return Reply(exercise.id, "right", tuple(filter(None, ("right.", exercise.because))))
        return self._refuse(exercise, found.faults, tries)

    def _refuse(self, exercise: Exercise, faults: tuple[str, ...], tries: Tries) -> Reply:
        """Answer a wrong one: with the hint, or with the true values."""
        tries.wrong += 1
        what = f"not right: {'; '.join(faults)}."
        if tries.wrong < TRIES:
            hint = f"Hint: {exercise.hint}" if exercise.hint else "Try once more."
            return Reply(exercise.id, "wrong", (what, hint))
        if tries.outcome == "open":
            tries.outcome = "shown"
        lines = (what, f"The answer is {exercise.solution}.", exercise.because)
        return Reply(exercise.id, "shown", tuple(filter(None, lines)))

    def score(self) -> Score:
        """Count what was solved, in the lessons that were begun."""
        begun = {lesson_of(id) for id in self.tries}
        lessons = dict.fromkeys(map(lesson_of, self.sheet.by_id))
        return Score(tuple(self._row(lesson) for lesson in lessons if lesson in begun))

    def _row(self, lesson: str) -> tuple[str, int, int, int, int]:
        ids = [id for id in self.sheet.by_id if lesson_of(id) == lesson]
        outcomes = [self.tries[id].outcome for id in ids if id in self.tries]
        first, later, shown = map(outcomes.count, ("first", "later", "shown"))
        return f"lesson {lesson}", first + later, first, shown, len(ids)


def lesson_of(id: str) -> str:
    """Give the part of an id before its last point: 5 of 5.3; all of it where there is none."""
    return id.rpartition(".")[0] or id
