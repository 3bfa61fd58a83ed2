"""The certified gradient: right to 30 digits, honest about what it cannot do."""

import operator
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import ctx
from hypothesis import example, given, settings
from hypothesis import strategies as st
from modes import by_rule, installed, names

import calcbench
from calcbench.backends.finite_difference.schemes import arms
from calcbench.catalogue.door import default_problems
from calcbench.catalogue.selection import select_backends
from calcbench.certified import balls, certificate, series
from calcbench.certified.certificate import certify
from calcbench.certified.evaluation import evaluate
from calcbench.certified.reference import reference
from calcbench.certified.rounding import bound_rounding
from calcbench.certified.series import taylor_bounds
from calcbench.certified.vocabulary import namespace
from calcbench.operators.points import points_for
from calcbench.problem.flat import unflatten
from calcbench.problem.inputs import own_point
from calcbench.record.record import Status
from calcbench.vocabulary.names import NAMES
from calcbench.vocabulary.numpy import NUMPY

BY_RULE = installed(names(by_rule))


def digits_of(ball, expected):
    """Digits to which a ball's midpoint agrees with an mpmath number."""
    with mpmath.workdps(80):
        got = mpmath.mpf(ball.mid().str(70, radius=False, more=True))
        error = abs(got - expected) / abs(expected)
        return 80 if error == 0 else float(-mpmath.log10(error))


def partial(problem, name="x", index=()):
    return reference(own_point(problem)).values[name][index]


# --- against closed forms, to 30 digits ---------------------------------------------------

ELEMENTARY = {
    "exp": (lambda xp, x: xp.exp(x), mpmath.exp),
    "expm1": (lambda xp, x: xp.expm1(x), mpmath.exp),
    "log": (lambda xp, x: xp.log(x), lambda x: 1 / x),
    "log1p": (lambda xp, x: xp.log1p(x), lambda x: 1 / (1 + x)),
    "sqrt": (lambda xp, x: xp.sqrt(x), lambda x: 1 / (2 * mpmath.sqrt(x))),
    "sin": (lambda xp, x: xp.sin(x), mpmath.cos),
    "cos": (lambda xp, x: xp.cos(x), lambda x: -mpmath.sin(x)),
    "tan": (lambda xp, x: xp.tan(x), lambda x: mpmath.sec(x) ** 2),
    "tanh": (lambda xp, x: xp.tanh(x), lambda x: mpmath.sech(x) ** 2),
    "abs": (lambda xp, x: xp.abs(-x), lambda x: mpmath.mpf(1)),
    "sigmoid": (
        lambda xp, x: xp.sigmoid(x),
        lambda x: 1 / (2 + mpmath.exp(x) + mpmath.exp(-x)),
    ),
    "softplus": (lambda xp, x: xp.softplus(x), lambda x: 1 / (1 + mpmath.exp(-x))),
    "logaddexp": (lambda xp, x: xp.logaddexp(x, 1.0), lambda x: 1 / (1 + mpmath.exp(1 - x))),
    "maximum": (lambda xp, x: xp.maximum(x * x, -1.0), lambda x: 2 * x),
    "minimum": (lambda xp, x: xp.minimum(x * x, 1e9), lambda x: 2 * x),
    "where": (lambda xp, x: xp.where(x > 0, x**3, x), lambda x: 3 * x**2),
    "power": (lambda xp, x: x**2.5, lambda x: mpmath.mpf(2.5) * x**1.5),
    "inverse": (lambda xp, x: 1 / x**3, lambda x: -3 / x**4),
    "exponent": (lambda xp, x: 2.0**x, lambda x: mpmath.log(2) * 2**x),
    "pi": (lambda xp, x: xp.pi * x**2, lambda x: 2 * mpmath.pi * x),
    "iterate": (lambda xp, x: xp.iterate(lambda s: s * x, x, 4), lambda x: 5 * x**4),
}


