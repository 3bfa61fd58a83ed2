"""What an exercise is, and how it shows itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from calcbench.errors import UnreadableFormula
from calcbench.show.unicode import as_unicode

TOLERANCE = 1e-4
"""How far an answer may be from the true value, relative to it: four digits, rounded, are too few
for some numbers, and five are enough for all."""

FORMULA = re.compile(r"\$([^$]+)\$")
"""A formula in LaTeX, between dollar signs."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""By what the choices of an exercise are named."""


@dataclass(frozen=True)
class Answer:
    """One of the values that an exercise asks for."""

    name: str
    """What it is called, `∂z/∂x`."""
    text: str
    """The expression as the sheet has it, or the letter of a choice."""
    value: float = float("nan")
    """The number; NaN where it is none, but a formula or a choice."""


@dataclass(frozen=True)
class Exercise:
    """A question, its answers, and what is said when one is wrong."""

    id: str
    question: str
    """Text; formulas are LaTeX between dollar signs."""
    answers: tuple[Answer, ...]
    kind: str = "number"
    """`number`; `choice`, a letter; or `function`, the gradient of a problem."""
    tolerance: float = TOLERANCE
    hint: str = ""
    because: str = ""
    """The reason, said when the answer is right, or shown."""
    wrong: tuple[tuple[Any, ...], ...] = ()
    """Hand-ins such as people give, each of which must be refused."""
    choices: tuple[str, ...] = ()
    problem: str = ""
    """Of a `function`: whose gradient is asked for."""

    @property
    def solution(self) -> str:
        """Write the right answers in a line: `z = 5, ∂z/∂x = 6`."""
        return ", ".join(f"{answer.name} = {write_answer(answer)}" for answer in self.answers)

    def __str__(self) -> str:
        """Write the question as plain text."""
        lines = [f"{self.id}  {plain_text(self.question)}"]
        lines += [f"  {letter}) {plain_text(text)}" for letter, text in self.lettered]
        return "\n".join([*lines, f"  answer: {self.wanted}"])

    __repr__ = __str__

    @property
    def lettered(self) -> list[tuple[str, str]]:
        """The choices, each with its letter."""
        return list(zip(LETTERS, self.choices, strict=False))

    @property
    def wanted(self) -> str:
        """Say what is to be given."""
        if self.kind == "function":
            return f"the gradient of {self.problem}, a function or {self._names}"
        return "a letter" if self.kind == "choice" else self._names

    @property
    def _names(self) -> str:
        return ", ".join(answer.name for answer in self.answers)

    def _repr_markdown_(self) -> str:
        choices = "".join(f"\n- {letter}) {text}" for letter, text in self.lettered)
        return f"**{self.id}** {self.question}\n{choices}\n\nAnswer: {self.wanted}"


def plain_text(text: str) -> str:
    """Write text for a terminal: formulas as Unicode, as far as one line can show them."""
    return FORMULA.sub(lambda found: _unicode(found[1]), text)


def _unicode(latex: str) -> str:
    try:
        return as_unicode(latex)
    except UnreadableFormula:
        return latex


def write_answer(answer: Answer) -> str:
    """Write a true value: the expression, and its digits where it is not a number already."""
    if answer.value != answer.value:
        return answer.text
    digits = f"{answer.value:.9g}"
    try:
        return digits if float(answer.text) == answer.value else f"{answer.text} = {digits}"
    except ValueError:
        return f"{answer.text} = {digits}"
