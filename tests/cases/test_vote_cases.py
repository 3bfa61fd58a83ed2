"""Costs that the judge once called right, wrong or nothing at all, against what is true of them."""

import math
from pathlib import Path

import numpy as np
import pytest
from modes import require
from scipy.special import digamma, gammaln

import calcbench
from calcbench import QUICK
from calcbench.record.record import Status

CASES = Path(__file__).parent
DIFFERENCES = [
    "finite_difference",
    "finite_difference[scheme=forward]",
    "finite_difference[scheme=richardson]",
]


def judged(problem, backends, **options):
    """Backend → its record, of a case by name or of a problem."""
    chosen = str(CASES / f"{problem}.py") if isinstance(problem, str) else problem
    return {r.backend: r for r in calcbench.verify(chosen, backends, **options).records}


def statuses(records):
    return {record.status for record in records.values()}


# --- nothing to compare with ----------------------------------------------------------------------

MANY = {"w": np.linspace(0.5, 1.5, 1200)}
"""More parameters than witnesses are run for."""


@calcbench.problem(**MANY, gradient=lambda w: {"w": 3 * w**2})
def derived(xp, w):
    """It leaves `xp`, so that nothing is certified."""
    return np.sum(np.asarray(w, dtype=float) ** 3)


def test_a_result_alone_has_no_digits():
    """Which are those of agreement: it has them beside another one."""
    record = judged(derived, "by_hand")["by_hand"]
    assert (record.status, record.reason) == (Status.IMPRECISE, ALONE)
    assert (record.digits, record.digits_median, record.ulps) == (None, None, None)
    assert record.value is not None
    beside = judged(derived, ["by_hand", "finite_difference"])
    assert {name: r.status for name, r in beside.items()} == dict.fromkeys(beside, Status.OK)
    assert all(r.digits > 8 for r in beside.values())


ALONE = "nothing to compare with: there is no other result"


def test_a_benchmark_says_the_same_of_it(forked):
    (record,) = calcbench.benchmark(derived, "by_hand", settings=QUICK).records
    assert (record.status, record.reason, record.digits) == (Status.IMPRECISE, ALONE, None)


# --- no digit ------------------------------------------------------------------------------------

TRUTH = (4.88562221289e11, 1.01344648828e11)


@pytest.mark.parametrize("backend", [*DIFFERENCES, "finite_difference[scheme=complex]", "autograd"])
def test_sixty_steps_of_chaos_leave_no_digit(backend):
    require(backend.partition("[")[0])
    (record,) = judged("logistic_map", backend).values()
    assert (record.reference["x"], record.reference["r"]) == pytest.approx(TRUTH)
    assert record.status is Status.IMPRECISE, record.reason
    assert "no digit of ∂C/∂x is certain" in record.reason


@pytest.mark.parametrize("backend", ["finite_difference", "sympy", "autograd"])
def test_the_value_of_rumps_example_has_no_digit(backend):
    require(backend)
    (record,) = judged("rump", backend, operator="value_and_gradient").values()
    assert record.reference["C"] == pytest.approx(-0.827396059946821)
    assert record.status is Status.IMPRECISE
    assert record.digits == 0.0
    assert "no digit of C is certain" in record.reason
    # Its gradient is another quantity, and well known.
    (gradient,) = judged("rump", backend).values()
    assert gradient.status is Status.OK, gradient.reason
    assert gradient.digits > 6


def test_rounding_that_nothing_bounds_is_no_pass_and_no_fault():
    records = judged("negative_binomial", ["sympy", *DIFFERENCES], at={"logit": 36.0})
    assert [float(r.reference["logit"]) for r in records.values()] == pytest.approx([-10.0] * 4)
    assert statuses(records) == {Status.IMPRECISE}
    assert records["finite_difference"].value["logit"] == 0.0  # once `ok`
    records = judged("negative_binomial", ["sympy", *DIFFERENCES], at={"logit": 40.0})
    assert not any(np.isfinite(r.value["logit"]) for r in records.values())
    assert statuses(records) == {Status.ERROR}
    assert all(r.reason.startswith("no verdict") for r in records.values())


