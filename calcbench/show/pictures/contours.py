"""Two variables: level curves, and the gradient as arrows."""

from __future__ import annotations

import functools
import importlib
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from calcbench.show.pictures.grid import Grid, compute_grid, refine
from calcbench.show.pictures.landscape import Landscape
from calcbench.show.pictures.style import (
    INK,
    LEVELS,
    QUIET,
    TANGENT,
    chart_of,
    height_axis,
    panel_title,
    shorten,
    write_briefly,
)
from calcbench.show.pictures.windows import Axis

ARROWS = 9
"""Arrows in each direction."""

COUNT = 11
"""How many levels in equal steps are drawn, at most."""

FACTORS = 8
"""How many levels that grow by factors are drawn at most."""

SPAN = 50.0
"""Ratio of the largest cost to a small one, above which levels grow by factors."""

RESOLVED = 0.02
"""Share of the grid that lies below a level that the grid can follow."""

LETTER, LINE = 7.5, 14.0
"""Pixels that a label takes for each character, and in height."""

GAP = np.array([12.0, 5.0])
"""Pixels between two labels side by side, and between one and the next below it."""

DOT = 6.0
"""Half the size of the dot at the point, in pixels."""

FLAT = 0.1
"""Pixels by which a level curve that is drawn may miss the one that was followed."""

USUAL = 0.9
"""Share of the arrows that are no longer than a cell allows; the others are as long as that."""

Pixels = np.ndarray
"""Two numbers for each place: how far it is from the left, and from below."""


def draw_contours(
    alt: Any,
    landscape: Landscape,
    axes: tuple[Axis, Axis],
    size: tuple[int, int],
    arrows: bool = True,
    over: np.ndarray | None = None,
) -> Any:
    """Draw level curves and, with `arrows`, the gradient on a grid and at the point.

    Labels keep clear of what is drawn over them: `over` has places of it, a row each.
    """
    height = functools.partial(_cost, landscape, axes)
    coarse = compute_grid(height, axes)
    levels, grid = choose_levels(coarse.heights), refine(coarse, height, axes)
    x, y = scales(alt, axes)
    shades = LEVELS if arrows else QUIET
    point = landscape.origin[[axis.position for axis in axes]]
    dot = [Box(to_pixels(point, axes, size), np.full(2, DOT))] if arrows else []
    covered = [] if over is None else _boxes_over(to_pixels(over, axes, size))
    kept = [[*dot, *covered], dot]
    curves, *labels = draw_level_curves(alt, axes, grid, levels, shades, (x, y), size, kept)
    if not arrows:
        return alt.layer(curves, *labels).properties(width=size[0], height=size[1])
    layers = [
        curves,
        _draw_arrows(alt, _field(landscape, axes, size), axes, size, "#667788", 1.2),
        *labels,
        _draw_arrows(alt, _here(landscape, axes, size), axes, size, TANGENT, 2.5),
        _dot(alt, landscape, axes, x, y),
    ]
    title = panel_title("level curves, and arrows along the gradient")
    return alt.layer(*layers).properties(width=size[0], height=size[1], title=title)


def choose_levels(heights: np.ndarray) -> list[float]:
    """Choose round levels: in equal steps or, for a cost that grows by powers, in factors of 3."""
    found = heights[np.isfinite(heights)]
    if not len(found) or np.ptp(found) == 0:
        return []
    low, high = float(np.min(found)), float(np.max(found))
    small = float(np.quantile(found, 0.05))
    if low >= 0 and small > 0 and high > SPAN * small:
        least = max(float(np.quantile(found, RESOLVED)), 1e-6 * high)
        exponents = range(int(np.floor(np.log10(least))), int(np.ceil(np.log10(high))) + 1)
        steps = [m * 10.0**k for k in exponents for m in (1.0, 3.0)]
        return [level for level in steps if least < level < high][-FACTORS:]
    step = _round_up((high - low) / COUNT)
    first = int(np.ceil(low / step))
    return [step * k for k in range(first, int(np.floor(high / step)) + 1) if low < step * k < high]


def _cost(landscape: Landscape, axes: tuple[Axis, Axis], x: float, y: float) -> float:
    """Compute the cost with two components moved; NaN where it is no finite number."""
    vector = landscape.origin.copy()
    vector[axes[0].position], vector[axes[1].position] = x, y
    return landscape.cost(vector)


def _round_up(least: float) -> float:
    """Round up to a number that one can count in: 1, 2, 2.5, 4 or 5 times a power of ten."""
    unit = 10.0 ** np.floor(np.log10(least))
    return float(min(m for m in (1, 2, 2.5, 4, 5, 10) if m * unit >= least * (1 - 1e-9)) * unit)


def scales(alt: Any, axes: tuple[Axis, Axis]) -> tuple[Any, Any]:
    """Make the axes of two components."""
    return (
        alt.X("x:Q", title=axes[0].name).scale(domain=[axes[0].low, axes[0].high], nice=False),
        height_axis(alt, "y:Q", axes[1].name).scale(domain=[axes[1].low, axes[1].high], nice=False),
    )


