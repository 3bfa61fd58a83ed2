"""The page of a run: words, tables, charts and data, put into `page.html`."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from string import Template
from typing import Any

from calcbench.errors import printable
from calcbench.record.plain import plain
from calcbench.record.run import Environment, SavedRun
from calcbench.record.writing import write_json
from calcbench.report import citation, provenance
from calcbench.report.fields import fields
from calcbench.report.numbers import plural
from calcbench.report.page.charts import Chart, backend_colours, charts, step_lines
from calcbench.report.page.library import chart_library, missing_library
from calcbench.report.page.tables import write_table
from calcbench.report.page.words import summarize
from calcbench.report.profile import Profile, profiles
from calcbench.report.run_tables import section_tables
from calcbench.report.sections import Section, sections
from calcbench.report.tables.table import Entry, Table

SHARED = ("started", "calcbench", "cpu", "cores", "system")
"""Fields of a row that its environment has: the page says them once."""

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

BEYOND = 1.3
"""The picture of the whole ends beyond the last ratio by this factor."""


def write(run: SavedRun) -> str:
    """Write the page of a run: one file that opens without a network."""
    found = sections(run)
    colours = backend_colours(record.backend for record in run.records)
    parts = [
        _summary(run, found),
        _profile(profiles(found), colours),
        _contents(found),
        *(_section(number, section, colours) for number, section in enumerate(found)),
        _failures(run),
        _environments(run.environments),
        _citation(run),
    ]
    return fill(_title(run), provenance.line(run), parts, _data(run, found))


def fill(title: str, subtitle: str, parts: Iterable[str], data: Any) -> str:
    """Put the parts of a page into the template, with the library if they have charts."""
    body = "\n".join(filter(None, parts))
    draws = '<div class="chart">' in body
    library = f"<script>{chart_library()}</script>\n<script>startCharts();</script>\n"
    return Template(_read("page.html")).substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        version=escape(importlib.metadata.version("calcbench")),
        style=_read("page.css"),
        script=_read("page.js"),
        body=body,
        data=embed(data),
        library=library if draws else "",
    )


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


def _title(run: SavedRun) -> str:
    """Name the run by its problems."""
    names = list(dict.fromkeys(printable(record.problem) for record in run.records))
    if not names:
        return "calcbench: no cell was run"
    more = f" and {len(names) - 2} more {plural(len(names) - 2, 'problem')}"
    what = "Gradients" if {r.operator for r in run.records} == {"gradient"} else "Derivatives"
    return f"{what} of {', '.join(names[:2])}{more if len(names) > 2 else ''}"


def _summary(run: SavedRun, found: Sequence[Section]) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in summarize(run, found))
    absent = escape(missing_library() or "")
    note = f'<p class="odd">There are no charts in this page: {absent}</p>' if absent else ""
    return f'<section id="summary"><h2>In short</h2>{lines}{note}</section>'


def _profile(found: Sequence[Profile], colours: Mapping[str, str]) -> str:
    """Draw the whole run in one picture, and say it in a table."""
    if not found or found[0].comparisons < 2:
        return ""
    end = BEYOND * max((ratio for profile in found for ratio in profile.ratios), default=1.0)
    rows = [
        {"b": printable(profile.backend), "x": float(f"{x:.5g}"), "y": round(profile.share(x), 5)}
        for profile in found
        if profile.ratios
        for x in (1.0, *(ratio for ratio in profile.ratios if ratio > 1), end)
    ]
    hint = (
        "performance profile: the share of comparisons in which a backend is right and takes at "
        "most so many times as long as the fastest"
    )
    chart = Chart("All problems and sizes in one picture", hint, step_lines(rows, dict(colours)))
    table = Table(
        "",
        ["backend", "fastest", "within 2×", "within 10×", "right and timed"],
        [_profile_entries(profile) for profile in found],
        [f"of {found[0].comparisons} comparisons: a problem of one size, by two backends at least"],
    )
    return (
        '<section id="whole"><h2>The whole run</h2>'
        f"{write_table(table)}{chart_figures([chart])}</section>"
    )


def _profile_entries(profile: Profile) -> list[Entry]:
    shares = (profile.share(2), profile.share(10), len(profile.ratios) / profile.comparisons)
    texts = (profile.backend, str(profile.wins), *(f"{100 * share:.0f} %" for share in shares))
    return [Entry(text) for text in texts]


def _contents(found: Sequence[Section]) -> str:
    links = "".join(
        f'<li><a href="#p{number}">{escape(printable(section.title))}</a></li>'
        for number, section in enumerate(found)
    )
    return f'<nav aria-label="Problems"><h3>Problems</h3><ul>{links}</ul></nav>' if links else ""


def _section(number: int, section: Section, colours: dict[str, str]) -> str:
    times, *growth = section_tables(section, None)
    return (
        f'<section class="problem" id="p{number}"><h2>{escape(times.title)}</h2>'
        f"{write_table(times, titled=False)}{chart_figures(charts(section, colours))}"
        f"{''.join(map(write_table, growth))}</section>"
    )


def _failures(run: SavedRun) -> str:
    """List every cell that has no right result, with its reason."""
    rows = [
        [
            Entry(record.problem),
            Entry(f"{record.size:,}"),
            Entry(record.backend),
            Entry(record.status.words, record.status),
            Entry(record.reason),
        ]
        for record in run.records
        if not record.status.measured
    ]
    if not rows:
        return ""
    table = Table("", ["problem", "size", "backend", "verdict", "reason"], rows)
    return f'<section id="failures"><h2>Without a right result</h2>{write_table(table)}</section>'


def _environments(found: Sequence[Environment]) -> str:
    """Say what ran where: everything that the run has recorded."""
    lists = "".join(map(_environment, found))
    return f'<section id="environment"><h2>Environment</h2>{lists}</section>'


def _environment(environment: Environment) -> str:
    pairs = "".join(
        f"<dt>{escape(printable(name))}</dt><dd>{escape(printable(str(value)))}</dd>"
        for name, value in _published(environment).items()
        if value not in (None, "")
    )
    return f"<dl>{pairs}</dl>"


def _published(environment: Environment) -> dict[str, Any]:
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
        **{name: environment.settings.get(name) for name in citation.SETTINGS},
    }


def _citation(run: SavedRun) -> str:
    if not run.records:
        return ""
    return (
        f'<section id="citation"><h2>To cite this</h2><p>{escape(citation.sentence(run))}</p>'
        f"<pre>{escape(citation.bibtex(run))}</pre></section>"
    )


def _data(run: SavedRun, found: Sequence[Section]) -> dict[str, Any]:
    """Give the numbers of the page, for programs: `JSON.parse(data.textContent)`."""
    rows = [
        {
            name: value
            for name, value in plain(fields(run, row), nan=None).items()
            if value not in (None, "") and name not in SHARED
        }
        for section in found
        for row in section.rows
    ]
    return {"environments": list(map(_published, run.environments)), "cut": run.cut, "rows": rows}
