"""Gradient descent: the path on the level curves, the cost per step, the curve as it moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from calcbench.report.picture import Picture, load_altair
from calcbench.show.pictures.contours import draw_contours, scales
from calcbench.show.pictures.curve import draw_curve, section_along
from calcbench.show.pictures.fit import Fit, draw_points, find_fit, fit_scales
from calcbench.show.pictures.landscape import Landscape, default_backend
from calcbench.show.pictures.style import (
    INK,
    LABELS,
    LOG_LABELS,
    MESH,
    SERIES,
    SIDE,
    below,
    beside,
    chart_of,
    finish,
    heading,
    height_axis,
    line_widths,
    panel_title,
    square,
    write_number,
)
from calcbench.show.pictures.windows import Axis

if TYPE_CHECKING:
    from calcbench.show.descent import Descent

DRAWN = 400
"""Steps of a path that are drawn, at most."""

DOTS = 80
"""Up to so many steps each one has a dot."""

DOT = 2.4
"""Pixels that such a dot is wider than its line."""

FAR = 1e3
"""Multiple of the first cost beyond which a path has left the picture."""

MARGIN = 0.2
"""Room around the paths, as a share of their extent."""

GROWTH = 10
"""Of a path whose cost grows, so many steps are drawn: more would cover the others."""

BETWEEN = 20
"""Places between two steps of a path that no label shall cover."""

RATIO = 30.0
"""Ratio of costs above which their axis is logarithmic."""

COMPONENTS = 6
"""Of many components, so many are drawn: those that moved furthest."""


def draw_descent(paths: Sequence[Descent]) -> Picture:
    """Draw paths from one start. Raises `NotInstalled` without the extra `plot`."""
    alt = load_altair()
    paths = list({path.rate: path for path in paths}.values())
    start = paths[0].start
    landscape = Landscape(start, default_backend(start.problem))
    match start.size:
        case 1:
            where = _on_curve(alt, landscape, paths)
        case 2:
            where = _on_contours(alt, landscape, paths)
        case _:
            where = _components(alt, landscape, paths)
    costs = _costs(alt, landscape.letter, paths).properties(height=where.height)
    rows = [beside(alt, where, costs)]
    fit = find_fit(start, landscape.backend)
    if fit is not None:
        rows.append(_moving_curve(alt, fit, paths))
    title = f"{heading(start)}: gradient descent ({paths[0].backend})"
    return finish(below(alt, *rows), title, *map(str, paths))


def _label(path: Descent, paths: Sequence[Descent]) -> str:
    """Name a path by its rate, with as many digits as tell it from the others."""
    names = [[write_number(each.rate, digits) for each in paths] for digits in range(4, 18)]
    enough = next(k for k, found in enumerate(names) if len(set(found)) == len(paths))
    return f"rate {write_number(path.rate, enough + 4)}"


def _look(alt: Any, paths: Sequence[Descent], legend: bool) -> tuple[Any, Any]:
    """Give every path its colour and its width."""
    labels = [_label(path, paths) for path in paths]
    colours = [SERIES[k % len(SERIES)] for k in range(len(labels))]
    return (
        alt.Color("path:N", title=None, sort=labels)
        .scale(domain=labels, range=colours)
        .legend(alt.Legend(orient="bottom", columns=3) if legend else None),
        alt.StrokeWidth("path:N", sort=labels)
        .scale(domain=labels, range=line_widths(len(labels)))
        .legend(None),
    )


def _drawn_steps(path: Descent) -> list[int]:
    """Choose the steps that are drawn: all of a short path, and the first of a long one."""
    first = np.arange(min(path.steps + 1, DRAWN // 2))
    later = np.linspace(0, path.steps, DRAWN // 2).round().astype(int)
    return sorted({*first.tolist(), *later.tolist()})


def _followed_steps(path: Descent) -> list[int]:
    """Choose the steps that are drawn where the path goes: of one that grows, the first few."""
    steps = _drawn_steps(path)
    if path.costs[-1] <= path.costs[0]:
        return steps
    largest = FAR * abs(path.costs[0])
    return [k for k in steps if k <= 1 or (k <= GROWTH and abs(path.costs[k]) <= largest)]


# --- where the path goes -------------------------------------------------------------------


def _window(paths: Sequence[Descent], k: int) -> tuple[float, float]:
    """Find the interval that the paths stay in, or take their first step in."""
    places = []
    for path in paths:
        kept = path.costs - np.min(path.costs) <= 1.05 * (path.costs[0] - np.min(path.costs))
        kept[:2] = True
        places.append(path.positions[kept, k])
    found = np.concatenate(places)
    return float(np.min(found)), float(np.max(found))


def _axes(landscape: Landscape, paths: Sequence[Descent]) -> tuple[Axis, ...]:
    """Choose what is drawn of one or two components: the paths, and room around them."""
    ends = [_window(paths, k) for k in range(len(landscape.names))]
    widest = max(high - low for low, high in ends) or 1.0
    axes = []
    for k, (low, high) in enumerate(ends):
        # A path straight along the other axis still gets a picture of some width.
        half = max(high - low, 0.6 * widest) * (0.5 + MARGIN)
        middle = (low + high) / 2
        axes.append(Axis(landscape.names[k], k, middle - half, middle + half))
    return tuple(axes)


def _on_contours(alt: Any, landscape: Landscape, paths: Sequence[Descent]) -> Any:
    """Draw the paths of two components on the level curves."""
    first, second = _axes(landscape, paths)
    size = square((first, second))
    covered = np.concatenate([_along(path) for path in paths])
    levels = draw_contours(alt, landscape, (first, second), size, arrows=False, over=covered)
    rows = [
        {"x": float(a), "y": float(b), "path": _label(path, paths), "step": k}
        for path in paths
        for k in _followed_steps(path)
        for a, b in [path.positions[k]]
    ]
    x, y = scales(alt, (first, second))
    lines = _paths(alt, rows, x, y, paths)
    title = panel_title(_titled("the path on the level curves", paths))
    return (
        alt.layer(levels, *lines)
        .resolve_scale(color="independent")
        .properties(width=size[0], height=size[1], title=title)
    )


def _along(path: Descent) -> np.ndarray:
    """List places along what is drawn of a path, close to each other."""
    corners = path.positions[_followed_steps(path)]
    shares = np.linspace(0, 1, BETWEEN, endpoint=False)[:, None, None]
    between = corners[:-1] + shares * np.diff(corners, axis=0)
    return np.concatenate([between.reshape(-1, corners.shape[1]), corners[-1:]])


def _on_curve(alt: Any, landscape: Landscape, paths: Sequence[Descent]) -> Any:
    """Draw the path of one component on the curve."""
    (axis,) = _axes(landscape, paths)
    section = section_along(landscape, axis)
    curve = draw_curve(alt, section, False, (SIDE, SIDE), (MESH, MESH), legend=False, tangent=False)
    rows = [
        {
            "x": float(path.positions[k, 0]),
            "y": float(path.costs[k]),
            "path": _label(path, paths),
            "step": k,
        }
        for path in paths
        for k in _drawn_steps(path)
    ]
    lines = _paths(alt, rows, alt.X("x:Q"), alt.Y("y:Q"), paths)
    return (
        alt.layer(curve, *lines)
        .resolve_scale(color="independent")
        .properties(
            width=SIDE, height=SIDE, title=panel_title(_titled("the path on the curve", paths))
        )
    )


def _titled(title: str, paths: Sequence[Descent]) -> str:
    """Say that a path is cut short, where one is."""
    cut = any(_followed_steps(path)[-1] < path.steps for path in paths)
    return "the path, or its start where the cost grows" if cut else title


def _paths(
    alt: Any, rows: list[dict[str, Any]], x: Any, y: Any, paths: Sequence[Descent]
) -> list[Any]:
    """Draw paths as lines, with dots where there is room, and their common start."""
    colour, width = _look(alt, paths, legend=False)
    few = all(path.steps <= DOTS for path in paths)
    lines = chart_of(alt, rows)
    start = chart_of(alt, [row for row in rows if row["step"] == 0][:1])
    return [
        lines.mark_line(clip=True).encode(x, y, colour, width, order="step:Q"),
        *([_dots(alt, lines, x, y, paths)] if few else []),
        start.mark_point(filled=True, size=80, color=INK, opacity=1, stroke="white").encode(x, y),
    ]


def _dots(alt: Any, lines: Any, x: Any, y: Any, paths: Sequence[Descent]) -> Any:
    """Mark every step by a dot that is wider than its line."""
    labels = [_label(path, paths) for path in paths]
    areas = [(width + DOT) ** 2 for width in line_widths(len(paths))]
    size = alt.Size("path:N", sort=labels).scale(domain=labels, range=areas).legend(None)
    colour, _ = _look(alt, paths, legend=False)
    return lines.mark_point(filled=True, opacity=1, clip=True).encode(x, y, colour, size)


def _components(alt: Any, landscape: Landscape, paths: Sequence[Descent]) -> Any:
    """Draw the components that moved furthest, step by step: a panel's dashes tell them apart."""
    moved = np.max([np.ptp(path.positions, axis=0) for path in paths], axis=0)
    chosen = np.sort(np.argsort(-moved, kind="stable")[:COMPONENTS])
    names = [landscape.names[k] for k in chosen]
    path = paths[0]
    rows = [
        {"step": k, "value": float(path.positions[k, c]), "name": landscape.names[c]}
        for c in chosen
        for k in _drawn_steps(path)
    ]
    colour = (
        alt.Color("name:N", title=None, sort=names)
        .scale(domain=names, range=list(SERIES))
        .legend(alt.Legend(orient="bottom", columns=3))
    )
    of = f", {len(names)} of {len(landscape.names)}" if len(names) < len(landscape.names) else ""
    which = f", {_label(path, paths)}" if len(paths) > 1 else ""
    return (
        chart_of(alt, rows)
        .mark_line(strokeWidth=1.8)
        .encode(
            alt.X("step:Q", title="step").scale(nice=False),
            alt.Y("value:Q", title="component").scale(zero=False),
            colour,
        )
        .properties(width=SIDE, height=SIDE, title=panel_title(f"components per step{of}{which}"))
    )