def draw_level_curves(
    alt: Any,
    axes: tuple[Axis, Axis],
    grid: Grid,
    levels: list[float],
    shades: Sequence[str],
    channels: tuple[Any, Any],
    size: tuple[int, int],
    kept: list[list[Box]],
) -> list[Any]:
    """Follow every level through the grid, and write its value on it.

    The label stands clear of all that is first in `kept`; if it cannot, of what is second.
    """
    follower = importlib.import_module("contourpy").contour_generator(
        grid.xs, grid.ys, np.ma.masked_invalid(grid.heights)
    )
    rows, labels, taken = [], [], list[Box]()
    for number, level in enumerate(levels):
        lines = follower.lines(level)
        drawn = [to_pixels(line, axes, size) for line in lines]
        for k, (line, pixels) in enumerate(zip(lines, drawn, strict=True)):
            rows += [
                {
                    "x": shorten(a),
                    "y": shorten(b),
                    "level": number,
                    "line": f"{number}-{k}",
                    "order": n,
                }
                for n, (a, b) in enumerate(line[bends(pixels)])
            ]
        text = write_briefly(level)
        found = next(filter(None, (_label_box(drawn, text, taken, k, size) for k in kept)), None)
        if found is not None:
            taken.append(found)
            a, b = _values(found.middle, axes, size)
            labels.append({"x": float(a), "y": float(b), "text": text, "level": number})
    stops = np.linspace(0, max(1, len(levels) - 1), len(shades)).tolist()
    colour = alt.Color("level:Q").scale(domain=stops, range=list(shades)).legend(None)
    curves = chart_of(alt, rows).mark_line(strokeWidth=1.6)
    texts = chart_of(alt, labels)
    # A label is drawn twice: in white first, as wide as hides the curve behind it.
    return [
        curves.encode(*channels, colour, detail="line:N", order="order:Q"),
        texts.mark_text(fontSize=11, stroke="white", strokeWidth=5, strokeJoin="round").encode(
            *channels, text="text:N"
        ),
        texts.mark_text(fontSize=11, fontWeight="bold").encode(*channels, colour, text="text:N"),
    ]


def bends(line: Pixels) -> list[int]:
    """List the places that a line needs: between them, all others lie on chords, nearly.

    The method is that of Douglas & Peucker (The Canadian Cartographer 10, 1973).
    """
    needed = {0, len(line) - 1}
    pairs = [(0, len(line) - 1)]
    while pairs:
        first, last = pairs.pop()
        if last - first > 1:
            away = _distances(line[first + 1 : last], line[first], line[last])
            furthest = int(np.argmax(away))
            if away[furthest] > FLAT:
                middle = first + 1 + furthest
                needed.add(middle)
                pairs += [(first, middle), (middle, last)]
    return sorted(needed)


def _distances(places: Pixels, start: Pixels, end: Pixels) -> np.ndarray:
    """Compute how far places are from a chord; of a closed line, from where it begins."""
    (across, up), (x, y) = end - start, (places - start).T
    length = np.hypot(across, up)
    return np.asarray(abs(across * y - up * x) / length if length else np.hypot(x, y))


class Box(NamedTuple):
    """Where a label stands: its middle, and half of its width and height, in pixels."""

    middle: Pixels
    half: Pixels


def _boxes_over(pixels: Pixels) -> list[Box]:
    """Cover what is drawn over the level curves with squares."""
    cells = np.unique(np.round(pixels / DOT), axis=0)
    return [Box(cell * DOT, np.full(2, DOT / 2)) for cell in cells]


def to_pixels(places: np.ndarray, axes: tuple[Axis, Axis], size: tuple[int, int]) -> Pixels:
    """Convert values of the two components to pixels."""
    low, width = np.array([[a.low, a.width] for a in axes]).T
    return np.asarray((places - low) / width * size)


def _values(pixels: Pixels, axes: tuple[Axis, Axis], size: tuple[int, int]) -> np.ndarray:
    """Convert pixels to values of the two components."""
    low, width = np.array([[a.low, a.width] for a in axes]).T
    return np.asarray(low + pixels / size * width)


