"""What there is to say about a problem, to be printed, or shown in a notebook."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calcbench.errors import printable
from calcbench.problem.notebook import as_markdown, escape_markdown
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


def _program(backend: str, found: Mapping[str, str]) -> str:
    """Write a program as a block of code, or the reason for none."""
    heading = f"**{escape_markdown(backend)}**"
    if "program" not in found:
        return f"{heading}: {escape_markdown(found['reason'])}"
    return f"{heading}\n\n````python\n{found['program'].rstrip()}\n````"


def _code(text: str) -> str:
    return f"`{printable(text).replace('`', chr(39))}`"