@pytest.mark.parametrize("x", [0.3, 1.75, 40.0, 1e-9])
@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary(name, x):
    cost, derivative = ELEMENTARY[name]

    class One(calcbench.Problem):
        def inputs(self, size, rng):
            return {"x": x}

        def cost(self, xp, x):
            return cost(xp, x)

    with mpmath.workdps(80):
        expected = derivative(mpmath.mpf(x))
        assert digits_of(partial(One()), expected) > 30


def test_logistic_regression():
    X, y, w = [[0.5, 1.5], [-1.0, 0.25], [2.0, -0.75]], [1.0, 0.0, 1.0], [0.3, -0.2]

    @calcbench.problem(w=w, X=X, y=y)
    def logistic(xp, w, *, X, y):
        z = xp.matmul(X, w)
        return xp.mean(xp.softplus(z) - y * z)

    found = reference(own_point(logistic))
    assert found.digits > 30
    with mpmath.workdps(80):
        z = [mpmath.fdot(row, [mpmath.mpf(v) for v in w]) for row in X]
        error = [1 / (1 + mpmath.exp(-zi)) - yi for zi, yi in zip(z, y, strict=True)]
        for j in range(2):
            expected = mpmath.fsum(e * row[j] for e, row in zip(error, X, strict=True)) / 3
            assert digits_of(found.values["w"][j], expected) > 30


def test_rosenbrock_in_200_dimensions():
    """All rational: the reference is the exact rational number."""
    n = 200
    start = np.random.default_rng(0).uniform(-2, 2, n)

    @calcbench.problem(x=start)
    def rosenbrock(xp, x):
        return xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    found = reference(own_point(rosenbrock))
    x = [Fraction(v) for v in start]
    for i in range(n):
        left = 200 * (x[i] - x[i - 1] ** 2) if i > 0 else 0
        right = -400 * x[i] * (x[i + 1] - x[i] ** 2) - 2 * (1 - x[i]) if i < n - 1 else 0
        exact = mpmath.mpf(0)
        with mpmath.workdps(80):
            total = left + right
            exact = mpmath.mpf(total.numerator) / total.denominator
            assert digits_of(found.values["x"][i], exact) > 30


def test_linear_algebra():
    """log det, a quadratic form and a Cholesky factor of A = diag(x) + 1·1ᵀ, in closed form."""

    @calcbench.problem(x=[2.0, 3.0, 5.0], eye=np.eye(3), one=np.ones(3))
    def forms(xp, x, *, eye, one):
        a = eye * x + 1.0
        sign, logdet = xp.linalg.slogdet(a)
        factor = xp.linalg.cholesky(a)
        return sign * logdet + xp.sum(one * xp.linalg.solve(a, one)) + factor[0, 0]

    found = reference(own_point(forms))
    with mpmath.workdps(80):
        x = [mpmath.mpf(v) for v in (2, 3, 5)]
        s = mpmath.fsum(1 / v for v in x)
        for i, v in enumerate(x):
            # det A = Πx (1 + s);  1ᵀA⁻¹1 = s / (1 + s)
            expected = 1 / v - v**-2 / (1 + s) - v**-2 / (1 + s) ** 2
            expected += 1 / (2 * mpmath.sqrt(1 + v)) if i == 0 else 0
            assert digits_of(found.values["x"][i], expected) > 30


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=5), st.floats(-3, 3))
@settings(max_examples=60, deadline=None)
def test_polynomials_are_exact(coefficients, x):
    """Against rational arithmetic: the truth lies in the ball."""

    @calcbench.problem(x=x)
    def polynomial(x):
        return sum((c * x**k for k, c in enumerate(coefficients)), 0.0 * x)

    ball = partial(polynomial)
    exact = sum(k * Fraction(c) * Fraction(x) ** (k - 1) for k, c in enumerate(coefficients) if k)
    below, above = ball.lower(), ball.upper()
    with mpmath.workdps(120):
        truth = mpmath.mpf(Fraction(exact).numerator) / Fraction(exact).denominator
        slack = mpmath.mpf(10) ** -60
        assert mpmath.mpf(below.str(70, radius=False, more=True)) <= truth + slack
        assert mpmath.mpf(above.str(70, radius=False, more=True)) >= truth - slack


