"""Every right answer of the lessons is accepted, and every stored wrong one refused."""

import math

import numpy as np
import pytest
import sympy

from calcbench.exercises.marking import mark
from calcbench.exercises.sheet import lesson_sheet

EXERCISES = list(lesson_sheet())
WRONG = [(exercise, handed) for exercise in EXERCISES for handed in exercise.wrong]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_the_right_answer_is_accepted(exercise):
    assert mark(exercise, [answer.text for answer in exercise.answers]).right


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_an_exercise_has_three_wrong_answers_a_hint_and_a_reason(exercise):
    assert len(set(exercise.wrong)) >= 3
    assert exercise.hint
    assert exercise.because


@pytest.mark.parametrize(("exercise", "handed"), WRONG, ids=lambda part: getattr(part, "id", ""))
def test_a_wrong_answer_is_refused(exercise, handed):
    assert not mark(exercise, handed).right


LETTERS = [exercise for exercise in EXERCISES if exercise.choices]


def test_there_are_69_exercises_of_every_kind():
    assert len(EXERCISES) == 69
    assert [e.id for e in EXERCISES if e.kind == "function"] == ["3.2", "6.2", "8.1", "8.4"]
    assert [e.id for e in LETTERS] == ["2.2", "5.4", "6.3", "9.3", "10.3", "10.4", "14.2"]


@pytest.mark.parametrize("exercise", LETTERS, ids=lambda exercise: exercise.id)
def test_every_other_letter_of_a_choice_is_refused(exercise):
    *others, right = [answer.text for answer in exercise.answers]
    for letter, _ in exercise.lettered:
        assert mark(exercise, [*others, letter]).right == (letter == right)


r, h, x, z, s, t = sympy.symbols("r h x z s t")


def paths(r, s, t):
    """Sum over paths, with Python's own functions."""
    grow, fall, rise = math.exp(t), math.exp(-t), math.sin(t)
    x, y, z = r * s * grow, r * s**2 * fall, r**2 * s * rise
    outer = (4 * x**3 * y, x**4 + 2 * y * z**3, 3 * y**2 * z**2)
    inner = [
        (s * grow, s**2 * fall, 2 * r * s * rise),
        (r * grow, 2 * r * s * fall, r**2 * rise),
        (r * s * grow, -r * s**2 * fall, r**2 * s * math.cos(t)),
    ]
    return [sum(a * b for a, b in zip(outer, way, strict=True)) for way in inner]


@pytest.mark.parametrize(
    ("id", "handed"),
    [
        ("3.2", [2.76354658]),
        ("3.2", ["x^2*cos(x) + cos(x) + sin(x)*2*x"]),
        ("3.2", [sympy.diff((x**2 + 1) * sympy.sin(x))]),
        ("3.2", [lambda x: 2 * x * math.sin(x) + (x**2 + 1) * math.cos(x)]),
        ("6.2", [25.1327412, 4.1887902]),
        ("6.2", [[2 * sympy.pi * r * h / 3, sympy.pi * r**2 / 3]]),
        ("6.2", [lambda r, h: np.array([2 * np.pi * r * h / 3, np.pi * r * r / 3])]),
        ("8.1", [0.21939564, 1.75516512]),
        ("8.1", [lambda xp, x, z: (xp.cos(x * z**2) * z**2, xp.cos(x * z**2) * 2 * x * z)]),
        ("8.1", [sympy.sin(x * z**2).diff(x), sympy.sin(x * z**2).diff(z)]),
        ("8.4", [5, 6, 3]),
        ("8.4", [paths]),
    ],
)
def test_a_derivation_may_have_any_form(id, handed):
    assert mark(lesson_sheet()[id], handed).right


@pytest.mark.parametrize(
    ("id", "handed"),
    [
        ("3.2", [lambda x: 2 * x * math.cos(x)]),
        ("6.2", [lambda r, h: np.array([2 * np.pi * r * h, np.pi * r * r])]),
        ("8.1", [sympy.sin(x * z**2).diff(z), sympy.sin(x * z**2).diff(x)]),
        ("8.4", [lambda r, s, t: (5, 6, 3)]),
    ],
)
def test_a_wrong_derivation_is_refused_in_any_form(id, handed):
    """The last one is right at the point of the question, and nowhere else."""
    assert not mark(lesson_sheet()[id], handed).right
