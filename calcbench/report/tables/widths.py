"""How many characters the columns of a table take, and where a long text may break.

Names break where they are joined, numbers never.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcbench.report.tables.table import Column

PIPED_WIDTH = 100
"""Characters of a line where there is no terminal to ask."""

GAP = 2
"""Characters between two columns."""

NAME_WIDTH = 20
"""Characters that a backend's name may take from the columns beside it."""


def line_width(widths: Iterable[int]) -> int:
    """Add the widths of columns that stand beside each other, and the gaps between them."""
    found = list(widths)
    return sum(found) + GAP * (len(found) - 1)


def natural_width(column: Column) -> int:
    """Count the characters that a column takes where nothing in it breaks."""
    return max(map(text_width, column.texts))


def least_width(column: Column) -> int:
    """Count the characters that a column takes where everything breaks that may."""
    return max(text_width(piece.rstrip()) for text in column.texts for piece in pieces(text))


def block_width(column: Column) -> int:
    """Count the characters that a column takes where it does not have to be narrow."""
    return max(least_width(column), min(natural_width(column), NAME_WIDTH))


def fit_widths(columns: Sequence[Column], width: int) -> list[int]:
    """Fit columns into a line: the widest that can still break gives way first."""
    widths, least = list(map(natural_width, columns)), list(map(least_width, columns))
    while line_width(widths) > width:
        spare = [w if w > bound else 0 for w, bound in zip(widths, least, strict=True)]
        if not any(spare):
            break
        widths[spare.index(max(spare))] -= 1
    return widths


def wrap(text: str, width: int) -> str:
    """Break a text between its pieces, into lines of at most `width` characters."""
    lines = [""]
    for piece in pieces(text):
        if lines[-1] and text_width(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def pieces(text: str) -> list[str]:
    """Cut a text where it may break: after _ and [ and a comma or space.

    Numbers and names such as ∂C/∂w[0] stay whole.
    """
    if text[:1] in "0123456789.-∂(∇":
        return [text]
    return re.findall(r"[^_\[, ]*(?:[_\[ ]|, ?)?", text)[:-1] or [text]


def text_width(text: str) -> int:
    """Count the characters of a terminal that a text takes: two for 漢, none for an accent."""
    from rich.cells import cell_len

    return cell_len(text)