@pytest.mark.parametrize(
    "name", [name for name in default_problems() if calcbench.problems()[name].has_gradient]
)
def test_every_gradient_is_certified(name):
    problem = calcbench.problems()[name]
    own = own_point(problem)
    certificate = certify(own, "float64")
    assert certificate.digits > 30
    (by_hand,) = select_backends(["by_hand"])
    record = calcbench.verify(name, by_hand).records[0]
    assert record.status is Status.OK, record.reason
    assert record.certified_digits > 30
    assert record.judged == ""


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rounding_stays_inside_the_radius(dtype):
    """What is proved of rounding bounds the true error of a real evaluation."""
    (backend,) = select_backends([f"by_hand[dtype={dtype}]"])
    for name in ("batch_regression", "softmax_cross_entropy", "deep_composition"):
        problem = calcbench.problems()[name]
        for inputs in points_for(own_point(problem)).values():
            held = inputs.round_to(dtype)
            proved = unflatten(bound_rounding(held, dtype).proved, held.shapes)
            true = reference(held).value
            prepared = backend.prepare(held)
            got = prepared.evaluate(held)
            unit = np.finfo(dtype).eps / 2
            for n in problem.parameters:
                allowed = proved[n] + unit * np.abs(true[n])
                assert np.all(np.abs(got[n] - true[n]) <= allowed), (name, n)


@pytest.mark.parametrize("kind", [balls, series], ids=["balls", "series"])
def test_the_whole_vocabulary_is_there(kind):
    """Values and derivatives are in tests/vocabulary, under the selector `certified`."""
    spelled = namespace(kind)
    for name in NAMES:
        ours, theirs = map(operator.attrgetter(name), (spelled, NUMPY))
        assert callable(ours) == callable(theirs)


# --- what it says where it cannot ---------------------------------------------------------

KINKS = {
    "abs": (lambda xp, x: xp.abs(x), 0.0),
    "maximum": (lambda xp, x: xp.maximum(x, 1.0), 1.0),
    "max": (lambda xp, x: xp.max(xp.stack([x, 1.0])), 1.0),
    "where": (lambda xp, x: xp.where(x > 0, x, -x), 0.0),
}


@pytest.mark.parametrize("name", KINKS)
def test_ties_are_not_smooth(name):
    cost, x = KINKS[name]

    @calcbench.problem(x=x)
    def kink(xp, x):
        return cost(xp, x)

    found = reference(own_point(kink))
    assert found.rough["x"] == True  # noqa: E712 (an array of one)
    assert "no derivative here" in str(found)
    records = calcbench.verify(kink, BY_RULE).records
    assert all("not smooth here, hence not judged: ∂C/∂x" in r.judged for r in records)


def test_a_rounded_number_beside_itself_does_not_tie():
    """As in torch.maximum(u, u), or the larger of u and |u|: no precision decides it by values."""

    @calcbench.problem(x=[0.5, -0.25])
    def alike(xp, x):
        u = xp.sin(x)
        larger = xp.maximum(u, xp.minimum(u, xp.flip(xp.flip(u))))
        return xp.sum(xp.maximum(larger, xp.abs(u)) + xp.where(u > larger, 1 / x, u * larger))

    found = reference(own_point(alike))
    assert not found.rough["x"].any()
    truth = np.cos([0.5, 0.25]) * np.array([1, -1]) * (1 + 2 * np.sin([0.5, 0.25]))
    np.testing.assert_allclose(found.value["x"], truth, rtol=1e-15)


