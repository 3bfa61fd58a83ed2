"""The runs that travel with the lessons: they say what was measured on what, and are still true."""

import functools
import re

import numpy as np
import pytest

import calcbench as cb
from calcbench.errors import SelectorError
from calcbench.exercises import lesson_run
from calcbench.exercises.cells import lessons
from calcbench.report.citation import cite

LESSONS = lessons()

SIX = ["by_hand", "sympy", "finite_difference", "torch", "tensorflow", "jax"]

PRIVATE = re.compile(r"/(home|root|tmp|usr|opt|var|Users)\b|\\|[\w.-]+@[\w-]+|(host|user)(name)?\b")
"""What no run says: folders of the machine, its name, or who sat there."""


@functools.cache
def certified(problem, size, operator):
    """Certify today what a run has, and round it to floats."""
    found = cb.reference(problem, size=size, operator=operator).values
    return {name: np.vectorize(float)(balls) for name, balls in found.items()}


def name_of(lesson):
    return lesson.name


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_a_run_is_of_six_backends_on_a_machine_that_it_describes(lesson):
    run = lesson_run(lesson.number)
    assert run.ok
    assert set(SIX) <= {record.backend for record in run}
    for environment in run.environments:
        assert {"cpu", "cores", "system"} <= set(environment.machine)
        assert {"python", "numpy", "sympy", "torch", "tensorflow", "jax"} <= set(
            environment.versions
        )
        assert not PRIVATE.search(str(environment.as_json()))


@pytest.mark.few(3)
@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_a_run_has_the_values_that_are_computed_today(lesson):
    for record in lesson_run(lesson.number):
        today = certified(record.problem, record.size, record.operator)
        assert record.value.keys() == today.keys()
        for name, value in record.value.items():
            rounded = np.spacing(abs(today[name]))
            assert np.all(abs(value - today[name]) <= record.bound[name] + rounded)


@pytest.mark.parametrize("lesson", LESSONS, ids=name_of)
def test_a_lesson_ends_with_its_own_run_and_how_to_cite_it(lesson):
    code = [cell.source for cell in lesson.cells if not cell.is_text]
    assert re.findall(r"lesson_run\((\d+)\)", "\n".join(code)) == [str(lesson.number)]
    assert code[-1] == "print(cite(run))"
    run = lesson_run(lesson.number)
    told = cite(run)
    for environment in run.environments:
        for said in (environment.id, environment.machine["cpu"], environment.versions["torch"]):
            assert said in told
    assert not PRIVATE.search(told.replace("\\_", "_"))


def test_a_run_that_is_not_there_is_bad_input():
    with pytest.raises(SelectorError, match="there is no lesson 15; choose from 1, 2, 3"):
        lesson_run(15)
