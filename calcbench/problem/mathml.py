"""Formulas in LaTeX as MathML, which browsers draw without a script, a font or a network."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from html import escape, unescape
from xml.etree.ElementTree import Element, tostring

from calcbench.errors import NotInstalled, UnreadableFormula, missing

INSTALL = "python -m pip install latex2mathml"

SPACE = "0.17em"
"""What separates a function's name from its neighbours, as in TeX."""

LIMITS = frozenset(("lim", "max", "min", "sup", "inf"))
"""Names under which stands what they run over."""

ROWS = ("mrow", "mtd", "mstyle")

ELEMENTS = (
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mstyle", "mtable", "mtr", "mtd"),
    *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover"),
)
ATTRIBUTES = (
    *("xmlns", "display", "mathvariant", "stretchy", "fence", "form", "accent", "width"),
    *("movablelimits", "minsize", "maxsize", "columnalign", "linethickness"),
)

CHILDREN = {
    **dict.fromkeys(("mfrac", "mroot", "msub", "msup", "munder", "mover"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
}
"""How many parts an element has; a browser refuses to draw one that lacks some."""


def missing_mathml() -> str | None:
    """Say why there can be no MathML, and the command that changes it; None if there can."""
    return missing(["latex2mathml"], INSTALL)


def as_mathml(latex: str, display: str = "block") -> str:
    """Write a formula as a `<math>` element, `block` or `inline`.

    Raises `UnreadableFormula`, and `NotInstalled` without latex2mathml.
    """
    if reason := missing_mathml():
        raise NotInstalled(reason)
    try:
        found = importlib.import_module("latex2mathml.converter").Converter(display=display)
        math: Element = found.convert_to_element(latex)
    except Exception as error:  # it has a dozen kinds of its own, and raises Python's too
        reason = str(error) or type(error).__name__
        raise UnreadableFormula(f"the formula {latex!r} is not LaTeX: {reason}") from error
    for element in math.iter():
        _clean(element, latex)
    for parent in list(math.iter()):
        _name(parent)
    for parent in list(math.iter()):
        parent[:] = _spaced(parent)
    return tostring(math, encoding="unicode")


def write_formula(latex: str, display: str = "block") -> str:
    """Write a formula for a page: what cannot be MathML stays LaTeX, as code."""
    try:
        return as_mathml(latex, display)
    except (NotInstalled, UnreadableFormula):
        return f"<code>{escape(latex)}</code>"


def _clean(element: Element, latex: str) -> None:
    """Keep what draws a formula, and nothing that could be a script or a link."""
    if element.tag not in ELEMENTS:
        raise UnreadableFormula(f"the formula {latex!r} has no MathML: <{element.tag}>")
    if len(element) != CHILDREN.get(element.tag, len(element)):
        raise UnreadableFormula(f"the formula {latex!r} is incomplete")
    element.attrib = {k: v for k, v in element.attrib.items() if k in ATTRIBUTES}
    element.text = unescape(element.text) if element.text else element.text
    if (element.text or "").startswith("\\") and len(element.text or "") > 1:
        raise UnreadableFormula(f"{element.text} in the formula {latex!r} is not known")


def _name(element: Element) -> None:
    """Make a function's name no operator; what a limit runs over stands below its name."""
    if element.tag == "mo" and _is_function(element):
        element.tag = "mi"  # of `mo`, a browser would put wide spaces around it
    elif element.tag == "msub" and (element[0].text or "").strip() in LIMITS:
        element.tag = "munder"


def _spaced(parent: Element) -> Iterator[Element]:
    """Give the children of a row with spaces around the names of functions."""
    before: Element | None = None
    for child in list(parent):
        if before is not None and parent.tag in ROWS and _apart(before, child):
            yield Element("mspace", {"width": SPACE})
        yield child
        before = child


def _apart(left: Element, right: Element) -> bool:
    """Tell whether TeX has a small space between two elements because one is a function's name."""
    if "mspace" in (left.tag, right.tag):
        return False
    applied = _is_function(left) and not _is_operator(right)
    return applied or (_is_function(right) and _ends_a_factor(left))


def _is_function(element: Element) -> bool:
    """Tell whether an element is a function's name, perhaps with a script."""
    base = element[0] if element.tag in ("msup", "msub", "munder") and len(element) else element
    return base.tag in ("mi", "mo") and re.fullmatch("[A-Za-z]{2,}", base.text or "") is not None


def _is_operator(element: Element) -> bool:
    """Tell whether an element is, or begins with, a bracket or a sign: it has its own space."""
    base = element[0] if element.tag in ("mrow", "msup") and len(element) else element
    return base.tag == "mo" and not _is_function(base)


def _ends_a_factor(element: Element) -> bool:
    """Tell whether an element is no operator: a letter, a fraction, a bracket that closes."""
    if _is_function(element):
        return False
    return element.tag != "mo" or (element.text or "") in ")]}|‖"