@pytest.mark.parametrize("way", ["maximum", "max", "where"])
def test_what_a_tie_leaves_aside_counts_in_the_next_one(way):
    """That max(y − max(x, 0), 0) depends on x too is known of all but a branch of its own."""
    larger = {
        "maximum": lambda xp, x: xp.maximum(x, 0.0),
        "max": lambda xp, x: xp.max(xp.stack([x, 0.0])),
        "where": lambda xp, x: xp.where(x > 0, x, 0.0),
    }[way]

    @calcbench.problem(x=0.0, y=0.0)
    def nested(xp, x, y):
        return xp.maximum(y - larger(xp, x), 0.0)

    with balls.precision(128):
        run = evaluate(own_point(nested), float("inf"))
    assert run.ties == ([[0], [1]] if way == "where" else [[0], [0, 1]])
    assert run.tape.kinks == len(run.tape.ties) - (way == "where")


def test_a_near_tie_is_decided_by_more_precision():
    @calcbench.problem(x=1e-40)
    def near(xp, x):
        return xp.maximum((1.0 + x) - 1.0, 0.0)

    assert float(partial(near)) == 1.0


def test_outside_the_vocabulary_falls_back_to_a_vote():
    @calcbench.problem(x=[1.0, 2.0])
    def outside(xp, x):
        return xp.sum(x * 2.0) + 0.0 * float(x[0])

    records = calcbench.verify(outside, ["torch", "finite_difference"]).records
    assert all(r.judged.startswith("not certified: test_certified.py:") for r in records)
    assert all("TypeError" in r.judged for r in records)
    assert all(r.reference is None for r in records)
    assert {r.status for r in records} == {Status.OK}, [r.reason for r in records]


def test_backends_may_differ_at_a_kink():
    """torch and jax differ in |x|'(0) and in max(1 − w, 0) at the tie; nobody is wrong."""

    @calcbench.problem(w=[1.0, -2.0, 0.0])
    def hinge(xp, w):
        return xp.sum(xp.maximum(1 - w, 0.0)) + xp.sum(xp.abs(w))

    records = calcbench.verify(hinge, ["sympy", "torch", "tensorflow", "jax"]).records
    assert len({tuple(r.value["w"]) for r in records}) > 1
    assert {r.status for r in records} == {Status.OK}, [r.reason for r in records]
    assert all("not judged: ∂C/∂w[0], ∂C/∂w[2] (one-sided" in r.judged for r in records)
    assert all(np.isnan(r.reference["w"]).tolist() == [True, False, True] for r in records)


# --- wrong gradients that had somewhere to hide -------------------------------------------


class BesideAKink(calcbench.Problem):
    """|a| + b³ at a = 0: the fault is in b, where everything is smooth."""

    def inputs(self, size, rng):
        return {"a": 0.0, "b": 2.0}

    def cost(self, xp, a, b):
        return xp.abs(a) + b**3

    def gradient(self, xp, a, b):
        return {"a": 1.0 + 0 * a, "b": 2 * b**2}


class UnderCancellation(calcbench.Problem):
    """Rounding of the cost allows much; the formula has no part in it."""

    def inputs(self, size, rng):
        return {"x": 1.0}

    def cost(self, xp, x):
        return 1e9 * x + x**2 - 1e9 * x

    def gradient(self, xp, x):
        return {"x": 2 * x * (1 + 1e-7)}


class BesideAnUnderflow(calcbench.Problem):
    """e^−750 is lost in float64, and does not matter."""

    def inputs(self, size, rng):
        return {"x": 1.0}

    def cost(self, xp, x):
        return x**2 + xp.exp(-750 * x)

    def gradient(self, xp, x):
        return {"x": 4 * x}


@pytest.mark.parametrize("problem", [BesideAKink, UnderCancellation, BesideAnUnderflow])
def test_nowhere_to_hide(problem):
    wrong, *others = calcbench.verify(problem(), ["by_hand", *BY_RULE]).records
    assert wrong.status is Status.DISAGREE
    assert {r.status for r in others} == {Status.OK}


