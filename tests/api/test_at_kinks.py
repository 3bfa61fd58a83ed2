"""Gradients where there is no derivative: numbers between the one-sided ones, and others."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import optimize

import calcbench as cb


def sizes(x: np.ndarray) -> Any:
    return np.sum(np.abs(x))


def ramps(x: np.ndarray) -> Any:
    return np.pi / 30 * np.sum(np.maximum(x, 0))


def ramps_down(x: np.ndarray) -> Any:
    return np.pi / 30 * np.sum(np.minimum(x, 0))


def ramps_left(x: np.ndarray) -> Any:
    return np.pi / 30 * np.sum(np.maximum(-x, 0))


def roofs(x: np.ndarray) -> Any:
    return -np.pi / 30 * np.sum(np.maximum(x, 0))


def largest(x: np.ndarray) -> Any:
    return np.max(x)


def length(x: np.ndarray) -> Any:
    return np.linalg.norm(x[:2]) + x[2] ** 2


def crossed(x: np.ndarray) -> Any:
    """Not convex: along either axis it is flat, and beside the axes it is not."""
    return np.abs(x[0] + x[1]) - np.abs(x[0] - x[1]) + x[2]


def along(x: np.ndarray) -> Any:
    return np.abs(x[0] + x[1]) + x[2] ** 2


def coupled(x: np.ndarray) -> Any:
    """Each tie is of one number, though what they make is multiplied."""
    return (1 + np.abs(x[0])) * (1 + np.maximum(-x[1], 0) * np.exp(x[2]))


def hidden(x: np.ndarray) -> Any:
    """The norm of what a tie leaves aside: its slope by x[0] is any in [−2, 1]."""
    side = np.maximum(x[0], 0)
    return side - 3 * np.sqrt(side**2 + x[1] ** 2) + x[2] ** 2


def mixed(x: np.ndarray) -> Any:
    return np.abs(x[0]) - np.linalg.norm(x[:2]) / 2 + x[2] ** 2


CHOICES = [
    (sizes, [0.0, 2.0], [0.0, 1.0]),
    (sizes, [0.0, 2.0], [-1.0, 1.0]),
    (ramps, [0.0, 2.0], [np.pi / 30 * (1 + 4e-16), np.pi / 30]),  # up to rounding
    (ramps_down, [0.0, -2.0], [np.pi / 30 * (1 + 4e-16), np.pi / 30]),
    (ramps_left, [0.0, -2.0], [-np.pi / 30 * (1 + 4e-16), -np.pi / 30]),
    (roofs, [0.0, 2.0], [-np.pi / 30 * (1 + 4e-16), -np.pi / 30]),
    (sizes, [0.0, 0.0, 1.0], [0.5, -0.5, 1.0]),
    (coupled, [0.0, 0.0, 1.0], [0.0, -np.exp(1.0), 0.0]),
]

OUTSIDE = [
    (
        sizes,
        [0.0, 2.0],
        [1 + 1e-9, 1.0],
        "∂f/∂x[0] is 1.0000000010000001, should be between -1 and 1",
    ),
    (ramps, [0.0, 2.0], [-0.1, np.pi / 30], "should be between 0 and 0.104719755"),
    (ramps_down, [0.0, -2.0], [-0.1, np.pi / 30], "should be between 0 and 0.104719755"),
    (ramps_left, [0.0, -2.0], [0.1, -np.pi / 30], "should be between -0.104719755"),
    (roofs, [0.0, 2.0], [0.1, -np.pi / 30], "should be between -0.104719755"),
    (sizes, [0.0, 0.0, 1.0], [0.5, 1.5, 1.0], "∂f/∂x[1] is 1.5, should be between -1 and 1"),
    (coupled, [0.0, 0.0, 1.0], [1.5, 0.0, 0.0], "∂f/∂x[0] is 1.5, should be between -1 and 1"),
]

TOGETHER = [
    (largest, [1.0, 1.0, 0.0], [0.5, 0.5, 0.0]),
    (largest, [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]),
    (length, [0.0, 0.0, 1.0], [0.6, -0.8, 2.0]),
    (crossed, [0.0, 0.0, 1.0], [0.0, 2.0, 1.0]),
    (along, [0.0, 0.0, 1.0], [1.0, 1.0, 2.0]),
    (along, [0.0, 0.0, 1.0], [1.0, -1.0, 2.0]),  # no subgradient, though each number is of one
    (mixed, [0.0, 0.0, 1.0], [0.7, 0.0, 2.0]),  # the slope along the own axis is ±1/2
    (hidden, [0.0, 0.0, 1.0], [0.7, 0.0, 2.0]),
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


@pytest.mark.parametrize(
    ("ramp", "steep"),
    [
        (lambda x: np.maximum(x, 0), 1),
        (lambda x: -np.maximum(x, 0), -1),
        (lambda x: np.minimum(x, 0), 1),
        (lambda x: np.maximum(-x, 0), -1),
        (np.abs, 1),
        (np.abs, -1),
    ],
)
def test_slope_of_either_side_is_right_however_it_is_rounded(ramp: Any, steep: int) -> None:
    a, w = np.random.default_rng(0).uniform(0.1, 1, (2, 30))

    def check(given: float) -> Any:
        def f(x: np.ndarray) -> Any:
            return np.sum(ramp(x[0]) * a * w / 3) + x[1] ** 2

        return cb.check(f, lambda x: np.array([given, 2.0]), np.array([0.0, 1.0]))

    slope = steep * np.sum(a * w / 3)
    rounded = check(slope * (1 + 1e-15))
    assert rounded.ok, rounded
    assert rounded.chosen == 1
    assert check(slope * (1 + 1e-12)).status == "disagree"


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
    found = cb.check(sizes, np.zeros_like, np.zeros(1))
    assert found.status == "not certified"
    assert found.reason.endswith("of every partial; each is between them: one valid choice")
    assert cb.check(sizes, lambda x: 3 + x, np.zeros(1)).status == "disagree"
    assert cb.check(sizes, lambda x: 3 + x, np.zeros(2)).status == "disagree"


def test_jump_has_no_slopes_to_choose_from() -> None:
    found = cb.check(lambda x: np.sum(np.floor(x) + x), np.ones_like, np.array([1.0, 1.5]))
    assert found.ok
    assert found.chosen == 0
    assert "not judged: 1 partial without a derivative here" in str(found)


@pytest.mark.parametrize(("f", "x", "given"), TOGETHER)
def test_what_several_components_decide_together_is_neither_blessed_nor_condemned(
    f: Any, x: Any, given: Any
) -> None:
    found = cb.check(f, lambda x: np.array(given), np.array(x))
    assert found.ok, found
    assert found.chosen == 0
    assert "choice" not in str(found)
    assert "not judged: 2 partials without a derivative here" in str(found)


NOT_JUDGED = "not judged: 2 partials without a derivative here: ∂f/∂x[0], ∂f/∂x[1]"


@pytest.mark.parametrize("slope", [2.0, 9.0])
def test_what_is_not_judged_is_counted_whether_the_others_are_right_or_wrong(slope: float) -> None:
    found = cb.check(along, lambda x: np.array([0.0, 0.0, slope]), np.array([0.0, 0.0, 1.0]))
    assert found.ok == (slope == 2)
    assert found.not_judged == ("∂f/∂x[0]", "∂f/∂x[1]")
    assert NOT_JUDGED in str(found)


def test_what_is_not_judged_is_not_certified() -> None:
    def gradient(x: np.ndarray) -> np.ndarray:
        side = np.sign(x[0] + x[1]) if np.any(x[:2]) else 123.0
        return np.array([side, side, 2 * x[2]])

    x = np.array([0.0, 0.0, 1.0])
    assert not cb.assert_gradient(along, gradient, x).certified
    for points in (1, 3):
        with pytest.raises(AssertionError, match="certified=True wants all to be proved") as error:
            cb.assert_gradient(along, gradient, x, certified=True, points=points)
        assert NOT_JUDGED in str(error.value)


def test_a_choice_is_certified() -> None:
    x = np.array([0.0, 2.0])
    assert cb.assert_gradient(sizes, np.sign, x, certified=True).chosen == 1


@pytest.mark.parametrize("ramp", [lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, x, 0)])
def test_ties_that_hide_others_are_not_taken_for_separate_ones(ramp: Any) -> None:
    """By the sides that are taken at 0, each tie depends on one number. The slope by x[1] is −2
    where x[0] < 0 < x[1], and 1 where both are equal.
    """

    def f(x: np.ndarray) -> Any:
        inner = ramp(x[0])
        return np.maximum(x[1] - inner / 2, 0) - 3 * np.maximum(x[1] - 2 * inner, 0) + x[2] ** 2

    found = cb.check(f, lambda x: np.array([0.0, -2.0, 2.0]), np.array([0.0, 0.0, 1.0]))
    assert found.status != "disagree", found
    assert found.chosen == 0


@pytest.mark.parametrize("seed", [1002, 1027])
def test_no_layer_of_ramps_at_zero_is_condemned(seed: int) -> None:
    """In narrow cones beside 0 there are slopes that a few lines do not see."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(seed)
    W, v = (torch.randn(size, dtype=torch.float64) for size in ((3, 4), (4,)))
    x = torch.zeros(3, dtype=torch.float64)
    found = cb.check(lambda z: torch.relu(z @ W / 3**0.5) @ v, x=x)
    assert found.status == "not certified", found
    assert "choice" not in found.reason


