"""The charts of a section of a run, as Vega-Lite specifications with their data inside.

Their rows have names of one letter, for a page may hold hundreds of charts: `b` backend, `n` size,
`t` time with `l` to `h` its interval, `d` digits, `s` set-up, `k` calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calcbench.bench.intervals import Estimate
from calcbench.errors import printable
from calcbench.report import break_even
from calcbench.report.sections import Measurement, Section

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


def charts(section: Section, colours: dict[str, str]) -> list[Chart]:
    """Make the charts of a section; what has nothing to show is left out."""
    right = [row for row in section.rows if row.record.status.measured and row.time]
    drawn = (times(right), ratios(right), accuracy(right), calls(right), memory(section.rows))
    return [_coloured(chart, colours) for chart in drawn if chart]


def backend_colours(names: Iterable[str]) -> dict[str, str]:
    """Give every backend of a run its colour."""
    ordered = dict.fromkeys(map(printable, names))
    return {name: COLOURS[k % len(COLOURS)] for k, name in enumerate(ordered)}


def times(right: Sequence[Measurement]) -> Chart | None:
    """Draw the time of one call against the size, or by backend where there is one size."""
    return _intervals(right, lambda row: row.time, "Time of one call", "time", DURATION)


def ratios(right: Sequence[Measurement]) -> Chart | None:
    """Draw how many times as long as the fastest each takes."""
    if len(_backends(right)) < 2:
        return None
    title = "Time relative to the fastest"
    return _intervals(right, lambda row: row.times_fastest, title, "× fastest", PLAIN)


def accuracy(right: Sequence[Measurement]) -> Chart | None:
    """Draw digits against time: up is right, left is quick."""
    rows = [
        {**_name(row), "t": row.time.median, "d": min(row.record.digits, EXACT)}
        for row in right
        if row.time and row.record.digits is not None and not math.isnan(row.record.digits)
    ]
    if len({row["b"] for row in rows}) < 2:
        return None
    spec = {
        "data": {"values": rows},
        "params": [PICK],
        "mark": {"type": "point", "filled": True, "size": 70},
        "encoding": {
            "x": _log("t", "time of one call", DURATION),
            "y": {
                "field": "d",
                "type": "quantitative",
                "title": "right digits",
                "scale": {"zero": False, "nice": True},
            },
            "tooltip": [*WHO, _tip("t", "time", ".3s", "s"), _tip("d", "digits", ".1f")],
        },
    }
    return Chart("Digits and time", "one point per backend and size; up and left is better", spec)


def calls(right: Sequence[Measurement]) -> Chart | None:
    """Draw the time of k calls, set-up included, against k: lines cross where one overtakes."""
    lines = [(row, line) for row in right if (line := break_even.line(row.record))]
    rows = [{**_name(row), "s": line.setup, "t": line.steady} for row, line in lines]
    sizes = [n for n in _sizes(rows) if sum(row["n"] == n for row in rows) > 1]
    if not sizes:
        return None
    spec = {
        "data": {"values": [row for row in rows if row["n"] in sizes]},
        "transform": [
            {"calculate": "sequence(0, 6.1, 0.25)", "as": "e"},
            {"flatten": ["e"]},
            {"calculate": "pow(10, datum.e)", "as": "k"},
            {"calculate": "datum.s + datum.k * datum.t", "as": "total"},
        ],
        "mark": "line",
        "encoding": {
            "x": _log("k", "number of calls", SHORT),
            "y": _log("total", "time, with prepare and first call", DURATION),
            "tooltip": [*WHO, _tip("k", "calls", ",.0f"), _tip("total", "time", ".3s", "s")],
        },
    }
    hint = "total time of k calls; where two lines cross, the one overtakes the other"
    return Chart("Break-even", hint, _with_size(spec, sizes))


def memory(found: Sequence[Measurement]) -> Chart | None:
    """Draw what each process took: its imports, and what the operator took beyond them."""
    rows = [
        {**_name(row), "m": round(timing.memory[name] / 2**20, 1), "p": part}
        for row in found
        if (timing := row.record.timing)
        for name, part in (("imported", "imports"), ("peak", "preparing and first call"))
        if name in timing.memory
    ]
    if len({row["b"] for row in rows}) < 2:
        return None
    spec = {
        "data": {"values": rows},
        "mark": "bar",
        "encoding": {
            "y": CATEGORY,
            "x": {
                "field": "m",
                "type": "quantitative",
                "stack": "zero",
                "title": "memory in MiB",
            },
            "color": {"field": "p", "scale": {"range": ["#8fa3b5", "#e0a458"]}},
            "tooltip": [*WHO, _tip("p", "for"), _tip("m", "MiB", ",.4~g")],
        },
    }
    return Chart("Memory", "what one process takes", _with_size(spec, _sizes(rows)))


def step_lines(rows: Sequence[Row], colours: dict[str, str]) -> dict[str, Any]:
    """Draw the performance profile: rows of `b`, `x` and the share `y` reached there."""
    spec = {
        "data": {"values": list(rows)},
        "params": [PICK],
        "mark": {"type": "line", "interpolate": "step-after"},
        "encoding": {
            "x": _log("x", "within this factor of the fastest", PLAIN),
            "y": {
                "field": "y",
                "type": "quantitative",
                "title": "share of comparisons",
                "axis": {"format": "%"},
                "scale": {"domain": [0, 1]},
            },
            "opacity": FADED,
            "tooltip": [
                _tip("b", "backend"),
                _tip("x", "factor", ".3~g"),
                _tip("y", "share", ".0%"),
            ],
        },
    }
    return _coloured(Chart("", "", spec), colours).spec


# --- parts of specifications -----------------------------------------------------------------

DURATION = "format(datum.value, '~s') + 's'"
"""Labels of an axis of seconds: 10µs, 1ms."""

SHORT = "format(datum.value, '~s')"
"""Labels of an axis of numbers: 10, 1k, 1M."""

PLAIN = "format(datum.value, ',.4~g')"

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


def _tip(field: str, title: str, form: str = "", unit: str = "") -> Row:
    """Make a line of a tooltip."""
    kind = "quantitative" if form else "nominal"
    found = {"field": field, "type": kind, "title": f"{title} [{unit}]" if unit else title}
    return {**found, "format": form} if form else found


WHO = (_tip("b", "backend"), _tip("n", "size", ","))


def _log(field: str, title: str, label: str) -> Row:
    """Make a logarithmic axis, with labels at 1, 2 and 5 times powers of ten as they fit."""
    round_number = "indexof('125', slice(format(datum.value, 'e'), 0, 1)) >= 0"
    axis = {"labelExpr": f"{round_number} ? {label} : ''", "labelOverlap": "greedy"}
    scale = {"type": "log", "nice": False, "padding": 8}
    return {"field": field, "type": "quantitative", "scale": scale, "title": title, "axis": axis}


def _intervals(
    right: Sequence[Measurement],
    quantity: Callable[[Measurement], Estimate | None],
    title: str,
    axis: str,
    labels: str,
) -> Chart | None:
    """Draw medians with their 95 % intervals."""
    rows = [{**_name(row), **_ends(found)} for row in right if (found := quantity(row))]
    if len(rows) < 2:
        return None
    several = len(_sizes(rows)) > 1
    along, across = ("y", "x") if several else ("x", "y")
    where = _log("n", "size", SHORT) if several else CATEGORY
    tips = [*WHO, *(_tip(f, n, ".4~g") for f, n in (("t", axis), ("l", "from"), ("h", "to")))]
    point = {
        "params": [PICK],
        "mark": {"type": "point", "filled": True, "size": 45},
        "encoding": {along: _log("t", axis, labels), "tooltip": tips},
    }
    rule = {
        "mark": "rule",
        "encoding": {along: _log("l", axis, labels), f"{along}2": {"field": "h"}},
    }
    line = {"mark": "line", "encoding": {along: _log("t", axis, labels)}}
    spec = {
        "data": {"values": rows},
        "encoding": {across: where, "opacity": FADED},
        "layer": [point, rule, *([line] if several else [])],
    }
    axes = "both axes are logarithmic" if several else "the axis is logarithmic"
    return Chart(title, f"median with its 95 % interval; {axes}", spec)


def _with_size(spec: dict[str, Any], sizes: Sequence[int]) -> dict[str, Any]:
    """Let the reader choose the size, where there are several; the largest one first."""
    if len(sizes) < 2:
        return spec
    labels = [f"{size:,}" for size in sizes]
    bind = {"input": "select", "options": list(sizes), "labels": labels, "name": "size"}
    chosen = {"name": "size", "value": sizes[-1], "bind": bind}
    filtered = [{"filter": "datum.n == size"}, *spec.get("transform", [])]
    return {**spec, "params": [*spec.get("params", []), chosen], "transform": filtered}


def _coloured(chart: Chart, colours: dict[str, str]) -> Chart:
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


def _name(row: Measurement) -> Row:
    return {"b": printable(row.record.backend), "n": row.record.size}


def _ends(found: Estimate) -> Row:
    """Give a median and its interval to five digits, which no picture shows."""
    return {
        name: float(f"{value:.5g}") if math.isfinite(value) else None
        for name, value in (("t", found.median), ("l", found.low), ("h", found.high))
    }


def _backends(rows: Sequence[Measurement]) -> set[str]:
    return {row.record.backend for row in rows}


def _sizes(rows: Sequence[Row]) -> list[int]:
    return sorted({row["n"] for row in rows})