def test_a_formula_that_symbols_refute_is_wrong():
    class Wrong(calcbench.Problem):
        """Less than an honest evaluation may be off by, in front of what cancels."""

        def inputs(self, size, rng):
            return {"x": 0.5}

        def cost(self, xp, x):
            return x**2

        def gradient(self, xp, x):
            return {"x": 2 * x + 1e-9 * x * (x - 0.5) * (x + 0.5) * x}

    records = calcbench.verify(Wrong(), ["by_hand", "sympy"]).records
    assert records[0].status is Status.DISAGREE


def test_a_rounded_constant_refutes_nothing():
    class Circle(calcbench.Problem):
        def inputs(self, size, rng):
            return {"r": 1.3}

        def cost(self, xp, r):
            return xp.pi * r**2

        def gradient(self, xp, r):
            return {"r": 2 * np.pi * r}

    records = calcbench.verify(Circle(), ["by_hand", "sympy"]).records
    assert records[0].status is Status.OK
    assert records[0].proof == "not proved in ∂C/∂r"


def test_a_tie_in_the_formula_alone_is_no_crash():
    class Softmax(calcbench.Problem):
        def inputs(self, size, rng):
            return {"w": [1.0, 1.0]}

        def cost(self, xp, w):
            return xp.logsumexp(w)

        def gradient(self, xp, w):
            e = xp.exp(w) / xp.max(xp.exp(w))
            return {"w": e / xp.sum(e)}

    (record,) = calcbench.verify(Softmax(), "by_hand").records
    assert record.status is Status.OK, record.reason


def test_chaos_is_no_pass():
    """120 steps of the logistic map: rounding may do anything, so being within it is nothing."""

    class Chaos(calcbench.Problem):
        domain = {"x": (0.2, 0.4)}

        def inputs(self, size, rng):
            return {"x": 0.3}

        def cost(self, xp, x):
            for _ in range(120):
                x = 3.9 * x * (1 - x)
            return x

        def cost_torch(self, xp, x):
            return 3 * self.cost(xp, x)

    (record,) = calcbench.verify(Chaos(), "torch").records
    assert record.status is Status.IMPRECISE
    assert "no digit of ∂C/∂x is certain" in record.reason
    Chaos.domain = {}  # at zeros, nothing is chaotic
    (record,) = calcbench.verify(Chaos(), "torch").records
    assert record.status is Status.DISAGREE
    assert record.disagreement.point == "zeros"


def test_differences_of_a_cost_that_is_exact_here():
    """At x = 2 no operation rounds; a step away all do, and the quotient is judged by that."""

    @calcbench.problem(x=2.0)
    def shifted(x):
        return (2048 + x) ** 3 - 2048**3 - 3 * 2048**2 * x - 3 * 2048 * x**2

    schemes = [f"finite_difference[scheme={s}]" for s in ("forward", "central", "richardson")]
    records = {r.backend: r for r in calcbench.verify(shifted, [*BY_RULE, *schemes]).records}
    noisy = [records.pop(backend.selector) for backend in select_backends(schemes)]
    assert {r.status for r in records.values()} == {Status.OK}, records
    assert not any(r.status.failed for r in noisy), [r.reason for r in noisy]
    assert noisy[0].reason.startswith("no digit of ∂C/∂x is certain")
    assert all(r.digits > 1 for r in noisy if r.status is Status.OK)


def test_a_cost_outside_its_domain_at_zeros_is_not_judged_there():
    @calcbench.problem(x=2.0)
    def entropy(xp, x):
        return x * xp.log(x)

    records = calcbench.verify(entropy, BY_RULE).records
    assert {r.status for r in records} == {Status.OK}, [r.reason for r in records]
    assert all("not judged at zeros" in r.judged for r in records)


def test_not_a_number_is_an_error():
    @calcbench.problem(x=-1.0)
    def logarithm(xp, x):
        return xp.maximum(xp.log(x), 0.0) + x

    records = calcbench.verify(logarithm, BY_RULE).records
    assert {r.status for r in records} == {Status.ERROR}
    assert all("not a number" in r.reason for r in records)


