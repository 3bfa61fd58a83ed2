"""Which problems read files, and how records name them."""

from dataclasses import InitVar, dataclass
from pathlib import Path

import pytest

from calcbench import Problem
from calcbench.errors import ProblemError, SelectorError
from calcbench.problem.declarations import check_declarations
from calcbench.problem.files import Files, locate, make, name_files, needs_data, takes_data


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
    "an array in memory": (lambda self, data=(1.0, 2.0): None, False, False),
    "a file of its own": (lambda self, data="y.txt": None, True, False),
    "any": (lambda self, **options: None, False, False),
}


@pytest.mark.parametrize("case", CONSTRUCTORS)
def test_a_problem_reads_files_where_its_constructor_takes_data_alone(case):
    function, takes, needs = CONSTRUCTORS[case]
    kind = Square if function is None else constructed(function)
    assert (takes_data(kind), needs_data(kind)) == (takes, needs)


def test_a_class_is_made_of_files_and_others_stay_what_they_are(tmp_path):
    files = Files("here", tmp_path)
    reading = constructed(lambda self, data=None: vars(self).update(given=data))
    assert (make(reading, files).given, make(reading, files).read_from) == (tmp_path, "here")
    assert (make(reading).given, make(reading).read_from) == (None, "")
    square = Square()
    assert make(square, files) is square


def test_a_problem_that_is_made_already_is_not_made_anew(tmp_path):
    """For of what else it was made, a scale say, nobody knows."""
    scaled = constructed(lambda self, data=None, scale=1.0: vars(self).update(scale=scale))
    tenfold = scaled(scale=10.0)
    assert make(tenfold) is tenfold
    with pytest.raises(SelectorError, match=r"'constructed' is made already, .*\(data=…\)"):
        make(tenfold, Files("here", tmp_path))


@dataclass(frozen=True)
class Frozen(Square):
    data: InitVar[Path]


@dataclass(frozen=True)
class Misnamed(Square):
    data: Path


def test_a_frozen_dataclass_reads_files(tmp_path):
    assert make(Frozen, Files("here", tmp_path)).read_from == "here"
    with pytest.raises(SelectorError, match="Frozen reads its data from files"):
        make(Frozen)


def test_files_are_not_kept_as_what_lists_the_data_arguments(tmp_path):
    with pytest.raises(
        ProblemError, match=r"'data' lists its data arguments.* such as self\.files"
    ):
        check_declarations(make(Misnamed, Files("here", tmp_path)))


@pytest.mark.parametrize("files", [None, Files("here", Path())])
def test_an_argument_without_a_value_is_named(files):
    reading = constructed(lambda self, data, fmt, unit: None)
    with pytest.raises(SelectorError, match="has no value for fmt and unit"):
        make(reading, files)


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


def test_a_record_has_not_the_name_of_its_user():
    home = Path.home()
    assert [name_files(told) for told in ("~", "~/", "~root", home)] == ["~"] * 4
    assert name_files("/somewhere/~backup") == "~backup"


def test_the_root_of_all_files_has_a_name_too():
    assert name_files("/") == "/"


@pytest.mark.parametrize("told", ["", "~nobody-of-this-name/y", "a" * 300, "a\0b"])
def test_what_can_be_no_path_is_told(told):
    with pytest.raises(SelectorError, match=r"^data: "):
        locate(told)
