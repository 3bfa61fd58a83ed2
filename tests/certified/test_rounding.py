"""What rounding may do: proved by radii, and estimated by simulation where these are wide."""

import functools
import gc
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import random_programs
from cases.test_certified_cases import case
from modes import installed

import calcbench
from calcbench import Prepared
from calcbench.backends.by_hand.derivatives import ByHand
from calcbench.catalogue.selection import select_backends
from calcbench.certified import budget, rounding
from calcbench.certified.certificate import certify
from calcbench.certified.reference import NotCertified, reference
from calcbench.certified.rounding import bound_rounding, chance_of_error
from calcbench.judge.certifying import certificates_at
from calcbench.judge.contract import run_points
from calcbench.judge.verdict import verdicts
from calcbench.judge.vote import Vote
from calcbench.problem.flat import flatten
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.record.record import Status

UNIT = 2.0**-53


def logistic_map(steps, x=0.3, r=3.9):
    """A chaotic map, with its gradient by hand."""

    class LogisticMap(calcbench.Problem):
        domain: ClassVar = {"x": (0.1, 0.9), "r": (3.6, 4.0)}

        def inputs(self, size, rng):
            return {"x": x, "r": r}

        def cost(self, xp, x, r):
            return xp.iterate(lambda s: r * s * (1 - s), x, steps)

        def gradient(self, xp, x, r):
            by_x, by_r = 1.0, 0.0
            for _ in range(steps):
                slope = r * (1 - 2 * x)
                by_x, by_r = slope * by_x, slope * by_r + x * (1 - x)
                x = r * x * (1 - x)
            return {"x": by_x, "r": by_r}

    return LogisticMap()


@dataclass(frozen=True)
class Off(ByHand):
    """The gradient by hand, off by a relative error, or rounded to float32, in the end."""

    name: ClassVar[str] = "off"
    by: float = 0.0
    leak: bool = False

    def prepare_gradient(self, point):
        prepared = super().prepare_gradient(point)

        def unload(result):
            found = prepared.unload(result)
            kind = np.float32 if self.leak else np.float64
            return {n: (g * (1 + self.by)).astype(kind).astype(float) for n, g in found.items()}

        return Prepared(prepared.load, prepared.run, unload)


def verdict_on(problem, backend):
    (record,) = calcbench.verify(problem, backend).records
    return record


# --- chaos ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [1e-2, 1e-4, 1e-6, 1e-8, -1e-8])
def test_faults_in_a_chaotic_map_are_caught(by):
    record = verdict_on(logistic_map(12), Off(by=by))
    assert record.status is Status.DISAGREE
    assert record.disagreement.point == "own"


def test_a_float32_leak_in_a_chaotic_map_is_caught():
    assert verdict_on(logistic_map(12), Off(leak=True)).status is Status.DISAGREE


def test_what_the_proof_allows_is_condemned_by_estimate():
    small, large = (verdict_on(logistic_map(12), Off(by=by)) for by in (1e-8, 1e-2))
    assert 0 < small.disagreement.chance < 1e-15
    assert "by estimate; a right result is that far off with probability" in small.reason
    assert large.disagreement.chance is None
    assert "estimate" not in large.reason


@pytest.mark.few(2)
@pytest.mark.parametrize("steps", [12, 20, 30])
@pytest.mark.parametrize(
    "backend", installed(["by_hand", "autograd", "torch", "tensorflow", "jax"])
)
def test_healthy_backends_are_right_in_chaos(backend, steps):
    record = verdict_on(logistic_map(steps), backend)
    assert record.status is Status.OK, record.reason
    assert record.digits > 6


@pytest.mark.parametrize("scheme", ["", "[scheme=forward]", "[scheme=complex]"])
def test_differences_are_not_wrong_in_chaos(scheme):
    for steps in (20, 30):
        record = verdict_on(logistic_map(steps), f"finite_difference{scheme}")
        assert record.status in (Status.OK, Status.IMPRECISE), record.reason


def test_chaos_without_a_digit_is_imprecise():
    record = verdict_on(logistic_map(60), "by_hand")
    assert record.status is Status.IMPRECISE
    assert "nothing bounds its error" in record.reason


