"""The page of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from calcbench.errors import printable
from calcbench.problem.problem import Problem
from calcbench.record.plain import plain
from calcbench.record.run import SavedRun
from calcbench.report import citation, provenance
from calcbench.report.fields import fields
from calcbench.report.page.charts import charts, step_lines
from calcbench.report.page.formulas import find_problems, write_mathematics
from calcbench.report.page.specs import Chart, backend_colours
from calcbench.report.page.tables import write_table
from calcbench.report.page.template import (
    chart_figures,
    contents,
    environment_section,
    fill,
    problem_section,
    published,
    summary_section,
)
from calcbench.report.page.words import headline, summarize
from calcbench.report.profile import Profile, profiles
from calcbench.report.run_tables import section_tables
from calcbench.report.sections import Section, sections
from calcbench.report.tables.table import Entry, Table

SHARED = ("started", "calcbench", "cpu", "cores", "system")
"""Fields of a row that its environment has: the page says them once."""

BEYOND = 1.3
"""The picture of the whole ends beyond the last ratio by this factor."""


def write(run: SavedRun) -> str:
    """Write the page of a run: one file that opens without a network."""
    found = sections(run)
    colours = backend_colours(record.backend for record in run.records)
    problems = find_problems(run.records)
    parts = [
        summary_section(summarize(run, found)),
        _profile(profiles(found), colours),
        contents(section.title for section in found),
        *(_section(number, section, colours, problems) for number, section in enumerate(found)),
        _failures(run),
        environment_section(run.environments),
        _citation(run),
    ]
    return fill(headline(run.records), provenance.line(run), parts, _data(run, found))


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


def _section(
    number: int, section: Section, colours: dict[str, str], problems: Mapping[str, Problem]
) -> str:
    times, *growth = section_tables(section, None)
    return problem_section(
        number,
        times.title,
        write_mathematics(section.place.problem, problems),
        write_table(times, titled=False),
        chart_figures(charts(section, colours)),
        *map(write_table, growth),
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
    return {"environments": list(map(published, run.environments)), "cut": run.cut, "rows": rows}
