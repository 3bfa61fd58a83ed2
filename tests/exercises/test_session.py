"""Answers are marked, hints and true values come in their turn, and the score counts."""

import numpy as np
import pytest
import sympy

from calcbench.errors import SelectorError
from calcbench.exercises.session import Session
from calcbench.exercises.sheet import lesson_sheet, read_sheet

SHEET = """
[[exercise]]
id = "5.1"
question = "Value and slopes of $x^2 - y^2$ at (3, 2)"
answers = [{name="z", value="5"}, {name="∂z/∂x", value="6"}, {name="∂z/∂y", value="-4"}]
hint = "hold the other one"
because = "$2x$ and $-2y$"
[[exercise]]
id = "5.2"
question = "Area"
answers = [{name="area", value="9*pi"}]
[[exercise]]
id = "5.3"
question = "Where is the slope of a sphere's volume nothing?"
answers = [{name="r", value="0"}]
[[exercise]]
id = "6.1"
kind = "choice"
question = "Which?"
choices = ["$\\\\pi r^2$", "neither"]
answers = [{name="letter", value="b"}]
[[exercise]]
id = "6.2"
kind = "function"
problem = "saddle"
question = "Derive"
answers = [{name="x", value="2*x"}, {name="y", value="-2*y"}]
[[exercise]]
id = "6.3"
kind = "function"
problem = "chain_rule_single"
question = "Derive"
answers = [{name="x", value="-2*x*exp(-x**2)"}]
[[exercise]]
id = "6.4"
question = "How far is it off, and why?"
choices = ["it bends", "it rounds"]
answers = [{name="off by", value="0.1"}, {name="why", value="a", kind="choice"}]
[[exercise]]
id = "6.5"
kind = "function"
problem = "saddle"
at = {x = 3, y = "4/2"}
question = "Derive, or compute"
answers = [{name="x", value="2*x"}, {name="y", value="-2*y"}]
"""


@pytest.fixture
def session():
    return Session(read_sheet(SHEET, "sheet.toml"))


def test_the_first_wrong_answer_gets_the_hint_and_the_second_the_true_values(session):
    first, second = session.check("5.1", 5, 6, 4), session.check("5.1", 5, -4, 6)
    assert str(first) == "✗ 5.1: not right: ∂z/∂y is not 4.\n  Hint: hold the other one"
    assert "The answer is z = 5, ∂z/∂x = 6, ∂z/∂y = -4.\n  2x and −2y" in str(second)
    assert "**✗ 5.1:** not right" in second._repr_markdown_()
    assert (first.outcome, second.outcome, second.right) == ("wrong", "shown", False)
    right = session.check("5.1", 5, 6, -4)
    assert str(right) == "✓ 5.1: right.\n  2x and −2y"
    assert session.score().rows == (("lesson 5", 0, 0, 1, 3),)


@pytest.mark.parametrize(
    "handed",
    [
        (5, 6, -4),
        ([5, 6, -4],),
        (np.array([5.0, 6.0, -4.0]),),
        ({"∂z/∂y": -4, "z": 5, "∂z/∂x": 6},),
        (sympy.Integer(5), np.float32(6), "-8/2"),
        ("5.00001", np.array(6), "−4"),
    ],
)
def test_values_come_one_by_one_as_a_list_or_by_name_and_of_any_kind(session, handed):
    assert session.check("5.1", *handed).right


@pytest.mark.parametrize(
    ("handed", "message"),
    [
        ((), "asks for 3 answers (z, ∂z/∂x, ∂z/∂y), and was given none"),
        ((1, 2), "was given 2"),
        (({"z": 5},), "∂z/∂x, ∂z/∂y is missing"),
        (({"zz": 5},), "there is no 'zz' to answer"),
        ((None, 6, -4), "None is no number: what was called returns nothing"),
        ((True, 6, -4), "True is no number"),
        ((len, 6, -4), "call the function"),
        (({"x": 1}, 6, -4), "take one value of it, by its name, 'x'"),
        (([1], 6, -4), "take one of its values"),
        ((1j, 6, -4), "is no real number"),
        ((float("nan"), 6, -4), "nan is no number"),
        ((sympy.Symbol("x"), 6, -4), "put numbers in the place of its letters"),
        (("five", 6, -4), "there is no name 'five'"),
        (("1,5", 6, -4), "a decimal point and no comma"),
        (("2pi", 6, -4), "'2pi' is no number"),
        (("sqrt(-1)", 6, -4), "is no real number"),
        (("(" * 250, 6, -4), "is no number"),
        (("1" * 999, 6, -4), "at most 300 characters"),
    ],
)
def test_what_is_no_answer_is_told_in_a_sentence_and_is_no_try(session, handed, message):
    reply = session.check("5.1", *handed)
    assert (reply.outcome, len(reply.lines)) == ("unread", 1)
    assert message in reply.lines[0]
    assert str(session.score()) == "nothing was tried yet"


