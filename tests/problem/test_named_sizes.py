"""Sizes by name: declared as dicts, given as dicts or n=3,d=2, and kept apart by name."""

import copy
import json
import pickle

import numpy as np
import pytest

import calcbench
from calcbench.bench.cells import groups, parse_sizes
from calcbench.catalogue.selection import select_backends
from calcbench.errors import ProblemError, SelectorError
from calcbench.problem.inputs import own_point
from calcbench.problem.size import NamedSize
from calcbench.record.record import Record, Status

SOURCE = '''
from calcbench import Problem

class Regression(Problem):
    """Mean squared error."""

    sizes = ({"n": 4, "d": 2}, {"n": 40, "d": 3})

    def inputs(self, size, rng):
        n, d = size["n"], size["d"]
        return {"w": rng.normal(size=d), "X": rng.normal(size=(n, d)), "y": rng.normal(size=n)}

    def cost(self, xp, w, *, X, y):
        return xp.mean((xp.matmul(X, w) - y) ** 2)

    def gradient(self, xp, w, *, X, y):
        return {"w": 2 * xp.matmul(xp.matrix_transpose(X), xp.matmul(X, w) - y) / y.shape[0]}
'''

scope = {}
exec(SOURCE, scope)
Regression = scope["Regression"]


def shape(size):
    return own_point(Regression(), size)["X"].shape


def test_the_first_is_the_default_and_fills_in_what_is_not_given():
    assert shape(None) == (4, 2)
    assert shape({"n": 7, "d": 3}) == (7, 3)
    assert shape({"d": 5}) == (4, 5)
    assert own_point(Regression(), {"d": 5}).drawn == (NamedSize({"n": 4, "d": 5}), 0)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"m": 3}, r"problem 'regression' has no size 'm': choose from d, n"),
        ({"n": 0}, r"size\['n'\] must be a whole number of at least 1, got 0"),
        ({"n": 2.5}, r"size\['n'\] must be a whole number"),
        ({}, r"size: give a number by name"),
        ({3: 3}, r"size: 3 is no name"),
        (12, r"problem 'regression' has sizes by name: n=4, d=2; got 12 without one"),
        ("12", r"size must be a whole number of at least 1, got '12'"),
    ],
)
def test_what_is_no_size_of_the_problem_is_told(size, message):
    with pytest.raises(SelectorError, match=message):
        own_point(Regression(), size)
    with pytest.raises(SelectorError, match=message):
        calcbench.gradient(Regression(), "by_hand", size=size)


def test_a_problem_without_names_takes_none():
    with pytest.raises(SelectorError, match="'saddle' has sizes without names, such as 1, got n=3"):
        own_point(calcbench.problems()["saddle"], {"n": 3})


@pytest.mark.parametrize(
    "sizes", [({"n": 4}, 3), ({"n": 4}, {"m": 4}), ({"n": 0},), ({},), ({"two words": 1},)]
)
def test_a_declaration_that_makes_no_sense_is_refused(sizes):
    broken = type("Broken", (Regression,), {"sizes": sizes})()
    with pytest.raises(ProblemError, match="sizes must"):
        own_point(broken)


def test_a_decorated_function_has_no_names_for_its_size():
    broken = calcbench.problem(w=1.0, sizes=({"n": 3},))(lambda xp, w: w * w)
    with pytest.raises(ProblemError, match="sizes must have no names"):
        own_point(broken)


def test_sizes_are_equal_where_every_name_is():
    one, other = NamedSize({"n": 2, "d": 6}), NamedSize({"n": 3, "d": 4})
    assert one == NamedSize({"d": 6, "n": 2})
    assert one != other
    assert one != 12
    assert len({one, other, NamedSize({"d": 6, "n": 2})}) == 2
    assert (int(one), f"{NamedSize({'n': 1000, 'd': 2}):,}") == (12, "n=1,000, d=2")
    for again in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert (type(again), again) == (NamedSize, one)


def test_a_record_is_read_as_it_was_written():
    cell = Record("p", "b", "gradient", "float64", Status.OK, size=NamedSize({"n": 3, "d": 4}))
    data = json.loads(json.dumps(cell.as_json()))
    assert data["size"] == {"n": 3, "d": 4}
    assert Record.from_json(data).size == cell.size
    with pytest.raises(ValueError, match=r"size.n.*from 1"):
        Record.from_json({**data, "size": {"n": 0}})


def test_comparisons_have_the_size_in_their_records():
    comparison = calcbench.compare(
        Regression(), ["by_hand", "finite_difference"], size={"n": 6, "d": 2}
    )
    assert {(row.size, row.status) for row in comparison} == {
        (NamedSize({"n": 6, "d": 2}), Status.OK)
    }
    assert "size n=6, d=2" in str(comparison)


def test_benchmarks_take_them_by_name():
    assert parse_sizes("n=1e3,d=10") == [NamedSize({"n": 1000, "d": 10})]
    cells = groups([Regression()], select_backends(["by_hand"]), parse_sizes("n=8"), [1], 0)
    assert [cell.title for cell in cells] == ["regression[n=8, d=2]"]
    own = groups([Regression()], select_backends(["by_hand"]), None, [1], 0)
    assert [cell.size for cell in own] == [*Regression.sizes]
    with pytest.raises(SelectorError, match="no size 'k'"):
        groups([Regression()], select_backends(["by_hand"]), parse_sizes("k=8"), [1], 0)


def test_the_command_line_takes_them_by_name(cli, file):
    path = file(SOURCE)
    found = cli("compare", path, "-b", "by_hand", "-b", "finite_difference", "--size", "n=6")
    assert found.status == 0, found.err
    assert "size n=6, d=2" in found.out
    assert cli("compare", path, "--size", "n=6,n=7").err.rstrip().endswith("'n' is given twice")
    assert "did you mean" in cli("compare", path, "--size", "nn=6").err
    assert "not of the form n=1000,d=10" in cli("compare", path, "--size", "n=6,7").err
    assert "whole number" in cli("compare", path, "--size", "n=six").err


def test_a_program_states_them(cli, file):
    found = cli("show", file(SOURCE), "--program", "by_hand")
    assert "size = {'n': 4, 'd': 2}" in found.out
    scope = {}
    exec(found.out, scope)
    expected = calcbench.gradient(Regression(), "by_hand")["w"]
    np.testing.assert_allclose(scope["gradient"]["w"], expected)