def test_frameworks_choose_between_one_sided_derivatives() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor([0.0, 1.0], dtype=torch.float64)
    for f in (torch.relu, torch.abs, lambda x: x.clamp(0.0, 3.0)):
        found = cb.check(lambda x: f(x).sum(), x=x)  # noqa: B023
        assert found.ok, found
        assert found.chosen == 1


def test_rounding_of_a_framework_is_bounded_on_the_side_that_it_takes() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor([0.0, 1.0])
    for seed in range(2):
        generator = torch.Generator().manual_seed(seed)
        a, w = torch.rand(2, 30, generator=generator) * 0.9 + 0.1
        for ramp in (lambda x: x.clamp(max=0.0), lambda x: x.clamp(min=0.0)):
            found = cb.check(lambda x: (ramp(x[0]) * a * w / 3).sum() + x[1] ** 2, x=x)  # noqa: B023
            assert found.ok, found
            assert found.chosen == 1


def test_partial_that_exists_is_what_counts_though_the_function_is_not_smooth() -> None:
    def f(x: np.ndarray) -> Any:
        return np.maximum(x[0], 0) - np.maximum(0.2 * x[1] - x[0], 0) + x[2] ** 2

    x = np.array([0.0, 0.0, 1.0])
    found = cb.check(f, lambda x: np.array([0.0, 0.0, 2.0]), x)
    assert found.status == "disagree"
    assert "∂f/∂x[0] is 0, should be 1" in found.reason
    assert cb.check(f, lambda x: np.array([1.0, 0.0, 2.0]), x).ok