def _label_box(
    lines: list[Pixels], text: str, taken: list[Box], kept: list[Box], size: tuple[int, int]
) -> Box | None:
    """Choose a place on a level's curves for its label, near other labels but not upon them.

    None where there is no such place. The first label goes halfway along the longest curve.
    """
    half = np.array([LETTER * len(text), LINE]) / 2
    along = [line[:: max(1, sum(map(len, lines)) // 60)] for line in lines]
    places = np.concatenate(along) if along else np.empty((0, 2))
    free = np.all((places > half) & (places < size - half), axis=1)
    for box in (*taken, *kept):
        free &= np.any(np.abs(places - box.middle) > half + box.half + GAP, axis=1)
    places = places[free]
    if not len(places):
        return None
    longest = max(lines, key=len)
    near = np.array([box.middle for box in taken] or [longest[len(longest) // 2]])
    gaps = np.linalg.norm(places[:, None] - near[None], axis=2).min(axis=1)
    return Box(places[np.argmin(gaps)], half)


Arrow = tuple[Pixels, Pixels]
"""From where to where."""


def _field(landscape: Landscape, axes: tuple[Axis, Axis], size: tuple[int, int]) -> list[Arrow]:
    """Compute the gradient on a grid, as arrows."""
    # Off the centres of the cells, by different shares, lest both components be equal or round:
    # that is where costs made of |x| or max(x, y) have kinks.
    xs = axes[0].low + axes[0].width * (np.arange(ARROWS) + 0.47) / ARROWS
    ys = axes[1].low + axes[1].width * (np.arange(ARROWS) + 0.54) / ARROWS
    vector = landscape.origin.copy()
    places, slopes = [], []
    for place in itertools.product(xs, ys):
        vector[[axis.position for axis in axes]] = place
        slope = landscape.gradient(vector)[[axis.position for axis in axes]]
        if np.all(np.isfinite(slope)) and np.isfinite(landscape.cost(vector)):
            places.append(place)
            slopes.append(slope)
    lengths = np.linalg.norm(np.reshape(slopes, (-1, 2)), axis=1)
    if not np.any(lengths):
        return []
    # Of gradients of very different lengths, the small ones would be dots.
    power = 1.0 if np.max(lengths) < 6 * np.median(lengths) else 0.4
    usual = float(np.quantile(lengths[lengths > 0], USUAL))
    cell = 0.9 * min(size) / ARROWS
    arrows = [
        _arrow(to_pixels(np.array(place), axes, size), slope * _scale(axes, size), length)
        for place, slope, length in zip(
            places, slopes, cell * np.minimum(1.0, lengths / usual) ** power, strict=True
        )
        if length > 0
    ]
    return [arrow for arrow in arrows if _inside(arrow, size)]


def _scale(axes: tuple[Axis, Axis], size: tuple[int, int]) -> np.ndarray:
    """Say how many pixels a unit of each component has."""
    return np.array(size) / [axis.width for axis in axes]


def _arrow(start: Pixels, way: np.ndarray, length: float) -> Arrow:
    """Make an arrow of some pixels in a direction."""
    return start, start + way / np.linalg.norm(way) * length


def _inside(arrow: Arrow, size: tuple[int, int]) -> bool:
    """Tell whether an arrow's head is in the picture."""
    return bool(np.all((arrow[1] > 0) & (arrow[1] < size)))


def _here(landscape: Landscape, axes: tuple[Axis, Axis], size: tuple[int, int]) -> list[Arrow]:
    """Draw the gradient at the point, unless there is none."""
    both = [axes[0].position, axes[1].position]
    slope, rough = landscape.gradient(landscape.origin)[both], landscape.kinks.rough[both]
    if np.any(rough) or not np.all(np.isfinite(slope)) or not np.any(slope):
        return []
    start, way = to_pixels(landscape.origin[both], axes, size), slope * _scale(axes, size)
    tried = [_arrow(start, way, share * min(size)) for share in (0.17, 0.12, 0.08, 0.05)]
    return [arrow for arrow in tried if _inside(arrow, size)][:1]


def _draw_arrows(
    alt: Any,
    arrows: list[Arrow],
    axes: tuple[Axis, Axis],
    size: tuple[int, int],
    colour: str,
    width: float,
) -> Any:
    """Draw arrows."""
    rows = [
        {"x": float(a), "y": float(b), "arrow": k, "order": n}
        for k, arrow in enumerate(arrows)
        for n, (a, b) in enumerate(_values(arrow_path(*arrow), axes, size))
    ]
    strokes = chart_of(alt, rows).mark_line(
        clip=True, color=colour, strokeWidth=width, strokeJoin="round", strokeCap="round"
    )
    return strokes.encode(*scales(alt, axes), detail="arrow:N", order="order:Q")


def arrow_path(start: Pixels, end: Pixels, longest: float = np.inf) -> Pixels:
    """Go along an arrow and its head, in three strokes, so that the head turns with it.

    An arrow of more than `longest` pixels has no larger head than one of that length.
    """
    along = end - start
    head = along * min(1.0, longest / max(float(np.linalg.norm(along)), 1e-9))
    across = np.array([-head[1], head[0]])
    back = end - 0.3 * head
    return np.array([start, end, back + 0.18 * across, end, back - 0.18 * across])


def _dot(alt: Any, landscape: Landscape, axes: tuple[Axis, Axis], x: Any, y: Any) -> Any:
    a, b = (float(landscape.origin[axis.position]) for axis in axes)
    return (
        chart_of(alt, [{"x": a, "y": b}])
        .mark_point(filled=True, size=80, color=INK, opacity=1, stroke="white", clip=True)
        .encode(x, y)
    )
