"""The run that travels with each lesson: what its times were measured on, and how to cite them."""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING

from calcbench.errors import SelectorError, printable

if TYPE_CHECKING:
    from calcbench.report.run import Run


def lesson_run(number: int) -> Run:
    """Load the run of a lesson: six backends, their times, and the machine that took them.

        >>> print(cite(lesson_run(5)))

    It is a file that is installed with calcbench: whoever opens the lesson has the same one. In a
    notebook it shows its tables. Raises `SelectorError` where there is no such lesson.
    """
    from calcbench.report.run import load  # imports NumPy, which questions do without

    folder = importlib.resources.files("calcbench.lessons").joinpath("runs")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".jsonl"))
    numbers = {int(name.removesuffix(".jsonl")): name for name in names}
    if number not in numbers:
        known = ", ".join(map(str, numbers))
        raise SelectorError(f"there is no lesson {printable(repr(number))}; choose from {known}")
    with importlib.resources.as_file(folder.joinpath(numbers[number])) as path:
        return load(path)
