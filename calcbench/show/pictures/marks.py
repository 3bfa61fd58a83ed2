"""Lines, dots and labels of a panel, drawn by altair: as few charts as there are looks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.show.pictures.contours import Box
from calcbench.show.pictures.style import chart_of, shorten

Rows = tuple[Mapping[str, Any], ...]

DASHES: dict[str, list[int]] = {"solid": [1, 0], "dashed": [6, 4], "dotted": [2, 3]}

LINES = ("line", "arrow")
"""Kinds that are drawn as lines."""

SIDES = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
"""Where a label stands, seen from its place."""

ALIGNED = {"e": ("left", 7), "w": ("right", -7)}
"""Of labels to the east or west: which end is at the place, and how many pixels lie between."""

RAISED = {"n": -10, "s": 13}
"""Pixels that labels to the north or south stand lower than their place."""

HALO = 4
"""Pixels of white around a label, so that it is read above lines."""

DOT, SMALL = 80, 26
"""Areas of dots, in square pixels."""

LETTER, LINE = 7.0, 15.0
"""Pixels that a label takes for each character, and in height."""


@dataclass(frozen=True)
class Mark:
    """Rows of data that look alike."""

    kind: str
    """`line`, `arrow`, `point` or `text`."""
    look: str
    """Of a line, its dashes; of dots, `dot`, `small` or `hollow`; of a text, its side."""
    colour: str
    rows: Rows


def draw_marks(alt: Any, marks: Iterable[Mark], x: Any, y: Any, condition: str = "") -> list[Any]:
    """Draw lines, above them dots, and labels above all; with a condition, the rows that hold it.

    Every chart costs altair milliseconds, so there is one for all marks of a look.
    """
    found = [*marks]
    numbers = {id(mark): k for k, mark in enumerate(found)}
    charts = []
    for kind in DRAWERS:
        alike = sorted((m for m in found if m.kind == kind), key=_group)
        for _, group in itertools.groupby(alike, _group):
            members = [*group]
            rows = chart_of(alt, _rows(members, numbers))
            chosen = rows.transform_filter(condition) if condition else rows
            charts += [drawn.encode(x, y) for drawn in DRAWERS[kind](alt, chosen, members[0])]
    return charts


def boxes(marks: Iterable[Mark], pixels: Callable[[float, float], Any]) -> list[Box]:
    """List the places of arrows, dots and labels, which labels of level curves keep clear of."""
    found = []
    for mark in marks:
        places = [np.array(pixels(row["x"], row["y"])) for row in mark.rows]
        if mark.kind == "arrow":
            low, high = np.min(places, axis=0), np.max(places, axis=0)
            found.append(Box((low + high) / 2, (high - low) / 2 + 2))
        elif mark.kind == "point":
            found += [Box(place, np.full(2, 6.0)) for place in places]
        elif mark.kind == "text":
            rows = zip(places, mark.rows, strict=True)
            found += [_label_box(place, row["text"], mark.look) for place, row in rows]
    return found


def _label_box(place: np.ndarray, text: str, side: str) -> Box:
    """Find where a label is that stands to one side of a place."""
    half = np.array([LETTER * len(text), LINE]) / 2
    _, dx = ALIGNED.get(side[-1], ("", 0))
    shift = np.array([dx + np.sign(dx) * half[0], -RAISED.get(side[0], 0)])
    return Box(place + shift, half)


def _shortened(row: Mapping[str, Any]) -> dict[str, Any]:
    """Shorten the numbers of a row."""
    return {key: shorten(v) if isinstance(v, float) else v for key, v in row.items()}


def _group(mark: Mark) -> tuple[int, str, str]:
    """Say which marks share a chart: of lines, which have many rows, those of a colour.

    Dashes are drawn above solid lines, which would hide them.
    """
    line = mark.kind in LINES
    return [*DASHES].index(mark.look) if line else 0, mark.look, mark.colour if line else ""


def _rows(members: Iterable[Mark], numbers: Mapping[int, int]) -> Iterable[dict[str, Any]]:
    """List the rows of some marks; those of a line bear its number, lest two be joined."""
    for mark in members:
        line = mark.kind in LINES
        more = {"line": numbers[id(mark)]} if line else {"colour": mark.colour}
        for row in mark.rows:
            yield {**_shortened(row), **more}


def _draw_line(alt: Any, rows: Any, first: Mark) -> list[Any]:
    drawn = rows.mark_line(
        clip=True,
        color=first.colour,
        strokeDash=DASHES[first.look],
        strokeWidth=1.2 if first.look == "dotted" else 2,
    )
    return [drawn.encode(detail=["line:N", "piece:N"], order="order:Q")]


def _draw_points(alt: Any, rows: Any, first: Mark) -> list[Any]:
    colour = alt.Color("colour:N").scale(None).legend(None)
    if first.look == "hollow":
        drawn = rows.mark_point(size=DOT, opacity=1, fill="white", strokeWidth=2)
        return [drawn.encode(stroke=alt.Stroke("colour:N").scale(None).legend(None))]
    look = {"size": SMALL} if first.look == "small" else {"size": DOT, "stroke": "white"}
    return [rows.mark_point(**look, opacity=1, filled=True).encode(colour)]


def _draw_texts(alt: Any, rows: Any, first: Mark) -> list[Any]:
    """Write labels twice: their white edge, and themselves."""
    align, dx = ALIGNED.get(first.look[-1], ("center", 0))
    place = {"align": align, "dx": dx, "dy": RAISED.get(first.look[0], 2), "fontSize": 12}
    edge = rows.mark_text(**place, stroke="white", strokeWidth=HALO, strokeJoin="round")
    text = rows.mark_text(**place, fontWeight="bold")
    colour = alt.Color("colour:N").scale(None).legend(None)
    return [edge.encode(text="text:N"), text.encode(colour, text="text:N")]


DRAWERS = {
    "line": _draw_line,
    "arrow": _draw_line,
    "point": _draw_points,
    "text": _draw_texts,
}
"""Kind of marks → what draws it, from the lowest to the uppermost."""
