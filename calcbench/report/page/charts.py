"""The charts of a section of a run, as Vega-Lite specifications with their data inside.

Their rows have names of one letter, for a page may hold hundreds of charts: `b` backend, `n` size,
`t` time with `l` to `h` its interval, `d` digits, `s` set-up, `k` calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from calcbench.bench.intervals import Estimate
from calcbench.errors import printable
from calcbench.report import break_even
from calcbench.report.page.specs import (
    CATEGORY,
    DURATION,
    EXACT,
    FADED,
    PICK,
    PLAIN,
    SHORT,
    WHO,
    Chart,
    Row,
    coloured,
    log_axis,
    tip,
    with_size,
)
from calcbench.report.sections import Measurement, Section


def charts(section: Section, colours: dict[str, str]) -> list[Chart]:
    """Make the charts of a section; what has nothing to show is left out."""
    right = [row for row in section.rows if row.record.status.measured and row.time]
    drawn = (times(right), ratios(right), accuracy(right), calls(right), memory(section.rows))
    return [coloured(chart, colours) for chart in drawn if chart]


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
        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
        "encoding": {
            "x": log_axis("t", "time of one call", DURATION),
            "y": {
                "field": "d",
                "type": "quantitative",
                "title": "right digits",
                "scale": {"zero": False, "nice": True},
            },
            "tooltip": [*WHO, tip("t", "time", ".3s", "s"), tip("d", "digits", ".1f")],
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
            "x": log_axis("k", "number of calls", SHORT),
            "y": log_axis("total", "time, with prepare and first call", DURATION),
            "tooltip": [*WHO, tip("k", "calls", ",.0f"), tip("total", "time", ".3s", "s")],
        },
    }
    hint = "total time of k calls; where two lines cross, the one overtakes the other"
    return Chart("Break-even", hint, with_size(spec, sizes))


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
            "tooltip": [*WHO, tip("p", "for"), tip("m", "MiB", ",.4~g")],
        },
    }
    return Chart("Memory", "what one process takes", with_size(spec, _sizes(rows)))


def step_lines(rows: Sequence[Row], colours: dict[str, str]) -> dict[str, Any]:
    """Draw the performance profile: rows of `b`, `x` and the share `y` reached there."""
    spec = {
        "data": {"values": list(rows)},
        "params": [PICK],
        "mark": {"type": "line", "interpolate": "step-after"},
        "encoding": {
            "x": log_axis("x", "within this factor of the fastest", PLAIN),
            "y": {
                "field": "y",
                "type": "quantitative",
                "title": "share of comparisons",
                "axis": {"format": "%"},
                "scale": {"domain": [0, 1]},
            },
            "opacity": FADED,
            "tooltip": [
                tip("b", "backend"),
                tip("x", "factor", ".3~g"),
                tip("y", "share", ".0%"),
            ],
        },
    }
    return coloured(Chart("", "", spec), colours).spec


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
    where = log_axis("n", "size", SHORT) if several else CATEGORY
    tips = [*WHO, *(tip(f, n, ".4~g") for f, n in (("t", axis), ("l", "from"), ("h", "to")))]
    point = {
        "params": [PICK],
        "mark": {"type": "point", "filled": True, "size": 45},
        "encoding": {along: log_axis("t", axis, labels), "tooltip": tips},
    }
    rule = {
        "mark": "rule",
        "encoding": {along: log_axis("l", axis, labels), f"{along}2": {"field": "h"}},
    }
    line = {"mark": "line", "encoding": {along: log_axis("t", axis, labels)}}
    spec = {
        "data": {"values": rows},
        "encoding": {across: where, "opacity": FADED},
        "layer": [point, rule, *([line] if several else [])],
    }
    axes = "both axes are logarithmic" if several else "the axis is logarithmic"
    return Chart(title, f"median with its 95 % interval; {axes}", spec)


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
