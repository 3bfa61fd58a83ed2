"""The differences of two runs, as a table and as plain data."""

from __future__ import annotations

import math
from typing import Any

from calcbench.record.plain import plain
from calcbench.record.record import Record
from calcbench.report import ratios
from calcbench.report.differences import Difference, Differences, Verdict
from calcbench.report.fields import identify
from calcbench.report.groups import place, title
from calcbench.report.numbers import NOTHING, format_duration, format_ratio
from calcbench.report.tables.table import Entry, Table


def table(found: Differences) -> Table:
    """Tabulate the cells, with the figures of the whole below."""
    columns = ["problem", "size", "backend", "first", "second", "ratio", "interval", "verdict"]
    places = {place(cell.record) for cell in found.cells}
    names = [title(place(cell.record), places) for cell in found.cells]
    rows = [_entries(cell, name) for cell, name in zip(found.cells, names, strict=True)]
    counts = [f"{found.count(v)} {v.value}" for v in Verdict if found.count(v)]
    notes = [*found.remarks, "; ".join(counts) or "no cell in either run", *_figures(found)]
    reasons = dict.fromkeys(
        f"{name}[{c.record.size}] {c.record.backend}: {c.reason}"
        for c, name in zip(found.cells, names, strict=True)
        if c.reason
    )
    return Table("second run / first run", columns, rows, [*notes, *reasons])


def plain_data(found: Differences) -> dict[str, Any]:
    """Give plain data for JSON; NaN is None, for other programs read this."""
    data: dict[str, Any] = plain(
        {
            "cells": [_json(cell) for cell in found.cells],
            "shift": found.shift,
            "drift": found.drift,
            "drift_cells": found.drift_cells,
            "order": found.order,
            "order_pairs": found.order_pairs,
            "remarks": list(found.remarks),
        },
        nan=None,
    )
    return data


def _figures(found: Differences) -> list[str]:
    """Say the figures in words."""
    shift = [] if found.shift is None else [f"all cells: {found.shift:.3f} in the median"]
    drift = (
        "drift of ratios: no two backends of a group were compared"
        if found.drift is None
        else f"drift of ratios to the fastest backend: {100 * found.drift:.2g} % in the median"
        f" of {found.drift_cells}"
    )
    order = (
        "order: no pair of backends was told apart in both runs"
        if found.order is None
        else f"order: {100 * found.order:.4g} % of {found.order_pairs} pairs of backends, told"
        " apart in both runs, kept it"
    )
    return [*shift, drift, order]


def _entries(cell: Difference, name: str) -> list[Entry]:
    ratio = cell.ratio
    bounded = ratio is not None and math.isfinite(ratio.low) and math.isfinite(ratio.high)
    texts = [
        name,
        f"{cell.record.size:,}",
        cell.record.backend or NOTHING,
        _time(cell.first),
        _time(cell.second),
        format_ratio(ratio.median) if ratio else NOTHING,
        f"{ratio.low:.3g} … {ratio.high:.3g}" if ratio and bounded else NOTHING,
        cell.verdict.value,
    ]
    return [Entry(text) for text in texts]


def _time(record: Record | None) -> str:
    found = ratios.steady(record) if record else None
    return format_duration(found.median) if found else NOTHING


def _json(cell: Difference) -> dict[str, Any]:
    record, ratio = cell.record, cell.ratio
    bounds = (ratio.median, ratio.low, ratio.high) if ratio else (None,) * 3
    return {
        **identify(record),
        "verdict": cell.verdict.value,
        "reason": cell.reason,
        **dict(zip(("ratio", "ratio_low", "ratio_high"), bounds, strict=True)),
    }
