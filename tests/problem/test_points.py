"""Inputs and points: where agreement is checked, and how a point is written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import calcbench as cb
from calcbench.catalogue.door import problems
from calcbench.cli.values import parse_values
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.problem.sampling import thin

REALS = st.floats(allow_nan=False, allow_infinity=False)
LISTS = st.lists(REALS, min_size=1, max_size=3)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z_0-9]{0,5}", fullmatch=True)


def problem_with(domain, **values):
    class Somewhere(cb.Problem):
        """A sum."""

        def inputs(self, size, rng):
            return values

        def cost(self, xp, a, b, *, x, i):
            return a + b + xp.sum(x)

    Somewhere.domain = domain
    return Somewhere()


VALUES = {"a": 1.0, "b": [[2.0, 3.0]], "x": [1.0, 0.0, -4.0], "i": np.array([2, 0])}


# --- inputs ---------------------------------------------------------------------------------------


def test_inputs_are_new_float64_arrays_in_the_order_of_the_signature():
    own = np.array([1.0, 2.0, 3.0])
    found = own_point(problem_with({}, **{**VALUES, "x": own}))
    assert list(found.values) == ["a", "b", "x", "i"]
    assert [array.dtype.kind for array in found.values.values()] == ["f", "f", "f", "i"]
    assert found["x"] is not own
    assert not np.shares_memory(found["x"], own)


@pytest.mark.parametrize("kind", [int, np.int32, bool, np.float32])
def test_numbers_become_float64(kind):
    found = own_point(problem_with({}, **{**VALUES, "a": kind(1)}))
    assert (found["a"].dtype, found["a"].shape) == (np.float64, ())


def test_at_replaces_parameters_and_leaves_data():
    problem = problem_with({}, **VALUES)
    found = own_point(problem, at={"b": [[5, 6]], "a": -1})
    assert found["a"] == -1.0
    assert np.array_equal(found["b"], [[5.0, 6.0]])
    assert np.array_equal(found["x"], VALUES["x"])


def test_at_with_data_is_refused():
    with pytest.raises(cb.SelectorError, match="no parameter 'x'"):
        own_point(problem_with({}, **VALUES), at={"a": 1, "b": [[1, 2]], "x": [1, 2, 3]})


def test_message_about_large_values_is_short():
    with pytest.raises(cb.ProblemError, match="'x'") as caught:
        own_point(problem_with({}, **{**VALUES, "x": ["text"] * 10**6}))
    assert len(str(caught.value)) < 300


# --- points ---------------------------------------------------------------------------------------


def test_points_are_the_own_zeros_and_random():
    problem = problem_with({}, **VALUES)
    own = own_point(problem)
    found = points_for(own)
    assert list(found) == ["own", "zeros", "random-1", "random-2"]
    assert all(found["own"][name] is array for name, array in own.values.items())
    for name in ("a", "b"):
        assert not np.any(found["zeros"][name])
        assert found["zeros"][name].shape == own[name].shape
    assert np.array_equal(found["zeros"]["x"], own["x"])


def test_random_points_move_the_data_too_but_not_indices():
    problem = problem_with({}, **VALUES)
    own = own_point(problem)
    moved = points_for(own)["random-1"]
    assert list(moved.values) == list(own.values)
    assert np.all(np.abs(moved["x"] - own["x"]) <= 0.1 * np.abs(own["x"]))
    assert np.any(moved["x"] != own["x"])
    assert np.array_equal(moved["i"], own["i"])
    assert moved["i"].dtype == own["i"].dtype


@pytest.mark.parametrize(
    ("domain", "there"),
    [
        ({}, True),
        ({"a": (-1.0, 1.0)}, True),
        ({"a": (0.0, np.inf)}, False),
        ({"b": (0.0, 1.0)}, False),
        ({"a": (-np.inf, 0.0)}, False),
        ({"a": (1.0, 2.0), "b": (-1.0, 1.0)}, False),
        ({"a": (-np.inf, np.inf)}, True),
    ],
)
def test_zeros_are_left_out_where_the_domain_lacks_them(domain, there):
    problem = problem_with(domain, **VALUES)
    assert ("zeros" in points_for(own_point(problem))) is there


@given(
    low=st.floats(-1e6, 1e6) | st.just(-np.inf),
    width=st.floats(1e-3, 1e6) | st.just(np.inf),
    seed=st.integers(0, 2**32),
)
def test_random_points_lie_inside_an_open_domain(low, width, seed):
    high = np.inf if np.isinf(low) and np.isinf(width) else (0.0 if np.isinf(low) else low) + width
    problem = problem_with({"a": (low, high), "b": (low, high)}, **VALUES)
    own = own_point(problem)
    for name, point in points_for(own, seed=seed).items():
        if name.startswith("random"):
            for parameter in ("a", "b"):
                assert np.all((low < point[parameter]) & (point[parameter] < high))


def test_points_follow_the_seed():
    problem = problem_with({}, **VALUES)
    own = own_point(problem)
    one, same, other = (points_for(own, seed=seed)["random-1"] for seed in (1, 1, 2))
    assert np.array_equal(one["b"], same["b"])
    assert not np.array_equal(one["b"], other["b"])


def test_thinned_rows_stay_together():
    problem = problems()["straight_line_at_scale"]
    own = own_point(problem, 10_000)
    few = thin(own, 100)
    assert len(few["x"]) == len(few["y"]) == 100
    where = np.searchsorted(own["x"], few["x"])
    assert np.array_equal(own["y"][where], few["y"])
    assert thin(few, 100) is few
    whole = own_point(problems()["square"])
    assert thin(whole, 100) is whole


# --- parse_values ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("m=0.9,b=0.1", {"m": 0.9, "b": 0.1}),
        (" m = 1e-3 , b = -.5 ", {"m": 1e-3, "b": -0.5}),
        ("w=[1,2,3],b=0", {"w": [1, 2, 3], "b": 0.0}),
        ("W=[[1, 2], [3, 4]]", {"W": [[1, 2], [3, 4]]}),
        ("x=1_000", {"x": 1000.0}),
    ],
)
def test_parse_at(text, values):
    assert parse_values(text) == values


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((text, "is not of the form NAME=VALUE") for text in ("", ",", "x", "x=", "=1", "x=1,")),
        ("x=1,x=1", "'x' is given twice"),
        *(
            (text, "is neither a number nor a list")
            for text in (
                *("x==1", "x=a", "x=[1", "x=1]", "x=[1,2]]", "x=[a]", "x=[1,]", "x=1;y=2"),
                *("x=[" * 5, "x=" + "[" * 100_000),
            )
        ),
    ],
)
def test_parse_at_refuses(text, words):
    with pytest.raises(cb.SelectorError, match=words) as caught:
        parse_values(text)
    assert "\n" not in str(caught.value)


@given(st.dictionaries(NAMES, REALS | LISTS | st.lists(LISTS, min_size=1, max_size=3), min_size=1))
def test_parse_at_reads_what_is_written(values):
    assert parse_values(",".join(f"{name}={value!r}" for name, value in values.items())) == values


@given(st.text())
def test_parse_at_reads_or_refuses(text):
    try:
        values = parse_values(text)
    except cb.SelectorError:
        return
    assert values
    assert all(isinstance(value, (float, list)) for value in values.values())