MAPS = {
    "logistic": lambda xp, s, r: r * s * (1 - s),
    "written out": lambda xp, s, r: r * s - r * s**2,
    "sine": lambda xp, s, r: r / 4 * xp.sin(np.pi * s),
    "tent": lambda xp, s, r: r / 2.1 * xp.minimum(s, 1 - s),
    "quadratic": lambda xp, s, r: 1 - r / 2.3 * s * s,
    "Ricker": lambda xp, s, r: 3 * r * s * xp.exp(-r * s),
}


def chaotic(number):
    rng = np.random.default_rng(number)
    step, count = list(MAPS.values())[number % len(MAPS)], int(rng.integers(3, 90))

    @calcbench.problem(x=rng.uniform(0.1, 0.9), r=rng.uniform(3.6, 4.0))
    def problem(xp, x, r):
        for _ in range(count):
            x = step(xp, x, r)
        return x

    return problem


# --- no more than is allowed ----------------------------------------------------------------------


def shares(problem, backends):
    """What part of its bound each backend needs, in its worst component; None if not certified."""
    point = own_point(problem)
    try:
        found = certify(point, "float64")
    except NotCertified:
        return None
    allowed = found.bound + UNIT * np.abs(found.value)
    judged = found.judged & np.isfinite(allowed)
    needed = []
    for backend in backends:
        run = run_points(backend, {"own": point})
        assert run.status is Status.OK, run.reason
        error = np.abs(flatten(run.results["own"].values()) - found.value)
        needed.append(np.max((error / allowed)[judged], initial=0.0))
    return needed


LIBRARIES = installed(["autograd", "torch", "jax"])


@pytest.mark.few(2)
@pytest.mark.parametrize("make", [random_programs.program, chaotic], ids=["programs", "chaos"])
@pytest.mark.parametrize(
    "numbers",
    [
        *(range(6), range(6, 24)),
        pytest.param(range(24, 80), marks=pytest.mark.full),
        pytest.param(range(80, 400), marks=pytest.mark.every),  # minutes
    ],
    ids=["first", "more", "many", "all"],
)
def test_nobody_needs_what_is_allowed(make, numbers):
    backends = select_backends(LIBRARIES[:1] if len(numbers) < 20 else LIBRARIES)
    if not backends:
        pytest.skip("none of the libraries is installed")
    found = [shares(make(number), backends) for number in numbers]
    certified = [share for share in found if share is not None]
    assert len(certified) > 0.7 * len(numbers)
    assert np.max(certified) < 0.5


def repeated(count):
    """A constant, added over and over."""

    @calcbench.problem(w=0.7)
    def problem(xp, w):
        total = 0 * w
        for _ in range(count):
            total = total + 0.1 * w
        return total

    return problem


def test_roundings_that_repeat_are_estimated_too(monkeypatch):
    """Of 0.1·w, added five hundred times, all the partials are rounded the same way."""
    monkeypatch.setattr(rounding, "GAIN", 0.0)
    monkeypatch.setattr(rounding, "SHARP", 0.0)
    monkeypatch.setattr(rounding, "SIMULATING_SECONDS", np.inf)
    point = own_point(repeated(500))
    truth = reference(point)
    (estimated,) = bound_rounding(point, truth=truth).estimated
    one_by_one = 0.0
    for _ in range(500):
        one_by_one += 0.1
    lost = abs(one_by_one - 500 * 0.1)
    independent = np.sqrt(500 / 3) * UNIT * 50
    assert 2 * independent < lost < estimated


# --- estimates ------------------------------------------------------------------------------------


def test_the_same_twice():
    point = own_point(logistic_map(20))
    one, two = (bound_rounding(point, truth=reference(point)) for _ in range(2))
    assert np.all(one.estimated == two.estimated)
    assert np.all(one.estimated < 1e-8 * one.proved)


@pytest.mark.parametrize("name", ["batch_regression", "deep_composition", "extended_rosenbrock"])
def test_where_radii_are_sharp_nothing_is_simulated(name, monkeypatch):
    point = own_point(calcbench.problems()[name])
    monkeypatch.setattr(np.random, "default_rng", None)
    found = bound_rounding(point, truth=reference(point))
    assert np.all(np.isinf(found.estimated))
    assert np.all(found.proved <= 2000 * UNIT * np.abs(certify(point, "float64").value))