def test_derivative_along_the_diagonal_is_none_where_a_tie_hides_another() -> None:
    def f(x: np.ndarray) -> Any:
        inner = np.maximum(x[0], 0)
        return np.maximum(x[1] - 3 * inner, 0) - 2 * np.maximum(2 * inner - x[1], 0) + x[2] ** 2

    found = cb.check(f, lambda x: np.array([0.0, 1.5, 2.0]), np.array([0.0, 0.0, 1.0]))
    assert found.ok, found
    assert found.no_derivative == 2


# --- functions of which all slopes beside the point are known -------------------------------------


def piecewise(rng: np.random.Generator) -> Any:
    """Build a function that is linear in cones around 0, of three numbers and a fourth.

    Each step takes two of the numbers so far, times whole numbers.
    """
    steps = [
        (rng.choice(["maximum", "minimum", "abs", "add"]), rng.integers(0, 3 + k, 2), weights)
        for k, weights in enumerate(rng.integers(-2, 3, (rng.integers(2, 7), 2)))
    ]

    def f(x: np.ndarray) -> Any:
        numbers = [x[0], x[1], x[2]]
        for name, places, weights in steps:
            pair = [float(w) * numbers[k] for w, k in zip(weights, places, strict=True)]
            numbers.append(getattr(np, name)(*([sum(pair)] if name == "abs" else pair)))
        return numbers[-1] + numbers[-2] - numbers[-3] + x[3] ** 2

    return f


def slopes_in_cones(f: Any) -> np.ndarray:
    """Differentiate in directions from 0, inside of the cones in which f is linear."""
    rng, found = np.random.default_rng(0), []
    for _ in range(200):
        at = np.append(rng.integers(-(2**20), 2**20, 3) * 2.0**-20, 0.0)
        slope = [(f(at + e) - f(at - e)) * 2.0**29 for e in np.eye(4)[:3] * 2.0**-30]
        if slope @ at[:3] == f(at):
            found.append(slope)
    return np.array(found)


@pytest.mark.few(6)
@pytest.mark.parametrize("seed", range(60))
def test_no_slope_from_beside_the_point_is_condemned_and_no_other_is_a_choice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    f, x = piecewise(rng), np.array([0.0, 0.0, 0.0, 1.0])
    cones = slopes_in_cones(f)
    for slope in rng.choice(cones, 2):
        found = cb.check(f, lambda x: np.append(slope, 2.0), x)  # noqa: B023
        # Where a partial exists, it is what counts, and a slope beside the point may be another.
        assert "one-sided" not in found.reason, (found, slope)
    mixture = [rng.choice(cones)[k] for k in range(3)]
    found = cb.check(f, lambda x: np.append(mixture, 2.0), x)
    if found.ok and found.chosen == found.no_derivative:
        some = np.vstack([cones.T, np.ones(len(cones))])
        inside = optimize.linprog(np.zeros(len(cones)), A_eq=some, b_eq=[*mixture, 1.0])
        assert inside.success, (found, mixture)
