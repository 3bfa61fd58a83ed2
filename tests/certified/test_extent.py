"""How many rows are certified: all where that takes seconds, or else a sample."""

import re

import numpy as np
import pytest

import calcbench as cb
from calcbench.certified import budget, certificate
from calcbench.certified.certificate import affordable_rows, certify
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status

RNG = np.random.default_rng(4)
N = 6000
X, Y = RNG.standard_normal((N, 3)), RNG.standard_normal(N)
QUICK = ["finite_difference"]


@cb.problem(w=[0.3, -0.2, 0.5], X=X, y=Y)
def bells(xp, w, *, X, y):
    return xp.mean(xp.exp(-((xp.matmul(X, w) - y) ** 2)))


def note(extent=None, problem=bells):
    (record,) = cb.verify(problem, QUICK, certify=extent).records
    assert not record.status.failed, record.reason
    return record.judged


def test_all_rows_are_certified_where_that_takes_seconds():
    assert affordable_rows(own_point(bells)) == N
    assert re.search(r"^certified in [\d.]+ s at 6,000 rows; rows found", note())


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    # A millionth of a second: no measurement, however disturbed, is below.
    [(certificate, "FULL_SECONDS", 1e-6), (budget, "LARGEST", 1_000_000)],
)
def test_a_sample_is_where_all_rows_would_take_too_much(monkeypatch, module, limit, value):
    monkeypatch.setattr(module, limit, value)
    assert affordable_rows(own_point(bells)) == certificate.SAMPLED_ROWS


def test_the_price_is_known_before_it_is_paid():
    """Bytes to a few per cent; seconds too, if nothing else went on here."""
    point = own_point(bells)
    shared, each = certificate._price(point, certificate.GRADIENT)
    with budget.measure() as taken:
        certify(point, "float64")
    assert shared[1] + each[1] * N == pytest.approx(max(taken), rel=0.05)
    assert 0 < shared[0] + each[0] * N < 10


def test_a_point_where_comparisons_tie_has_a_price_of_its_own():
    """At zeros all rows tie, and single numbers take over."""

    @cb.problem(w=[0.3, -0.2, 0.5], X=X)
    def rectified(xp, w, *, X):
        return xp.mean(xp.maximum(xp.matmul(X, w), 0.0))

    own = own_point(rectified)
    few = certificate._price(own, certificate.GRADIENT)[1]
    zeros = own.with_values({"w": np.zeros(3)})
    assert certificate._price(zeros, certificate.GRADIENT)[1][1] > few[1]


def test_ties_at_one_point_leave_the_others_whole():
    """Of whole numbers, many residuals are 0 at zeros: single numbers take too long for all rows.

    At full size nobody is judged there, for nobody knows what ties.
    """
    counts = RNG.poisson(1.0, N).astype(float)

    @cb.problem(w=[0.3, -0.2, 0.5], X=X, y=counts)
    def huber(xp, w, *, X, y):
        size = xp.abs(xp.matmul(X, w) - y)
        return xp.mean(xp.where(size < 1.3, 0.5 * size**2, 1.3 * size - 0.845))

    records = cb.verify(huber, ["sympy", "finite_difference"]).records
    assert [(record.status, record.reason) for record in records] == [(Status.OK, "")] * 2
    said = r"^certified in [\d.]+ s at 6,000 rows, at zeros on \d+ of them; rows found"
    assert re.search(said, records[0].judged)
    assert records[0].certified_digits > 30


def test_what_is_asked_for(monkeypatch):
    monkeypatch.setattr(certificate, "FULL_SECONDS", 0.0)
    assert re.search(r"^certified on 1,\d\d\d of 6,000 rows; at full size by vote", note())
    monkeypatch.setattr(certificate, "SECONDS", 0.0)
    assert re.search(r"^certified in [\d.]+ s at 6,000 rows", note("full"))
    monkeypatch.undo()
    assert re.search(r"^certified on 1,\d\d\d of 6,000 rows; at full size by vote", note("sample"))
    assert note("none").startswith("not certified: nobody asked for it")
    with pytest.raises(cb.SelectorError, match="certify: no 'half': choose from"):
        cb.verify(bells, QUICK, certify="half")


def test_a_trace_of_a_fault_in_a_formula_shows_on_a_sample_of_the_rows():
    """Below the rounding of all of them, which nobody can see through in doubles."""

    def gradient(xp, w, *, X, y):
        e = xp.matmul(X, w) - y
        slopes = -2 * e * xp.exp(-(e**2)) / X.shape[0]
        return {"w": (1 + 1e-13) * xp.matmul(xp.matrix_transpose(X), slopes)}

    wrong = cb.problem(w=[0.3, -0.2, 0.5], X=X, y=Y, gradient=gradient)(bells._function)
    (record,) = cb.verify(wrong, ["by_hand"]).records
    assert record.status is Status.DISAGREE
    assert re.match(r"on 1,200 rows: the formula for ∂C/∂w\[\d\] is off by", record.reason)
    assert "certified in" in record.judged


def test_few_rows_are_certified_whole_in_any_case():
    fewer = cb.problem(w=[0.3, -0.2, 0.5], X=X[:100], y=Y[:100])(bells._function)
    assert "certified" not in note(problem=fewer)
    assert "certified" not in note("sample", problem=fewer)
