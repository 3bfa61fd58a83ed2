"""Every backend in every mode on every problem: right at every point, and not by a loose bound.

The verdict on a gradient is the judge's, from the same certificates. Here they are compared once
more without the judge, number by number; and what no verdict says is tested: that every point was
certified and judged, and how many digits the bounds demand.
"""

import functools

import numpy as np
import pytest
from modes import cases, installed, is_exact, modes, name_of, names
from truth import assert_right

import calcbench
from calcbench.catalogue.door import default_problems
from calcbench.catalogue.selection import choose_backends, select_backends
from calcbench.certified.certificate import Certificate
from calcbench.judge.certifying import certificates_at
from calcbench.judge.contract import run_points
from calcbench.judge.verdict import verdicts
from calcbench.judge.vote import Vote
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status

DEMANDED = 11.5
"""Digits that every certificate here demands of an exact backend, relative to the largest partial.

What rounding may do grows with the rows that are added up: of 1,000 of them 12.0 are demanded.
"""

BRIEFLY = ("batch_regression", "softmax_cross_entropy")
"""The problems that other modes than the default are tried on by a bare `pytest`."""


@functools.cache
def problem(name):
    return calcbench.problems()[name]


COSTS = [name for name in default_problems() if not problem(name).vector_valued]
"""The problems that have a gradient; the others are in test_operators.py."""


@functools.cache
def where(name):
    return points_for(own_point(problem(name)))


@functools.cache
def certificates(name):
    return certificates_at(where(name), ["float64"])


@pytest.mark.few(40, more=32)
@pytest.mark.parametrize(("selector", "name"), cases(modes(), COSTS, BRIEFLY))
def test_gradient(selector, name):
    (backend,) = choose_backends([selector])
    run = run_points(backend, where(name))
    (record,) = verdicts(Vote([run], where(name), 0, [], {}), certificates(name))
    assert (record.status, record.reason) == (Status.OK, "")
    assert list(run.results) == list(where(name))
    for point, result in run.results.items():
        assert_right(result, certificates(name)[point, "float64"], run.bounds[point])


@pytest.mark.parametrize("name", COSTS)
def test_every_point_is_certified_and_nothing_is_left_out(name):
    zeros = all(low < 0 < high for low, high in problem(name).domain.values())
    points = ["own", *["zeros"] * zeros, "random-1", "random-2"]
    assert [point for point, _ in certificates(name)] == points
    for found in certificates(name).values():
        assert isinstance(found, Certificate)
        assert not found.rough.any()
        assert found.range_fault == ""
        largest = np.max(np.abs(found.value)) or 1.0
        assert np.max(found.bound) / largest < 10**-DEMANDED


SLOW = "breast_cancer_logistic_regression"
"""Backends that calculate number by number take a quarter of a minute for it."""


@pytest.mark.few(14, more=26)
@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.full) if each == SLOW else each for each in COSTS]
)
def test_verdicts(name):
    """The harness says ok to all of them, and the hand-derived formula is proved."""
    backends = installed()
    records = calcbench.verify(name, backends).records
    assert [(r.backend, r.status, r.reason, r.judged) for r in records] == [
        (backend, Status.OK, "", "") for backend in backends
    ]
    (proof,) = (r.proof for r in records if r.backend == "by_hand")
    assert proof == ("proved for size 10" if name == "extended_rosenbrock" else "proved")


@pytest.mark.parametrize("name", ["batch_regression", "softmax_cross_entropy", "damped_wave"])
def test_float32_is_judged_as_float32(name):
    backends = installed()
    records = calcbench.verify(name, backends, dtype="float32").records
    assert {(r.status, r.reason) for r in records} == {(Status.OK, "")}
    assert {r.dtype for r in records} == {"float32"}
    exact = [r for r in records if name_of(r.backend) in names(is_exact)]
    assert len(exact) == len(set(names(is_exact)) & set(backends))
    assert all(5 < r.digits < 7.3 for r in exact), [(r.backend, r.digits) for r in exact]


def test_delta_method():
    """y = x² + 2x + 2 at 2: the forward quotient is 6 + Δ, so the error is Δ."""
    for delta in (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6):
        (backend,) = select_backends([f"finite_difference[scheme=forward,delta={delta}]"])
        slope = calcbench.gradient("delta_method", backend)["x"]
        assert slope == pytest.approx(6 + delta, rel=1e-9)
    records = calcbench.verify(
        "delta_method", ["by_hand", "finite_difference[scheme=forward,delta=0.1]"]
    ).records
    assert [r.status for r in records] == [Status.OK, Status.OK]
    assert 0 < records[1].digits < 2


@pytest.mark.parametrize("selector", modes())
def test_prepared_at_one_size_refuses_another(selector):
    line = problem("straight_line_at_scale")
    (backend,) = choose_backends([selector])
    prepared = backend.prepare(own_point(line, 1000))
    with pytest.raises(calcbench.ProblemError, match="prepare it again"):
        prepared.load(own_point(line, 1001))
