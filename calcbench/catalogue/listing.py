"""A catalogue as a table, as text or HTML. Neither NumPy nor rich is loaded for it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from html import escape

from calcbench.catalogue.cards import Card
from calcbench.errors import printable

WIDTH = 100
"""Characters of a line."""

MIDDLE = 30
"""Characters of the column between name and summary, at most."""


def as_text(noun: str, cards: Iterable[Card]) -> str:
    """Tabulate cards below a heading, in lines of `WIDTH` characters."""
    heads, *rows = _rows(noun, list(cards))
    name = max(len(row[0]) for row in (heads, *rows))
    middle = min(MIDDLE, max(len(row[1]) for row in (heads, *rows)))
    widths = (name, middle, max(20, WIDTH - name - middle - 4))
    body = [line for row in rows for line in _wrap(row, widths)]
    top = _wrap(heads, widths)
    return "\n".join([*top, "─" * max(map(len, [*top, *body])), *body])


def as_html(noun: str, cards: Iterable[Card]) -> str:
    """Tabulate cards as HTML, for a notebook."""
    heads, *rows = _rows(noun, list(cards))
    body = "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{_cells(heads, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def _rows(noun: str, cards: list[Card]) -> list[tuple[str, str, str]]:
    """Make the headings and a row of each card; why one is not available stands for its summary."""
    if any(card.options for card in cards):
        middle = {card.name: _write_options(card) for card in cards}
        heads = (noun, "options", "what it is")
    else:
        middle = {card.name: card.theme for card in cards}
        heads = (noun, "theme", "what it is")
    rows = [(card.name, middle[card.name], card.missing or card.summary) for card in cards]
    return [heads, *((printable(a), printable(b), printable(c)) for a, b, c in rows)]


def _write_options(card: Card) -> str:
    """Write options as a selector has them: `mode=eager|func|compile, delta=NUMBER`."""
    return ", ".join(
        f"{option}={'|'.join(map(str, choices)) or 'NUMBER'}"
        for option, choices in card.options.items()
    )


def _wrap(row: tuple[str, ...], widths: tuple[int, ...]) -> list[str]:
    """Break the cells of a row at blanks, and put them side by side."""
    cells = [textwrap.wrap(text, width) or [""] for text, width in zip(row, widths, strict=True)]
    lines = []
    for number in range(max(map(len, cells))):
        parts = (cell[number] if number < len(cell) else "" for cell in cells)
        padded = (f"{part:<{width}}" for part, width in zip(parts, widths, strict=True))
        lines.append("  ".join(padded).rstrip())
    return lines


def _cells(row: tuple[str, ...], tag: str) -> str:
    return "".join(f'<{tag} style="text-align:left">{escape(text)}</{tag}>' for text in row)
