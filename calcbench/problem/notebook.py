"""A problem as a notebook shows it: name, summary, formula, and the shapes of its arguments."""

from __future__ import annotations

import re
from html import escape as escape_html
from typing import TYPE_CHECKING

import numpy as np

from calcbench.errors import NotInstalled, UnreadableFormula, missing, printable
from calcbench.problem.faults import RAISED, describe
from calcbench.problem.mathml import as_mathml

if TYPE_CHECKING:
    from calcbench.problem.problem import Problem

HEADS = ("argument", "what", "shape")

LEFT = ' style="text-align:left"'
"""Of a cell: notebooks put all text to the right."""


def as_markdown(problem: Problem) -> str:
    """Write a problem as Markdown; the formula is LaTeX, which notebooks set."""
    rows, note = _arguments(problem)
    parts = [f"**{escape_markdown(problem.name)}**", escape_markdown(problem.summary)]
    parts += [f"$$\n{formula}\n$$" for formula in _formula(problem)]
    lines = [HEADS, ("---",) * len(HEADS), *(tuple(map(escape_markdown, row)) for row in rows)]
    parts += ["\n".join(f"| {' | '.join(line)} |" for line in lines), escape_markdown(note)]
    return "\n\n".join(filter(None, parts))


def as_html(problem: Problem) -> str:
    """Write a problem as HTML."""
    rows, note = _arguments(problem)
    summary = _html(problem.summary)
    parts = [f"<p><b>{_html(problem.name)}</b>{f'<br>{summary}' if summary else ''}</p>"]
    parts += [set_formula(formula) for formula in _formula(problem)]
    parts += [f"<table><thead>{_row(HEADS, 'th')}</thead><tbody>"]
    parts += [_row(row, "td") for row in rows]
    parts += ["</tbody></table>", f"<p>{_html(note)}</p>" if note else ""]
    return "".join(parts)


def as_latex(problem: Problem) -> str | None:
    """Write a problem's formula as LaTeX; None where it has none."""
    return next((f"$\\displaystyle {formula}$" for formula in _formula(problem)), None)


def set_formula(latex: str) -> str:
    """Set a formula in HTML: browsers draw MathML themselves.

    Without the library for that, or of what is no LaTeX, it stays LaTeX, which a notebook sets.
    """
    try:
        return f'<div style="margin:.6em 0">{as_mathml(latex)}</div>'
    except (NotInstalled, UnreadableFormula):
        return f"<div>$${escape_html(latex)}$$</div>"


def escape_markdown(text: str) -> str:
    """Write text in one line that begins no tag, formula, link or emphasis, and ends no cell."""
    return re.sub(r"([\\|`*_<\[\]~$])", r"\\\1", printable(text))


def _formula(problem: Problem) -> list[str]:
    """Return the formula, or none; what is declared badly is told when the problem is used."""
    formula = problem.formula
    return [formula] if isinstance(formula, str) and formula else []


def _arguments(problem: Problem) -> tuple[list[tuple[str, str, str]], str]:
    """List every argument of the cost with its shape; and why a shape is not known."""
    shapes, note = _shapes(problem)
    kinds = {
        **dict.fromkeys(problem.parameters, "parameter"),
        **dict.fromkeys(problem.data, "data"),
    }
    return [(name, kind, shapes.get(name, "?")) for name, kind in kinds.items()], note


def _shapes(problem: Problem) -> tuple[dict[str, str], str]:
    """Draw the inputs of the default size, and write their shapes; or say why that cannot be."""
    reason = missing(problem.requires, problem.install)
    if reason:
        return {}, reason
    try:
        values = problem.inputs(problem.sizes[0], np.random.default_rng(0))
        return {name: _shape(np.shape(value)) for name, value in values.items()}, ""
    except RAISED as error:  # whatever a user's inputs raise
        return {}, f"its inputs raise {describe(error)}"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{length:,}" for length in shape) or "a number"


def _row(cells: tuple[str, ...], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}{LEFT}>{_html(cell)}</{tag}>' for cell in cells)}</tr>"


def _html(text: str) -> str:
    return escape_html(printable(text))
