"""Two variables: level curves, and the gradient as arrows."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from calcbench.show.pictures.landscape import Landscape
from calcbench.show.pictures.style import (
    INK,
    LEVELS,
    QUIET,
    TANGENT,
    chart_of,
    panel_title,
    write_number,
)
from calcbench.show.pictures.windows import Axis

GRID = 81
"""Nodes in each direction from which level curves are followed."""

ARROWS = 9
"""Arrows in each direction."""

COUNT = 11
"""How many levels in equal steps are drawn, at most."""

FACTORS = 8
"""How many levels that grow by factors are drawn at most."""

SPAN = 50.0
"""Ratio of the largest cost to a small one, above which levels grow by factors."""

RESOLVED = 0.005
"""Share of the grid that lies below a level that the grid can follow."""

EDGE, APART = 0.05, 0.1
"""Shares of the picture that labels keep away from its edges and from each other."""


def draw_contours(
    alt: Any,
    landscape: Landscape,
    axes: tuple[Axis, Axis],
    size: tuple[int, int],
    arrows: bool = True,
) -> Any:
    """Draw level curves and, with `arrows`, the gradient on a grid and at the point."""
    heights = _heights(landscape, axes)
    levels = choose_levels(heights)
    x, y = scales(alt, axes)
    shades = LEVELS if arrows else QUIET
    curves, *labels = _level_curves(alt, axes, heights, levels, shades, x, y)
    if not arrows:
        return alt.layer(curves, *labels).properties(width=size[0], height=size[1])
    layers = [
        curves,
        _arrows(alt, _field(landscape, axes), x, y, "#667788", 1.2),
        *labels,
        _arrows(alt, _here(landscape, axes), x, y, TANGENT, 2.5),
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


def _round_up(least: float) -> float:
    """Round up to a number that one can count in: 1, 2, 2.5, 4 or 5 times a power of ten."""
    unit = 10.0 ** np.floor(np.log10(least))
    return float(min(m for m in (1, 2, 2.5, 4, 5, 10) if m * unit >= least * (1 - 1e-9)) * unit)


def _heights(landscape: Landscape, axes: tuple[Axis, Axis]) -> np.ndarray:
    """Compute the cost on the grid: a row per value of the second axis, as contourpy wants it."""
    vector = landscape.origin.copy()
    heights = np.empty((GRID, GRID))
    for j, y in enumerate(axes[1].values(GRID)):
        for i, x in enumerate(axes[0].values(GRID)):
            vector[axes[0].position], vector[axes[1].position] = x, y
            heights[j, i] = landscape.cost(vector)
    return heights


def scales(alt: Any, axes: tuple[Axis, Axis]) -> tuple[Any, Any]:
    """Make the axes of two components."""
    return (
        alt.X("x:Q", title=axes[0].name).scale(domain=[axes[0].low, axes[0].high], nice=False),
        alt.Y("y:Q", title=axes[1].name).scale(domain=[axes[1].low, axes[1].high], nice=False),
    )


def _level_curves(
    alt: Any,
    axes: tuple[Axis, Axis],
    heights: np.ndarray,
    levels: list[float],
    shades: Sequence[str],
    x: Any,
    y: Any,
) -> list[Any]:
    """Follow every level through the grid, and write its value on its longest curve."""
    follower = importlib.import_module("contourpy").contour_generator(
        axes[0].values(GRID), axes[1].values(GRID), np.ma.masked_invalid(heights)
    )
    rows, labels = [], []
    taken: list[tuple[float, float]] = []
    for number, level in enumerate(levels):
        lines = follower.lines(level)
        for k, line in enumerate(lines):
            rows += [
                {"x": float(a), "y": float(b), "level": number, "line": f"{number}-{k}", "order": n}
                for n, (a, b) in enumerate(line)
            ]
        found = _label_place(lines, axes, taken)
        if found is not None:
            taken.append(found)
            a, b = found
            labels.append({"x": a, "y": b, "text": write_number(level), "level": number})
    stops = np.linspace(0, max(1, len(levels) - 1), len(shades)).tolist()
    colour = alt.Color("level:Q").scale(domain=stops, range=list(shades)).legend(None)
    curves = chart_of(alt, rows).mark_line(strokeWidth=1.6)
    texts = chart_of(alt, labels)
    return [
        curves.encode(x, y, colour, detail="line:N", order="order:Q"),
        texts.mark_text(fontSize=11, stroke="white", strokeWidth=4).encode(x, y, text="text:N"),
        texts.mark_text(fontSize=11, fontWeight="bold").encode(x, y, colour, text="text:N"),
    ]


def _label_place(
    lines: list[np.ndarray], axes: tuple[Axis, Axis], taken: list[tuple[float, float]]
) -> tuple[float, float] | None:
    """Choose a place on a level's curves for its label, near other labels but not upon them.

    None where there is no such place. The first label goes halfway along the longest curve.
    """
    low, width = np.array([[a.low, a.width] for a in axes]).T
    shares = [(line - low) / width for line in lines]
    places = (
        np.concatenate(shares)[:: max(1, sum(map(len, lines)) // 60)] if lines else np.empty((0, 2))
    )
    places = places[np.all((places > EDGE) & (places < 1 - EDGE), axis=1)]
    if not len(places):
        return None
    if not taken:
        longest = max(shares, key=len)
        middle = longest[len(longest) // 2]
        best = places[np.argmin(np.linalg.norm(places - middle, axis=1))]
    else:
        others = (np.array(taken) - low) / width
        gaps = np.linalg.norm(places[:, None] - others[None], axis=2).min(axis=1)
        if gaps.max() < APART:
            return None
        best = places[np.argmin(np.where(gaps < APART, np.inf, gaps))]
    a, b = best * width + low
    return float(a), float(b)


def _field(landscape: Landscape, axes: tuple[Axis, Axis]) -> list[dict[str, float]]:
    """Compute the gradient on a grid, as arrows (x, y, to x, to y)."""
    # Off the centres of the cells, by different shares, lest both components be equal or round:
    # that is where costs made of |x| or max(x, y) have kinks.
    xs = axes[0].low + axes[0].width * (np.arange(ARROWS) + 0.47) / ARROWS
    ys = axes[1].low + axes[1].width * (np.arange(ARROWS) + 0.54) / ARROWS
    vector = landscape.origin.copy()
    found = []
    for a in xs:
        for b in ys:
            vector[axes[0].position], vector[axes[1].position] = a, b
            slope = landscape.gradient(vector)[[axes[0].position, axes[1].position]]
            if np.all(np.isfinite(slope)) and np.isfinite(landscape.cost(vector)):
                found.append((float(a), float(b), float(slope[0]), float(slope[1])))
    lengths = np.array([np.hypot(p, q) for *_, p, q in found])
    longest = float(np.max(lengths, initial=0.0))
    if longest == 0.0:
        return []
    # Of gradients of very different lengths, the small ones would be dots.
    power = 1.0 if longest < 6 * np.median(lengths) else 0.4
    cell = 0.9 * min(axes[0].width, axes[1].width) / ARROWS
    arrows = [
        _arrow(a, b, p, q, cell * (length / longest) ** power)
        for (a, b, p, q), length in zip(found, lengths, strict=True)
        if length > 0
    ]
    return [arrow for arrow in arrows if _inside(arrow, axes)]


def _arrow(a: float, b: float, p: float, q: float, length: float) -> dict[str, float]:
    norm = float(np.hypot(p, q))
    return {"x": a, "y": b, "x2": a + p / norm * length, "y2": b + q / norm * length}


def _inside(arrow: dict[str, float], axes: tuple[Axis, Axis]) -> bool:
    """Tell whether an arrow's head is in the picture."""
    return axes[0].low < arrow["x2"] < axes[0].high and axes[1].low < arrow["y2"] < axes[1].high


