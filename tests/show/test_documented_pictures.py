"""The page about pictures: its examples run, and its pictures are what its commands draw."""

import re
from pathlib import Path

import numpy as np
import pytest

import calcbench as cb

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "pictures.md").read_text("utf-8")
DRAWN = {
    "delta_method": lambda: cb.plot("delta_method"),
    "saddle": lambda: cb.plot("saddle", window={"x": (-4, 4), "y": (-4, 4)}),
    "graph": lambda: cb.plot("deep_composition", kind="graph"),
    "descent": lambda: cb.descend("batch_regression", rate=[0.01, 0.04, 0.055], steps=40).picture(),
}


def texts(svg):
    """What is written in a picture."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


@pytest.mark.parametrize("name", DRAWN)
def test_the_pictures_of_the_page_are_those_that_are_drawn(name):
    kept = (DOCS / "pictures" / f"{name}.svg").read_text("utf-8")
    assert texts(kept) == texts(DRAWN[name]().svg())


def test_every_picture_of_the_page_is_there_and_shown():
    shown = set(re.findall(r"\]\((pictures/[a-z_]+\.svg)\)", PAGE))
    assert shown == {f"pictures/{path.name}" for path in (DOCS / "pictures").glob("*")}


@pytest.mark.parametrize("source", re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S))
def test_examples_run(source, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(source, {})
    printed = capsys.readouterr().out.splitlines()
    promised = re.findall(r"# (\{.*\})$", source, re.M)
    assert printed[: len(promised)] == promised
    for name in re.findall(r'save\("([^"]+)"\)', source):
        assert (tmp_path / name).read_text("utf-8").startswith(("<svg", "<!doctype html>"))


def test_the_path_of_the_page_is_the_path():
    rows = re.findall(r"^ *(\d+) +([\d.]+) +(-?[\d.]+) +(-?[\d.]+)$", PAGE, re.M)
    path = cb.descend("batch_regression", rate=0.04, steps=600)
    assert len(rows) == 11
    for step, *numbers in rows:
        k = int(step)
        assert np.array(numbers, float) == pytest.approx(
            [path.costs[k], *path.positions[k]], rel=1e-8
        )


def test_the_sentence_of_the_walk_is_what_is_printed(capsys):
    walk = (DOCS / "walkthrough.md").read_text("utf-8")
    (source,) = re.findall(r"^```python\n([^`]*cb\.descend[^`]*)```$", walk, re.M)
    exec(source, {})
    assert f"# {capsys.readouterr().out.strip()}" in source