# --- the cost per step ---------------------------------------------------------------------


def _costs(alt: Any, letter: str, paths: Sequence[Descent]) -> Any:
    """Draw the cost per step, on a logarithmic axis where it falls by powers of ten."""
    costs = np.concatenate([path.costs for path in paths])
    positive = costs[costs > 0]
    logarithmic = bool(np.all(costs >= 0)) and len(positive) > 0
    logarithmic = logarithmic and float(np.max(positive)) > RATIO * float(np.min(positive))
    rows = [
        {"step": k, "cost": float(path.costs[k]), "path": _label(path, paths)}
        for path in paths
        for k in _drawn_steps(path)
        if not (logarithmic and path.costs[k] == 0)
    ]
    y = height_axis(alt, "cost:Q", letter, LOG_LABELS if logarithmic else LABELS).scale(
        **{"type": "log"} if logarithmic else {"zero": False}, nice=False
    )
    title = "cost per step"
    if logarithmic and len(positive) < len(costs):
        title += "; where it is exactly 0 there is no line"
    return (
        chart_of(alt, rows)
        .mark_line()
        .encode(
            alt.X("step:Q", title="step").scale(nice=False),
            y,
            *_look(alt, paths, legend=True),
        )
        .properties(width=SIDE, height=SIDE, title=panel_title(title))
    )