def test_imprecise_fails_nothing():
    assert calcbench.verify(str(CASES / "logistic_map.py"), "finite_difference").ok


def test_an_exact_zero_where_terms_cancel_is_right():
    @calcbench.problem(x=1.0)
    def stationary(xp, x):
        return xp.exp(x) / x

    records = judged(stationary, ["sympy", *DIFFERENCES, "finite_difference"])
    assert {r.reason for r in records.values()} == {""}
    assert statuses(records) == {Status.OK}


# --- estimates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", DIFFERENCES)
def test_fast_waves_are_not_called_wrong_by_an_estimate(scheme):
    (record,) = judged("five_fast_waves", scheme).values()
    assert not record.status.failed, record.reason


def test_a_difference_outside_its_own_estimate_is_imprecise():
    """A Hessian's differences have no proved bound; here their step jumps over a thousand waves."""

    @calcbench.problem(x=0.3)
    def waves(xp, x):
        return xp.sin(1e7 * x) * 1e-7

    (record,) = judged(waves, "finite_difference", operator="hessian").values()
    assert record.status is not Status.OK
    assert not record.status.failed


# --- costs that leave xp -------------------------------------------------------------------------

SLOPE = float(digamma(1.3))


def test_a_tape_that_is_cut_is_an_error_of_that_name():
    require("tensorflow")
    records = judged("gammaln_by_scipy", ["finite_difference", "tensorflow"])
    assert records["finite_difference"].status is Status.OK
    assert records["finite_difference"].value["x"] == pytest.approx(SLOPE, abs=1e-9)
    assert records["tensorflow"].status is Status.ERROR
    assert records["tensorflow"].reason.startswith("unconnected: the cost moves with x")


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_float_cuts_a_tape_as_well(backend):
    require(backend)

    @calcbench.problem(x=0.3, y=0.7)
    def by_float(xp, x, y):
        return math.sin(float(x)) + y * y

    records = judged(by_float, [backend, "finite_difference"])
    assert records[backend].status is Status.ERROR
    assert records[backend].reason.startswith("unconnected: the cost moves with x,")
    assert records["finite_difference"].status is Status.OK


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "autograd"])
def test_a_parameter_that_does_nothing_is_not_called_unconnected(backend):
    require(backend)

    @calcbench.problem(x=0.3, y=0.7)
    def unused(xp, x, y):
        return float(np.sqrt(2.0)) * x * x + 0 * xp.where(y > 0, 1.0, 2.0)

    (record,) = judged(unused, [backend]).values()
    assert record.status is Status.OK, record.reason


def test_a_tape_that_is_cut_in_part_is_outvoted_by_two_schemes():
    """TensorFlow gives 2x; the derivative is 2x + ψ(x + 1). Nobody else is exact."""
    require("tensorflow")

    @calcbench.problem(x=0.3)
    def in_part(xp, x):
        return x * x + gammaln(np.asarray(x) + 1)

    records = judged(in_part, ["tensorflow", "finite_difference"])
    wrong = records["tensorflow"]
    assert (wrong.status, float(wrong.value["x"])) == (Status.DISAGREE, 0.6)
    assert wrong.disagreement.expected == pytest.approx(0.6 + SLOPE, abs=1e-9)
    assert "by estimate" in wrong.reason
    assert 0 < wrong.disagreement.chance < 1e-6
    assert records["finite_difference"].status is Status.OK


class OfScipy(calcbench.Problem):
    """log Γ(x + 1), and Γ's derivative times a factor that may be wrong."""

    factor = 1.0

    def inputs(self, size, rng):
        return {"x": 0.3}

    def cost(self, xp, x):
        return gammaln(x + 1)

    def gradient(self, xp, x):
        return {"x": self.factor * digamma(x + 1)}


