"""The lessons run from top to bottom, and the notebooks are what their sources say."""

import functools
import importlib.util
import re
import subprocess
from pathlib import Path

import pytest
from absent import is_absent

from calcbench.exercises.cells import lessons
from calcbench.exercises.lesson_page import write_section
from calcbench.exercises.running import run
from calcbench.exercises.session import Reply
from calcbench.exercises.sheet import lesson_sheet
from calcbench.problem.mathml import missing_mathml
from calcbench.report.page.library import chart_library, missing_library

FOLDER = Path(__file__).parents[2] / "lessons"

LESSONS = lessons()

HOME = "not.published/calcbench"
"""Where the project is on GitHub: a place holder. No owner there has a dot, so it is nobody's."""

LARGEST_PAGE = 4_000_000
"""Bytes of the page of all lessons, with the library that draws its pictures."""

BY_JUPYTER = ("01_slope_from_two_points", "13_gradient_descent")
"""Those that are run by a kernel, as Jupyter does; a third one is, from a wheel beside it."""


def name_of(lesson):
    return lesson.name


IN_TURN = [
    pytest.param(lesson, marks=() if lesson.number == 5 else pytest.mark.full) for lesson in LESSONS
]
"""A bare run is content with one, of all six backends and every kind of picture, that is short."""


@functools.cache
def outputs_of(lesson):
    """What its cells give; in one process, so that frameworks are imported once."""
    return list(run(lesson))


@pytest.mark.parametrize("lesson", IN_TURN, ids=name_of)
def test_a_lesson_runs_from_top_to_bottom(lesson):
    outputs = outputs_of(lesson)
    missing = [output.missing for output in outputs if output.missing]
    if missing and all(map(is_absent, missing)):
        pytest.skip(missing[0])
    assert missing == []
    replies = [output.shown for output in outputs if isinstance(output.shown, Reply)]
    assert {reply.outcome for reply in replies} == {"unread"}, "a lesson comes without its answers"
    asked = [id for id in lesson_sheet().by_id if id.startswith(f"{lesson.number}.")]
    assert [reply.id for reply in replies] == asked
    assert outputs[-1].printed.startswith("@misc{calcbench-"), "a lesson ends with its citation"


@pytest.mark.full
def test_the_page_of_all_lessons_is_not_too_large():
    if reason := missing_library() or missing_mathml():
        pytest.skip(reason)
    sections = {lesson.name: write_section(lesson, outputs_of(lesson)) for lesson in LESSONS}
    sizes = {name: len(section.encode()) for name, section in sections.items()}
    assert sum(sizes.values()) + len(chart_library().encode()) < LARGEST_PAGE, sizes


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_the_notebook_is_made_from_the_source(lesson):
    jupytext = pytest.importorskip("jupytext")
    source = jupytext.read(FOLDER / f"{lesson.name}.py")
    notebook = jupytext.read(FOLDER / f"{lesson.name}.ipynb")
    assert [(c.cell_type, c.source) for c in notebook.cells] == [
        (c.cell_type, c.source) for c in source.cells
    ]
    for cell in notebook.cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_cells_are_read_as_jupytext_reads_them(lesson):
    jupytext = pytest.importorskip("jupytext")
    cells = jupytext.read(FOLDER / f"{lesson.name}.py").cells
    assert [(c.is_text, c.source) for c in lesson.cells] == [
        (c.cell_type == "markdown", c.source) for c in cells if c.source
    ]


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_a_lesson_is_opened_and_installed_from_the_home_of_the_project(lesson):
    text = (FOLDER / f"{lesson.name}.py").read_text("utf-8")
    assert f"/github/{HOME}/blob/main/lessons/{lesson.name}.ipynb)" in text
    assert f'    home = "{HOME}"  #' in text
    assert set(re.findall(r"[\w.-]+/calcbench\b", text)) == {HOME}


def test_without_calcbench_and_without_a_home_the_first_cell_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda *command, **how: pytest.fail("installs"))
    first = next(cell for cell in LESSONS[0].cells if not cell.is_text)
    with pytest.raises(ModuleNotFoundError, match=r"Put its wheel \(calcbench-….whl\) beside"):
        exec(first.source, {})


def test_a_wheel_beside_the_notebook_is_installed(tmp_path, monkeypatch):
    (tmp_path / "calcbench-0.1.0-py3-none-any.whl").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    first = next(cell for cell in LESSONS[0].cells if not cell.is_text)
    exec(first.source, {})
    (command,) = commands
    assert command[-1].startswith("calcbench[plot] @ file:///")
    assert command[-1].endswith(".whl")


@pytest.mark.full
@pytest.mark.parametrize("name", BY_JUPYTER)
def test_a_notebook_runs_in_jupyter(name, tmp_path):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    pictures = [
        o
        for c in notebook.cells
        for o in c.get("outputs", [])
        if "image/svg+xml" in o.get("data", {})
    ]
    assert pictures
