"""What the lessons of the third segment say: regression, costs, gradients, descent, real data."""

import numpy as np
import pytest
from lesson_programs import lesson

import calcbench as cb

SLOW = pytest.param("tensorflow", marks=pytest.mark.full)  # its import takes many seconds

BACKENDS = ["by_hand", "sympy", "finite_difference", "torch", "jax", SLOW]

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


def test_who_is_ahead_after_two_steps_is_not_who_is_ahead_after_forty():
    rates = [0.01, 0.02, 0.04, 0.05, 0.054, 0.055]
    paths = cb.descend("batch_regression", "by_hand", rate=rates, steps=40)
    ahead = [min(paths, key=lambda path: path.costs[step]).rate for step in (2, 40)]
    assert ahead == [0.02, 0.05]


@pytest.mark.parametrize(("rate", "jumps"), [(0.02, False), (0.025, False), (0.03, True)])
def test_from_which_rate_on_a_path_jumps_from_side_to_side(rate, jumps):
    _, directions = np.linalg.eigh(cb.hessian("batch_regression", "by_hand"))
    path = cb.descend("batch_regression", "by_hand", rate=rate, steps=5)
    across = (path.positions - [-657 / 1400, 1.76]) @ directions[:, 1]
    assert np.all(across[1:] * across[:-1] < 0) == jumps


def test_one_step_by_hand():
    after = cb.descend("batch_regression", "by_hand", rate=0.01, steps=1)
    assert (float(after.end["m"]), float(after.end["b"])) == pytest.approx((0.53695, 0.03735))
    assert after.costs == pytest.approx([19.675475, 8.57217589])


# --- 10: regression at a single point -----------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "cost", "slopes"),
    [((0.9, 0.1), 60.3729, (108.78, 15.54)), ((-0.5, 2.0), 0.0169, (-1.82, -0.26))],
)
def test_the_four_steps(at, cost, slopes):
    place = dict(zip("mb", at, strict=True))
    assert float(cb.cost("single_point_regression", at=place)) == pytest.approx(cost, rel=1e-13)
    found = cb.gradient("single_point_regression", at=place)
    assert [float(found[n]) for n in "mb"] == pytest.approx(slopes, rel=1e-13)


def test_one_step_of_a_hundredth_lands_on_the_point():
    end = cb.descend("single_point_regression", "by_hand", rate=0.01, steps=1).end
    assert (float(end["m"]), float(end["b"])) == pytest.approx((-0.1878, -0.0554))
    assert abs(float(end["m"]) * 7 + float(end["b"]) + 1.37) < 1e-14


def test_one_point_does_not_settle_a_line():
    hessian = cb.hessian("single_point_regression", "by_hand")
    assert np.linalg.matrix_rank(hessian) == 1
    assert hessian.tolist() == [[98, 14], [14, 2]]


# --- 11: cost functions --------------------------------------------------------------------------


def test_the_mean_is_best_by_squares_and_the_median_by_absolute_values():
    rng = np.random.default_rng(11)
    for sample in rng.normal(size=(100, 9)):
        tried = np.append(rng.normal(size=50), sample)[:, None]
        squares = np.sum((tried - sample) ** 2, axis=1)
        absolute = np.sum(abs(tried - sample), axis=1)
        assert np.sum((np.mean(sample) - sample) ** 2) <= np.min(squares) + 1e-12
        assert np.sum(abs(np.median(sample) - sample)) <= np.min(absolute) + 1e-12


COSTS = {
    "absolute": (lambda xp, e: xp.abs(e), (-1, 1)),
    "square": (lambda xp, e: e**2, (-4, 1)),
    "huber": (lambda xp, e: xp.where(xp.abs(e) <= 1, e**2 / 2, xp.abs(e) - 0.5), (-1, 0.5)),
}


@pytest.mark.parametrize("name", COSTS)
def test_the_slopes_of_three_costs(name):
    function, slopes = COSTS[name]
    problem = cb.problem(e=0.5)(function)
    slope = cb.prepare(problem, "jax")
    assert [float(slope(e=e)["e"]) for e in (-2.0, 0.5)] == pytest.approx(list(slopes))


def test_which_cost_pulls_where_it_is_most_wrong():
    a = 0.01
    assert (a - 1, (a - 1) * a * (1 - a)) == pytest.approx((-0.99, -0.009801))


def test_the_mean_absolute_error_of_the_eight_points():
    points = cb.own_point(cb.problems()["batch_regression"])
    residual = 0.9 * points["x"] + 0.1 - points["y"]
    signs = np.sign(residual)
    found = [np.mean(abs(residual)), np.mean(signs * points["x"]), np.mean(signs)]
    assert found == pytest.approx([3.65, 3.25, 0.5])


