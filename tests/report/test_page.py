"""The page of a run: whole, safe, small, drawn by a browser without a network."""

import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from browser import browse, drawn, in_browser
from faulty import Faulty
from test_report import (
    ALL_FAILED,
    ALONE,
    EMPTY,
    EVERYTHING,
    HOSTILE,
    NOWHERE,
    ODD,
    STRANGE,
    cell,
    failed,
    run,
)

import calcbench as cb
from calcbench.bench.fingerprint import fingerprint
from calcbench.problem import mathml
from calcbench.record.record import Status
from calcbench.report import provenance
from calcbench.report.formats import write
from calcbench.report.page import comparison, library, template
from calcbench.report.page.library import chart_library
from calcbench.report.page.tables import write_table
from calcbench.report.profile import profiles
from calcbench.report.sections import sections
from calcbench.report.tables.table import Entry, Table

vl_convert = pytest.importorskip("vl_convert")

HOSTILE_PAIR = run(*(cell(f"{name}{HOSTILE}", problem=f"'\"<{HOSTILE}", size=8) for name in "ab"))

VOID = {"meta", "br"}


class Page(HTMLParser):
    """The tags of a page with their attributes, its text, and what its scripts hold."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text, self.json, self.scripts = [], [], "", [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            (self.json if dict(attrs).get("type") else self.scripts).append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            kept = self.json if self.tags[-1][1].get("type") else self.scripts
            kept[-1] += data
        elif "style" not in self.open:
            self.text += data

    def count(self, tag):
        return sum(name == tag for name, _ in self.tags)

    @property
    def specs(self):
        return [
            found
            for found in map(json.loads, self.json)
            if "$schema" in found or "mark" in found or "layer" in found
        ]

    @property
    def data(self):
        return next(found for found in map(json.loads, self.json) if "rows" in found)


@pytest.fixture(scope="module")
def everything():
    return write(EVERYTHING, "html")


# --- the file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("each", ODD, ids=["everything", "empty", "nowhere", "alone", "failed"])
def test_a_page_is_whole_and_says_what_ran(each):
    text = write(each, "html")
    assert text.startswith('<!doctype html>\n<html lang="en">')
    found = Page(text)
    assert ("meta", {"charset": "utf-8"}) in found.tags
    assert found.count("title") == found.count("h1") == 1
    assert provenance.line(each) in found.text
    assert not re.search(r"\b(nan|None|inf)\b", found.text)
    assert "secret" not in text.replace(chart_library(), "")
    assert len(found.data["rows"]) == len(each.records)


@pytest.mark.parametrize("each", [EVERYTHING, STRANGE], ids=["everything", "strange"])
def test_nothing_is_fetched_from_elsewhere(each):
    found = Page(write(each, "html"))
    for tag, attributes in found.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "form", "base"}
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert attributes.get("href", "#").startswith("#")
    policy = next(a["content"] for _, a in found.tags if "http-equiv" in a)
    assert policy.startswith("default-src 'none'; ")
    assert not re.search(r"https?:|\*", policy)


def test_text_from_a_run_is_text():
    evil = "</script><script>alert(1)</script><!--<script>"
    found = Page(
        write(
            run(
                cell(evil, problem=evil, size=8),
                cell("b", problem=evil, size=8),
                failed(evil, Status.ERROR, evil, problem=evil, size=9),
            ),
            "html",
        )
    )
    assert found.count("script") == Page(
        write(
            run(cell("a", size=8), cell("b", size=8), failed("c", Status.ERROR, "x", size=9)),
            "html",
        )
    ).count("script")
    assert found.text.count(evil) > 3
    assert evil in {row["backend"] for row in found.data["rows"]}
    assert not [script for script in found.scripts if "alert(1)" in script]


def test_the_numbers_are_in_the_page(everything):
    rows = Page(everything).data["rows"]
    few = next(row for row in rows if row["backend"] == "few")
    assert few["seconds"] == pytest.approx(9e-6, rel=0.02)
    assert "seconds_low" not in few
    assert Page(everything).data["environments"][0]["cpu"] == "Example_CPU & Co 100% #1"


def test_failures_stand_with_their_reasons(everything):
    text = Page(everything).text
    for record in EVERYTHING.records:
        if record.status.failed:
            assert " ".join(record.reason.split()) in text
    assert "Without a right result" not in write(ALONE, "html")


def test_a_page_without_the_library_says_so(monkeypatch):
    monkeypatch.setattr(template, "missing_library", lambda: "vl_convert is not installed")
    found = Page(write(EVERYTHING, "html"))
    assert "There are no charts in this page: vl_convert is not installed" in found.text
    assert found.specs == []
    assert found.count("table") > 3


def test_the_library_ends_no_script():
    assert not re.search("</script", library.chart_library(), re.IGNORECASE)
    assert "vegaEmbed" in library.chart_library()


# --- words and the whole --------------------------------------------------------------------------


def planted():
    """by_hand wins twice, torch once; jax is right once, 10 times slower."""
    return run(
        *(cell("by_hand", 1e-3, size=n) for n in (8, 9)),
        *(cell("torch", 2e-3, size=n) for n in (8, 9)),
        cell("by_hand", 3e-3, size=10),
        cell("torch", 1e-3, size=10),
        cell("jax", 1e-2, size=8),
        failed("jax", Status.TIMEOUT, "timeout 60 s", size=9),
        cell("alone", 1e-3, size=11),
    )


def test_a_profile_is_the_share_within_a_factor():
    found = {profile.backend: profile for profile in profiles(sections(planted()))}
    assert list(found) == ["by_hand", "torch", "jax"]
    assert [p.comparisons for p in found.values()] == [3, 3, 3]
    assert [p.wins for p in found.values()] == [2, 1, 0]
    assert found["by_hand"].share(1) == pytest.approx(2 / 3)
    assert found["by_hand"].share(4) == 1
    assert found["torch"].share(1.9) == pytest.approx(1 / 3)
    assert found["jax"].share(1e9) == pytest.approx(1 / 3)
    assert found["torch"].median == pytest.approx(2, rel=0.05)
    assert found["jax"].median == math.inf


@pytest.mark.parametrize("each", [EMPTY, NOWHERE, ALONE, ALL_FAILED])
def test_without_rivals_there_is_no_profile(each):
    assert profiles(sections(each)) == []


def test_the_summary_in_words():
    text = Page(write(planted(), "html")).text
    assert "1 problem by 4 backends: 9 cells, 1 failed" in text
    assert "Fastest in 3 comparisons (a problem of one size): by_hand 2 times, torch 1 time" in text
    assert "1 failed (jax: timeout)" in text
    assert "Every right result has at least 15.3 digits" in text


# --- a comparison ---------------------------------------------------------------------------------


def test_the_page_of_a_comparison():
    records = cb.compare(["saddle", "square"], ["by_hand", "finite_difference"]).records
    text = comparison.write(records)
    found = Page(text)
    assert found.count("table") == 3  # the whole, and one for each problem
    assert "4 of 4 gradients agree, over 2 problems" in found.text
    assert "saddle at x = 3, y = 2" in found.text
    data = next(d for d in map(json.loads, found.json) if "records" in d)
    assert [r["backend"] for r in data["records"]] == ["by_hand", "finite_difference"] * 2
    assert len(found.specs) == 4  # digits and time, for each problem
    for spec in found.specs:
        assert vl_convert.vegalite_to_svg(json.dumps({**spec, "width": 300})).count("<path") > 3


def test_the_page_of_a_comparison_that_failed():
    records = cb.verify("square", ["by_hand", Faulty(fault="raise")]).records
    found = Page(comparison.write(records))
    assert found.specs == []
    assert records[1].reason in found.text


# --- charts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "each", [EVERYTHING, HOSTILE_PAIR, planted()], ids=["all", "hostile", "planted"]
)
def test_every_chart_is_one_that_vega_draws(each):
    specs = Page(write(each, "html")).specs
    assert specs
    for spec in specs:
        fixed = {**spec, "width": 300}
        drawn = vl_convert.vegalite_to_svg(json.dumps(fixed))
        assert drawn.count("<path") > 3


def test_the_intervals_of_a_chart_are_those_of_the_table():
    (section,) = sections(planted())
    spec = next(s for s in Page(write(planted(), "html")).specs if "layer" in s)
    for row in section.rows:
        if row.time:
            drawn = next(
                r
                for r in spec["data"]["values"]
                if (r["b"], r["n"]) == (row.record.backend, row.record.size)
            )
            assert drawn["t"] == pytest.approx(row.time.median, rel=1e-4)
            assert (drawn["l"], drawn["h"]) == pytest.approx(
                (row.time.low, row.time.high), rel=1e-4
            )


# --- scale and a browser --------------------------------------------------------------------------


def thousand():
    rng = np.random.default_rng(0)
    backends = ("by_hand", "finite_difference[scheme=forward]", "sympy", "torch", "jax")
    return run(
        *(
            cell(
                name,
                1e-6 * (k + 1) * n**0.5 * rng.uniform(0.9, 1.1),
                size=n,
                cost=1e-6,
                problem=f"problem_{p}",
                batch=f"{p}-{n}",
                digits=float(rng.uniform(8, 16)),
            )
            for p in range(40)
            for n in (10, 100, 1_000, 10_000, 100_000)
            for k, name in enumerate(backends)
        ),
        cells=1_000,
    )


def test_a_thousand_cells_are_small():
    text = write(thousand(), "html")
    assert len(text.encode()) - len(chart_library().encode()) < 3_000_000
    assert len(Page(text).data["rows"]) == 1_000


@in_browser
def test_charts_are_drawn_as_they_are_scrolled_to(tmp_path, everything):
    path = tmp_path / "page.html"
    path.write_text(everything, "utf-8")
    places = len(Page(everything).specs)
    seen, errors = browse(path, 12_000, until=lambda seen: len(drawn(seen)) == places)
    assert errors == []
    assert seen.count('data-drawn="yes"') == places
    assert len(drawn(seen)) == places
    assert "cannot be drawn" not in Page(seen).text
    seen, errors = browse(path, height=300)
    assert errors == []
    assert seen.count('data-drawn="yes"') < places


@in_browser
def test_a_heading_sorts_its_table(tmp_path):
    path = tmp_path / "page.html"
    values = ["1.2 ms", "–", "(900 µs)", "3 s", "46 ns"]
    table = write_table(Table("", ["time", "backend"], [[Entry(v), Entry("b")] for v in values]))
    text = template.fill("t", "", [table], {"rows": []})
    for clicks, order in (
        (1, ["46 ns", "(900 µs)", "1.2 ms", "3 s", "–"]),
        (2, ["3 s", "1.2 ms", "(900 µs)", "46 ns", "–"]),
    ):
        click = "document.querySelector('th button').click();" * clicks
        path.write_text(text.replace("</body>", f"<script>{click}</script></body>"), "utf-8")
        seen, errors = browse(path)
        assert errors == []
        assert re.findall("<td>(.*?)</td><td", seen) == order


@in_browser
def test_a_thousand_cells_in_a_browser(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(write(thousand(), "html"), "utf-8")
    seen, errors = browse(path)
    assert errors == []
    assert seen.count("<tr>") > 1_000


# --- formulas -------------------------------------------------------------------------------------


OWN = """
import calcbench as cb

