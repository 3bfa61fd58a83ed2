"""The computational graph of a cost: values forwards, slopes backwards, as SVG."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from calcbench.errors import Unsupported
from calcbench.problem.point import Point
from calcbench.report.picture import Drawing
from calcbench.show.pictures.layers import arrange, bends
from calcbench.show.pictures.style import CURVE, FONT, INK, TANGENT, heading, write_number
from calcbench.show.pictures.trace import Node, trace
from calcbench.show.unicode import SUPERSCRIPTS

LARGEST = 40
"""Nodes of a graph that one can still read."""

ACROSS, DOWN = 172, 84
"""Pixels from layer to layer, and from node to node in a layer."""

BOX = (104, 60)
"""Width and height of a node."""

MARGIN, TOP = 28, 128
"""Room around the graph, and for the lines above it."""

ARROW = 7
"""Length of the head of an arrow."""

PORTS = 15
"""Pixels between the ends of edges into one node, if there is room."""

LABELLED = (0.5, 0.58, 0.42, 0.66, 0.34, 0.74, 0.26, 0.82, 0.18)
"""Where on the last piece of an edge its slope may stand; the first free place is taken."""

LETTER, LINE = 6.7, 14
"""Pixels that a slope takes for each character, and in height."""

SAMPLES = 24
"""Places of a piece of an edge by which is told what lies over it."""

GREY = "#66727e"


class Place(NamedTuple):
    """The middle of a node."""

    x: float
    y: float


def draw_graph(point: Point) -> Drawing:
    """Draw the graph of a cost. Raises `Unsupported` where it is too large to be read."""
    if point.problem.vector_valued:
        raise Unsupported(
            f"problem {point.problem.name!r} gives a vector: only a cost has a picture"
        )
    result = trace(point)
    nodes = list(_in_order(result))
    if len(nodes) > LARGEST:
        rows = f" (the data have {point.row_count} rows)" if point.row_count > 1 else ""
        raise Unsupported(
            f"the graph of problem {point.problem.name!r} has {len(nodes):,} nodes{rows}, and more "
            f"than {LARGEST} cannot be read in a picture"
        )
    places = _places(nodes)
    letter = point.problem.letter
    pieces = [*_edges(nodes, places), *(_box(n, places[id(n)], letter, n is result) for n in nodes)]
    tied = bool(result.ball.tape is not None and result.ball.tape.ties)
    return Drawing(heading(point), _page(point, places, letter, pieces, tied))


def _in_order(result: Node) -> Iterator[Node]:
    """Give every node once, operands first; constants are written into what uses them."""
    seen: set[int] = set()
    stack = [(result, False)]  # not recursion: a chain of operations may be thousands long
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(operand, False) for operand in reversed(_drawn(node))]


def _drawn(node: Node) -> list[Node]:
    """List the operands that are nodes of their own: those with a name, or that depend on one."""
    unique = {id(operand): operand for operand in node.operands}
    return [o for o in unique.values() if o.active or o.label not in WRITTEN]


def _places(nodes: list[Node]) -> dict[object, Place]:
    """Place the nodes, by their identity, and the bends of their edges."""
    layers = arrange({id(n): [id(o) for o in _drawn(n)] for n in nodes})
    tallest = max(map(len, layers))
    return {
        node: Place(
            MARGIN + BOX[0] / 2 + column * ACROSS,
            TOP + BOX[1] / 2 + (row + (tallest - len(layer)) / 2) * DOWN,
        )
        for column, layer in enumerate(layers)
        for row, node in enumerate(layer)
    }


def _edges(nodes: list[Node], places: dict[object, Place]) -> Iterator[str]:
    """Draw an edge from every operand; then, above them all, the slopes of operations by them."""
    edges = [edge for node in nodes for edge in _edges_into(node, places)]
    yield from (_curve(stops) for _, _, stops in edges)
    lines = [_samples(stops) for _, _, stops in edges]
    taken: list[Place] = []
    for k, (node, operand, stops) in enumerate(edges):
        if operand.active:
            slope = write_number(node.slope_by(operand), 3)
            half = Place(LETTER * len(slope) / 2 + 2, LINE / 2)
            others = [place for line in (*lines[:k], *lines[k + 1 :]) for place in line]
            place = _free_place(stops, half, [*others, *taken])
            taken += [Place(place.x + dx * half.x, place.y) for dx in (-1, 0, 1)]
            yield _slope_label(place, half, slope)


def _edges_into(
    node: Node, places: dict[object, Place]
) -> Iterator[tuple[Node, Node, list[Place]]]:
    """Give the edges of a node with their stops; they end below each other, in order."""
    operands = _drawn(node)
    stops = [_stops(operand, node, places) for operand in operands]
    step = min(PORTS, 0.7 * BOX[1] / len(operands)) if operands else 0.0
    order = sorted(range(len(operands)), key=lambda k: stops[k][-2].y)
    for rank, k in enumerate(order):
        end = stops[k].pop()
        lower = (rank - (len(order) - 1) / 2) * step
        yield node, operands[k], [*stops[k], Place(end.x, end.y + lower)]


def _samples(stops: list[Place]) -> list[Place]:
    """List places along an edge."""
    shares = [k / SAMPLES for k in range(SAMPLES + 1)]
    return [_along(*pair, share) for pair in itertools.pairwise(stops) for share in shares]


def _free_place(stops: list[Place], half: Place, others: list[Place]) -> Place:
    """Find where on its edge a slope may stand: over nothing else, or over as little as can be."""
    tried = [_along(stops[-2], stops[-1], share) for share in LABELLED]
    return min(tried, key=lambda place: sum(_covers(place, half, other) for other in others))


def _covers(place: Place, half: Place, other: Place) -> bool:
    """Tell whether a label at a place lies over another place."""
    return abs(other.x - place.x) < half.x + 2 and abs(other.y - place.y) < half.y + 2


def _slope_label(place: Place, half: Place, slope: str) -> str:
    """Write a slope on an edge, which is interrupted for it."""
    return (
        f'<rect x="{place.x - half.x:.1f}" y="{place.y - half.y:.1f}" width="{2 * half.x:.1f}" '
        f'height="{2 * half.y:.1f}" rx="4" fill="#ffffff"/>'
        + _text(place.x, place.y + 4, slope, GREY, 11)
    )


def _stops(operand: Node, node: Node, places: dict[object, Place]) -> list[Place]:
    """List the places that an edge runs through: level past the nodes of layers in between."""
    start, end = places[id(operand)], places[id(node)]
    first, last = (round((p.x - MARGIN - BOX[0] / 2) / ACROSS) for p in (start, end))
    stops = [Place(start.x + BOX[0] / 2, start.y)]
    for bend in bends(id(operand), id(node), first, last):
        middle = places[bend]
        stops += [Place(middle.x + side * BOX[0] / 2, middle.y) for side in (-1, 1)]
    return [*stops, Place(end.x - BOX[0] / 2 - ARROW, end.y)]


def _along(start: Place, end: Place, share: float) -> Place:
    """Find a place on the curve that `_curve` draws between two others."""
    half, left = (start.x + end.x) / 2, 1 - share
    x = left**3 * start.x + 3 * left * share * half + share**3 * end.x
    return Place(x, start.y + (end.y - start.y) * share**2 * (3 - 2 * share))


def _curve(stops: list[Place]) -> str:
    """Draw a smooth line through places, level in each of them, with an arrow at its end.

    The head is no SVG marker: those are found by an id, which a page with two graphs has twice.
    """
    path = f"M {stops[0].x:.1f} {stops[0].y:.1f}"
    for one, other in itertools.pairwise(stops):
        half = (one.x + other.x) / 2
        path += f" C {half:.1f} {one.y:.1f}, {half:.1f} {other.y:.1f}, {other.x:.1f} {other.y:.1f}"
    x, y = stops[-1]
    head = f"M {x:.1f} {y - ARROW / 2:.1f} l {ARROW} {ARROW / 2} l -{ARROW} {ARROW / 2} z"
    line = f'<path d="{path}" fill="none" stroke="{GREY}" stroke-width="1.3"/>'
    return f'{line}<path d="{head}" fill="{GREY}"/>'


def _box(node: Node, place: Place, letter: str, last: bool) -> str:
    """Draw a node: what it is, its value and, if it depends on a parameter, the slope by it."""
    x, y = place.x - BOX[0] / 2, place.y - BOX[1] / 2
    parameter = node.active and not node.operands
    fill = "#fdf1e7" if parameter else "#f4f6f8" if not node.active else "#ffffff"
    name = _name(node)
    lines = [
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{BOX[0]}" height="{BOX[1]}" rx="9" fill="{fill}" '
        f'stroke="{INK if last else GREY}" stroke-width="{2 if last else 1.2}"/>',
        _text(place.x, y + 18, name, INK, 14, bold=True),
        _text(place.x, y + 35, write_number(node.value), CURVE, 12),
    ]
    if node.active:
        lines.append(_text(place.x, y + 52, write_number(node.slope), TANGENT, 12))
    if last:
        lines.append(_text(x + BOX[0] + 20, place.y + 5, f"= {letter}", INK, 15, bold=True))
    return "\n".join(lines)


def _name(node: Node) -> str:
    """Name a node: a parameter, or an operation with the constants that it takes."""
    constants = [o for o in node.operands if not (o.active or o.label not in WRITTEN)]
    if len(node.operands) != 2 or len(constants) != 1:
        return node.label
    (constant,) = constants
    number = constant.label or write_number(constant.value)
    if node.label == "^" and node.operands[1] is constant:
        return f"( ){SUPERSCRIPTS.get(number, f'^{number}')}"
    return f"{number} {node.label}" if node.operands[0] is constant else f"{node.label} {number}"


WRITTEN = ("", "π", "e")
"""Labels of constants that are written into what uses them; those with a name of data are not."""


def _text(x: float, y: float, text: str, colour: str, size: int, bold: bool = False) -> str:
    """Write a text around a place."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" text-anchor="middle"'
        f"{weight}>{escape(text)}</text>"
    )


def _page(
    point: Point, places: dict[object, Place], letter: str, pieces: list[str], tied: bool
) -> str:
    """Put title, legend and graph into one SVG."""
    title = heading(point)
    width = max(
        max(place.x for place in places.values()) + BOX[0] / 2 + 2 * MARGIN,
        10.5 * len(title) + 40,
        620,
    )
    height = max(place.y for place in places.values()) + BOX[1] / 2 + MARGIN
    legend = [
        (CURVE, "values, computed forwards: from left to right"),
        (TANGENT, f"slopes of {letter} by each node, computed in reverse: from right to left"),
        (GREY, "on an edge: the slope of the operation by its operand"),
    ]
    if tied:
        legend.append((INK, "a comparison ties here: slopes are those of the branch that is taken"))
    head = "".join(
        f'<text x="{MARGIN}" y="{52 + 18 * k}" fill="{colour}" font-size="13">{escape(text)}</text>'
        for k, (colour, text) in enumerate(legend)
    )
    body = "\n".join(pieces)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" \
viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}" role="img">
<title>{escape(title)}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{MARGIN}" y="30" fill="{INK}" font-size="16" font-weight="bold">{escape(title)}</text>
{head}
{body}
</svg>
"""
