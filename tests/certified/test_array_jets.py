"""Second derivatives and Jacobians on arrays: the same truth as that of single numbers."""

import re

import numpy as np
import pytest
import random_programs
from hypothesis import given, settings
from hypothesis import strategies as st

import calcbench as cb
from calcbench.certified import (
    array_jacobian,
    balls,
    budget,
    first_order,
    row_blocks,
    second_order,
)
from calcbench.certified.array_sweep import DIRECTIONS_PER_SWEEP, push_forward, sweep_products
from calcbench.certified.certificate import affordable_rows
from calcbench.certified.reference import reference, sweep
from calcbench.conformance.cases import control
from calcbench.conformance.probe import Probe
from calcbench.conformance.vocabulary import NAMES, cases_of
from calcbench.errors import ProblemError
from calcbench.operators import find_operator
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.problem.structure import Coordinates
from calcbench.record.record import Status

RNG = np.random.default_rng(6)
SEEDS = st.integers(0, 10**6)
ALL = [name for name in NAMES if name not in control.case.cases]


@pytest.fixture
def single_numbers(monkeypatch):
    """Let a reference be computed number by number."""

    def compute(function, *arguments, **options):
        with monkeypatch.context() as patch:
            patch.setattr(second_order, "sweep_products", lambda *_: None)
            patch.setattr(first_order, "sweep_jacobian", lambda *_: None)
            return function(*arguments, **options)

    return compute


def hessian_on_arrays(point, bits=128):
    with balls.precision(bits):
        return sweep_products(point, np.eye(point.size), "float64")


def truth_of(point, operator, bits=512):
    return [b for a in sweep(point, find_operator(operator), bits).values.values() for b in a.flat]


def flat(reference):
    return [ball for array in reference.values.values() for ball in array.flat]


def vector_valued(problem):
    """Make a problem of the terms that another one adds up."""

    class Terms(cb.Problem):
        def inputs(self, size, rng):
            return dict(own_point(problem).values)

        def outputs(self, inputs):
            return 5

        def cost(self, xp, x, y, m):
            value = problem.cost(xp, x, y, m)
            return xp.concat([xp.reshape(value, (1,)), x * xp.exp(y / 9) + value / 7])

    return own_point(Terms())


# --- the same truth -------------------------------------------------------------------------------


def check_random_hessian(seed, single_numbers):
    """Every number lies within its radius of the truth; tell how many arrays gave."""
    point = own_point(random_programs.program(seed))
    found = hessian_on_arrays(point)
    if found is None:
        return 0
    truth = single_numbers(truth_of, point, "hessian")
    wrong = [(b, t) for b, t in zip(found.partials.flat, truth, strict=True) if not b.contains(t)]
    assert not wrong, (seed, wrong)
    return len(truth)


def test_hessians_of_random_programs_lie_within_their_radii(single_numbers):
    counts = [check_random_hessian(seed, single_numbers) for seed in range(8)]
    assert sum(counts) > 8 * 24 * 24 / 2


@pytest.mark.full
@given(SEEDS)
@settings(max_examples=100, deadline=None)
def test_hessians_of_many_random_programs(seed):
    with pytest.MonkeyPatch.context() as patch:
        point = own_point(random_programs.program(seed))
        found = hessian_on_arrays(point)
        if found is not None:
            patch.setattr(second_order, "sweep_products", lambda *_: None)
            truth = truth_of(point, "hessian")
            assert all(b.contains(t) for b, t in zip(found.partials.flat, truth, strict=True))


@pytest.mark.parametrize("sweep_price", [0, 10**6], ids=["by rows", "by columns"])
def test_jacobians_of_random_programs_lie_within_their_radii(
    sweep_price, single_numbers, monkeypatch
):
    monkeypatch.setattr(array_jacobian, "SWEEP", sweep_price)
    operator, count = find_operator("jacobian"), 0
    for seed in range(8):
        point = vector_valued(random_programs.program(seed))
        with balls.precision(128):
            size, terms = operator.layout(point).size, operator.terms(point)
            found = array_jacobian.sweep_jacobian(point, terms, size, "float64")
        if found is not None:
            truth = single_numbers(truth_of, point, "jacobian")
            assert all(b.contains(t) for b, t in zip(found.values, truth, strict=True)), seed
            count += len(truth)
    assert count > 8 * 5 * 24 / 2


