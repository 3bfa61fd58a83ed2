"""Pictures of a reader's own: panels of curves, lines, dots, level curves and arrows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calcbench.errors import SelectorError, short_repr
from calcbench.report.picture import Chart, load_altair
from calcbench.show.pictures.contours import (
    Box,
    choose_levels,
    draw_arrows,
    draw_level_curves,
    to_pixels,
)
from calcbench.show.pictures.grid import Grid, compute_grid, refine
from calcbench.show.pictures.marks import SIDES, Mark, Rows, boxes, draw_marks
from calcbench.show.pictures.style import (
    CURVE,
    INK,
    LEVELS,
    SIDE,
    TANGENT,
    chart_of,
    finish,
    height_axis,
    panel_title,
)
from calcbench.show.pictures.windows import SAMPLES, Axis, sample

Interval = tuple[float, float]

Place = tuple[float, float]

DECADES = 8
"""Powers of ten that a logarithmic axis names, at most."""

FRAMES = 5_000
"""Places that the sliders of a panel may have, at most."""

HEAD = 36.0
"""Arrows that are longer, in pixels, have heads no larger than one of this length."""

EMPTY = Mark("point", "dot", INK, ())
"""What is drawn on a panel that has nothing but its axes."""

PIXELS = 32
"""Pixels between two numbers of an axis, about."""


@dataclass(frozen=True)
class Panel:
    """One pair of axes, and what is drawn on it. Every method gives a new panel with more on it.

        >>> panel = calcbench.Panel("x", (-3, 3), "y", (-1, 9))
        >>> panel = panel.curve(lambda x: x**2, "y = x²").line(2, (1, 1), "slope 2")
        >>> calcbench.draw(panel)                   # shows itself in a notebook

    `x` and `y` title the axes, `across` and `up` are their ends. `log` names the logarithmic ones:
    "x", "y" or "xy". `size` is width and height in pixels. An axis without a title
    is not drawn. A label is to one `side` of its place: "n", "ne", "e", "se", "s", "sw", "w", "nw".
    """

    x: str
    across: Interval
    y: str
    up: Interval
    title: str = ""
    size: tuple[int, int] = (SIDE, SIDE)
    log: str = ""
    layers: tuple[Any, ...] = ()

    def curve(
        self,
        function: Callable[[float], float],
        label: str = "",
        *,
        colour: str = CURVE,
        at: float | None = None,
        over: Interval | None = None,
        dashed: bool = False,
        side: str = "",
        samples: int = SAMPLES,
    ) -> Panel:
        """Draw y = function(x), over the whole axis or a part; `at` is the x of its label.

        It is broken at a jump, at a pole, and where the function is not finite.
        """
        low, high = over or self.across
        rows = self._sample(function, low, high, samples)
        drawn = self._with("line", "dashed" if dashed else "solid", colour, rows)
        x = high if at is None else at
        return drawn.text(x, function(x), label, colour=colour, side=side) if label else drawn

    def line(
        self,
        slope: float,
        through: Place,
        label: str = "",
        *,
        colour: str = TANGENT,
        at: float | None = None,
        reach: float | None = None,
        dashed: bool = True,
        side: str = "",
    ) -> Panel:
        """Draw a straight line through a place: over the whole axis, or `reach` to both sides."""
        a, b = through
        low, high = self.across if reach is None else (a - reach, a + reach)
        rows = [{"x": float(x), "y": float(b + slope * (x - a))} for x in (low, high)]
        drawn = self._with("line", "dashed" if dashed else "solid", colour, rows)
        x = high if at is None else at
        y = b + slope * (x - a)
        return drawn.text(x, y, label, colour=colour, side=side) if label else drawn

    def path(
        self,
        xs: Iterable[float],
        ys: Iterable[float],
        label: str = "",
        *,
        colour: str = CURVE,
        dots: bool = False,
        dashed: bool = False,
        at: int = -1,
        side: str = "",
    ) -> Panel:
        """Join places in their order; `at` is the number of the place that bears the label.

        What is not finite, or no place of a logarithmic axis, is left out.
        """
        places = [place for place in _pairs(xs, ys) if self._has(*place)]
        rows = [{"x": x, "y": y, "order": k} for k, (x, y) in enumerate(places)]
        drawn = self._with("line", "dashed" if dashed else "solid", colour, rows)
        if dots:
            drawn = drawn._with("point", "small", colour, rows)
        return drawn.text(*places[at], label, colour=colour, side=side) if label else drawn

    def dots(
        self,
        xs: Iterable[float],
        ys: Iterable[float],
        labels: Sequence[str] = (),
        *,
        colour: str = INK,
        hollow: bool = False,
        side: str = "",
    ) -> Panel:
        """Put dots, each perhaps with a label; hollow ones where a curve has a hole."""
        places = _pairs(xs, ys)
        rows = [{"x": x, "y": y} for x, y in places if self._inside(x, y)]
        drawn = self._with("point", "hollow" if hollow else "dot", colour, rows)
        for place, label in zip(places, labels, strict=False):
            drawn = drawn.text(*place, label, colour=colour, side=side)
        return drawn

    def rule(
        self,
        x: float | None = None,
        y: float | None = None,
        label: str = "",
        *,
        colour: str = INK,
        between: Interval | None = None,
        side: str = "",
    ) -> Panel:
        """Draw a dotted rule at an x or a y, across the panel or between two ends."""
        if x is not None and y is None:
            ends = [(x, end) for end in between or self.up]
        elif y is not None and x is None:
            ends = [(end, y) for end in between or self.across]
        else:
            raise SelectorError("a rule stands at an x or at a y: give one of the two")
        rows = [{"x": float(a), "y": float(b), "order": k} for k, (a, b) in enumerate(ends)]
        drawn = self._with("line", "dotted", colour, rows)
        return drawn.text(*ends[1], label, colour=colour, side=side) if label else drawn

    def text(self, x: float, y: float, text: str, *, colour: str = INK, side: str = "") -> Panel:
        """Write beside a place; without `side`, above it, towards the middle of the panel.

        What is beside a place outside the axes is not written.
        """
        if side and side not in SIDES:
            raise SelectorError(f"no side {short_repr(side)}: choose one of {', '.join(SIDES)}")
        chosen = side or ("ne" if self._pixels(x, y)[0] < self.size[0] / 2 else "nw")
        rows = [{"x": float(x), "y": float(y), "text": text}] if self._inside(x, y) else []
        return self._with("text", chosen, colour, rows)

    def levels(
        self,
        function: Callable[[float, float], float],
        levels: Sequence[float] | None = None,
        *,
        shades: Sequence[str] = LEVELS,
    ) -> Panel:
        """Draw the level curves of function(x, y), each with its value; without `levels`, some."""
        coarse = compute_grid(function, self._axes)
        chosen = choose_levels(coarse.heights) if levels is None else [*levels]
        grid = refine(coarse, function, self._axes)
        return replace(self, layers=(*self.layers, Levels(grid, chosen, shades)))

    def arrows(
        self,
        starts: Iterable[Place],
        ways: Iterable[Place],
        *,
        colour: str = INK,
        width: float = 1.5,
    ) -> Panel:
        """Draw arrows: from where, and how far along both axes."""
        pairs = [(start, np.add(start, way)) for start, way in zip(starts, ways, strict=True)]
        return replace(self, layers=(*self.layers, Arrows(pairs, colour, width)))

    def moving(
        self, sliders: Mapping[str, tuple[float, float, float, float]], frame: Callable[..., Panel]
    ) -> Panel:
        """Add what sliders move, in a page: `frame(panel, value, …)` draws it on an empty panel.

        `sliders` maps a name to (low, high, step, start). A still picture is that of the starts.
        A frame has curves, lines, paths, dots, rules and texts.
        """
        made = {name: Slider(*numbers) for name, numbers in sliders.items()}
        count = math.prod(slider.count for slider in made.values())
        if count > FRAMES:
            raise SelectorError(f"sliders have {FRAMES:,} places at most, and these {count:,}")
        places = itertools.product(*(slider.values for slider in made.values()))
        frames = [frame(replace(self, layers=()), *values).layers for values in places]
        if not all(isinstance(mark, Mark) for marks in frames for mark in marks):
            raise SelectorError("level curves and arrows cannot be moved by a slider")
        return replace(self, layers=(*self.layers, Moving(made, frames)))

    # --- drawing ---------------------------------------------------------------------------

    @property
    def caption(self) -> str:
        """Say what is drawn, to whoever does not see it."""
        return self.title or f"{self.y} against {self.x}"

    def chart(self, alt: Any) -> Any:
        """Draw the panel by altair: level curves, arrows, what moves, and the rest above."""
        channels = self._channels(alt)
        marks = [layer for layer in self.layers if isinstance(layer, Mark)]
        others = [layer for layer in self.layers if not isinstance(layer, Mark)]
        drawn = [
            chart
            for kind in (Levels, Arrows, Moving)
            for layer in others
            if isinstance(layer, kind)
            for chart in layer.draw(alt, self, channels)
        ]
        if marks or not drawn:
            drawn += draw_marks(alt, marks or [EMPTY], *channels)
        bare = {} if self.x and self.y else {"view": alt.ViewConfig(stroke=None)}
        layered = alt.layer(*drawn).resolve_scale(color="independent")
        return _framed(layered, self.title, self.size, **bare)

    def kept(self) -> list[Box]:
        """List the places that the labels of level curves keep clear of."""
        marks = [layer for layer in self.layers if isinstance(layer, Mark)]
        arrows = [layer for layer in self.layers if isinstance(layer, Arrows)]
        return [*boxes(marks, self._pixels), *(box for a in arrows for box in a.boxes(self))]

    def _channels(self, alt: Any) -> tuple[Any, Any]:
        """Make both axes."""
        x = alt.X("x:Q", title=self.x).scale(**self._scale("x", self.across))
        y = height_axis(alt, "y:Q", self.y).scale(**self._scale("y", self.up))
        if "x" in self.log:
            x = x.axis(values=_decades(*self.across), format="~e")
        if "y" in self.log:
            y = y.axis(values=_decades(*self.up), format="~e")
        else:
            y = y.axis(tickCount=max(3, self.size[1] // PIXELS))
        return x if self.x else x.axis(None), y if self.y else y.axis(None)

    def _scale(self, name: str, ends: Interval) -> dict[str, Any]:
        kind = {"type": "log"} if name in self.log else {"zero": False}
        return {**kind, "domain": [*ends], "nice": False}

    @property
    def _axes(self) -> tuple[Axis, Axis]:
        return Axis(self.x, 0, *self.across), Axis(self.y, 1, *self.up)

    def _with(self, kind: str, look: str, colour: str, rows: Iterable[Mapping[str, Any]]) -> Panel:
        return replace(self, layers=(*self.layers, Mark(kind, look, colour, tuple(rows))))

    def _sample(
        self, function: Callable[[float], float], low: float, high: float, count: int
    ) -> Rows:
        if "x" in self.log:
            xs = [float(x) for x in np.geomspace(low, high, count)]
            points = [(x, float(function(x)), 0) for x in xs]
        else:
            points = sample(function, low, high, count)
        return tuple({"x": x, "y": y, "piece": piece} for x, y, piece in points if self._has(x, y))

    def _has(self, x: float, y: float) -> bool:
        """Tell whether the axes have a place, if they are long enough: a logarithm needs x > 0."""
        positive = ("x" not in self.log or x > 0) and ("y" not in self.log or y > 0)
        return bool(np.isfinite(x) and np.isfinite(y) and positive)

    def _inside(self, x: float, y: float) -> bool:
        """Tell whether a place is within the ends of both axes."""
        (left, right), (low, high) = self.across, self.up
        return bool(left <= x <= right and low <= y <= high)

    def _pixels(self, x: float, y: float) -> tuple[float, float]:
        """Convert a place to pixels, from the left and from below."""
        shares = (
            float(np.log(value / low) / np.log(high / low))
            if name in self.log
            else (value - low) / (high - low)
            for name, value, (low, high) in (("x", x, self.across), ("y", y, self.up))
        )
        across, up = shares
        return across * self.size[0], up * self.size[1]


@dataclass(frozen=True)
class Bars:
    """A panel of bars, each with its name and its number; `log` has the ends of a logarithmic axis.

    >>> digits = calcbench.Bars("digits", {"forward": 7.5, "central": 10.3})
    >>> calcbench.draw(digits)
    """

    x: str
    values: Mapping[str, float]
    title: str = ""
    log: Interval | None = None
    colour: str = CURVE
    width: int = SIDE

    @property
    def caption(self) -> str:
        """Say what is drawn, to whoever does not see it."""
        return self.title or self.x

    def chart(self, alt: Any) -> Any:
        """Draw the bars by altair."""
        rows = [
            {"name": name, "x": float(value), "text": f"{value:.4g}".replace("-", "−")}
            for name, value in self.values.items()
        ]
        x = alt.X("x:Q", title=self.x)
        if self.log:
            x = x.scale(type="log", domain=[*self.log], nice=False)
            x = x.axis(values=_decades(*self.log), format="~e")
        y = alt.Y("name:N", title=None, sort=[*self.values]).axis(labelExpr="datum.value")
        bars = chart_of(alt, rows).mark_bar(color=self.colour, opacity=0.8, size=18).encode(x, y)
        if self.log:
            bars = bars.encode(x2=alt.X2Datum(self.log[0]))
        texts = chart_of(alt, rows).mark_text(align="left", dx=5, fontSize=12, color=INK)
        size = self.width, 30 * len(rows) + 10
        return _framed(alt.layer(bars, texts.encode(x, y, text="text:N")), self.title, size)


def draw(*panels: Panel | Bars, title: str = "", note: str = "", columns: int = 2) -> Chart:
    """Put panels into a picture, row by row; `title` and `note` stand above.

    It shows itself as the last line of a notebook's cell; `.save("picture.html")` makes a page
    whose sliders move. Raises `NotInstalled` without the extra `plot`.

        >>> panel = calcbench.Panel("x", (0, 4), "y", (0, 16)).curve(lambda x: x**2, "y = x²")
        >>> calcbench.draw(panel, title="A parabola").save("parabola.svg")
    """
    if not panels:
        raise SelectorError("a picture has at least one panel")
    for panel in panels:
        if not isinstance(panel, Panel | Bars):
            raise SelectorError(f"{short_repr(panel)} is no calcbench.Panel, and no calcbench.Bars")
    alt = load_altair()
    charts = [panel.chart(alt) for panel in panels]
    chart = charts[0]
    if len(charts) > 1:
        chart = alt.concat(*charts, columns=columns, spacing=28)
        chart = chart.resolve_scale(color="independent", x="independent", y="independent")
    return replace(finish(chart, title, note), title=title or "; ".join(p.caption for p in panels))


# --- what is no mark -----------------------------------------------------------------------


@dataclass(frozen=True)
class Slider:
    """A number that a reader moves from `low` to `high` in steps; at first it is `start`."""

    low: float
    high: float
    step: float
    start: float

    @property
    def count(self) -> int:
        """How many places it has."""
        return round((self.high - self.low) / self.step) + 1

    @property
    def values(self) -> list[float]:
        """All places of the slider."""
        return [round(self.low + k * self.step, 12) for k in range(self.count)]


@dataclass(frozen=True)
class Levels:
    """Level curves: heights on the grid, and the levels that are followed."""

    grid: Grid
    levels: list[float]
    shades: Sequence[str]

    def draw(self, alt: Any, panel: Panel, channels: tuple[Any, Any]) -> list[Any]:
        """Draw the curves and their values."""
        return draw_level_curves(
            alt,
            panel._axes,
            self.grid,
            self.levels,
            self.shades,
            channels,
            panel.size,
            [panel.kept()],
        )


@dataclass(frozen=True)
class Arrows:
    """Arrows of one colour, each from where to where."""

    pairs: list[tuple[Place, np.ndarray]]
    colour: str
    width: float

    def draw(self, alt: Any, panel: Panel, channels: tuple[Any, Any]) -> list[Any]:
        """Draw the arrows."""
        style = (self.colour, self.width, channels, HEAD)
        return [draw_arrows(alt, self._pixels(panel), panel._axes, panel.size, *style)]

    def boxes(self, panel: Panel) -> list[Box]:
        """List the places that the arrows take."""
        return [Box((a + b) / 2, abs(b - a) / 2 + 2) for a, b in self._pixels(panel)]

    def _pixels(self, panel: Panel) -> list[tuple[np.ndarray, np.ndarray]]:
        ends = [[np.asarray(end, float) for end in pair] for pair in self.pairs]
        return [
            (to_pixels(a, panel._axes, panel.size), to_pixels(b, panel._axes, panel.size))
            for a, b in ends
        ]


@dataclass(frozen=True)
class Moving:
    """Marks that differ from frame to frame; sliders choose the frame."""

    sliders: Mapping[str, Slider]
    frames: Sequence[Sequence[Mark]]

    def draw(self, alt: Any, panel: Panel, channels: tuple[Any, Any]) -> list[Any]:
        """Draw the marks of all frames, of which the sliders let one through."""
        marks = [
            replace(mark, rows=tuple({**row, "frame": k} for row in mark.rows))
            for k, frame in enumerate(self.frames)
            for mark in frame
        ]
        first, *others = draw_marks(alt, marks, *channels, f"datum.frame == {self._frame}")
        params = [_param(alt, name, slider) for name, slider in self.sliders.items()]
        return [first.add_params(*params), *others]

    @property
    def _frame(self) -> str:
        """Write the number of the frame, as Vega computes it from the sliders."""
        number = "0"
        for name, slider in self.sliders.items():
            place = f"round(({_identifier(name)} - {slider.low!r}) / {slider.step!r})"
            number = f"({number} * {slider.count} + {place})"
        return number


def _param(alt: Any, name: str, slider: Slider) -> Any:
    """Make a slider of a page."""
    ends = {"min": slider.low, "max": slider.high, "step": slider.step}
    bind = alt.binding_range(**ends, name=f"{name} ")
    return alt.param(name=_identifier(name), value=slider.start, bind=bind)


def _identifier(name: str) -> str:
    """Name a slider so that Vega can compute with it."""
    return "slider_" + "".join(c if c.isascii() and c.isalnum() else f"{ord(c)}" for c in name)


def _framed(chart: Any, title: str, size: tuple[int, int], **more: Any) -> Any:
    """Give a panel its size, and its title if it has one."""
    titled = {"title": panel_title(title)} if title else {}
    return chart.properties(width=size[0], height=size[1], **titled, **more)


def _pairs(xs: Iterable[float], ys: Iterable[float]) -> list[Place]:
    return [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _decades(low: float, high: float) -> list[float]:
    """List the powers of ten on an axis, or every second or third of them."""
    first, last = int(np.ceil(np.log10(low) - 1e-9)), int(np.floor(np.log10(high) + 1e-9))
    every = -(-(last - first + 1) // DECADES)
    return [10.0**k for k in range(first, last + 1, every)]