def test_five_digits_are_enough_and_fewer_are_said_to_be_too_few(session):
    assert session.check("5.2", 28.274).right
    reply = session.check("5.2", 28.27)
    assert "area is near, but not within 0.01 % (too few digits?)." in str(reply)
    assert "is not 28.2" not in str(reply)


def test_a_count_that_is_near_has_not_too_few_digits():
    reply = Session(lesson_sheet()).check("13.3", 1200, 598, 297, 237, 251)
    assert reply.lines[0] == "not right: rate 0.01 is near, but not 1200."


def test_an_answer_of_zero_may_be_off_by_rounding(session):
    assert session.check("5.3", -1e-16).right
    assert not session.check("5.3", 0.01).right


def test_a_choice_is_a_letter_or_its_text(session):
    assert session.check("6.1", "B").right
    assert session.check("6.1", "neither").right
    assert session.check("6.1", "πr²").outcome == "wrong"
    assert 'give the letter of a choice, "a" to "b"' in str(session.check("6.1", 2))


def test_a_derivation_is_judged_as_a_hand_derived_gradient(session):
    for right in (
        (lambda x, y: {"x": 2 * x, "y": -2 * y},),
        (lambda x, y: (2 * x, -2 * y),),
        ("2*x", "-2*y"),
        ({"y": "-y*2", "x": "x+x"},),
    ):
        assert session.check("6.2", *right).right
    reply = session.check("6.2", lambda x, y: (2 * x, 2 * y))
    assert "∂z/∂y is 4, expected -4" in str(reply)
    assert "returns the partials by x, y" in str(session.check("6.2", lambda x, y: 2 * x))
    assert "ZeroDivisionError" in str(session.check("6.2", lambda x, y: 1 / 0))
    assert "there is no 'z' here; choose from E, e, pi, x, y, π" in str(
        session.check("6.2", "2*x", "z")
    )
    assert "is no expression: give text, or a function" in str(session.check("6.2", 6, -4))


def test_a_derivation_takes_functions_from_xp_and_may_return_its_only_partial(session):
    assert session.check("6.3", lambda xp, x: -2 * x * xp.exp(-(x**2))).right
    assert session.check("6.3", "-2*x/exp(x^2)").right
    assert not session.check("6.3", "exp(-x^2)").right


def test_a_number_and_a_letter_are_answers_to_one_exercise(session):
    assert session.exercise("6.4").wanted == "off by, why (a letter)"
    assert session.check("6.4", 0.1, "A").right
    assert "not right: b) is not the one." in str(session.check("6.4", 0.1, "b"))
    shown = session.check("6.4", 0.2, "it bends")
    assert shown.lines[1] == "The answer is off by = 0.1, why = a) it bends."


def test_a_gradient_is_given_by_its_numbers_at_a_point_too(session):
    assert "∂z/∂x, ∂z/∂y: formulas, numbers, or one" in str(session.exercise("6.5"))
    assert session.check("6.5", 6, -4).right
    assert session.check("6.5", "x + x", "-2*y").right
    assert "∂z/∂y is not 4." in str(session.check("6.5", 6, 4))
    reply = session.check("6.5", "2*x", "2*y")
    assert "∂z/∂y is 4, expected -4" in str(reply)
    assert "The answer is ∂z/∂x = 2\\*x = 6, ∂z/∂y = -2\\*y = -4." in reply._repr_markdown_()


def test_the_score_counts_the_lessons_that_were_begun(session):
    session.check("5.2", 1)
    session.check("5.2", "9*pi")
    session.check("5.3", 0)
    assert str(session.score()) == (
        "2 of 3 exercises right\n  lesson 5: 2 of 3 right, 1 at the first try"
    )
    assert "- lesson 5: 2 of 3" in session.score()._repr_markdown_()


def test_an_exercise_that_is_not_there_is_bad_input(session):
    with pytest.raises(SelectorError, match="there is no exercise"):
        session.check("7.1", 1)