REFUSED = ("linalg.expm", "linalg.eigh", "linalg.eigvalsh", "linalg.svd", "linalg.svdvals")
"""What single balls alone know to prove."""


@pytest.mark.few(20, more=22)
@pytest.mark.parametrize("name", ALL)
def test_every_name_has_second_derivatives_on_arrays(name, single_numbers):
    """The rules are those of first order: here, that each of them holds for jets too."""
    for case in cases_of(name):
        point = own_point(Probe([case]))
        found = hessian_on_arrays(point)
        if found is None:
            settled = single_numbers(reference, point, find_operator("hessian"))
            unclear = (*settled.beside.values(), *settled.rough.values(), *settled.open.values())
            assert name in REFUSED or any(np.any(flags) for flags in unclear), case
            continue
        truth = single_numbers(truth_of, point, "hessian", 128)
        assert all(b.overlaps(t) for b, t in zip(found.partials.flat, truth, strict=True)), case


PROBLEMS = ("softmax_cross_entropy", "binary_cross_entropy", "damped_wave", "extended_rosenbrock")


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_radii_of_doubles_are_those_of_single_numbers(name, single_numbers):
    """By which rounding is bounded: neither much wider nor much narrower."""
    for operator in map(find_operator, ("hvp", "laplacian")):
        for point in points_for(own_point(cb.problems()[name]), operator).values():
            arrays = sweep(point, operator, 53, natural=True)
            single = single_numbers(sweep, point, operator, 53, natural=True)
            for one, two in zip(flat(arrays), flat(single), strict=True):
                assert one.overlaps(two)
                assert float(two.rad()) / 8 <= float(one.rad()) <= 8 * float(two.rad())


SATURATED = {
    "tanh": lambda xp, x: xp.tanh(x[0]),
    "sigmoid": lambda xp, x: xp.sigmoid(x[0]),
    "softplus": lambda xp, x: xp.softplus(x[0]),
    "expm1": lambda xp, x: xp.expm1(-x[0]),
    "logsumexp": lambda xp, x: xp.logsumexp(xp.stack([x[0], 0.0, 1.0])),
    "logaddexp": lambda xp, x: xp.logaddexp(x[0], 0.0),
}


@pytest.mark.parametrize("name", SATURATED)
def test_what_libraries_lose_in_saturation_is_in_the_radius(name, single_numbers):
    """1 − tanh² loses digits where 1/cosh² does not, and so on (`certified.natural`)."""
    point = own_point(cb.problem(x=np.array([18.0]))(SATURATED[name]))
    operator = find_operator("hessian")
    (arrays,) = flat(sweep(point, operator, 53, natural=True))
    (single,) = flat(single_numbers(sweep, point, operator, 53, natural=True))
    assert float(arrays.rad()) == pytest.approx(float(single.rad()), rel=0.1)
    (truth,) = flat(sweep(point, operator, 53))
    assert arrays.overlaps(truth)


def test_many_directions_are_taken_in_parts():
    many = DIRECTIONS_PER_SWEEP + 9
    point = own_point(cb.problem(x=np.arange(float(many)))(lambda xp, x: xp.sum(x) ** 2))
    found = hessian_on_arrays(point)
    assert found.partials.shape == (many, many)
    assert all(ball == 2 for ball in found.partials.flat)


# --- vector-valued --------------------------------------------------------------------------------


