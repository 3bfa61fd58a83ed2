"""Pages from the command line: `report --format html` and `compare --html`."""

import re
from dataclasses import astuple

import pytest


@pytest.fixture
def run(cli):
    return lambda *words: astuple(cli(*words))


def test_a_comparison_is_printed_and_written(run, tmp_path):
    page = tmp_path / "page.html"
    words = ("compare", "square", "-b", "by_hand", "-b", "finite_difference")
    status, out, err = run(*words, "--html", page)
    assert status == 0
    assert out.startswith("square at x = 5\n")
    assert err == f"written to {page}\n"
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [page]


@pytest.mark.parametrize("name", ["x" * 300, "missing/page.html"])
def test_a_page_that_cannot_be_written(run, tmp_path, name):
    status, _, err = run("compare", "square", "-b", "by_hand", "--html", tmp_path / name)
    assert status == 2
    assert err.startswith("Error: cannot write to ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_run_becomes_a_page(run, tmp_path):
    file, page = tmp_path / "run.jsonl", tmp_path / "page.html"
    brief = ("--quick", "--budget", "0.5")
    assert run("bench", "square", "-b", "by_hand", *brief, "-o", file)[0] == 0
    assert run("report", file, "--format", "html", "-o", page)[:2] == (0, f"written to {page}\n")
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert run("report", file, "--format", "html")[1].splitlines()[-1] == "</html>"


@pytest.mark.full
def test_runs_become_a_site(run, tmp_path):
    runs, site = tmp_path / "runs", tmp_path / "pages" / "of runs"
    first = runs / "My run.jsonl"
    assert (
        run("bench", "square", "-b", "by_hand", "--quick", "--budget", "0.5", "-o", first)[0] == 0
    )
    for name in ("my-run.jsonl", "index.jsonl"):
        (runs / name).write_bytes(first.read_bytes())
    assert run("report", runs, "--site", site)[:2] == (0, f"written to {site}/index.html\n")
    names = {"my-run.html", "my-run-2.html", "index-2.html"}
    assert {path.name for path in site.iterdir()} == {"index.html", *names}
    index = (site / "index.html").read_text("utf-8")
    assert set(re.findall('href="(.*?)"', index)) == names
    assert str(tmp_path) not in index
    assert "Gradients of square" in (site / "my-run.html").read_text("utf-8")


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a.jsonl", "b.jsonl"], "report takes one run"),
        (["--site", "pages"], "name the runs"),
        ([".", "--site", "pages"], "there is no run (*.jsonl) in '.'"),
        (["a.jsonl", "--site", "pages"], "cannot read the run 'a.jsonl'"),
    ],
)
def test_sites_that_cannot_be(run, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("report", *words)
    assert (status, out) == (2, "")
    assert err.startswith(f"Error: {told}")
    assert list(tmp_path.iterdir()) == []
