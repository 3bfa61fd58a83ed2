"""The cells of a lesson: its source is a script in the percent format, which is a notebook too."""

from __future__ import annotations

import importlib.resources
import re
from dataclasses import dataclass

START = re.compile(r"^# %%(.*)$")
"""The line that a cell begins with."""


@dataclass(frozen=True)
class Cell:
    """A piece of a lesson."""

    is_text: bool
    source: str
    """Markdown, or Python."""


@dataclass(frozen=True)
class Lesson:
    """A lesson: its cells, in order."""

    name: str
    """The name of its file without the ending: `05_partial_derivatives`."""
    cells: tuple[Cell, ...]

    @property
    def number(self) -> int:
        """Its number, which its file's name begins with."""
        return int(self.name.partition("_")[0])

    @property
    def title(self) -> str:
        """Its first heading."""
        heads = (re.search(r"^# (.+)$", cell.source, re.M) for cell in self.cells if cell.is_text)
        return next((head[1] for head in heads if head), self.name)


def lessons() -> list[Lesson]:
    """Read the lessons, which are installed with calcbench, in order."""
    folder = importlib.resources.files("calcbench.lessons")
    files = sorted(file.name for file in folder.iterdir() if re.match(r"\d+_.*\.py$", file.name))
    return [
        Lesson(name.removesuffix(".py"), split(folder.joinpath(name).read_text(encoding="utf-8")))
        for name in files
    ]


def split(source: str) -> tuple[Cell, ...]:
    """Split a script into its cells; what stands before the first one is none."""
    cells: list[tuple[bool, list[str]]] = []
    for line in source.splitlines():
        begin = START.match(line)
        if begin:
            cells.append(("[markdown]" in begin[1], []))
        elif cells:
            cells[-1][1].append(line)
    found = (Cell(text, _uncomment(lines) if text else _join(lines)) for text, lines in cells)
    return tuple(cell for cell in found if cell.source)


def _uncomment(lines: list[str]) -> str:
    """Take the sign of a comment off every line of text."""
    return _join([re.sub(r"^# ?", "", line) for line in lines])


def _join(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n")
