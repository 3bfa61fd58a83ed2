"""--data: problems that read files read those of a folder, in whatever command they are named."""

import json

import pytest
from checkout import SEEN, write_checkout
from test_cli import refused

from calcbench.bench.rounds import Settings
from calcbench.bench.run import due
from calcbench.bench.selection import open_session
from calcbench.catalogue.selection import WithData, select_problems
from calcbench.problems.gradbench.ba import Ba
from calcbench.report.citation import sentence
from calcbench.report.sections import sections

MEASURED = '''
import numpy as np

from calcbench import Problem


class Measured(Problem):
    """Mean squared distance to measurements in a file."""

    def __init__(self, data):
        self.y = np.loadtxt(data)

    def inputs(self, size, rng):
        return {"m": 1.0, "y": self.y}

    def cost(self, xp, m, *, y):
        return xp.mean((m - y) ** 2)
'''


@pytest.fixture
def measured(file, tmp_path):
    """The name of a file whose problem needs one; `y.txt` beside it has the mean 4."""
    (tmp_path / "y.txt").write_text("3\n5\n", "utf-8")
    return file(MEASURED)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder as GradBench's is, of which the files of `ba` are there alone."""
    monkeypatch.chdir(tmp_path)
    return write_checkout(tmp_path)


def test_compare_and_verify_read_the_files(cli, measured):
    for command in ("compare", "verify"):
        done = cli(command, measured, "--data", "y.txt", "-b", "finite_difference", "--json")
        (record,) = json.loads(done.out)
        assert record["value"]["m"] == pytest.approx(2 * (1 - 4))
        assert (record["read_from"], record["status"]) == ("y.txt", "ok")


@pytest.mark.parametrize("command", ["descend {} --steps 1", "steps {}", "show {} -b by_hand"])
def test_what_shows_a_cost_reads_the_files(cli, measured, command):
    done = cli(*command.format(measured).split(), "--data", "y.txt", "--json")
    assert done.status == 0, done.err
    if command.startswith("descend"):  # from 1, at the rate 0.01, against the slope −6
        assert json.loads(done.out)[0]["parameters"]["m"][1] == pytest.approx(1.06)


def test_the_table_says_which_data(cli, measured, tmp_path):
    told = ("verify", measured, "-b", "finite_difference", "--data")
    assert "measured at m = 1, data y.txt\n" in cli(*told, "y.txt").out
    absolute = cli(*told, tmp_path / "y.txt", "--json")
    assert json.loads(absolute.out)[0]["read_from"] == "y.txt"  # and no folder of the user's


def test_a_theme_reads_what_it_can(checkout):
    found = select_problems([WithData("gradbench", "gradbench")])
    assert {p.name for p in found if p.read_from} == {"ba", "ht_simple", "ht_complicated", "lstm"}
    assert len(found) > 10


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("compare {}", ["Measured reads its data from files", "--data DIR"]),
        ("compare square --data y.txt", ["'square' reads no files", "ba, ht_simple", "lstm"]),
        ("show classes --data y.txt", ["no problem 'classes'"]),
        ("verify --data y.txt", ["name the problems"]),
        ("bench --data y.txt", ["name the problems"]),
        ("plot {} --data z.txt", ["there is no folder or file 'z.txt'", "did you mean 'y.txt'"]),
        ("show {} --data cost.py", ["Measured cannot read its data from 'cost.py'", "ValueError"]),
        ("compare ba --data y.txt", ["y.txt", "line 1: 3 numbers (the sizes n, m and p)", "'3'"]),
        ("compare ht_simple --data .", ["there is no hand*_c*.txt in this folder"]),
        ("compare {} --data ~nobody-of-this-name/y", ["can be no folder or file '~nobody"]),
    ],
)
def test_data_that_cannot_be_read_are_named(cli, measured, arguments, told):
    refused(cli(*arguments.format(measured).split()), *told)


def test_a_run_has_the_files_and_their_hash_and_a_change_makes_it_due(checkout):
    settings = Settings(rounds=1, burst=0.001, budget=0.1)
    session = open_session(
        WithData("ba", str(checkout)),
        "by_hand",
        {"n": 2, "m": 2, "p": 2},
        operator="jacobian",
        settings=settings,
    )
    (record,) = session.records()
    assert (record.status.measured, record.read_from) == (True, "gradbench")
    assert record.key in session.keys
    (section,) = sections(session.run())
    assert section.title == "ba, jacobian, data gradbench"
    assert "; data from gradbench;" in sentence(session.run())
    assert due(session.groups, [record]) == []
    file = checkout / "evals" / "ba" / "data" / "ba1_n2_m3_p5.txt"
    file.write_text(SEEN.replace("27", "28"), "utf-8")
    assert due(session.groups, [record]) == session.groups
    file.unlink()
    assert due(session.groups, [record]) == session.groups


MEMORY = """

class Held(Measured):
    \"\"\"Mean squared distance to an array in memory.\"\"\"

    def __init__(self, data=(1.0, 2.0)):
        self.y = np.asarray(data, float)
"""


def test_data_in_memory_beside_data_in_files_stay_in_memory(file, tmp_path):
    (tmp_path / "y.txt").write_text("3\n5\n", "utf-8")
    found = select_problems([WithData(file(MEASURED + MEMORY), "y.txt")])
    assert {p.name: (p.read_from, list(p.y)) for p in found} == {
        "measured": ("y.txt", [3, 5]),
        "held": ("", [1, 2]),
    }


def test_files_of_one_name_replace_what_is_there_and_that_is_said(cli, measured, tmp_path):
    """A record has no folders, so these are one cell: of other data, as after a change."""
    for folder, text in (("a", "3 5"), ("b", "7 9")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "y.txt").write_text(text, "utf-8")

    def bench(folder):
        told = ("bench", measured, "-b", "by_hand", "-b", "finite_difference", "--quick")
        output = ("--budget", 0.1, "-o", "s.jsonl", "--resume", "--data")
        done = cli(*told, *output, tmp_path / folder / "y.txt")
        assert done.status == 0, done.err
        return done.err

    assert "replaced" not in bench("a")
    again = bench("b")
    assert "0 of 2 cells are there already" in again
    assert "2 that were there are replaced: of another source" in again
    assert "other data" in again


def test_drawn_and_read_data_are_two_cells():
    drawn, read = (
        open_session(problem, "by_hand", {"n": 2, "m": 2, "p": 2}, operator="jacobian").keys
        for problem in ("ba", Ba(data=__file__))
    )
    assert not drawn & read
