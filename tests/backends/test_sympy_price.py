"""What SymPy's formulas would cost is known before they are written."""

from __future__ import annotations

import numbers

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.selectors import WRITTEN_OUT, is_written_out

import calcbench
from calcbench.conformance.vocabulary import NAMES, cases_of
from calcbench.errors import Unsupported
from calcbench.operators import GRADIENT
from calcbench.problem.inputs import own_point

price = pytest.importorskip("calcbench.backends.sympy.price")
pytest.importorskip("sympy")

from calcbench.backends.sympy.derivatives import SymPy  # noqa: E402
from calcbench.backends.sympy.trace import (  # noqa: E402
    LARGEST_DERIVATIVE,
    count_operations,
    count_slopes,
)


def gradient(problem, **at):
    return calcbench.gradient(problem, "sympy", at=at or None)


# --- what would never end is refused at once -------------------------------------------------


def kernel_process(n, by):
    """The negative log likelihood of a Gaussian process at n points."""
    t = np.linspace(0.0, 2.0, n)

    @calcbench.problem(length=0.8, noise=0.3, t=t, y=np.sin(t), eye=np.eye(n))
    def process(xp, length, noise, *, t, y, eye):
        d = (t[:, None] - t[None, :]) / length
        k = xp.exp(-0.5 * d * d) + noise**2 * eye
        if by == "cholesky":
            return xp.sum(xp.log(xp.einsum("ii->i", xp.linalg.cholesky(k))))
        _, log_det = xp.linalg.slogdet(k)
        return 0.5 * xp.sum(y * xp.linalg.solve(k, y)) + 0.5 * log_det

    return process


STEPS = {
    "logistic": lambda xp, x, r: r * x * (1 - x),
    "sine": lambda xp, x, r: x + r * xp.sin(x),
    "quotient": lambda xp, x, r: x / (r + x),
    "branches": lambda xp, x, r: xp.where(x > r, x * r, x + r),
    "largest": lambda xp, x, r: xp.maximum(x * r, x + r),
    "logaddexp": lambda xp, x, r: xp.logaddexp(x * r, x),
}


def repeated(step, n, python):
    """A map applied n times, by a loop of Python's or by `iterate`."""

    @calcbench.problem(x=0.3, r=3.5)
    def loop(xp, x, r):
        if not python:
            return xp.iterate(lambda x: step(xp, x, r), x, n)
        for _ in range(n):
            x = step(xp, x, r)
        return x

    return loop


@pytest.mark.parametrize("python", [True, False])
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_loop_whose_formula_doubles_with_each_step_is_refused(step, python):
    reason = "would have over 300,000 operations" + ("" if python else " after 1. of 100 steps")
    with pytest.raises(Unsupported, match=reason):
        gradient(repeated(step, 100, python))


@pytest.mark.parametrize("n", [7, 8])
def test_a_gaussian_process_that_is_too_large_is_refused(n):
    with pytest.raises(Unsupported, match="over 300,000 operations"):
        gradient(kernel_process(n, "solve"))
    with pytest.raises(Unsupported, match="over 300,000 operations"):
        gradient(kernel_process(20, "cholesky"))


def test_a_formula_whose_derivative_is_too_long_is_refused():
    with pytest.raises(Unsupported, match=r"derivatives would have about \d+,\d+ operations, over"):
        gradient(kernel_process(5, "solve"))


def test_a_network_that_is_too_deep_is_refused():
    @calcbench.problem(a=0.1 * np.eye(10), v=np.ones(10))
    def deep(xp, a, v):
        for _ in range(20):
            v = xp.tanh(xp.matmul(a, v))
        return xp.sum(v)

    with pytest.raises(Unsupported, match="over 300,000 operations"):
        gradient(deep)


# --- and what is short is done ---------------------------------------------------------------


@pytest.mark.parametrize("by", ["solve", "cholesky"])
@pytest.mark.parametrize("n", [2, 3])
def test_a_small_gaussian_process_is_derived(n, by):
    problem = kernel_process(n, by)
    expected = calcbench.gradient(problem, "finite_difference[scheme=complex]")
    found = gradient(problem)
    assert found["length"] == pytest.approx(expected["length"], rel=1e-11)
    assert found["noise"] == pytest.approx(expected["noise"], rel=1e-11)


def test_long_sums_are_no_long_products():
    @calcbench.problem(x=np.linspace(0.0, 1.0, 200))
    def wide(xp, x):
        return xp.sum(xp.sin(x) * x)

    x = np.linspace(0.0, 1.0, 200)
    assert gradient(wide)["x"] == pytest.approx(np.sin(x) + x * np.cos(x), rel=1e-13)


# --- lengths -----------------------------------------------------------------------------------


def all_of(symbol, array):
    return np.full(array.shape, symbol, dtype=object).view(price.SymbolicArray)


@pytest.mark.few(40, more=40)
@pytest.mark.parametrize("name", NAMES)
def test_every_name_works_on_lengths(name):
    """Else the price of a cost that takes it would be unknown, and nobody would notice."""
    xp, symbol = price.lengths(SymPy().namespace()), price.Length(0, price.Meter())
    written = [c for c in cases_of(name) if name not in WRITTEN_OUT or is_written_out(name, c)]
    assert written
    for case in written:
        arguments = [all_of(symbol, x) for x in case.at]
        data = {
            key: all_of(symbol, array) if array.dtype.kind == "f" else array
            for key, array in case.data.items()
        }
        value = case.call(xp, *arguments, **data)
        assert np.shape(value) == case.expected[1].shape, case.what
        for item in np.asarray(value, dtype=object).flat:
            assert isinstance(item, (price.Length, numbers.Number)), case.what


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "y", "2.5"]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["sin", "exp", "tanh"]), inner).map(
            lambda pair: f"xp.{pair[0]}({pair[1]})"
        ),
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(
            lambda three: f"({three[0]} {three[1]} ({three[2]} + 0.7))"
        ),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_the_length_of_a_derivative_is_estimated(text):
    """Within a factor of 4 of what SymPy finds, which may simplify, and ten operations."""
    cost = calcbench.problem(x=0.5, y=0.25)(eval(f"lambda xp, x, y: x * y + {text}"))
    point = own_point(cost)
    trace = SymPy().trace(point)
    variables = [trace.symbols["x"].item(), trace.symbols["y"].item()]
    estimate = count_slopes(trace.cost, variables)
    found = sum(map(count_operations, trace.expressions(GRADIENT, point, range(2))))
    assert estimate < LARGEST_DERIVATIVE
    assert found / 4 - 10 <= estimate <= 4 * found + 10
