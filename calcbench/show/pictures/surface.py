"""Two variables: the surface as a wire mesh, which sliders turn in a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from calcbench.show.pictures.landscape import Landscape
from calcbench.show.pictures.style import INK, MESH, PAIR, chart_of, panel_title, write_briefly
from calcbench.show.pictures.windows import Axis, nice_ticks, visible_range

LINES = 21
"""Lines of the mesh in each direction."""

TAIL = 8.0
"""Heights that are this many times the middle half's range away from it are cut off, as at a pole:
less would cut the corners off a surface that grows by powers."""

AZIMUTH, ELEVATION = 35, 25
"""Degrees at which the surface is seen at first."""

Place = tuple[float, float, float]


def draw_surface(alt: Any, landscape: Landscape, axes: tuple[Axis, Axis], side: int) -> Any:
    """Draw the surface, the two slices through the point, and the point."""
    heights = _heights(landscape, axes)
    low, high = visible_range(list(heights.ravel()), TAIL)
    cube = _Cube(axes, (low, high))
    mesh = [cube.line(line, k) for k, line in enumerate(_mesh(axes, heights))]
    slices = [cube.line(_slice(landscape, axes, k), k) for k in (0, 1)]
    azimuth = alt.param(
        name="azimuth", value=AZIMUTH, bind=alt.binding_range(min=0, max=360, step=1, name="turn ")
    )
    elevation = alt.param(
        name="elevation",
        value=ELEVATION,
        bind=alt.binding_range(min=0, max=90, step=1, name="tilt "),
    )
    point = landscape.origin[[axes[0].position, axes[1].position]]
    here = (float(point[0]), float(point[1]), landscape.cost(landscape.origin))
    layers = [
        _lines(alt, cube.edges(), "#c9ced3", 1),
        _lines(alt, _flat(mesh), MESH, 1),
        _lines(alt, slices[0], PAIR[0], 3),
        _lines(alt, slices[1], PAIR[1], 3),
        _turned(alt, cube.line([here], 0)).mark_point(filled=True, size=90, color=INK, opacity=1),
        *(
            _turned(alt, texts).mark_text(fontSize=12, color=INK, align=side).encode(text="text:N")
            for side, texts in cube.labels(landscape.letter).items()
        ),
    ]
    return (
        alt.layer(*layers)
        .add_params(azimuth, elevation)
        .properties(
            width=side,
            height=side,
            title=panel_title("the surface"),
            view=alt.ViewConfig(stroke=None),
        )
    )


class _Cube:
    """The box that a surface is drawn in, with all three directions from −1 to 1."""

    def __init__(self, axes: tuple[Axis, Axis], heights: tuple[float, float]) -> None:
        self.axes = axes
        self.limits = ((axes[0].low, axes[0].high), (axes[1].low, axes[1].high), heights)

    def place(self, *numbers: float) -> dict[str, Any]:
        """Move a place into the cube."""
        scaled = (
            2 * (number - low) / (high - low) - 1
            for number, (low, high) in zip(numbers, self.limits, strict=True)
        )
        return dict(zip(("u", "v", "w"), scaled, strict=True))

    def line(self, places: Sequence[Place], number: int) -> list[dict[str, Any]]:
        """Move a line into the cube, in pieces where it leaves it: it ends at the lid or floor."""
        rows: list[dict[str, Any]] = []
        piece, before = 0, None
        for place in places:
            moved = self.place(*place)
            drawn = [*_crossing(before, moved), *([moved] if _inside(moved) else [])]
            piece += before is None or not _inside(before)
            rows += [
                {**each, "piece": f"{number}-{piece}", "order": len(rows) + k}
                for k, each in enumerate(drawn)
            ]
            before = moved
        return rows

    def edges(self) -> list[dict[str, Any]]:
        """Draw the floor of the cube, and one of its uprights."""
        corners = [(-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1), (-1, -1, -1)]
        lines = [corners, [(1, -1, -1), (1, -1, 1)]]
        return [
            {"u": u, "v": v, "w": w, "piece": str(k), "order": n}
            for k, line in enumerate(lines)
            for n, (u, v, w) in enumerate(line)
        ]

    def labels(self, letter: str) -> dict[str, list[dict[str, Any]]]:
        """Write the letters of the three directions, and a few numbers along each.

        Those of heights begin beside the upright, however long they are; others are centred.
        """
        first, second = (axis.name for axis in self.axes)
        texts = [(0.0, -_beyond(first), -1.0, first), (-_beyond(second), 0.0, -1.0, second)]
        texts.append((1.0, -1.0, 1.12, letter))
        beside: list[tuple[float, float, float, str]] = []
        for k, limits in enumerate(self.limits):
            for number in nice_ticks(*limits, 4):
                t = 2 * (number - limits[0]) / (limits[1] - limits[0]) - 1
                places = ((t, -1.15, -1.0), (-1.15, t, -1.0), (1.04, -1.06, t))
                if abs(t) < (0.95 if k == 2 else 0.9):
                    kept = beside if k == 2 else texts
                    kept.append((*places[k], write_briefly(number)))
        return {
            side: [{"u": u, "v": v, "w": w, "text": text} for u, v, w, text in found]
            for side, found in (("center", texts), ("left", beside))
        }


def _beyond(name: str) -> float:
    """Say how far out the name of an axis stands: a long one clear of the numbers."""
    return 1.4 if len(name) < 3 else 1.6


def _inside(place: dict[str, float]) -> bool:
    """Tell whether a place lies in the cube; one without a height does not."""
    return all(abs(place[direction]) <= 1 + 1e-9 for direction in "uvw")


def _crossing(
    before: dict[str, float] | None, after: dict[str, float]
) -> Iterable[dict[str, float]]:
    """Give the place between two others where a line goes through the lid or floor, if it does."""
    if before is None or _inside(before) == _inside(after):
        return
    outside = after if _inside(before) else before
    edge = np.copysign(1.0, outside["w"])
    if not np.isfinite(outside["w"]) or abs(outside["w"]) <= 1:
        return
    share = (edge - before["w"]) / (after["w"] - before["w"])
    yield {key: before[key] + share * (after[key] - before[key]) for key in "uvw"}


def _turned(alt: Any, rows: Iterable[dict[str, Any]]) -> Any:
    """Project places of the cube to the picture, as the two sliders say."""
    # Seen from the side (azimuth) and from above (elevation), in parallel.
    angle, tilt = "azimuth * PI / 180", "elevation * PI / 180"
    hidden = {"axis": None, "scale": alt.Scale(domain=[-1.65, 1.65], nice=False)}
    return (
        chart_of(alt, list(rows))
        .transform_calculate(
            across=f"datum.u * cos({angle}) - datum.v * sin({angle})",
            depth=f"datum.u * sin({angle}) + datum.v * cos({angle})",
        )
        .transform_calculate(up=f"datum.w * cos({tilt}) + datum.depth * sin({tilt})")
        .encode(alt.X("across:Q", **hidden), alt.Y("up:Q", **hidden))
    )


def _lines(alt: Any, rows: list[dict[str, Any]], colour: str, width: float) -> Any:
    return (
        _turned(alt, rows)
        .mark_line(color=colour, strokeWidth=width)
        .encode(detail="piece:N", order="order:Q")
    )


def _heights(landscape: Landscape, axes: tuple[Axis, Axis]) -> np.ndarray:
    """Compute the cost on the nodes of the mesh."""
    return np.array(
        [
            [landscape.cost(_moved(landscape, axes, x, y)) for y in axes[1].values(LINES)]
            for x in axes[0].values(LINES)
        ]
    )


def _moved(landscape: Landscape, axes: tuple[Axis, Axis], x: float, y: float) -> np.ndarray:
    """Return the point with the two components moved."""
    vector = landscape.origin.copy()
    vector[axes[0].position], vector[axes[1].position] = x, y
    return vector


def _mesh(axes: tuple[Axis, Axis], heights: np.ndarray) -> Iterable[list[Place]]:
    """Give the lines of the mesh, in both directions."""
    xs, ys = axes[0].values(LINES), axes[1].values(LINES)
    for i, x in enumerate(xs):
        yield [(float(x), float(y), float(heights[i, j])) for j, y in enumerate(ys)]
    for j, y in enumerate(ys):
        yield [(float(x), float(y), float(heights[i, j])) for i, x in enumerate(xs)]


def _slice(landscape: Landscape, axes: tuple[Axis, Axis], moving: int) -> list[Place]:
    """Follow the surface along one of the two axes, through the point."""
    fixed = float(landscape.origin[axes[1 - moving].position])
    line = []
    for value in axes[moving].values(3 * LINES):
        x, y = (float(value), fixed) if moving == 0 else (fixed, float(value))
        line.append((x, y, landscape.cost(_moved(landscape, axes, x, y))))
    return line


def _flat(lines: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for line in lines for row in line]
