"""The template of a page: what every page has, and the pieces that it is made of."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
from collections.abc import Iterable, Sequence
from html import escape
from string import Template
from typing import Any

from calcbench.errors import printable
from calcbench.problem.mathml import missing_mathml
from calcbench.record.plain import plain
from calcbench.record.run import Environment
from calcbench.record.writing import write_json
from calcbench.report.citation import SETTINGS
from calcbench.report.page.library import chart_library, missing_library
from calcbench.report.page.specs import Chart

MACHINE = (
    "cpu",
    "cpu_config",
    "cores",
    "processors",
    "memory",
    "system",
    "aslr",
    "load",
)
"""What is said of the machine; another program's run may have more in it."""


def fill(title: str, subtitle: str, parts: Iterable[str], data: Any) -> str:
    """Put the parts of a page into the template, with the library if they have charts."""
    body = "\n".join(filter(None, parts))
    return Template(_read("page.html")).substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        version=escape(importlib.metadata.version("calcbench")),
        style=_read("page.css"),
        script=_read("page.js"),
        body=body,
        data=embed(data),
        library=_library() if '<div class="chart">' in body else "",
    )


def _library() -> str:
    """Write the elements that draw charts."""
    return f"<script>{chart_library()}</script>\n<script>startCharts();</script>\n"


def embed(data: Any) -> str:
    """Write JSON that can stand in an element of HTML: no text in it begins a tag or comment."""
    return write_json(plain(data, nan=None)).replace("<", "\\u003c")


def chart_figure(chart: Chart) -> str:
    """Write the place of a chart, which the page draws when it is scrolled to."""
    return (
        f"<figure><figcaption>{escape(chart.title)}<span>{escape(chart.hint)}</span></figcaption>"
        f'<div class="chart"><script type="application/json">{embed(chart.spec)}</script></div>'
        "</figure>"
    )


def chart_figures(found: Sequence[Chart]) -> str:
    """Write charts beside each other; nothing where the library is missing, which is said once."""
    if not found or missing_library():
        return ""
    return f'<div class="charts">{"".join(map(chart_figure, found))}</div>'


def _read(name: str) -> str:
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def summary_section(lines: Iterable[str]) -> str:
    """Write the sentences at the top, and what the page lacks, if a library is missing."""
    text = "".join(f"<p>{escape(line)}</p>" for line in lines)
    absent = {
        "There are no charts in this page": missing_library(),
        "Formulas are LaTeX in this page": missing_mathml(),
    }
    notes = "".join(
        f'<p class="odd">{what}: {escape(why)}</p>' for what, why in absent.items() if why
    )
    return f'<section id="summary"><h2>In short</h2>{text}{notes}</section>'


def contents(titles: Iterable[str]) -> str:
    """Write the links to the sections of problems, which have the ids p0, p1, …"""
    links = "".join(
        f'<li><a href="#p{number}">{escape(printable(title))}</a></li>'
        for number, title in enumerate(titles)
    )
    return f'<nav aria-label="Problems"><h3>Problems</h3><ul>{links}</ul></nav>' if links else ""


def problem_section(number: int, title: str, *pieces: str) -> str:
    """Write the section of one problem."""
    heading = f"<h2>{escape(title)}</h2>"
    return f'<section class="problem" id="p{number}">{heading}{"".join(pieces)}</section>'


def environment_section(found: Sequence[Environment]) -> str:
    """Say what ran where: everything that the run has recorded."""
    lists = "".join(map(_environment, found))
    return f'<section id="environment"><h2>Environment</h2>{lists}</section>'


def _environment(environment: Environment) -> str:
    pairs = "".join(
        f"<dt>{escape(printable(name))}</dt><dd>{escape(printable(str(value)))}</dd>"
        for name, value in published(environment).items()
        if value not in (None, "")
    )
    return f"<dl>{pairs}</dl>"


def published(environment: Environment) -> dict[str, Any]:
    """Select what a page says of an environment: names that could hold a host or path are none."""
    commit = environment.git.get("commit")
    changed = " with uncommitted changes" if environment.git.get("dirty") else ""
    return {
        "run": environment.id,
        "started": environment.started,
        **{name: environment.machine.get(name) for name in MACHINE},
        **environment.versions,
        "calcbench": environment.calcbench,
        "commit": f"{commit}{changed}" if commit else None,
        **{f"setting: {name}": environment.settings.get(name) for name in SETTINGS},
    }
