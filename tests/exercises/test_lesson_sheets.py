"""Every right answer of the lessons is accepted, and every stored wrong one refused."""

import pytest

from calcbench.exercises.marking import mark
from calcbench.exercises.sheet import lesson_sheet

EXERCISES = list(lesson_sheet())
WRONG = [(exercise, handed) for exercise in EXERCISES for handed in exercise.wrong]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_the_right_answer_is_accepted(exercise):
    assert mark(exercise, [answer.text for answer in exercise.answers]).right


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_an_exercise_has_three_wrong_answers_a_hint_and_a_reason(exercise):
    least = min(3, len(exercise.choices) - 1) if exercise.choices else 3
    assert len(set(exercise.wrong)) >= least
    assert exercise.hint
    assert exercise.because


@pytest.mark.parametrize(("exercise", "handed"), WRONG, ids=lambda part: getattr(part, "id", ""))
def test_a_wrong_answer_is_refused(exercise, handed):
    assert not mark(exercise, handed).right
