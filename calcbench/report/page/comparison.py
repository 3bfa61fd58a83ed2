"""The page of a comparison: one run of every backend, judged and timed once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from calcbench.bench.environment import environment
from calcbench.catalogue import door
from calcbench.errors import printable
from calcbench.problem.problem import Problem
from calcbench.record.record import Record
from calcbench.record.run import Environment, SavedRun
from calcbench.report import provenance
from calcbench.report.agreement import by_problem, count, summary
from calcbench.report.comparison import comparison
from calcbench.report.page.formulas import write_mathematics
from calcbench.report.page.specs import (
    CATEGORY,
    DURATION,
    EXACT,
    Chart,
    backend_colours,
    coloured,
    log_axis,
    tip,
)
from calcbench.report.page.tables import write_table
from calcbench.report.page.template import (
    chart_figures,
    contents,
    environment_section,
    fill,
    problem_section,
    summary_section,
)
from calcbench.report.page.words import headline

WIDE = 200
"""Characters of a line of a table: beyond them, components are counted rather than shown."""


def write(records: Sequence[Record], problems: Mapping[str, Problem] = MappingProxyType({})) -> str:
    """Write the page of a comparison: one file that opens without a network.

    `problems` are those whose formulas it has.
    """
    here = _environment(records)
    groups = by_problem(records)
    colours = backend_colours(record.backend for record in records if record.backend)
    sections = [
        _section(k, group, colours, write_mathematics(name, problems))
        for k, (name, group) in enumerate(groups)
    ]
    parts = [
        summary_section([count(records)]),
        write_table(summary(records)) if len(groups) > 1 else "",
        contents(name for name, _ in groups) if len(groups) > 1 else "",
        *sections,
        environment_section([here]),
    ]
    subtitle = provenance.line(SavedRun((here,), tuple(records)))
    data = {"records": [record.as_json() for record in records]}
    return fill(headline(records), subtitle, parts, data)


def _environment(records: Sequence[Record]) -> Environment:
    """Describe this machine, and the libraries of the backends that took part."""
    cards = door.backends().cards
    names = dict.fromkeys(record.backend.partition("[")[0] for record in records)
    modules = [
        m for name in names if name in cards for m in cards[name].declared.get("requires", ())
    ]
    return environment(modules, {}, len(records))


def _section(
    number: int, records: Sequence[Record], colours: dict[str, str], mathematics: str
) -> str:
    table = comparison(records, WIDE, wide=True)
    found = [chart for chart in (digits(records), calls(records)) if chart]
    figures = chart_figures([coloured(chart, colours) for chart in found])
    tables = write_table(table, titled=False)
    return problem_section(number, table.title, mathematics, tables, figures)


def digits(records: Sequence[Record]) -> Chart | None:
    """Draw to how many digits each result is right."""
    rows = [
        {"b": printable(record.backend), "d": min(record.digits, EXACT)}
        for record in records
        if record.status.measured and record.digits is not None and not math.isnan(record.digits)
    ]
    axis = {"field": "d", "type": "quantitative", "title": "right digits"}
    hint = "the worst of all points that were tried"
    return _points("Right digits", hint, rows, axis, tip("d", "digits", ".1f"))


def calls(records: Sequence[Record]) -> Chart | None:
    """Draw the time of one call, where it was taken."""
    rows = [
        {"b": printable(record.backend), "t": record.seconds["call"]}
        for record in records
        if record.status.measured and 0 < record.seconds.get("call", 0.0) < math.inf
    ]
    axis = log_axis("t", "time", DURATION)
    hint = "a few rounds in one process: an order of magnitude"
    return _points("Time of one call", hint, rows, axis, tip("t", "time", ".3s", "s"))


def _points(
    title: str, hint: str, rows: list[dict[str, Any]], axis: dict[str, Any], told: dict[str, Any]
) -> Chart | None:
    """Draw a point for each backend; nothing for fewer than two."""
    if len(rows) < 2:
        return None
    spec = {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
        "encoding": {"y": CATEGORY, "x": axis, "tooltip": [tip("b", "backend"), told]},
    }
    return Chart(title, hint, spec)
