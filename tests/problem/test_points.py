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
from calcbench.problem.sampling import describe_data, thin

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


def test_zeros_are_no_second_point_where_they_are_the_own_one():
    own = own_point(problem_with({}, **{**VALUES, "a": 0.0, "b": [[0.0, 0.0]]}))
    assert list(points_for(own)) == ["own", "random-1", "random-2"]


def test_a_random_point_lies_around_the_own_values():
    own = own_point(problem_with({}, **{**VALUES, "a": 1e6, "b": [[0.0, 3.0]]}))
    near = points_for(own)["random-2"]
    assert 0 < abs(near["a"] - 1e6) <= 1e5
    assert np.all(np.abs(near["b"] - own["b"]) <= 0.3)
    assert np.all(near["b"] != own["b"])


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


def test_a_domain_may_be_a_function():
    class Ordered(cb.Problem):
        """Sorted times, on a disc of radius 0.1."""

        def domain(self, values):
            t = values["t"]
            return bool(np.all(np.diff(t) > 0) and np.sum((t - [5, 6]) ** 2) < 0.01)

        def inputs(self, size, rng):
            return {"t": [5.0, 6.0]}

        def cost(self, xp, t):
            return xp.sum(xp.log(t[1:] - t[:-1]))

    found = points_for(own_point(Ordered()))
    assert list(found) == ["own", "random-1", "random-2"]
    for point in found.values():
        assert Ordered().contains(point.values)
    assert len({tuple(point["t"]) for point in found.values()}) == 3


def test_a_decorated_problem_may_have_a_domain_too():
    @cb.problem(a=3.0, b=2.0, domain=lambda values: bool(values["a"] > values["b"]))
    def difference(xp, a, b):
        return xp.sqrt(a - b)

    found = points_for(own_point(difference))
    assert list(found) == ["own", "random-1", "random-2"]
    assert all(point["a"] > point["b"] for point in found.values())


def test_a_domain_without_another_point_has_none():
    class Alone(type(problem_with({}, **VALUES))):
        def domain(self, values):
            return bool(values["a"] == 1.0)

    assert list(points_for(own_point(Alone()))) == ["own"]


def test_a_domain_that_raises_is_the_problems_fault():
    class Raises(type(problem_with({}, **VALUES))):
        def domain(self, values):
            return values["missing"] > 0

    with pytest.raises(
        cb.ProblemError, match=r"domain\(values\), which is given a dict .*KeyError"
    ):
        points_for(own_point(Raises()))


# --- data at the points ---------------------------------------------------------------------------


def with_data(draw, rows=()):
    """A problem whose data `draw(size, rng)` gives, and its points."""

    class WithData(cb.Problem):
        """Whatever it is."""

        sizes = (6,)

        def inputs(self, size, rng):
            return {"w": 1.0, **draw(size, rng)}

        def cost(self, xp, w, *, x, y):
            return xp.mean(w * x - y)

    WithData.rows = rows
    return points_for(own_point(WithData()))


def test_data_are_drawn_again_where_inputs_draws_others():
    def draw(size, rng):
        x = np.sort(rng.normal(size=size))
        return {"x": x, "y": np.where(rng.random(size) < 0.5, -1.0, 1.0)}

    found = with_data(draw, rows=("x", "y"))
    for name in ("random-1", "random-2"):
        point = found[name]
        assert not np.array_equal(point["x"], found["own"]["x"])
        assert np.all(np.diff(point["x"]) > 0)
        assert set(point["y"]) <= {-1.0, 1.0}
    assert np.array_equal(found["zeros"]["x"], found["own"]["x"])
    assert describe_data(found) == "drawn again at the random points"


def test_rows_are_resampled_together_and_in_order():
    rows = {"x": [1.0, 2.0, 4.0, 8.0], "y": [10.0, 20.0, 40.0, 80.0]}
    found = with_data(lambda size, rng: rows, rows=("x", "y"))
    for name in ("random-1", "random-2"):
        point = found[name]
        assert not np.array_equal(point["x"], found["own"]["x"])
        assert np.array_equal(point["y"], 10 * point["x"])
        assert set(point["x"]) <= set(rows["x"])
        assert np.all(np.diff(point["x"]) >= 0)
    assert describe_data(found) == "rows resampled at the random points"


@pytest.mark.parametrize(
    "draw",
    [
        lambda size, rng: {"x": np.eye(2), "y": 1.0},
        lambda size, rng: {"x": rng.normal(size=rng.integers(2, 9)), "y": 1.0},  # another form
        lambda size, rng: {"x": np.ones(2), "y": rng.integers(0, 9, 6)},  # other indices
    ],
)
def test_other_data_are_left_alone(draw):
    found = with_data(draw)
    for point in found.values():
        assert np.array_equal(point["x"], found["own"]["x"])
        assert np.array_equal(point["y"], found["own"]["y"])
    assert describe_data(found).startswith("the own ones at every point")


def test_without_data_there_is_nothing_to_say():
    assert describe_data(points_for(own_point(problems()["saddle"]))) == ""


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
