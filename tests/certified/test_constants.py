"""Inputs as numbers with proof: converted once, and shared by all points that have their rows."""

import numpy as np
import pytest
from flint import arb

import calcbench as cb
from calcbench.certified.constants import convert_input
from calcbench.problem.inputs import own_point

RNG = np.random.default_rng(3)
X = np.hstack([np.ones((90, 1)), RNG.standard_normal((90, 2))])  # rows begin alike
Y = np.round(RNG.standard_normal(90))  # many numbers are the same


@pytest.fixture
def point():
    @cb.problem(w=[0.3, -0.2, 0.5], X=X, y=Y, rows=("X", "y"))
    def squares(xp, w, *, X, y):
        return xp.mean((xp.matmul(X, w) - y) ** 2)

    return own_point(squares)


def floats(found):
    return found.astype(np.float64)


@pytest.mark.parametrize("rows", [slice(10, 30), [5, 5, 0, 89], slice(None, None, -1), [7]])
def test_rows_are_taken_from_what_is_kept(point, rows):
    kept = {name: convert_input(point, name, arb) for name in ("X", "y")}
    fewer = point.with_values({name: point[name][rows] for name in kept})
    for name, whole in kept.items():
        found = convert_input(fewer, name, arb)
        assert np.array_equal(floats(found), fewer[name])
        assert {id(number) for number in found.flat} <= {id(number) for number in whole.flat}


def test_other_numbers_are_converted(point):
    convert_input(point, "X", arb)
    other = X.copy()
    other[3, 1] = np.nextafter(other[3, 1], np.inf)
    mixed = np.where(np.arange(90)[:, None] > 50, other, X[::-1])
    for array in (other, mixed, X[:, :2], X + np.nan, np.empty((0, 3)), X * 0.0, X[:4] * -1):
        found = convert_input(point.with_values({"X": array}), "X", arb)
        assert found.shape == array.shape
        assert np.array_equal(floats(found), array, equal_nan=True)
    assert np.array_equal(floats(convert_input(point, "X", arb)), X)
