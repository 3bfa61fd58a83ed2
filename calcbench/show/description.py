"""What there is to say about a problem, to be printed, or shown in a notebook."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from calcbench.errors import escape_controls, printable
from calcbench.problem.notebook import as_html, as_markdown, escape_markdown, set_formula
from calcbench.problem.problem import Problem
from calcbench.report.tables.widths import PIPED_WIDTH
from calcbench.show.describe import draw


@dataclass(frozen=True, repr=False)
class Description:
    """Formula, derivation, symbolic derivatives and programs of a problem, as `show` prints."""

    problem: Problem
    data: Mapping[str, Any]
    """What `calcbench show --json` gives: plain data."""

    def __str__(self) -> str:
        """Write it as plain text."""
        from rich.console import Console

        out = io.StringIO()
        draw(dict(self.data), Console(file=out, width=PIPED_WIDTH, color_system=None))
        return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        parts = [as_markdown(self.problem), self._derivation(), self._formulas()]
        parts += [_program(backend, found) for backend, found in self.data["programs"].items()]
        return "\n\n".join(filter(None, parts))

    def _repr_html_(self) -> str:
        derived = _fold("derivation", f"<ol>{''.join(map(_step, self.data['derivation']))}</ol>")
        programs = (_folded(backend, found) for backend, found in self.data["programs"].items())
        parts = [derived if self.data["derivation"] else "", self._symbols(), *programs]
        return as_html(self.problem) + "".join(parts)

    def _symbols(self) -> str:
        """Write the symbolic formulas as HTML."""
        lines = [
            escape(printable(formula if name == "note" else f"{name} = {formula}"))
            for name, formula in self.data["symbolic"].items()
        ]
        heading = f"<p><b>symbolic {escape(printable(self.data['operator']))}</b></p>"
        return f"{heading}<pre>{'<br>'.join(lines)}</pre>" if lines else ""

    def _derivation(self) -> str:
        """Write the steps, numbered; each formula is LaTeX."""
        return "\n\n".join(
            f"{number}. {escape_markdown(step['words'])}\n\n    $${step['latex']}$$"
            for number, step in enumerate(self.data["derivation"], 1)
        )

    def _formulas(self) -> str:
        lines = [
            escape_markdown(formula) if name == "note" else f"{_code(f'{name} = {formula}')}"
            for name, formula in self.data["symbolic"].items()
        ]
        heading = f"**symbolic {escape_markdown(self.data['operator'])}**"
        return "\n\n".join([heading, *lines]) if lines else ""


def _step(step: Mapping[str, str]) -> str:
    """Write a step of a derivation as HTML."""
    return f"<li>{escape(printable(step['words']))}{set_formula(step['latex'])}</li>"


def _folded(backend: str, found: Mapping[str, str]) -> str:
    """Write a program as HTML that a click opens, or the reason for none."""
    if "program" not in found:
        reason = escape(printable(found["reason"]))
        return f"<p><b>{escape(printable(backend))}</b>: {reason}</p>"
    return _fold(backend, f"<pre>{escape(escape_controls(found['program'].rstrip()))}</pre>")


def _fold(heading: str, body: str) -> str:
    """Write HTML that a click on its heading opens."""
    return f"<details><summary><b>{escape(printable(heading))}</b></summary>{body}</details>"


def _program(backend: str, found: Mapping[str, str]) -> str:
    """Write a program as a block of code, or the reason for none."""
    heading = f"**{escape_markdown(backend)}**"
    if "program" not in found:
        return f"{heading}: {escape_markdown(found['reason'])}"
    return f"{heading}\n\n````python\n{found['program'].rstrip()}\n````"


def _code(text: str) -> str:
    return f"`{printable(text).replace('`', chr(39))}`"
