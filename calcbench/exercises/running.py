"""Running a lesson from top to bottom, as a notebook does: what each cell prints, and shows."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from calcbench.errors import CalcbenchError, NotInstalled
from calcbench.exercises.cells import Cell, Lesson
from calcbench.exercises.sheet import lesson_sheet
from calcbench.problem.faults import RAISED

ASKING = re.compile(r'exercise\("([^"]+)"\)')
"""A cell that shows an exercise of the lessons."""


@dataclass(frozen=True)
class Output:
    """What became of a cell."""

    cell: Cell
    printed: str = ""
    shown: Any = None
    """The value of its last line, if that is an expression."""
    missing: str = ""
    """Why it could not be run here: a package that is not installed."""


def run(lesson: Lesson) -> Iterator[Output]:
    """Run the cells of a lesson one by one, in a namespace of its own.

    Raises `CalcbenchError` that names the cell where one raises; a package that is not there is
    an output.
    """
    module = types.ModuleType(f"lesson_{lesson.name}")
    sys.modules[module.__name__] = module  # where classes that are defined in it are looked for
    try:
        for number, cell in enumerate(lesson.cells, 1):
            yield Output(cell) if cell.is_text else _run(lesson, number, cell, vars(module))
    finally:
        del sys.modules[module.__name__]


def read(lesson: Lesson) -> Iterator[Output]:
    """Give the cells of a lesson without running them; one that shows an exercise does so."""
    for cell in lesson.cells:
        asked = None if cell.is_text else ASKING.fullmatch(cell.source)
        yield Output(cell, shown=lesson_sheet()[asked[1]] if asked else None)


def _run(lesson: Lesson, number: int, cell: Cell, names: dict[str, Any]) -> Output:
    printed = io.StringIO()
    file = f"<{lesson.name}, cell {number}>"
    try:
        with contextlib.redirect_stdout(printed):
            shown = execute(cell.source, file, names)
    except NotInstalled as error:
        return Output(cell, printed.getvalue(), missing=str(error))
    except RAISED as error:
        what = f"{type(error).__name__}: {error}"
        raise CalcbenchError(f"lesson {lesson.name}, cell {number}: {what}") from error
    return Output(cell, printed.getvalue(), shown)


def execute(source: str, file: str, names: dict[str, Any]) -> Any:
    """Run statements, and give the value of the last one if it is an expression."""
    tree = ast.parse(source, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, file, "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), file, "eval"), names)  # type: ignore[attr-defined]
