"""Sheets of exercises are read field by field, and what is wrong is named."""

import pytest

from calcbench.errors import SelectorError
from calcbench.exercises.sheet import join, lesson_sheet, load_sheet, read_sheet

GOOD = """
title = "One"
[[exercise]]
id = "1.1"
question = "How much is $\\\\frac{1}{4}$?"
answers = [{name = "it", value = "1/4"}]
hint = "halve it twice"
because = "$1 = 4 \\\\cdot \\\\frac{1}{4}$"
wrong = [[4], [0.26], [-0.25]]
"""


def test_a_sheet_is_read_into_exercises_by_id():
    sheet = read_sheet(GOOD, "one.toml")
    (exercise,) = sheet
    assert sheet.title == "One"
    assert (exercise.id, exercise.answers[0].value, exercise.tolerance) == ("1.1", 0.25, 1e-4)
    assert str(exercise) == "1.1  How much is 1/4?\n  answer: it"
    assert exercise.solution == "it = 1/4 = 0.25"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"1.1"', "1.1", "one.toml: exercise no. 1: id: must be text such as"),
        ('"1.1"', '"a b"', "exercise 'a b': id: must be text"),
        ("question", "querstion", "exercise '1.1': there is no field 'querstion'; did you mean"),
        ('"1/4"', '"1/"', "answers: '1/' is no number and no expression"),
        ('"1/4"', '"1/0"', "answers: '1/0' is no real number"),
        ('"1/4"', '"sqr(4)"', "there is no function 'sqr' here; did you mean 'sqrt'"),
        ('"1/4"', '"__import__(2)"', "there is no function '__import__' here"),
        ('"1/4"', '"9**9**9**9"', "is too large a number"),
        ('"1/4"', "true", "answers: it has a value, text or a number, not True"),
        ('name = "it", ', "", "answers: have each a name, text, not None"),
        ('name = "it"', 'unit = "m", name = "it"', "answers: have a name and a value, and no 'u"),
        ("[{", "3 #", "answers: must be a list such as"),
        ("[[4], [0.26], [-0.25]]", "[[1, 2]]", "wrong: must be lists of 1, as there are answers"),
        ("hint = ", "tolerance = 2 #", "tolerance: must be a number between 0 and 1"),
        ("hint = ", "kind = 'essay' #", "kind: must be number, choice, function, not 'essay'"),
        ("hint = ", "kind = 'choice' #", "choices: must be a list of at least two texts"),
        ("hint = ", "kind = 'function' #", "problem: is the name of a problem"),
        ("hint = ", "problem = 'saddle' #", "problem: is the name of a problem"),
        ("hint = ", "kind='function'\nproblem='sadle' #", "did you mean 'saddle'"),
        ("hint = ", "kind='function'\nproblem='saddle' #", "answers: are named x, y, by the param"),
        ("hint = ", "choices = ['x', 'y'] #", 'answers: 0 of kind "choice": one, where there are'),
        ('value = "1/4"', "value = 'b', kind='choice'", "answers: it is the letter of a choice"),
        ('value = "1/4"', "value = '1', kind='essay'", 'answers: it may be of kind "choice"'),
        ("hint = ", "at = { x = 1 } #", 'at: is the point of an exercise of kind "function" alone'),
        ("hint = ", "kind='function'\nproblem='saddle'\nat=3 #", "at: must be a table such as"),
        ("hint = ", "kind='function'\nproblem='saddle'\nat={x=true} #", "at: x must be a number"),
        ('title = "One"', "title = 1", "one.toml: title must be text, not 1"),
        ('title = "One"', 'titel = "One"', "there is no 'titel'; did you mean 'title'"),
        ("[[exercise]]", "[exercise]", "one.toml: there is no [[exercise]]"),
        ('title = "One"', "title", "one.toml is no TOML"),
    ],
)
def test_what_is_wrong_with_a_sheet_is_told_by_file_exercise_and_field(old, new, message):
    assert old in GOOD
    with pytest.raises(SelectorError) as error:
        read_sheet(GOOD.replace(old, new, 1), "one.toml")
    assert message in str(error.value)
    assert str(error.value).startswith("one.toml")
    assert "\n" not in str(error.value)


def test_an_id_stands_once_in_a_sheet_and_in_the_lessons():
    with pytest.raises(SelectorError, match=r"'1\.1' is there twice"):
        read_sheet(GOOD + GOOD.partition('"One"')[2], "one.toml")
    sheet = read_sheet(GOOD, "one.toml")
    with pytest.raises(SelectorError, match=r"One: there is an exercise '1\.1' already"):
        join("both", [sheet, sheet])


def test_a_file_that_is_none_is_told(tmp_path):
    with pytest.raises(SelectorError, match="there is no file"):
        load_sheet(tmp_path / "none.toml")
    with pytest.raises(SelectorError, match="cannot be read"):
        load_sheet(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe4'")
    with pytest.raises(SelectorError, match="cannot be read"):
        load_sheet(tmp_path / "latin.toml")


def test_an_exercise_that_is_not_there_is_answered_with_the_nearest():
    sheet = read_sheet(GOOD, "one.toml")
    with pytest.raises(SelectorError, match=r"there is no exercise '1\.2'; did you mean '1\.1'"):
        sheet["1.2"]
    with pytest.raises(SelectorError, match="named by text"):
        sheet[1.1]


def test_the_sheets_of_the_lessons_are_installed():
    assert all(exercise.id for exercise in lesson_sheet())
