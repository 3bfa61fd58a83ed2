"""HIPS autograd: every operator, and what its names spell beyond autograd's own rules."""

import warnings

import numpy as np
import pytest

import calcbench as cb
from calcbench.operators import OPERATORS
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status

pytest.importorskip("autograd", exc_type=ImportError)

BOTH = ["by_hand", "autograd"]
PROBLEMS = ["square", "saddle", "batch_regression", "broyden_tridiagonal", "extended_rosenbrock"]


@pytest.mark.few(4)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_is_certified(operator, dtype):
    records = cb.verify(PROBLEMS, BOTH, operator=operator, dtype=dtype).records
    mine = [r for r in records if r.backend.startswith("autograd")]
    done = [record for record in mine if record.status is not Status.SKIPPED]
    assert {record.status for record in done} == {Status.OK}
    assert all(record.reference is not None for record in done)
    # What is skipped, the problem does not have: a cost has no Jacobian.
    reasons = [record.reason for record in mine if record not in done]
    assert all("problem" in reason and "backend" not in reason for reason in reasons)


CONSTANT = cb.problem(x=2.0)(lambda x: 3.0)
LINEAR = cb.problem(x=2.0)(lambda x: 3.0 * x)


def test_a_slope_that_is_zero_everywhere_is_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cb.gradient(CONSTANT, "autograd") == {"x": 0.0}
        assert cb.hvp(LINEAR, {"x": 1.0}, "autograd") == {"x": 0.0}
        assert cb.hessian(LINEAR, "autograd") == 0.0


def test_a_warning_of_the_cost_is_not_swallowed():
    @cb.problem(x=2.0)
    def talkative(x):
        warnings.warn("as the user said", UserWarning, stacklevel=1)
        return 3.0

    prepared = cb.backends()["autograd"]().prepare(own_point(talkative))
    with pytest.warns(UserWarning, match="as the user said") as caught:
        prepared.run(prepared.load(own_point(talkative)))
    assert [str(warning.message) for warning in caught] == ["as the user said"]


def test_partials_of_float32_are_float32():
    problem = cb.problem(w=[0.5, 1.5])(lambda xp, w: xp.mean(w**2))
    prepared = cb.backends()["autograd"](dtype="float32").prepare(own_point(problem))
    (partial,) = prepared.run(prepared.load(own_point(problem)))
    assert partial.dtype == np.float32


@pytest.mark.parametrize(
    "subscripts", ["iji,i->j", "iji->", "iij", "iii", "iii->i", "i j i -> j i"]
)
def test_einsum_with_a_letter_twice(subscripts):
    cube, vector = np.arange(27.0).reshape(3, 3, 3) / 10, np.array([0.5, -1.0, 2.0])
    operands = 1 + subscripts.count(",")

    @cb.problem(m=cube, v=vector)
    def contraction(xp, m, v):
        return xp.sum(xp.einsum(subscripts, *(m, v)[:operands]) ** 2)

    with_digits = cb.verify(contraction, ["autograd"]).records[0]
    assert (with_digits.status, with_digits.reason) == (Status.OK, "")
    value = cb.reference(contraction, operator="cost").value["C"]
    expected = np.sum(np.einsum(subscripts, *(cube, vector)[:operands]) ** 2)
    np.testing.assert_allclose(value, expected, rtol=1e-13)


def test_the_users_own_rules_stay():
    """A slope of tanh of our own is for the vocabulary, and not for np.tanh."""
    import autograd
    import autograd.numpy as anp
    from autograd.tracer import trace_primitives_map

    before = trace_primitives_map[np.tanh]
    cb.gradient(cb.problem(x=0.5)(lambda xp, x: xp.tanh(x)), "autograd")
    assert trace_primitives_map[np.tanh] is before is anp.tanh
    assert autograd.grad(anp.tanh)(0.5) == pytest.approx(1 - np.tanh(0.5) ** 2, rel=1e-14)