# --- 12: gradients -------------------------------------------------------------------------------


def test_the_mean_of_eight_gradients_is_the_gradient_of_the_mean():
    points = cb.own_point(cb.problems()["batch_regression"])
    single = cb.prepare("single_point_regression", "by_hand")
    each = [single(x=x, y=y, m=0.9, b=0.1) for x, y in zip(points["x"], points["y"], strict=True)]
    whole = cb.gradient("batch_regression")
    for name in "mb":
        mean = np.mean([float(found[name]) for found in each])
        assert mean == pytest.approx(float(whole[name]), rel=1e-14)


def test_six_of_eight_residuals_say_that_the_line_is_too_high():
    points = cb.own_point(cb.problems()["batch_regression"])
    assert np.sum(0.9 * points["x"] + 0.1 > points["y"]) == 6


def test_no_direction_is_steeper_than_the_gradient():
    length, steepest = np.hypot(36.305, 6.265), np.arctan2(6.265, 36.305)
    assert (length, np.degrees(steepest)) == pytest.approx((36.84159674, 9.79), abs=1e-2)
    angles = np.append(np.linspace(0, 2 * np.pi, 40), steepest)
    slopes = [
        float(cb.pushforward("batch_regression", {"m": np.cos(a), "b": np.sin(a)}, "by_hand"))
        for a in angles
    ]
    assert max(slopes) <= length * (1 + 1e-14)
    assert slopes[-1] == pytest.approx(length, rel=1e-14)


def test_the_gradient_is_0_at_the_least_squares(least):
    found = cb.gradient("batch_regression", at={"m": -657 / 1400, "b": 1.76})
    assert max(abs(float(found[name])) for name in "mb") < 1e-13
    assert least == pytest.approx(0.01946607, abs=5e-9)


# --- 14: final exercises, and real data ----------------------------------------------------------


def zeros(size):
    return {"w": np.zeros(size), "b": 0.0}


def test_the_tumours():
    pytest.importorskip("sklearn")
    path = cb.descend(
        "breast_cancer_logistic_regression", "by_hand", at=zeros(30), rate=0.5, steps=100
    )
    assert path.costs[[0, 1, 10, 100]].round(4).tolist() == [0.6931, 0.2341, 0.1232, 0.0685]
    said = path.start["X"] @ path.end["w"] + path.end["b"] > 0
    assert np.sum(said == (path.start["y"] > 0.5)) == 561


def test_the_patients():
    pytest.importorskip("sklearn")
    path = cb.descend("diabetes_linear_regression", "by_hand", at=zeros(10), rate=0.1, steps=100)
    assert path.costs[[0, 1, 100]].round(4).tolist() == [1.0, 0.6259, 0.4849]


def test_a_coin_costs_ln_2():
    at = {"w": [0.0, 0.0], "b": 0.0}
    found = cb.gradient("binary_cross_entropy", at=at)
    assert float(cb.cost("binary_cross_entropy", at=at)) == pytest.approx(np.log(2))
    assert found["w"] == pytest.approx([-11 / 60, 17 / 120])
    assert float(found["b"]) == pytest.approx(0, abs=1e-15)


def test_an_epoch_uses_every_row_once_and_shuffles_anew():
    rng = np.random.default_rng(0)
    first, second = (lesson("14", "batches")["batches"](rng) for _ in range(2))
    for epoch in (first, second):
        assert sorted(epoch.ravel()) == list(range(1024))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_newton_lands_at_once_and_the_heavy_ball_in_51_steps(least):
    hessian = cb.hessian("batch_regression", "by_hand")
    found = cb.gradient("batch_regression")
    step = np.linalg.solve(hessian, [float(found["m"]), float(found["b"])])
    assert [0.9, 0.1] - step == pytest.approx([-657 / 1400, 1.76])
    flat, steep = np.linalg.eigvalsh(hessian)
    values = {
        "np": np,
        "least": least,
        "start": np.array([0.9, 0.1]),
        "eight": cb.prepare("batch_regression", "by_hand", "value_and_gradient"),
    }
    heavy_ball = lesson("14", "heavy_ball", **values)["heavy_ball"]
    root, other = np.sqrt(steep), np.sqrt(flat)
    assert heavy_ball(4 / (root + other) ** 2, ((root - other) / (root + other)) ** 2) == 51


def test_rosenbrocks_valley():
    bends = cb.hessian("rosenbrock", "by_hand", at={"x": 1, "y": 1})
    assert bends.tolist() == [[802, -400], [-400, 200]]
    assert np.linalg.cond(bends) == pytest.approx(2508.01, abs=0.005)
