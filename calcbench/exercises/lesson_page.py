"""The lessons as one page: prose, code, what it gives, pictures with sliders, answers folded."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from calcbench.errors import escape_controls
from calcbench.exercises.cells import Lesson, lessons
from calcbench.exercises.exercise import Exercise, escape_stars, plain_text
from calcbench.exercises.prose import as_html
from calcbench.exercises.running import Output, run
from calcbench.problem.mathml import write_formula
from calcbench.record.plain import plain
from calcbench.record.writing import write_json
from calcbench.report.page.library import missing_library
from calcbench.report.page.template import fill, summary_section
from calcbench.report.picture import Chart, Picture

FILE = "index.html"

DIGITS = 5
"""Digits of a number in a picture: more make a page longer, and no line straighter."""

LEFT_OUT = re.compile(r'(check|score)\(|.*find_spec\("calcbench"\)', re.DOTALL)
"""A cell that marks an answer, or that installs calcbench: a page has neither."""


def write(chosen: Sequence[Lesson], tell: Callable[[str], None]) -> str:
    """Run lessons, and write them as one page that opens without a network.

    Raises `CalcbenchError` where a cell raises.
    """
    sections = []
    for lesson in chosen:
        tell(lesson.title)
        sections.append(write_section(lesson, run(lesson)))
    first = "A derivation, a picture, six ways to compute it, and exercises: lesson by lesson."
    parts = [summary_section([first]), _contents(chosen), *sections]
    data = {"lessons": [lesson.title for lesson in chosen]}
    return fill("Lessons: one gradient, six ways", "with calcbench", parts, data)


def select(numbers: Iterable[int]) -> list[Lesson]:
    """Choose lessons by number, or all of them where none is given."""
    wanted = set(numbers)
    return [lesson for lesson in lessons() if not wanted or lesson.number in wanted]


def _contents(chosen: Sequence[Lesson]) -> str:
    links = "".join(
        f'<li><a href="#lesson-{lesson.number}">{escape(plain_text(lesson.title))}</a></li>'
        for lesson in chosen
    )
    return f'<nav aria-label="Lessons"><h3>Lessons</h3><ul>{links}</ul></nav>'


def write_section(lesson: Lesson, outputs: Iterable[Output]) -> str:
    """Write one lesson: of cells that were run, or that were only read."""
    body = "".join(map(_cell, outputs))
    return f'<section class="lesson" id="lesson-{lesson.number}">{body}</section>'


def _cell(output: Output) -> str:
    """Write a cell: what it says, or its code and what that gives."""
    if output.cell.is_text:
        return _lower_headings(as_html(output.cell.source))
    if isinstance(output.shown, Exercise):
        return _exercise(output.shown)
    if LEFT_OUT.match(output.cell.source):
        return ""
    code = f"<pre><code>{escape(output.cell.source)}</code></pre>"
    printed = f'<pre class="out">{_text(output.printed)}</pre>' if output.printed else ""
    missing = f'<p class="odd">{_text(output.missing)}</p>' if output.missing else ""
    return f"{code}{printed}{missing}{show(output.shown)}"


def _lower_headings(html: str) -> str:
    """Make the title of a lesson a heading of the second order, and so on."""
    return re.sub(r"<(/?)h([1-5])>", lambda found: f"<{found[1]}h{int(found[2]) + 1}>", html)


def _exercise(exercise: Exercise) -> str:
    """Write a question, and its answer, which a click opens."""
    choices = "".join(f"\n- {letter}) {text}" for letter, text in exercise.lettered)
    question = as_html(f"**{exercise.id}** {exercise.question}\n{choices}")
    hint = f"<details><summary>Hint</summary>{as_html(exercise.hint)}</details>"
    answer = f"{as_html(escape_stars(exercise.solution))}{as_html(exercise.because)}"
    folded = f"<details><summary>Answer</summary>{answer}</details>"
    return f'<div class="exercise">{question}{hint if exercise.hint else ""}{folded}</div>'


def show(value: Any) -> str:
    """Write a value as a notebook shows it: a picture, a formula, a table, or as text."""
    if value is None:
        return ""
    if hasattr(value, "picture"):
        return show(value.picture())
    if isinstance(value, Chart) and not missing_library():
        packed = pack(_round(value.chart.to_dict()))
        script = f'<script type="application/gzip">{packed}</script>'
        return f'<figure class="own"><div class="chart">{script}</div>{value.below}</figure>'
    if isinstance(value, Picture):
        return f'<figure class="own">{value.svg()}{value.below}</figure>'
    if hasattr(value, "_repr_html_"):
        return f'<div class="table">{value._repr_html_()}</div>'
    if hasattr(value, "_repr_markdown_"):
        return _lower_headings(as_html(value._repr_markdown_()))
    if hasattr(value, "_repr_latex_") and value._repr_latex_():
        return write_formula(value._repr_latex_().strip("$ ").removeprefix("\\displaystyle "))
    return f'<pre class="out">{_text(repr(value))}</pre>'


def pack(spec: Any) -> str:
    """Pack the data of a picture for a page: a tenth of the text that they are."""
    data = write_json(plain(spec, nan=None)).encode()
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()


def _text(text: str) -> str:
    return escape(escape_controls(text.rstrip()))


def _round(data: Any) -> Any:
    """Round every number in a picture's data."""
    if isinstance(data, float):
        return float(f"{data:.{DIGITS}g}")
    if isinstance(data, dict):
        return {key: _round(value) for key, value in data.items()}
    return [_round(value) for value in data] if isinstance(data, list) else data
