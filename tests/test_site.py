"""The documentation as a site: built without a warning, whole, and without a network."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

import calcbench as cb
from calcbench.exercises.sheet import lesson_sheet

pytest.importorskip("furo")
pytest.importorskip("myst_parser")

ROOT = Path(__file__).parents[1]
BUILD = ["-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", "."]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as CONTRIBUTING says."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, *BUILD, folder], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder


def pages(site):
    return {str(p.relative_to(site)): p.read_text("utf-8") for p in site.rglob("*.html")}


def test_every_page_of_the_documentation_is_in_the_contents(site):
    contents = (site / "docs" / "index.html").read_text("utf-8")
    written = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks" / "README.md"]
    for page in written:
        name = page.relative_to(ROOT).with_suffix(".html")
        assert (site / name).exists()
        there = name.name if name.parts[0] == "docs" else f"../{name}"
        if name.name != "index.html":
            assert f'class="reference internal" href="{there}"' in contents, name


def test_a_page_loads_nothing_from_elsewhere(site):
    for name, text in pages(site).items():
        loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"([^\"]+)\"", text)
        assert [address for address in loaded if re.match(r"(https?:)?//", address)] == [], name


def test_every_derivation_is_there_as_mathml(site):
    text = (site / "docs" / "site" / "problems.html").read_text("utf-8")
    problems = [cb.problems()[name] for name in cb.problems()]
    assert text.count("<math ") == sum(1 + len(problem.derivation) for problem in problems)
    for problem in problems:
        assert f">{problem.name}<" in text
        for words, _ in problem.derivation:
            assert html.escape(words, quote=False) in text
    assert "\\frac" not in text


def test_every_public_name_is_there(site):
    text = (site / "docs" / "site" / "api.html").read_text("utf-8")
    for name in cb.__all__:
        assert f'id="calcbench.{name}"' in text, name


def test_pages_can_be_searched_as_files(site):
    index = (site / "searchindex.js").read_text("utf-8")
    assert "richardson" in index
    assert "docs/verdicts" in index


def test_the_first_page_leads_to_the_index(site):
    (target,) = re.findall(r'href="([^"]+)"', (site / "index.html").read_text("utf-8"))
    assert (site / target).exists()


def test_every_exercise_of_the_lessons_is_there_with_its_answer_folded(site):
    text = (site / "docs" / "site" / "lessons.html").read_text("utf-8")
    for exercise in lesson_sheet():
        assert f"<strong>{exercise.id}</strong>" in text
        assert html.escape(exercise.solution) in text
    assert text.count("<summary>Answer</summary>") == len(lesson_sheet())
