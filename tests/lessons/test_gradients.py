"""What the lessons of the third segment say: regression, costs, gradients, descent, real data."""

import numpy as np
import pytest

import calcbench as cb

BACKENDS = ["by_hand", "sympy", "finite_difference", "torch", "tensorflow", "jax"]

# --- 13: descending the gradient --------------------------------------------------------------


@pytest.fixture(scope="module")
def least():
    return float(cb.cost("batch_regression", at={"m": -657 / 1400, "b": 1.76}))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_descends_to_the_least_squares(backend):
    end = cb.descend("batch_regression", backend, rate=0.04, steps=600).end
    assert (round(float(end["m"]), 4), round(float(end["b"]), 4)) == (-0.4693, 1.76)


@pytest.mark.parametrize(
    ("rate", "steps"), [(0.01, 1199), (0.02, 598), (0.04, 297), (0.05, 237), (0.054, 251)]
)
def test_steps_until_the_cost_is_within_a_millionth(rate, steps, least):
    costs = cb.descend("batch_regression", "by_hand", rate=rate, steps=steps + 1).costs
    assert np.argmax(costs - least <= 1e-6) == steps


def test_the_wall_stands_at_2_over_the_largest_eigenvalue():
    flat, steep = np.linalg.eigvalsh(cb.hessian("batch_regression", "by_hand"))
    assert (steep, flat) == pytest.approx((36.42344833, 0.57655167), abs=5e-9)
    assert 0.0549 < 2 / steep < 0.055
    below, above = cb.descend("batch_regression", "by_hand", rate=[0.0549, 0.055], steps=2000)
    assert below.costs[-1] < below.costs[0] < above.costs[-1]


def test_one_step_by_hand():
    after = cb.descend("batch_regression", "by_hand", rate=0.01, steps=1)
    assert (float(after.end["m"]), float(after.end["b"])) == pytest.approx((0.53695, 0.03735))
    assert after.costs == pytest.approx([19.675475, 8.57217589])
