"""What an exercise is, and how it shows itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calcbench.errors import UnreadableFormula
from calcbench.show.unicode import as_unicode

TOLERANCE = 1e-4
"""How far an answer may be from the true value, relative to it: four digits, rounded, are too few
for some numbers, and five are enough for all."""

STAR = re.compile(r"`[^`]*`|\$[^$]+\$|\*")
"""A star, or what it may stand in: code, or a formula."""

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
    """The number, of a formula its value at the point; NaN where there is none."""
    kind: str = "number"
    """`number`; `choice`, a letter; or `function`, a partial derivative of a problem."""
    slope: str = ""
    """Of a partial derivative: how it is written, `∂v/∂r`."""

    @property
    def label(self) -> str:
        """What it is called in a sentence."""
        return self.slope or self.name


@dataclass(frozen=True)
class Exercise:
    """A question, its answers, and what is said when one is wrong."""

    id: str
    question: str
    """Text; formulas are LaTeX between dollar signs."""
    answers: tuple[Answer, ...]
    kind: str = "number"
    """Of its answers, where these do not say: `number`; `choice`; or `function`, the gradient of a
    problem."""
    tolerance: float = TOLERANCE
    hint: str = ""
    because: str = ""
    """The reason, said when the answer is right, or shown."""
    wrong: tuple[tuple[Any, ...], ...] = ()
    """Hand-ins such as people give, each of which must be refused."""
    choices: tuple[str, ...] = ()
    """Between what the answer that is a letter chooses."""
    problem: str = ""
    """Of a `function`: whose gradient is asked for."""
    at: Mapping[str, float] = field(default_factory=dict)
    """Of a `function`: the point at which numbers are an answer, too; empty where they are not."""

    @property
    def solution(self) -> str:
        """Write the right answers in a line: `z = 5, ∂z/∂x = 6`."""
        return ", ".join(f"{answer.label} = {self._write(answer)}" for answer in self.answers)

    def _write(self, answer: Answer) -> str:
        """Write a right answer; of a choice, the letter and its text."""
        if answer.kind != "choice":
            return write_answer(answer)
        return f"{answer.text}) {self.choices[LETTERS.index(answer.text)]}"

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
        names = ", ".join(answer.label for answer in self.answers)
        if self.kind == "function":
            numbers = ", numbers" if self.at else ""
            return f"{names}: formulas{numbers}, or one function that gives them"
        if self.kind == "choice":
            return "a letter"
        return f"{names} (a letter)" if self.choices else names

    def _repr_markdown_(self) -> str:
        choices = "".join(f"\n- {letter}) {text}" for letter, text in self.lettered)
        return f"**{self.id}** {self.question}\n{choices}\n\nAnswer: {self.wanted}"


def escape_stars(text: str) -> str:
    """Write text for Markdown, in which the stars of `4*pi/3` are no signs of stress."""
    return STAR.sub(lambda found: r"\*" if found[0] == "*" else found[0], text)


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