@pytest.mark.parametrize("factor", [1.0, -1.0, 2.0, 0.0, 1.001, np.nan])
def test_a_formula_beside_two_schemes(factor):
    problem = OfScipy()
    problem.factor = factor
    for backends in ("by_hand", ["by_hand", "finite_difference"], ["by_hand", *DIFFERENCES]):
        by_hand, *others = judged(problem, backends).values()
        assert by_hand.status is (Status.OK if factor == 1.0 else Status.DISAGREE), by_hand.reason
        assert {record.status for record in others} <= {Status.OK}


@pytest.mark.parametrize("x", [0.0, 1.0, -1.0])
def test_a_kink_outside_xp_condemns_nobody(x):
    """max(x, 0) at 0, where by hand 0 is as good as the central difference's ½."""

    class Ramp(calcbench.Problem):
        def inputs(self, size, rng):
            return {"x": x}

        def cost(self, xp, x):
            return np.float64(max(float(x), 0.0))  # no complex number, nor ball, has a float

        def gradient(self, xp, x):
            return {"x": np.heaviside(x, 0.0)}

    records = judged(Ramp(), ["by_hand", "finite_difference"])
    assert statuses(records) == {Status.OK}, [r.reason for r in records.values()]
    said = records["by_hand"].judged
    assert ("not smooth here, as far as differences tell" in said) == (x == 0)
    assert "∂C/∂x is 0 by by_hand and 0.5 by finite_difference" in said or x


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_a_slope_without_end_is_no_reason_to_believe_the_exact_backend(slope):
    """Every difference of x·log x at 0 contradicts a finite slope, and no two agree."""

    class Entropy(calcbench.Problem):
        def inputs(self, size, rng):
            return {"x": 0.0}

        def cost(self, xp, x):
            number = float(x)  # which no ball has
            return np.float64(number * math.log(number) if number > 0 else 0.0)

        def gradient(self, xp, x):
            return {"x": np.where(x > 0, np.log(np.where(x > 0, x, 1.0)) + 1, slope)}

    records = judged(Entropy(), ["by_hand", "finite_difference"])
    assert statuses(records) == {Status.IMPRECISE}
    assert records["by_hand"].reason.endswith("every difference contradicts the exact result")


def test_a_root_beside_its_domain_is_no_reference():
    """Forward differences alone have a number for x·√x at 0, and no digit of it."""

    class Root(calcbench.Problem):
        def inputs(self, size, rng):
            return {"x": 0.0}

        def cost(self, xp, x):
            return np.float64(float(x) ** 1.5 if x >= 0 else math.nan)

        def gradient(self, xp, x):
            return {"x": x * math.nan}

    records = judged(Root(), ["by_hand", "finite_difference"])
    assert statuses(records) == {Status.ERROR}
    assert "∂C/∂x is nan, and no other result is certain" in records["by_hand"].reason
    assert "∂C/∂x is nan: its steps leave the domain" in records["finite_difference"].reason


def test_what_differs_at_a_tie_is_named():
    class Ramp(calcbench.Problem):
        def inputs(self, size, rng):
            return {"x": 0.0}

        def cost(self, xp, x):
            return xp.maximum(x, 0.0)

        def gradient(self, xp, x):
            return {"x": xp.where(x > 0, 1.0, 0.0)}

    records = judged(Ramp(), ["by_hand", "finite_difference"])
    assert statuses(records) == {Status.OK}
    assert records["by_hand"].judged == (
        "not smooth here, hence not judged: ∂C/∂x (one-sided derivatives differ, as far as can be "
        "told); values differ there: ∂C/∂x is 0 by by_hand and 0.5 by finite_difference"
    )
    assert records["by_hand"].condition is None


@pytest.mark.usefixtures("forked")
def test_witnesses_vote_in_a_benchmark():
    case = str(CASES / "arctan_by_numpy.py")
    run = calcbench.benchmark(case, ["by_hand", "finite_difference"], settings=QUICK)
    assert [r.reason for r in run.records if r.status is not Status.NOISY] == [
        "" for r in run.records if r.status is not Status.NOISY
    ]
    assert {r.status for r in run.records} <= {Status.OK, Status.NOISY}
    assert all(r.judged.startswith("not certified") for r in run.records)
