"""Parts of the Vega-Lite specifications of a page: axes, colours, tooltips, choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calcbench.errors import printable

COLOURS = (
    "#3b82c4",
    "#e07b00",
    "#2f9e6e",
    "#c8509b",
    "#7a68d8",
    "#d0453e",
    "#17929c",
    "#a67c00",
    "#8c6d46",
    "#7f8c8d",
)
"""Colours of backends, in the order of a run, over and over: each stands out on white and black."""

DASHES = ([1, 0], [6, 3], [2, 2])
"""Lines of the first backends of a colour, the second ones, the third ones."""

HEIGHT = 230
"""Pixels between the axes of a chart that has no line for each backend."""

EXACT = 17
"""Digits at which a result without any error stands: a double has no more."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A picture in a page: what it is, a line on how to read it, and what Vega-Lite draws."""

    title: str
    hint: str
    spec: dict[str, Any]


def backend_colours(names: Iterable[str]) -> dict[str, str]:
    """Give every backend of a run its colour."""
    ordered = dict.fromkeys(map(printable, names))
    return {name: COLOURS[k % len(COLOURS)] for k, name in enumerate(ordered)}


DURATION = "format(datum.value, '~s') + 's'"
"""Labels of an axis of seconds: 10µs, 1ms."""

SHORT = "format(datum.value, '~s')"
"""Labels of an axis of numbers: 10, 1k, 1M."""

PLAIN = "format(datum.value, ',.4~r')"
"""Labels of an axis of ratios: 0.5, 20, 10,000."""

CATEGORY = {
    "field": "b",
    "type": "nominal",
    "title": None,
    "sort": None,
    "axis": {"labelLimit": 220},
}
"""A line for each backend, in the order of the rows."""

PICK = {"name": "pick", "select": {"type": "point", "fields": ["b"]}, "bind": "legend"}
"""A click on a backend in the legend lets the others fade."""

FADED = {"condition": {"param": "pick", "value": 1}, "value": 0.12}


def tip(field: str, title: str, form: str = "", unit: str = "") -> Row:
    """Make a line of a tooltip."""
    kind = "quantitative" if form else "nominal"
    found = {"field": field, "type": kind, "title": f"{title} [{unit}]" if unit else title}
    return {**found, "format": form} if form else found


WHO = (tip("b", "backend"), tip("n", "size", ","))


def log_axis(field: str, title: str, label: str) -> Row:
    """Make a logarithmic axis, with labels at 1, 2 and 5 times powers of ten as they fit."""
    round_number = "indexof('125', slice(format(datum.value, 'e'), 0, 1)) >= 0"
    axis = {
        "labelExpr": f"{round_number} ? {label} : ''",
        "labelOverlap": "greedy",
        "labelSeparation": 6,
    }
    scale = {"type": "log", "nice": False, "padding": 8}
    return {"field": field, "type": "quantitative", "scale": scale, "title": title, "axis": axis}


def with_size(spec: dict[str, Any], sizes: Sequence[int]) -> dict[str, Any]:
    """Let the reader choose the size, where there are several; the largest one first."""
    if len(sizes) < 2:
        return spec
    labels = [f"{size:,}" for size in sizes]
    bind = {"input": "select", "options": list(sizes), "labels": labels, "name": "size"}
    chosen = {"name": "size", "value": sizes[-1], "bind": bind}
    filtered = [{"filter": "datum.n == size"}, *spec.get("transform", [])]
    return {**spec, "params": [*spec.get("params", []), chosen], "transform": filtered}


def coloured(chart: Chart, colours: dict[str, str]) -> Chart:
    """Give a chart its size and the colours of the backends in it."""
    names = dict.fromkeys(row["b"] for row in chart.spec["data"]["values"])
    scale = {"domain": list(names), "range": [colours[name] for name in names]}
    colour = {"field": "b", "type": "nominal", "scale": scale}
    one_each = chart.spec["encoding"].get("y", {}).get("field") == "b"
    dashed = len(colours) > len(COLOURS) and not one_each
    encoding = {
        "color": {**colour, **({"legend": None} if one_each else {})},
        **(_dashes(list(names), colours) if dashed else {}),
        **chart.spec["encoding"],
    }
    size = {
        "width": "container",
        "height": 24 * len(names) if one_each else HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
    }
    return Chart(chart.title, chart.hint, {**chart.spec, **size, "encoding": encoding})


def _dashes(names: Sequence[str], colours: Mapping[str, str]) -> Row:
    """Tell backends apart that have the same colour: the second one's line is dashed, and so on."""
    ordered = list(colours)
    dashes = [DASHES[ordered.index(name) // len(COLOURS) % len(DASHES)] for name in names]
    scale = {"domain": list(names), "range": dashes}
    return {"strokeDash": {"field": "b", "type": "nominal", "scale": scale}}
