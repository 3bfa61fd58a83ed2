"""Gradients where there is no derivative: numbers between the one-sided ones, and others."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import calcbench as cb


def sizes(x: np.ndarray) -> Any:
    return np.sum(np.abs(x))


def ramps(x: np.ndarray) -> Any:
    return np.pi / 30 * np.sum(np.maximum(x, 0))


def largest(x: np.ndarray) -> Any:
    return np.max(x)


def length(x: np.ndarray) -> Any:
    return np.linalg.norm(x[:2]) + x[2] ** 2


def crossed(x: np.ndarray) -> Any:
    """Not convex: along either axis it is flat, and beside the axes it is not."""
    return np.abs(x[0] + x[1]) - np.abs(x[0] - x[1]) + x[2]


CHOICES = [
    (sizes, [0.0, 2.0], [0.0, 1.0]),
    (sizes, [0.0, 2.0], [-1.0, 1.0]),
    (ramps, [0.0, 2.0], [np.pi / 30 * (1 + 4e-16), np.pi / 30]),  # up to rounding
    (largest, [1.0, 1.0, 0.0], [0.5, 0.5, 0.0]),
    (largest, [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]),
    (length, [0.0, 0.0, 1.0], [0.0, 0.0, 2.0]),
    (length, [0.0, 0.0, 1.0], [0.6, -0.8, 2.0]),
    (crossed, [0.0, 0.0, 1.0], [0.0, 2.0, 1.0]),
]

OUTSIDE = [
    (
        sizes,
        [0.0, 2.0],
        [1 + 1e-9, 1.0],
        "∂f/∂x[0] is 1.0000000010000001, should be between -1 and 1",
    ),
    (ramps, [0.0, 2.0], [-0.1, np.pi / 30], "should be between 0 and 0.104719755"),
    (largest, [1.0, 1.0, 0.0], [2.0, 0.0, 0.0], "should be between 0 and 1"),
    (length, [0.0, 0.0, 1.0], [0.0, 1.5, 2.0], "∂f/∂x[1] is 1.5, should be between -1 and 1"),
    (crossed, [0.0, 0.0, 1.0], [3.0, 0.0, 1.0], "should be between -2 and 2"),
]


@pytest.mark.parametrize(("f", "x", "given"), CHOICES)
def test_number_between_one_sided_derivatives_is_one_valid_choice(
    f: Any, x: Any, given: Any
) -> None:
    found = cb.check(f, lambda x: np.array(given), np.array(x))
    assert found.ok, found
    assert found.chosen == found.no_derivative > 0
    assert "one valid choice: " in str(found)
    assert "between its one-sided derivatives" in str(found)
    assert json.dumps(found.as_json()["chosen"]) == str(found.chosen)


@pytest.mark.parametrize(("f", "x", "given", "said"), OUTSIDE)
def test_number_outside_of_them_is_wrong(f: Any, x: Any, given: Any, said: str) -> None:
    found = cb.check(f, lambda x: np.array(given), np.array(x))
    assert found.status == "disagree", found
    assert "1 of" in found.reason
    assert "outside of what lies between the one-sided derivatives; the worst: " in found.reason
    assert said in found.reason
    assert found.outside == 1
    with pytest.raises(AssertionError, match="one-sided"):
        cb.assert_gradient(f, lambda x: np.array(given), np.array(x))


def test_wrong_number_at_a_kink_stands_beside_one_that_is_wrong_elsewhere() -> None:
    found = cb.check(sizes, lambda x: np.array([5.0, 7.0]), np.array([0.0, 2.0]))
    assert found.status == "disagree"
    assert found.outside == 2
    assert "∂f/∂x[1] is 7, should be 1" in found.reason


def test_gradient_without_a_single_derivative_is_told_to_be_a_choice() -> None:
    found = cb.check(sizes, np.zeros_like, np.zeros(2))
    assert found.status == "not certified"
    assert found.reason.endswith("of every partial; each is between them: one valid choice")
    assert cb.check(sizes, np.ones_like, np.zeros(2) + 0.0).status == "not certified"
    assert cb.check(sizes, lambda x: 3 + x, np.zeros(2)).status == "disagree"


def test_jump_has_no_slopes_to_choose_from() -> None:
    found = cb.check(lambda x: np.sum(np.floor(x) + x), np.ones_like, np.array([1.0, 1.5]))
    assert found.ok
    assert found.chosen == 0
    assert "not judged: 1 partial without a derivative here" in str(found)


def test_many_ties_that_several_decide_condemn_nothing_unseen() -> None:
    """Of 64 ramps in 5 directions more slopes are beside 0 than lines see; torch gives 0."""
    W = np.random.default_rng(0).normal(size=(64, 5))

    def layer(x: np.ndarray) -> Any:
        return np.sum(np.maximum(W @ x, 0) * np.arange(64.0)) + x[0] ** 2

    assert cb.check(layer, np.zeros_like, np.zeros(5)).status == "not certified"


def test_frameworks_choose_between_one_sided_derivatives() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor([0.0, 1.0], dtype=torch.float64)
    for f in (torch.relu, torch.abs, lambda x: x.clamp(0.0, 3.0)):
        found = cb.check(lambda x: f(x).sum(), x=x)  # noqa: B023
        assert found.ok, found
        assert found.chosen == 1
    tied = cb.check(lambda x: x.amax() + (x**2).sum(), x=torch.ones(2, dtype=torch.float64))
    assert "one valid choice" in str(tied)
