"""The picture of a cost: panels that suit its number of variables, or the one asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.errors import SelectorError, Unsupported, nearest, short_repr
from calcbench.problem.arguments import check_names, check_text
from calcbench.problem.point import Point
from calcbench.report.page.formulas import write_derivation
from calcbench.report.picture import Picture, load_altair
from calcbench.show.pictures.contours import draw_contours
from calcbench.show.pictures.curve import Section, draw_curve, section_along
from calcbench.show.pictures.fit import draw_fit, find_fit
from calcbench.show.pictures.graph import draw_graph
from calcbench.show.pictures.landscape import Landscape, default_backend
from calcbench.show.pictures.profile import section_downhill
from calcbench.show.pictures.style import (
    CURVE,
    INK,
    PAIR,
    SIDE,
    TANGENT,
    below,
    beside,
    finish,
    heading,
    panel_title,
    place,
    square,
    write_number,
)
from calcbench.show.pictures.surface import draw_surface
from calcbench.show.pictures.windows import REACH, Axis, choose_window
from calcbench.show.rows import sample_rows

WIDE = (560, 380)
"""Width and height of a single curve."""

ALIKE = 4.0
"""Ratio up to which all components are drawn over the same interval."""

ROWS = 20_000
"""Rows of the data that a picture is drawn from, at most: it takes thousands of costs."""

STEEPEST = 4
"""Of many components, so many are drawn: those with the largest partials."""


@dataclass(frozen=True)
class Scene:
    """What a panel is drawn from."""

    alt: Any
    landscape: Landscape
    axes: tuple[Axis, ...]
    """The components that move."""


def plot(
    point: Point,
    backend: Backend | None = None,
    kind: str | None = None,
    parameters: Sequence[str] = (),
    windows: Mapping[str, Any] | None = None,
) -> Picture:
    """Draw the cost around a point; the slopes are taken by `backend`.

    Without `kind`, the panels that suit the number of components. `parameters` are the components
    that move, `windows` the intervals of them that are drawn. Long data are sampled. Raises
    `SelectorError` for a kind, component or interval that there is not, `NotInstalled` without the
    extra `plot`, and `Unsupported` for a problem that gives a vector.
    """
    if kind is not None:
        check_text("kind", kind, "'contours'")
    for name in parameters:
        check_text("a parameter that moves", name, "'w[0]'")
    if windows is not None:
        check_names("window", windows)
    if kind is not None and kind not in NAMES:
        raise SelectorError(f"no kind of picture {short_repr(kind)}: {nearest(kind, NAMES)}")
    derived = write_derivation(point.problem.derivation)
    if kind == GRAPH:
        if parameters or windows:
            raise SelectorError("the graph of a cost has no parameters to choose, and no window")
        return replace(draw_graph(point), below=derived)
    alt = load_altair()
    point, sampled = sample_rows(point, ROWS)
    landscape = Landscape(point, backend or default_backend(point.problem))
    axes = _axes(landscape, parameters, windows or {})
    scene = Scene(alt, landscape, axes)
    chart = below(alt, KINDS[kind](scene)) if kind else _panels(scene, bool(parameters))
    left_out = f"left out where the cost raises {landscape.raised}" if landscape.raised else ""
    lines = (_values(landscape), _slopes(landscape, axes), sampled, left_out)
    return replace(finish(chart, heading(point), *lines), below=derived)


def _panels(scene: Scene, chosen: bool) -> Any:
    """Choose panels: a curve, a surface with its slices, or the profile along the gradient."""
    fit = [_fit_panel(scene)] if find_fit(scene.landscape.point, scene.landscape.backend) else []
    match len(scene.axes):
        case 1:
            rows = [_curve_panel(scene)]
        case 2:
            pair = beside(scene.alt, _surface_panel(scene), _contour_panel(scene))
            rows = [pair, _slice_panels(scene)]
        case _:
            slices = _slice_panels(scene)
            rows = [slices] if chosen else [_profile_panel(scene), slices]
    return below(scene.alt, *rows, *fit)


# --- the kinds -----------------------------------------------------------------------------


def _curve_panel(scene: Scene) -> Any:
    if len(scene.axes) != 1:
        raise SelectorError(_needs("a curve", 1, scene))
    section = section_along(scene.landscape, scene.axes[0])
    return draw_curve(scene.alt, section, True, WIDE).properties(title=_note(section, CURVE))


def _surface_panel(scene: Scene) -> Any:
    return draw_surface(scene.alt, scene.landscape, _pair("a surface", scene), SIDE)


def _contour_panel(scene: Scene) -> Any:
    pair = _pair("a picture of level curves", scene)
    return draw_contours(scene.alt, scene.landscape, pair, square(pair))


def _slice_panels(scene: Scene) -> Any:
    """Draw the slices through the point along each component, two in a row."""
    slopes = np.abs(scene.landscape.gradient(scene.landscape.origin))
    axes = sorted(scene.axes, key=lambda axis: -np.nan_to_num(slopes[axis.position]))
    drawn = scene.axes if len(scene.axes) <= STEEPEST else axes[:STEEPEST]
    panels = [_slice(scene, axis, PAIR[k % 2]) for k, axis in enumerate(drawn)]
    rows = [beside(scene.alt, *panels[k : k + 2]) for k in range(0, len(panels), 2)]
    return below(scene.alt, *rows)


def _slice(scene: Scene, axis: Axis, colour: str) -> Any:
    landscape = scene.landscape
    section = section_along(landscape, axis)
    others = [k for k in range(len(landscape.names)) if k != axis.position]
    held = place([landscape.names[k] for k in others], landscape.origin[others])
    title = f"the slice {held}" if 0 < len(others) <= 2 else f"only {axis.name} moves"
    if section.slope is not None:
        title += f": slope {write_number(section.slope)}"
    drawn = draw_curve(scene.alt, section, False, (SIDE, 200), (colour, INK), legend=False)
    return drawn.properties(title=_note(section, colour, title))


def _profile_panel(scene: Scene) -> Any:
    section = section_downhill(scene.landscape)
    if section is None:
        raise Unsupported("there is no way along the gradient: it is 0, or not finite")
    title = "the cost against the gradient: slope " + (
        write_number(section.slope) if section.slope is not None else "–"
    )
    drawn = draw_curve(scene.alt, section, False, (2 * SIDE + 80, 260), (CURVE, TANGENT), False)
    return drawn.properties(title=_note(section, CURVE, title))


def _fit_panel(scene: Scene) -> Any:
    fit = find_fit(scene.landscape.point, scene.landscape.backend)
    if fit is None:
        raise Unsupported(
            f"problem {scene.landscape.point.problem.name!r} has no points to draw a curve "
            "through: it takes rows of one x and one y, and a cost of squares"
        )
    return draw_fit(scene.alt, fit, scene.landscape.origin, (2 * SIDE + 80, 260))


KINDS: dict[str, Callable[[Scene], Any]] = {
    "curve": _curve_panel,
    "surface": _surface_panel,
    "contours": _contour_panel,
    "slices": _slice_panels,
    "profile": _profile_panel,
    "fit": _fit_panel,
}
"""Kind of panel → what draws it."""

GRAPH = "graph"

NAMES = (*KINDS, GRAPH)
"""Every kind of picture."""


def _pair(what: str, scene: Scene) -> tuple[Axis, Axis]:
    if len(scene.axes) != 2:
        raise SelectorError(_needs(what, 2, scene))
    return scene.axes[0], scene.axes[1]


def _needs(what: str, count: int, scene: Scene) -> str:
    names = scene.landscape.names
    listed = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    return (
        f"{what} needs {count} moving {'component' if count == 1 else 'components'}, "
        f"and {len(scene.axes)} are chosen: name {count} of {listed} as parameters"
    )


def _note(section: Section, colour: str, title: str = "") -> Any:
    """Title a panel, and say why a tangent is missing."""
    return panel_title(title, colour, section.note)


# --- what is drawn -------------------------------------------------------------------------


def _axes(
    landscape: Landscape, parameters: Sequence[str], windows: Mapping[str, Any]
) -> tuple[Axis, ...]:
    """Find the components that move, and how far."""
    point = landscape.point
    chosen = [point.position(name.strip()) for name in parameters] or list(range(point.size))
    if len(set(chosen)) < len(chosen):
        raise SelectorError("a component is named twice among the parameters")
    for name in windows:
        point.position(name)
    reaches = [REACH * max(1.0, abs(float(landscape.origin[k]))) for k in chosen]
    if max(reaches) <= ALIKE * min(reaches):  # equal scales: arrows stand on level curves
        reaches = [max(reaches)] * len(chosen)
    return tuple(_axis(landscape, *pair, windows) for pair in zip(chosen, reaches, strict=True))


def _axis(landscape: Landscape, k: int, reach: float, windows: Mapping[str, Any]) -> Axis:
    name = landscape.names[k]
    if name in windows:
        return Axis(name, k, *_checked(name, windows[name]))
    domain = landscape.point.problem.interval(name.partition("[")[0])
    start = float(landscape.origin[k])
    around = (-reach, reach)
    if len(landscape.names) == 1:  # room for secants beyond the point
        around = (min(-reach, start - reach), max(reach, start + reach))
    low, high = choose_window(
        lambda x: landscape.cost(landscape.moved(k, x)), start, around, domain
    )
    return Axis(name, k, float(low), float(high))


def _checked(name: str, window: Any) -> tuple[float, float]:
    """Read an interval. Raises `SelectorError` for what is none."""
    try:
        low, high = (float(end) for end in window)
    except (TypeError, ValueError, OverflowError):
        low, high = np.nan, np.nan
    if not (np.isfinite(high - low) and low < high):
        raise SelectorError(
            f"the window of {name} is {short_repr(window)}, not an interval such as [-3, 3]"
        )
    return low, high


# --- the heading ---------------------------------------------------------------------------


def _values(landscape: Landscape) -> str:
    """Say where the picture is, and the cost there."""
    cost = f"{landscape.letter} = {write_number(landscape.cost(landscape.origin), 6)}"
    if len(landscape.names) > 6:
        return f"{cost} at a point of {len(landscape.names)} components"
    return f"at {place(landscape.names, landscape.origin)}: {cost}"


def _slopes(landscape: Landscape, axes: tuple[Axis, ...]) -> str:
    """List the partial derivatives at the point, and who took them."""
    if len(axes) > STEEPEST:
        return f"gradient: {landscape.backend.selector}"
    smooth = [axis for axis in axes if not landscape.kinks.rough[axis.position]]
    said = [_slope(landscape, axis) for axis in smooth]
    return f"{', '.join(said)} ({landscape.backend.selector})" if said else ""


def _slope(landscape: Landscape, axis: Axis) -> str:
    """Say what the partial derivative by one component is."""
    d = "d" if len(landscape.names) == 1 else "∂"
    slope = float(landscape.gradient(landscape.origin)[axis.position])
    said = f"= {write_number(slope, 6)}" if np.isfinite(slope) else "is not finite"
    return f"{d}{landscape.letter}/{d}{axis.name} {said}"