def _here(landscape: Landscape, axes: tuple[Axis, Axis]) -> list[dict[str, float]]:
    """Draw the gradient at the point, unless there is none."""
    both = [axes[0].position, axes[1].position]
    slope, rough = landscape.gradient(landscape.origin)[both], landscape.kinks.rough[both]
    if np.any(rough) or not np.all(np.isfinite(slope)) or not np.any(slope):
        return []
    (a, b), (p, q) = landscape.origin[both], slope
    side = min(axes[0].width, axes[1].width)
    tried = [_arrow(float(a), float(b), p, q, share * side) for share in (0.17, 0.12, 0.08, 0.05)]
    return [arrow for arrow in tried if _inside(arrow, axes)][:1]


def _arrows(
    alt: Any, arrows: list[dict[str, float]], x: Any, y: Any, colour: str, width: float
) -> Any:
    """Draw arrows as three strokes each, so that their heads turn with them."""
    rows = []
    for k, arrow in enumerate(arrows):
        start = np.array([arrow["x"], arrow["y"]])
        end = np.array([arrow["x2"], arrow["y2"]])
        along = end - start
        across = np.array([-along[1], along[0]])
        back = end - 0.3 * along
        path = [start, end, back + 0.18 * across, end, back - 0.18 * across]
        rows += [
            {"x": float(a), "y": float(b), "arrow": k, "order": n} for n, (a, b) in enumerate(path)
        ]
    strokes = chart_of(alt, rows).mark_line(
        clip=True, color=colour, strokeWidth=width, strokeJoin="round", strokeCap="round"
    )
    return strokes.encode(x, y, detail="arrow:N", order="order:Q")


def _dot(alt: Any, landscape: Landscape, axes: tuple[Axis, Axis], x: Any, y: Any) -> Any:
    a, b = (float(landscape.origin[axis.position]) for axis in axes)
    return (
        chart_of(alt, [{"x": a, "y": b}])
        .mark_point(filled=True, size=80, color=INK, opacity=1, stroke="white", clip=True)
        .encode(x, y)
    )