@cb.problem(x=1.0)
def square(x):
    return x * x
"""


def recorded(name, source=None):
    """A run of one problem of the catalogue, with the hash of its source or of another."""
    own = source or fingerprint(cb.problems()[name])
    return run(cell("by_hand", problem=name, source={"problem": own}))


def test_a_problem_has_its_formula_and_derivation():
    problem = cb.problems()["saddle"]
    found = Page(write(recorded("saddle"), "html"))
    assert found.count("math") == 1 + len(problem.derivation)
    assert found.count("details") == 1
    assert all(words in found.text for words, _ in problem.derivation)
    assert "\\frac" not in found.text


def test_a_problem_that_has_changed_since_has_no_formula():
    for each in (recorded("saddle", "0" * 16), run(cell("by_hand", problem="elsewhere"))):
        assert Page(write(each, "html")).count("math") == 0


def test_formulas_without_their_library_are_latex_and_that_is_said(monkeypatch):
    for module in (mathml, template):
        monkeypatch.setattr(module, "missing_mathml", lambda: "latex2mathml is not installed")
    found = Page(write(recorded("saddle"), "html"))
    assert found.count("math") == 0
    assert "Formulas are LaTeX in this page: latex2mathml is not installed" in found.text
    assert "z = x^2 - y^2" in found.text


def test_the_command_writes_formulas_of_the_catalogue_only(cli, tmp_path):
    (tmp_path / "square.py").write_text(OWN, "utf-8")
    page = tmp_path / "page.html"
    for selector, count in (("square", 6), (tmp_path / "square.py", 0)):
        cli("compare", str(selector), "-b", "finite_difference", "--html", str(page))
        assert Page(page.read_text("utf-8")).count("math") == count
