"""The lessons run from top to bottom, and the notebooks are what their sources say."""

from pathlib import Path

import pytest

from calcbench.exercises.cells import lessons
from calcbench.exercises.running import run
from calcbench.exercises.session import Reply
from calcbench.exercises.sheet import lesson_sheet

FOLDER = Path(__file__).parents[2] / "lessons"

LESSONS = lessons()

BY_JUPYTER = ("01_slope_from_two_points", "05_partial_derivatives", "13_gradient_descent")
"""Those that are run by a kernel as well, as Jupyter does."""


def name_of(lesson):
    return lesson.name


@pytest.mark.few(2)
@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_a_lesson_runs_from_top_to_bottom(lesson):
    outputs = list(run(lesson))
    assert [output.missing for output in outputs if output.missing] == []
    replies = [output.shown for output in outputs if isinstance(output.shown, Reply)]
    assert {reply.outcome for reply in replies} == {"unread"}, "a lesson comes without its answers"
    asked = [id for id in lesson_sheet().by_id if id.startswith(f"{lesson.number}.")]
    assert [reply.id for reply in replies] == asked


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