# --- the curve of a regression -------------------------------------------------------------


def _moving_curve(alt: Any, fit: Fit, paths: Sequence[Descent]) -> Any:
    """Draw the model's curve after a few steps of one path, or at the end of several."""
    moments = _moments(paths[0]) if len(paths) == 1 else _ends(paths)
    x, y = fit_scales(alt, fit)
    labels = [label for label, _, _ in moments]
    rows = [{**row, "line": label} for label, _, vector in moments for row in fit.curve(vector)]
    colour = (
        alt.Color("line:N", title=None, sort=labels)
        .scale(domain=labels, range=[colour for _, colour, _ in moments])
        .legend(alt.Legend(orient="right"))
    )
    lines = chart_of(alt, rows).mark_line(strokeWidth=2, clip=True).encode(x, y, colour)
    return alt.layer(lines, draw_points(alt, fit.points(), x, y)).properties(
        width=2 * SIDE - 40, height=240, title=panel_title("data and curve as it moves")
    )


def _moments(path: Descent) -> list[tuple[str, str, np.ndarray]]:
    """Choose steps of a path: label, colour from pale to strong, and where it was."""
    steps = sorted({0, 1, *(2 * 5**k for k in range(6)), path.steps})
    steps = [k for k in steps if k <= path.steps and path.costs[k] <= path.costs[0]]
    shades = np.linspace(0, 1, len(steps))
    return [
        (f"step {k:,}", _shade(float(share)), path.positions[k])
        for k, share in zip(steps, shades, strict=True)
    ]


def _ends(paths: Sequence[Descent]) -> list[tuple[str, str, np.ndarray]]:
    """Choose the start, and the ends of those paths whose cost fell."""
    ends = [
        (f"{_label(path, paths)}, step {path.steps:,}", SERIES[k % len(SERIES)], path.positions[-1])
        for k, path in enumerate(paths)
        if path.costs[-1] <= path.costs[0]
    ]
    return [("the start", MESH, paths[0].positions[0]), *ends]


def _shade(share: float) -> str:
    """Mix a colour between pale and strong."""
    pale, strong = (190, 214, 235), (8, 72, 130)
    return "#" + "".join(
        f"{round(a + share * (b - a)):02x}" for a, b in zip(pale, strong, strict=True)
    )