@pytest.mark.parametrize("excess", [0.1, 0.2, 0.3])
def test_the_chance_is_no_less_than_the_frequency(excess):
    """Of errors from many roundings, beyond so many times what sixteen simulations say."""
    rng = np.random.default_rng(0)
    effects = rng.exponential(size=30)
    errors = rng.uniform(-1, 1, (20_000, 30)) @ effects
    simulated = rng.standard_normal((20_000, 16, 30)) @ effects
    allowed = 8 * np.sqrt(np.mean(simulated**2, axis=1))
    assert np.mean(np.abs(errors) > excess * allowed) <= chance_of_error(excess)


def test_the_chance_of_a_right_result_is_small():
    assert chance_of_error(1.0) == pytest.approx(2 * 5.0**-8)
    assert chance_of_error(10.0) < 1e-20


# --- sizes ----------------------------------------------------------------------------------------


@functools.cache
def logistic_50k():
    return own_point(case("logistic_50k"))


class Logistic50k(calcbench.Problem):
    """The same with a gradient by hand."""

    rows = ("X", "y")

    def inputs(self, size, rng):
        return logistic_50k().values

    def cost(self, xp, w, b, *, X, y):
        return logistic_50k().problem.cost(xp, w, b, X=X, y=y)

    def gradient(self, xp, w, b, *, X, y):
        error = xp.sigmoid(xp.matmul(X, w) + b) - y
        count = len(y)
        return {"w": xp.matmul(error, X) / count + 0.02 * w, "b": xp.sum(error) / count}


class OffInOne(Logistic50k):
    """The last partial of the formula is off by a relative 1e-12."""

    def gradient(self, xp, w, b, *, X, y):
        found = super().gradient(xp, w, b, X=X, y=y)
        return {**found, "b": found["b"] * (1 + 1e-12)}


@functools.cache
def fifty_thousand_rows():
    """The certificate of the logistic regression, at its own point."""
    own = own_point(Logistic50k())
    return own, certificates_at({"own": own}, ["float64"])


@pytest.mark.parametrize(
    ("kind", "backend", "status"),
    [
        (Logistic50k, ByHand(), Status.OK),
        (Logistic50k, Off(by=1e-12), Status.DISAGREE),
        (OffInOne, ByHand(), Status.DISAGREE),
    ],
    ids=["right", "result", "formula"],
)
def test_small_faults_in_fifty_thousand_rows_are_caught(kind, backend, status):
    own, certificates = fifty_thousand_rows()
    point = Point(kind(), dict(own.values))
    certificates = {key: replace(c, point=point) for key, c in certificates.items()}
    runs = [run_points(backend, {"own": point})]
    (record,) = verdicts(Vote(runs, {"own": point}, 0, [], {}), certificates)
    assert record.status is status, record.reason


def test_a_dtype_of_fewer_bits_is_allowed_more():
    point = own_point(calcbench.problems()["softmax_cross_entropy"]).round_to("float32")
    double, single = (bound_rounding(point, dtype).proved for dtype in ("float64", "float32"))
    assert single == pytest.approx(2.0**29 * double, rel=1e-5)


def test_the_garbage_collector_does_not_come_while_numbers_are_made():
    """It would take a certificate's time, more of it the more frameworks are loaded."""
    collecting = []

    @calcbench.problem(x=1.0)
    def watched(xp, x):
        collecting.append(gc.isenabled())
        return xp.sin(x) ** 2

    bound_rounding(own_point(watched), seconds=60.0)
    assert collecting
    assert not any(collecting)
    assert gc.isenabled()


def test_tapes_are_emptied_before_the_garbage_collector_is_back():
    """It would go through all that they hold."""
    collecting = []

    class Tape(list):
        def clear(self):
            collecting.append(gc.isenabled())
            super().clear()

    with budget.limit(float("inf")):
        budget.register(Tape([1.0]))
    assert collecting == [False]
    assert gc.isenabled()


def test_the_garbage_collector_is_left_as_it_was():
    gc.disable()
    try:
        with pytest.raises(budget.TooSlow), budget.limit(float("inf")), budget.limit(0.0):
            budget.expect()
        assert not gc.isenabled()
    finally:
        gc.enable()
    with pytest.raises(budget.TooSlow), budget.limit(float("inf")), budget.limit(0.0):
        budget.expect()
    assert gc.isenabled()
