"""Markdown with formulas as HTML, for a page that loads nothing."""

from __future__ import annotations

import re

from calcbench.problem.mathml import write_formula

FORMULA = re.compile(r"`[^`]*`|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$\n]+)\$", re.DOTALL)
"""Code, which is left alone, or a formula."""

BADGE = re.compile(r"\[!\[[^]]*\]\([^)]*\)\]\([^)]*\)|!\[[^]]*\]\([^)]*\)")
"""A picture from elsewhere, perhaps with a link: a page has none."""

PLACE = "\ue000{}\ue001"
"""What stands for a formula while the text around it is set."""


def as_html(markdown: str) -> str:
    """Set Markdown; formulas between dollar signs become MathML."""
    from markdown_it import MarkdownIt  # which takes a while, and pages alone need

    formulas: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        latex = found["block"] or found["inline"]
        if latex is None:
            return found[0]
        formulas.append(write_formula(latex.strip(), "block" if found["block"] else "inline"))
        return PLACE.format(len(formulas) - 1)

    text = FORMULA.sub(put_aside, BADGE.sub("", markdown))
    html: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return re.sub(PLACE.format(r"(\d+)"), lambda found: formulas[int(found[1])], html)
