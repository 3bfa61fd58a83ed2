"""Hand-ins are marked one by one, whatever their code does."""

import csv
import io

import pytest
from forking import FORKED

from calcbench.errors import SelectorError
from calcbench.exercises.grading import grade, write_csv
from calcbench.exercises.sheet import read_sheet

SHEET = read_sheet(
    """
[[exercise]]
id = "1"
question = "Slopes of $x^2 - y^2$ at (3, 2)"
answers = [{name="x", value="6"}, {name="y", value="-4"}]
[[exercise]]
id = "2"
kind = "choice"
question = "Which?"
choices = ["this", "that"]
answers = [{name="letter", value="b"}]
[[exercise]]
id = "3"
kind = "function"
problem = "saddle"
question = "Derive"
at = {x = 3, y = 2}
answers = [{name="x", value="2*x"}, {name="y", value="-2*y"}]
""",
    "sheet.toml",
)

HAND_INS = {
    "anna.py": 'print("hello")\nanswers = {"1": [6, -4], "2": "b", "3": lambda x, y: (2*x, -2*y)}',
    "bob.toml": '1 = [6, 4]\n2 = "B"\n3 = ["2*x", "2*y"]',
    "carl.json": '{"1": {"x": "12/2", "y": -4}, "2": 7, "3": [6, -4], "4": 1}',
    "emil.py": "import os; os._exit(3)",
    "fred.py": "import sys; sys.exit('enough')",
    "gina.py": "x = 1",
    "hans.py": "answers = {'1': [6, -4]}\nraise ValueError('=cmd()')",
    "iris.docx": "6, -4",
    "jana.json": "[6, -4",
    "=kim.json": '{"1": [6], "3": ["6", 4]}',
    ".hidden": "",
}


@pytest.fixture(scope="module")
def grades(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hand_ins")
    for name, text in HAND_INS.items():
        (folder / name).write_text(text)
    (folder / "a_folder").mkdir()
    told = []
    found = grade(SHEET, folder, 60.0, FORKED, told.append)
    assert told == sorted(name for name in HAND_INS if name != ".hidden")
    return {each.name: each for each in found}


def test_right_and_wrong_answers_are_told_apart(grades):
    assert grades["anna.py"].outcomes == {"1": "right", "2": "right", "3": "right"}
    assert grades["anna.py"].remarks == ()
    assert grades["bob.toml"].outcomes == {"1": "wrong", "2": "right", "3": "wrong"}
    first, second = grades["bob.toml"].remarks
    assert first == "1: y is not 4"
    assert second.startswith("3: ∂z/∂y is 4, expected -4")


def test_numbers_of_a_gradient_are_marked_where_the_true_ones_are(grades):
    assert grades["carl.json"].outcomes["3"] == "right"
    assert grades["=kim.json"].outcomes["3"] == "wrong"
    assert grades["=kim.json"].remarks[1] == "3: ∂z/∂y is not 4"


def test_what_is_missing_unreadable_or_of_no_exercise_is_said(grades):
    assert grades["carl.json"].outcomes == {"1": "right", "2": "unread", "3": "right"}
    assert grades["=kim.json"].outcomes == {"1": "unread", "2": "missing", "3": "wrong"}
    assert 'give the letter of a choice, "a" to "b"' in grades["carl.json"].remarks[0]
    assert grades["carl.json"].remarks[1] == "no exercise '4': choose from 1, 2, 3"
    assert "asks for 2 answers (x, y), and was given 1" in grades["=kim.json"].remarks[0]


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("emil.py", "crash exit status 3"),
        ("fred.py", "SystemExit: enough"),
        ("gina.py", "there is no dict `answers`"),
        ("hans.py", "hans.py:2: ValueError: =cmd()"),
        ("iris.docx", "its name must end in .py, .toml, .json"),
        ("jana.json", "it is no JSON"),
    ],
)
def test_a_hand_in_that_gives_nothing_gets_a_line_with_the_reason(grades, name, remark):
    assert set(grades[name].outcomes.values()) == {"missing"}
    (said,) = grades[name].remarks
    assert remark in said


def test_a_hand_in_that_never_ends_is_ended(tmp_path):
    (tmp_path / "dora.py").write_text("while True: pass")
    (found,) = grade(SHEET, tmp_path, 1.0, FORKED, print)
    assert set(found.outcomes.values()) == {"missing"}
    assert found.remarks == ("timeout 1 s",)


def test_the_marks_are_a_table_that_no_spreadsheet_runs(grades):
    rows = list(csv.reader(io.StringIO(write_csv(SHEET, grades.values()))))
    assert rows[0] == ["hand_in", "right", "exercises", "1", "2", "3", "remarks"]
    by_name = {row[0]: row[1:] for row in rows[1:]}
    assert by_name["anna.py"] == ["3", "3", "right", "right", "right", ""]
    assert by_name["'=kim.json"][0] == "0"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_a_hand_in_finds_no_answer_where_it_runs(tmp_path):
    """All that it can reach is the question."""
    (tmp_path / "thief.py").write_text(
        "import gc\n"
        "from calcbench.exercises.exercise import Exercise\n"
        "found = [o for o in gc.get_objects() if isinstance(o, Exercise) and o.id == '1']\n"
        "answers = {'1': [a.value for a in found[0].answers]}\n"
    )
    (found,) = grade(SHEET, tmp_path, 20.0, FORKED, print)
    assert found.outcomes["1"] == "unread"
    assert "nan is no number" in found.remarks[0]


def test_a_folder_that_is_none_or_empty_is_bad_input(tmp_path):
    with pytest.raises(SelectorError, match="is no folder"):
        grade(SHEET, tmp_path / "none", 1.0, FORKED, print)
    with pytest.raises(SelectorError, match="there are no hand-ins"):
        grade(SHEET, tmp_path, 1.0, FORKED, print)