def test_float32_overflow_is_no_fault():
    @calcbench.problem(x=100.0)
    def steep(xp, x):
        return xp.exp(x)

    records = calcbench.verify(steep, BY_RULE, dtype="float32").records
    assert {r.status for r in records} == {Status.ERROR}
    assert all("float32" in r.reason and r.digits is None for r in records)


def test_certifying_gives_up_in_time(monkeypatch):
    """A cost over many parameters without rows: too slow to certify, said so, put to a vote."""
    monkeypatch.setattr(certificate, "SECONDS", 0.02)  # a tenth of what it takes at its quickest

    @calcbench.problem(x=np.linspace(0.0, 1.0, 20_000))
    def wide(xp, x):
        return xp.sum(xp.sin(x) * xp.exp(x) * x)

    records = calcbench.verify(wide, ["torch", "jax", "torch[mode=func]"]).records
    assert {r.status for r in records} == {Status.OK}, [r.reason for r in records]
    assert all("not certified: it would take too long" in r.judged for r in records)


def test_sympy_refuses_a_long_loop_at_once():
    @calcbench.problem(x=0.3)
    def loop(xp, x):
        return xp.iterate(lambda s: 3.9 * s * (1 - s), x, 40)

    (record,) = calcbench.verify(loop, "sympy").records
    assert record.status is Status.SKIPPED
    assert "operations after" in record.reason


EXTREMES = {
    "tiny": (lambda xp, x: x**2, 1e-300, ""),
    "huge": (lambda xp, x: x**2, 1e300, ""),
    "denormal": (lambda xp, x: x * 3.0, 5e-324, ""),
    "overflow": (lambda xp, x: xp.exp(x), 800.0, "is not finite in float64"),
    "intermediate": (lambda xp, x: xp.log(xp.exp(x)), 800.0, "outside the range of float64"),
    "log of 0": (lambda xp, x: xp.log(x), 0.0, "the cost is not a finite number"),
    "log of −1": (lambda xp, x: xp.log(x), -1.0, "the cost is not a finite number"),
    "root of 0": (lambda xp, x: xp.sqrt(x), 0.0, "is not finite in float64"),
    "pole": (lambda xp, x: 1 / x, 0.0, "the cost is not a finite number"),
}
"""Name → the cost, where, and why there is no verdict, unless the number is right all the same."""


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_end_in_a_verdict(name):
    """Never a crash, and a pass only with the right number."""
    cost, x, reason = EXTREMES[name]

    @calcbench.problem(x=x)
    def extreme(xp, x):
        return cost(xp, x)

    for record in calcbench.verify(extreme, BY_RULE).records:
        if record.status is Status.OK:
            assert record.value["x"] == pytest.approx(record.reference["x"], rel=1e-14)
        else:
            assert reason
            assert record.status is Status.ERROR
            assert reason in record.reason


def test_precision_is_restored():
    before = ctx.prec, ctx.cap
    problem = calcbench.problems()["batch_regression"]
    reference(own_point(problem))
    taylor_bounds(own_point(problem), "m", (), 1e-5, 3)
    assert (ctx.prec, ctx.cap) == before


# --- enclosures of higher derivatives -----------------------------------------------------


