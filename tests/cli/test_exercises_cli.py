"""`calcbench exercise` and `calcbench exercises`."""

import json
import os
import subprocess
import sys

import pytest

SHEET = """
title = "One"
[[exercise]]
id = "1.1"
question = "Slopes of $x^2 - y^2$ at (3, 2)"
answers = [{name="x", value="6"}, {name="y", value="-4"}]
hint = "hold the other"
because = "2x and −2y"
wrong = [[6, 4]]
[[exercise]]
id = "1.2"
kind = "function"
problem = "saddle"
question = "Derive"
answers = [{name="x", value="2*x"}, {name="y", value="-2*y"}]
"""


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "sheet.toml"
    path.write_text(SHEET)
    return str(path)


def test_exercises_are_listed_and_one_is_shown_without_its_answer(cli, sheet):
    done = cli("exercise", "--sheet", sheet)
    assert (done.status, done.err) == (0, "")
    assert "1.1  Slopes of x² − y² at (3, 2)" in done.out
    done = cli("exercise", "--sheet", sheet, "1.1")
    assert done.out == "1.1  Slopes of x² − y² at (3, 2)\n  answer: x, y\n"
    assert "6" not in cli("exercise", "--sheet", sheet, "1.1", "--json").out
    assert (
        "x = 6, y = -4\n  2x and −2y" in cli("exercise", "--sheet", sheet, "1.1", "--solution").out
    )


def test_a_solution_is_data_if_that_is_wanted(cli, sheet):
    shown = json.loads(cli("exercise", "--sheet", sheet, "1.1", "--solution", "--json").out)
    assert (shown["id"], shown["solution"], shown["why"]) == ("1.1", "x = 6, y = -4", "2x and −2y")


def test_an_answer_is_marked_and_the_status_says_how(cli, sheet):
    done = cli("exercise", "--sheet", sheet, "1.1", "6", "-4")
    assert (done.status, done.out) == (0, "✓ 1.1: right.\n  2x and −2y\n")
    done = cli("exercise", "--sheet", sheet, "1.1", "6", "4")
    assert (done.status, done.out) == (1, "✗ 1.1: not right: y is not 4.\n  Hint: hold the other\n")
    done = cli("exercise", "--sheet", sheet, "1.1", "six", "4")
    assert done.status == 2
    assert "there is no name 'six'" in done.out
    done = cli("exercise", "--sheet", sheet, "--json", "1.2", "2*x", "-2*y")
    assert (done.status, json.loads(done.out)["outcome"]) == (0, "right")


def test_a_derivation_may_be_a_file_which_runs_in_a_process_of_its_own(cli, sheet, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("print(1)\ndef gradient(x, y):\n    return 2 * x, 2 * y\n")
    done = cli("exercise", "--sheet", sheet, "1.2", str(path))
    assert (done.status, done.err) == (1, "")
    assert "∂z/∂y is 4, expected -4" in done.out
    path.write_text("while True: pass\n")
    done = cli("exercise", "--sheet", sheet, "--timeout", "1s", "1.2", str(path))
    assert done.status == 2
    assert done.err.endswith("mine.py: timeout 1 s\n")
    path.write_text("slope = 1\n")
    assert "no function `gradient`" in cli("exercise", "--sheet", sheet, "1.2", str(path)).err


def test_a_terminal_asks_for_a_value_again_that_is_none():
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "calcbench", "exercise", "5.5"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        os.write(ours, b"4 13\n4\n13\n")
        written = "".join(iter(lambda: _read(ours), ""))
    assert running.returncode == 0
    assert "Error: '4 13' is no number" in written
    assert written.count("∂z/∂x = ") == 2
    assert "5.5: right" in written


def _read(terminal):
    try:
        return os.read(terminal, 65536).decode()
    except OSError:  # how Linux says that nobody writes there any more
        return ""


def test_a_sheet_is_tried_out(cli, sheet):
    done = cli("exercises", sheet)
    assert done.status == 0
    assert done.out.splitlines()[3].split(maxsplit=3) == [
        "1.1",
        "number",
        "accepted",
        "1 of 1 refused",
    ]
    done = cli("exercises", sheet, "--json")
    assert json.loads(done.out)[1]["wrong"] == "none"


def test_a_sheet_whose_wrong_answer_is_accepted_fails(cli, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(SHEET.replace("[[6, 4]]", "[[6, 4], [6, -4.0001]]"))
    done = cli("exercises", str(path))
    assert done.status == 1
    assert "no. 2 accepted" in done.out


def test_hand_ins_are_marked(cli, sheet, tmp_path):
    folder = tmp_path / "hand_ins"
    folder.mkdir()
    (folder / "anna.json").write_text('{"1.1": [6, -4]}')
    done = cli("exercises", sheet, "--grade", str(folder))
    assert (done.status, done.err) == (0, "")
    assert done.out == "hand_in,right,exercises,1.1,1.2,remarks\nanna.json,1,2,right,missing,\n"
    marks = tmp_path / "marks.csv"
    assert cli("exercises", sheet, "--grade", str(folder), "-o", str(marks)).out == ""
    assert marks.read_text() == done.out


def test_bad_input_is_a_line(cli, sheet, tmp_path):
    for words in (
        ("exercise", "--sheet", sheet, "9.9"),
        ("exercises", str(tmp_path / "none.toml")),
        ("exercises", sheet, "--grade", str(tmp_path / "none")),
    ):
        done = cli(*words)
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith("Error: ")
        assert done.err.count("\n") == 1


@pytest.mark.full
def test_a_page_of_lessons_is_told_of_as_data(cli, tmp_path):
    done = cli("lessons", "1", "--html", tmp_path, "--json")
    assert [lesson["number"] for lesson in json.loads(done.out)] == [1]
    assert done.err == f"1 lesson in {tmp_path / 'index.html'}\n"
