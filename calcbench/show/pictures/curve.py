"""One variable: the curve, its tangent, and secants whose second point moves closer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from calcbench.show.pictures.landscape import Landscape
from calcbench.show.pictures.style import (
    CURVE,
    MOVABLE,
    SECANTS,
    TANGENT,
    chart_of,
    height_axis,
    write_number,
)
from calcbench.show.pictures.windows import (
    Axis,
    Function,
    nice_step,
    sample,
    visible_range,
)

SLIDES = 40
"""About how many places a slider has to each side."""


TANGENTS = "tangent"
"""How the label of a tangent begins."""

Line = tuple[str, str, list[tuple[float, float, int]]]
"""A label, a colour, and points (x, y, piece)."""


@dataclass(frozen=True)
class Section:
    """The cost along a line through the point: a curve, and its slope there."""

    function: Function
    start: float
    low: float
    high: float
    x_label: str
    y_label: str
    slope: float | None
    """None at a kink, where there is no tangent."""
    note: str = ""
    """Why there is none."""

    @property
    def height(self) -> float:
        """The value at the point."""
        return self.function(self.start)


def section_along(landscape: Landscape, axis: Axis) -> Section:
    """Let one component move, and hold the others."""

    def function(x: float) -> float:
        return landscape.cost(landscape.moved(axis.position, x))

    rough, why = landscape.kinks
    slope = float(landscape.gradient(landscape.origin)[axis.position])
    smooth = np.isfinite(slope) and not rough[axis.position]
    return Section(
        function,
        float(landscape.origin[axis.position]),
        axis.low,
        axis.high,
        axis.name,
        landscape.letter,
        slope if smooth else None,
        "" if smooth else f"no tangent: {why or 'the slope is not finite'}",
    )


def draw_curve(
    alt: Any,
    section: Section,
    secants: bool,
    size: tuple[int, int],
    colours: tuple[str, str] = (CURVE, TANGENT),
    legend: bool = True,
    tangent: bool = True,
) -> Any:
    """Draw a section with its point, its tangent and, if asked for, secants."""
    points = sample(section.function, section.low, section.high)
    low, high = visible_range([y for _, y, _ in points] + [section.height])
    x = alt.X("x:Q", title=section.x_label).scale(domain=[section.low, section.high], nice=False)
    y = height_axis(alt, "y:Q", section.y_label).scale(domain=[low, high], nice=False, zero=False)
    lines = [(section.y_label, colours[0], points), *(_secants(section) if secants else [])]
    if tangent and section.slope is not None:
        label = f"{TANGENTS}, slope {write_number(section.slope)}"
        lines.append((label, colours[1], _straight(section, section.slope)))
    dots = chart_of(alt, _dots(section, secants, colours[1]))
    marks = dots.mark_point(size=70, opacity=1, clip=True, stroke="white").encode(
        x, y, fill=alt.Fill("colour:N").scale(None).legend(None)
    )
    layers = [
        _draw_lines(alt, lines, x, y, legend),
        marks,
        *(_movable_secant(alt, section, x, y) if secants else []),
    ]
    return alt.layer(*layers).properties(width=size[0], height=size[1])


def _draw_lines(alt: Any, lines: list[Line], x: Any, y: Any, legend: bool) -> Any:
    """Draw lines in their colours, those of tangents in dashes."""
    rows = [
        {"x": a, "y": b, "piece": piece, "line": label}
        for label, _, found in lines
        for a, b, piece in found
    ]
    labels = [label for label, _, _ in lines]
    # A tangent of gaps: a straight curve would be hidden below it.
    dashes = [[7, 4] if label.startswith(TANGENTS) else [1, 0] for label in labels]
    below = alt.Legend(orient="bottom", columns=2) if legend else None
    colour, dash = (
        channel("line:N", title=None, sort=labels).scale(domain=labels, range=shown).legend(below)
        for channel, shown in (
            (alt.Color, [colour for _, colour, _ in lines]),
            (alt.StrokeDash, dashes),
        )
    )
    drawn = chart_of(alt, rows).mark_line(clip=True, strokeWidth=2)
    return drawn.encode(x, y, colour, dash, detail="piece:N")


def _movable_secant(alt: Any, section: Section, x: Any, y: Any) -> list[Any]:
    """Draw one more secant, which a slider moves in a page; at Δ = 0, as at first, none is seen."""
    room = min(section.high - section.start, section.start - section.low)
    if not room > 0:
        return []
    step = nice_step(room / SLIDES)
    count = int(room / step)
    slider = alt.binding_range(min=-count * step, max=count * step, step=step, name="Δ ")
    delta = alt.param(name="delta", value=0, bind=slider)
    rows = []
    for k in (k for k in range(-count, count + 1) if k):
        second = section.function(section.start + k * step)
        slope = (second - section.height) / (k * step)
        if np.isfinite(slope):
            text = f"secant, Δ = {write_number(k * step)}: slope {write_number(slope, 6)}"
            ends = _straight(section, slope)
            places = [(a, b, "end") for a, b, _ in ends]
            places.append((section.start + k * step, second, "second"))
            rows += [{"x": a, "y": b, "k": k, "is": what, "text": text} for a, b, what in places]
    chosen = chart_of(alt, rows).transform_filter(f"datum.k == round(delta / {step!r})")
    line, dot = (chosen.transform_filter(f"datum.is == '{what}'") for what in ("end", "second"))
    return [
        line.add_params(delta).mark_line(clip=True, color=MOVABLE, strokeWidth=2).encode(x, y),
        dot.mark_point(filled=True, size=80, color=MOVABLE, opacity=1, clip=True).encode(x, y),
        dot.mark_text(align="left", fontSize=13, color=MOVABLE).encode(
            x=alt.value(12), y=alt.value(18), text="text:N"
        ),
    ]


def secant_steps(section: Section) -> list[float]:
    """Choose steps Δ within the picture, each half of the one before; at a kink, to both sides."""
    room = 0.8 * (section.high - section.start)
    if not room > 0:
        return []
    step = nice_step(room)
    return [step, -step] if section.slope is None else [step, step / 2, step / 4]


def secant_slopes(section: Section) -> list[tuple[float, float]]:
    """Compute (Δ, slope) of the secants through the point, as far as they exist."""
    found = [
        (step, (section.function(section.start + step) - section.height) / step)
        for step in secant_steps(section)
    ]
    return [(step, slope) for step, slope in found if np.isfinite(slope)]


def _secants(section: Section) -> list[Line]:
    """List label, colour and points of every secant."""
    return [
        (
            f"secant, Δ = {write_number(step)}, slope {write_number(slope)}",
            colour,
            _straight(section, slope),
        )
        for (step, slope), colour in zip(secant_slopes(section), SECANTS, strict=False)
    ]


def _straight(section: Section, slope: float) -> list[tuple[float, float, int]]:
    """Draw a straight line through the point, from one side of the picture to the other."""
    return [
        (x, section.height + slope * (x - section.start), 0) for x in (section.low, section.high)
    ]


def _dots(section: Section, secants: bool, colour: str) -> list[dict[str, Any]]:
    """List the point, and the second points of the secants."""
    found = [{"x": section.start, "y": section.height, "colour": colour}]
    if secants:
        for (step, slope), shade in zip(secant_slopes(section), SECANTS, strict=False):
            y = section.height + slope * step
            found.append({"x": section.start + step, "y": y, "colour": shade})
    return found
