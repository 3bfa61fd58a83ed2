"""Problems from files: what does not import is named, and paths hold whatever a file does."""

import os

import pytest

from calcbench.bench.selection import open_session
from calcbench.catalogue.selection import select_problems
from calcbench.errors import SelectorError
from calcbench.harness.compare_in_worker import compare_in_worker
from calcbench.harness.request import Request
from calcbench.problem.whereabouts import Place
from calcbench.workers.isolation import WorkerDied, importing

ASKS = """
import calcbench
calcbench.gradient("nothing_of_that_name")
"""

RAISES = """
import calcbench
1 / 0
"""

MOVES = """
import os
import calcbench

os.chdir("elsewhere")

@calcbench.problem(x=1.0)
def moves(x):
    return x**2
"""

STAYS = """
import calcbench

@calcbench.problem(x=1.0)
def stays(x):
    return x**2
"""


STARTS = """class Started(__import__("calcbench").Problem):
    def __init__(self):
        raise ValueError
    def inputs(self, size, rng): return {}
    def cost(self, xp, x): return x
"""


@pytest.mark.parametrize("source", [ASKS, RAISES, STARTS])
def test_what_does_not_import_names_the_file_and_the_line(file, source):
    with pytest.raises(SelectorError, match=r"^cost\.py:3 does not import: "):
        select_problems([file(source)])


@pytest.mark.parametrize("body", ["while True: pass", "import os; os._exit(3)"])
def test_a_file_that_ends_the_worker_is_named_among_several(file, body):
    names = [file(STAYS, "one.py"), file(body, "two.py"), file(STAYS, "three.py")]
    with pytest.raises(SelectorError, match=r"^two\.py does not import: (timeout|crash)"):
        next(compare_in_worker(Request(names, ["finite_difference"]), 2.0, "fork"))


def test_what_ends_elsewhere_is_not_blamed_on_a_file():
    with (
        pytest.raises(SelectorError, match=r"^what is selected does not import: gone$"),
        importing(),
    ):
        raise WorkerDied("crash", "gone")
    with pytest.raises(SelectorError, match=r"^a\.py does not import: gone$"), importing():
        raise WorkerDied("crash", "gone", Place("file", "a.py"))


@pytest.fixture
def moving(file, tmp_path, monkeypatch):
    """Two files, of which the first changes the directory."""
    (tmp_path / "elsewhere").mkdir()
    return [file(MOVES, "moves.py"), file(STAYS, "stays.py")]


def test_later_files_are_found_whatever_the_directory_is(moving):
    assert [problem.name for problem in select_problems(moving)] == ["moves", "stays"]
    assert os.path.basename(os.getcwd()) == "elsewhere"


def test_a_run_is_saved_where_it_was_asked_for(moving, tmp_path):
    session = open_session(moving, ["by_hand"], output="run.jsonl")
    assert session.destination.path == tmp_path / "run.jsonl"
    assert list(session.records())
    assert (tmp_path / "run.jsonl").exists()
    assert not list((tmp_path / "elsewhere").iterdir())
    os.chdir(tmp_path)
    with pytest.raises(SelectorError, match=r"^'run\.jsonl' exists: resume it"):
        open_session(moving, ["by_hand"], output="run.jsonl")
