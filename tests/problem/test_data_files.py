"""Which problems read files, and how records name them."""

from pathlib import Path

import pytest

from calcbench import Problem
from calcbench.errors import ProblemError, SelectorError
from calcbench.problem.files import Files, make, name_files, needs_data, takes_data


class Square(Problem):
    """x²."""

    def inputs(self, size, rng):
        return {"x": 3.0}

    def cost(self, xp, x):
        return x**2


def constructed(function):
    """A problem whose constructor is a function."""
    return type("Constructed", (Square,), {"__init__": function})


CONSTRUCTORS = {
    "none": (None, False, False),
    "optional": (lambda self, data=None: None, True, False),
    "by name alone": (lambda self, *, data=None: None, True, False),
    "needed": (lambda self, data: None, True, True),
    "with another that has a default": (lambda self, data, n=3: None, True, True),
    "with another that has none": (lambda self, n, data=None: None, False, False),
    "any": (lambda self, **options: None, False, False),
}


@pytest.mark.parametrize("case", CONSTRUCTORS)
def test_a_problem_reads_files_where_its_constructor_takes_data_alone(case):
    function, takes, needs = CONSTRUCTORS[case]
    kind = Square if function is None else constructed(function)
    assert (takes_data(kind), needs_data(kind)) == (takes, needs)


def test_a_problem_is_made_of_files_once_more_and_others_stay_what_they_are(tmp_path):
    files = Files("here", tmp_path)
    reading = constructed(lambda self, data=None: vars(self).update(given=data))
    assert (make(reading, files).given, make(reading(), files).read_from) == (tmp_path, "here")
    assert (make(reading).given, make(reading).read_from) == (None, "")
    square = Square()
    assert make(square, files) is square


def test_what_a_constructor_raises_is_told_with_the_files(tmp_path):
    def broken(self, data):
        raise KeyError("volume")

    with pytest.raises(ProblemError, match=r"cannot read its data from 'there': .*KeyError"):
        make(constructed(broken), Files("there", tmp_path))
    with pytest.raises(SelectorError, match="Constructed reads its data from files"):
        make(constructed(broken))


def test_a_record_has_no_folders_of_its_users():
    assert name_files("gradbench/evals/ba/data/") == "gradbench/evals/ba/data"
    assert name_files(Path("/home/somebody/gradbench")) == "gradbench"
    assert name_files("~/data") == "data"