@given(st.floats(-2, 2), st.floats(1e-6, 0.5), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_enclosure_contains_the_derivative_everywhere(x, reach, order):
    """|f⁽ᵏ⁾|/k! of sin(x)·eˣ, sampled over the interval, never exceeds the bound."""

    @calcbench.problem(x=x)
    def wave(xp, x):
        return xp.sin(x) * xp.exp(x)

    bound = taylor_bounds(own_point(wave), "x", (), reach, order)[order]
    for t in np.linspace(x - reach, x + reach, 7):
        value = abs(mpmath.im(mpmath.mpc(1, 1) ** order * mpmath.exp(mpmath.mpc(t, t))))
        assert float(value / mpmath.factorial(order)) <= bound * (1 + 1e-12)


def test_enclosure_is_infinite_across_a_kink_or_a_pole():
    for kinked in (lambda xp, x: xp.abs(x), lambda xp, x: 1 / x, lambda xp, x: xp.log(x)):

        class Through(calcbench.Problem):
            def inputs(self, size, rng):
                return {"x": 0.1}

            def cost(self, xp, x):
                return kinked(xp, x)  # noqa: B023

        assert taylor_bounds(own_point(Through()), "x", (), 0.2, 2)[2] == np.inf


@pytest.mark.parametrize("scheme", ["forward", "central", "richardson"])
@pytest.mark.parametrize("name", ["chain_rule_single", "deep_composition", "damped_wave"])
def test_difference_quotients_stay_inside_their_bound(name, scheme):
    """At every step from 1 to 1e-15: the V lies under its proved bound."""
    from calcbench.show.steps import curve

    problem = calcbench.problems()[name]
    found = curve(problem, None, select_backends([f"finite_difference[scheme={scheme}]"]))
    assert all(step.error <= step.bound for step in found.steps)
    (best,) = found.optimum.values()
    least = min(step.error for step in found.steps)
    at_best = next(step.error for step in found.steps if step.step == best)
    assert at_best <= 1e4 * max(least, 1e-13)


STEPPING = ["central", "forward", "richardson", "central,dtype=float32"]


@given(
    st.sampled_from([-1, 1]),
    st.integers(-8, 8),
    st.sampled_from([-3, -2, -1, 0, 1, 2]),
    st.tuples(*[st.sampled_from([0.0, 0.1, 1.0, -3.0])] * 3),
)
@example(1, 0, 0, (0.0, 1.0, 0.0))
@settings(max_examples=10, deadline=None, derandomize=True)
def test_quotients_beside_powers_of_two_are_never_condemned(sign, power, places, factors):
    """There x + h and x − h are rounded differently, also where the slope is 0."""
    at = float(np.float32(sign * 2.0**power))
    for _ in range(abs(places)):
        at = float(np.nextafter(np.float32(at), np.float32(np.sign(places) * 1e9)))
    a, b, c = factors

    @calcbench.problem(m=at)
    def polynomial(xp, m):
        t = m - at
        return a * t + b * t**2 + c * t**3

    class Several(calcbench.Problem):
        def inputs(self, size, rng):
            return {"m": [at, at]}

        def outputs(self, inputs):
            return 2

        def cost(self, xp, m):
            return a * (m - at) + b * (m - at) ** 2 + c * (m - at) ** 3

    quotients = [f"finite_difference[scheme={scheme}]" for scheme in STEPPING]
    one, more = (polynomial, "gradient"), (polynomial, "second_derivative")
    for problem, wanted in (one, more, (Several(), "jacobian"), (Several(), "pushforward")):
        for record in calcbench.verify(problem, quotients, operator=wanted).records:
            # Of a float32 in which nothing is certain, there is no verdict.
            fair = (Status.OK, Status.IMPRECISE)
            assert record.status in fair, (wanted, record.backend, record.reason)


def test_the_bound_takes_both_steps_as_they_are():
    """Of (m − 1)², a central quotient at 1 is h₊ − h₋, and its bound little more."""
    (arm,) = arms("central", np.float64(1.0), np.finfo(np.float64).eps ** (1 / 3))
    gap = float(abs(arm.ahead - arm.behind))
    assert gap > 0

    @calcbench.problem(m=1.0)
    def valley(xp, m):
        return (m - 1.0) ** 2

    (backend,) = select_backends(["finite_difference"])
    bound = backend.error_bound(own_point(valley))
    assert bound.proved["m"]
    assert gap <= bound["m"] <= gap * (1 + 1e-3)


def test_steps_beyond_the_largest_number_have_no_bound():
    largest = np.finfo(np.float64).max
    assert arms("central", largest, largest / 4) == []
