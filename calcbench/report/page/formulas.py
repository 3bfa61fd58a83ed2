"""What a page says of a problem itself: its formula, and how its gradient is derived by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from calcbench.bench.fingerprint import fingerprint
from calcbench.catalogue import door
from calcbench.errors import CalcbenchError
from calcbench.problem.mathml import write_formula
from calcbench.problem.problem import Problem
from calcbench.record.record import Record


def find_problems(records: Iterable[Record]) -> dict[str, Problem]:
    """Find the problems of a run in the catalogue, as far as they are still what was run."""
    sources = {record.problem: record.source.get("problem") for record in records}
    found = catalogue_problems(sources)
    return {name: p for name, p in found.items() if fingerprint(p) == sources[name]}


def catalogue_problems(names: Iterable[str]) -> dict[str, Problem]:
    """Find problems in the catalogue; what is not there, or does not import, is left out."""
    catalogue, found = door.problems(), {}
    for name in names:
        if name in catalogue:
            try:
                found[name] = catalogue[name]
            except CalcbenchError:  # a plugin's; the page is about numbers, and has them
                continue
    return found


def write_mathematics(name: str, problems: Mapping[str, Problem]) -> str:
    """Write a problem's formula and, to be opened, its derivation; nothing of an unknown one."""
    if name not in problems or not problems[name].formula:
        return ""
    problem = problems[name]
    derived = write_derivation(problem.derivation)
    return f'<div class="mathematics">{write_formula(problem.formula)}{derived}</div>'


def write_derivation(steps: Sequence[tuple[str, str]]) -> str:
    """Write a derivation as a list of words and formulas that a click opens."""
    if not steps:
        return ""
    items = (f"<li><p>{escape(words)}</p>{write_formula(latex)}</li>" for words, latex in steps)
    return f"<details><summary>Derived by hand</summary><ol>{''.join(items)}</ol></details>"
