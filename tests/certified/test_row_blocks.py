"""Rows in blocks: the truth of all of them, in the memory of some."""

import numpy as np
import pytest

import calcbench as cb
from calcbench.certified import array_sweep, balls, budget, row_blocks
from calcbench.certified.array_sweep import sweep_arrays
from calcbench.certified.reference import reference
from calcbench.operators import find_operator
from calcbench.problem.inputs import own_point

RNG = np.random.default_rng(5)
N = 5000
X, Y = RNG.standard_normal((N, 3)), RNG.standard_normal(N)


def errors(xp, w, X, y):
    return xp.exp(-((xp.matmul(X, w) - y) ** 2))


COSTS = {
    "mean": lambda xp, w, *, X, y: xp.mean(errors(xp, w, X, y)),
    "sum": lambda xp, w, *, X, y: xp.sum(errors(xp, w, X, y)),
    "mean and ridge": lambda xp, w, *, X, y: xp.mean(errors(xp, w, X, y)) + xp.sum(w**4),
    "sum and ridge": lambda xp, w, *, X, y: xp.sum(errors(xp, w, X, y)) + 7 * xp.sum(w**4),
    "ridge over n": lambda xp, w, *, X, y: (
        (xp.sum(errors(xp, w, X, y)) + xp.sum(w**2)) / y.shape[0]
    ),
}


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(row_blocks, "BLOCK", 500_000)


def point_of(cost):
    return own_point(cb.problem(w=[0.3, -0.2, 0.5], X=X, y=Y)(cost))


@pytest.mark.parametrize("name", COSTS)
def test_blocks_add_up(name, small_blocks, monkeypatch):
    point = point_of(COSTS[name])
    operator = find_operator("value_and_gradient")
    blocks = reference(point, operator)
    monkeypatch.setattr(row_blocks, "BLOCK", 10**9)
    at_once = reference(point, operator)
    assert at_once.digits > 30
    assert blocks.digits > 30
    assert blocks.cost.overlaps(at_once.cost)
    for one, two in zip(blocks.values["w"], at_once.values["w"], strict=True):
        assert one.overlaps(two)
    assert blocks.magnitudes["w"] == pytest.approx(at_once.magnitudes["w"], rel=0.01)
    assert 0.99 <= blocks.magnitudes["C"] / at_once.magnitudes["C"] < 1.1


def test_blocks_take_the_memory_of_one(small_blocks):
    point = point_of(COSTS["mean"])
    with balls.precision(128), budget.measure() as taken, budget.limit(1e9):
        assert sweep_arrays(point, np.ones(()), "float64") is not None
    assert taken[-1] < 10 * row_blocks.BLOCK


def test_rows_that_do_not_add_up_to_thirty_digits_are_taken_at_once(small_blocks, monkeypatch):
    """A trace of a neighbour's effect, below what values in double precision show."""

    def coupled(xp, w, *, X, y):
        e = errors(xp, w, X, y)
        return xp.mean(e) + 1e-22 * xp.mean(e) ** 2

    point = point_of(coupled)
    assert point.row_count == N
    passed = []
    real = row_blocks.sweep_in_blocks

    def spy(*arguments):
        passed.append(real(*arguments))
        return passed[-1]

    monkeypatch.setattr(array_sweep, "sweep_in_blocks", spy)
    assert reference(point).digits > 30
    assert passed == [None]