class Wide(cb.Problem):
    """Two outputs, each of twenty numbers of its own, and of one that is declared or not."""

    extra = 0.0
    count = 40

    def inputs(self, size, rng):
        return {"x": np.linspace(0.5, 1.5, self.count)}

    def outputs(self, inputs):
        return 2

    def structure(self, inputs):
        return Coordinates(np.repeat([0, 1], self.count // 2), np.arange(self.count))

    def cost(self, xp, x):
        half = self.count // 2
        first = xp.prod(x[:half]) + self.extra * x[half + 3]
        return xp.stack([first, xp.sum(x[half:] ** 3)])


def test_rows_that_never_meet_share_a_sweep(monkeypatch):
    calls = []
    real = array_jacobian.sweep_arrays
    monkeypatch.setattr(
        array_jacobian, "sweep_arrays", lambda *given: calls.append(given) or real(*given)
    )
    found = reference(own_point(Wide()), find_operator("jacobian"))
    assert len(calls) == 2  # one colour, and the check
    values = found.value["jacobian"]
    x = np.linspace(0.5, 1.5, 40)
    assert values[:20] == pytest.approx(np.prod(x[:20]) / x[:20])
    assert values[20:] == pytest.approx(3 * x[20:] ** 2)


def test_an_entry_that_the_structure_lacks_is_named_by_rows_too():
    wrong = Wide()
    wrong.extra = 1e-9
    with pytest.raises(ProblemError, match=r"not 0, ∂C\[0\]/∂x\[23\], in the row of C\[0\]"):
        reference(own_point(wrong), find_operator("jacobian"))


def test_what_floats_do_not_hold_is_left_to_single_numbers():
    """Whether that matters, only a sweep can tell."""
    point = own_point(Wide())
    tiny = point.with_values({"x": point["x"] * 1e-18})
    assert push_forward(point, np.eye(40)[:, :1], "float64") is not None
    assert push_forward(tiny, np.eye(40)[:, :1], "float64") is None


# --- many rows ------------------------------------------------------------------------------------

N = 5000
X, Y = RNG.standard_normal((N, 3)), RNG.standard_normal(N)
W = np.array([0.3, -0.2, 0.5])


def hvp(xp, v, w, *, X, y):
    e = xp.matmul(X, w) - y
    slopes = (4 * e**2 - 2) * xp.exp(-(e**2)) * xp.matmul(X, v["w"])
    return {"w": xp.matmul(xp.matrix_transpose(X), slopes) / X.shape[0]}


def bells(xp, w, *, X, y):
    return xp.mean(xp.exp(-((xp.matmul(X, w) - y) ** 2)))


def bell_problem(product=hvp, rows=2000):
    return cb.problem(w=W, X=X[:rows], y=Y[:rows], hvp=product)(bells)


def test_products_are_certified_at_full_size():
    operator = find_operator("hvp")
    point = operator.seed_point(own_point(bell_problem()), np.random.default_rng(0))
    assert affordable_rows(point, operator) == 2000
    (record,) = cb.verify(bell_problem(), "by_hand", operator="hvp").records
    assert record.status is Status.OK, record.reason
    assert record.certified_digits > 30
    assert re.search(r"certified in \d+\.\d+ s at 2,000 rows", record.judged)


def test_a_fault_planted_in_a_product_of_many_rows_is_found():
    def wrong(xp, v, w, *, X, y):
        found = hvp(xp, v, w, X=X, y=y)["w"]
        return {"w": found * np.array([1, 1, 1 + 1e-10])}

    (record,) = cb.verify(bell_problem(wrong), "by_hand", operator="hvp").records
    assert record.status is Status.DISAGREE
    assert "w[2]" in record.reason


def test_blocks_of_rows_add_up(monkeypatch):
    point = own_point(bell_problem(rows=N))
    at_once = flat(reference(point, find_operator("hessian")))
    monkeypatch.setattr(row_blocks, "BLOCK", 1_000_000)
    with budget.measure() as taken:
        blocks = flat(reference(point, find_operator("hessian")))
    assert taken[-1] < 5 * row_blocks.BLOCK
    assert all(one.overlaps(two) for one, two in zip(blocks, at_once, strict=True))
