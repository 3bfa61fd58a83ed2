"""The small programs that teach: forward mode by dual numbers, reverse mode by a tape."""

from pathlib import Path

import numpy as np
import pytest

import calcbench as cb
from calcbench.backends.dual.number import DualNumber
from calcbench.backends.tape.variable import Variable, sweep

BACKENDS = Path(cb.__file__).parents[1] / "backends"

PROGRAMS = ("_rules.py", "dual/number.py", "tape/variable.py")

LONGEST = 59
"""Lines of a program that is read in a lesson."""


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_is_short_enough_to_be_read(program):
    assert len((BACKENDS / program).read_text("utf-8").splitlines()) <= LONGEST


def by_dual(f, *at):
    """The value and every partial, a run for each."""
    n = len(at)
    runs = [f(*(DualNumber(a, float(j == k)) for j, a in enumerate(at))) for k in range(n)]
    return runs[0].value, [run.slope for run in runs]


def by_tape(f, *at):
    """The value and every partial, by one sweep."""
    variables = [Variable(a) for a in at]
    result = f(*variables)
    slopes = sweep((result, 1.0))
    return result.value, [slopes.get(variable.time, 0.0) for variable in variables]


MODES = pytest.mark.parametrize("mode", [by_dual, by_tape])


@MODES
def test_x_times_y_plus_sin_x_has_the_slopes_of_the_formula(mode):
    for x, y in np.random.default_rng(0).uniform(-3, 3, (50, 2)):
        value, (by_x, by_y) = mode(lambda x, y: x * y + np.sin(x), x, y)
        assert (value, by_x, by_y) == (x * y + np.sin(x), y + np.cos(x), x)


FUNCTIONS = {
    "quotient": (lambda x, y: (1 - x) / (2 + y * y), lambda x, y: (1 - x) / (2 + y * y)),
    "powers": (lambda x, y: x**3 + 2.0**y + x**y, lambda x, y: x**3 + 2.0**y + x**y),
    "functions": (
        lambda x, y: np.exp(-x) * np.log(y) + np.sqrt(x) - np.cos(y) + np.tanh(x - y),
        lambda x, y: np.exp(-x) * np.log(y) + np.sqrt(x) - np.cos(y) + np.tanh(x - y),
    ),
    "recurs": (lambda x, y: abs(-x) * x * x / y, lambda x, y: x**3 / y),
}


@MODES
@pytest.mark.parametrize("name", FUNCTIONS)
def test_rules_agree_with_the_complex_step(mode, name):
    of_numbers, plain = FUNCTIONS[name]
    x, y, h = 0.7, 1.3, 1e-30
    value, slopes = mode(of_numbers, x, y)
    assert value == pytest.approx(plain(x, y), rel=1e-15)
    expected = [np.imag(plain(x + h * 1j, y + 0j)) / h, np.imag(plain(x + 0j, y + h * 1j)) / h]
    assert slopes == pytest.approx(expected, rel=1e-14)


def test_dual_numbers_may_be_nested():
    x = DualNumber(DualNumber(2.0, 1.0), DualNumber(1.0, 0.0))
    assert (x * x * np.exp(x)).slope.slope == pytest.approx((2 + 8 + 4) * np.exp(2), rel=1e-15)


def test_what_does_not_change_adds_nothing_however_steep():
    with np.errstate(divide="ignore"):
        still = np.sqrt(DualNumber(np.float64(0.0)))
    assert (DualNumber(1.0, 1.0) + still).slope == 1.0


@MODES
def test_arrays_hold_such_numbers(mode):
    weights = np.array([1.0, 2.0, 3.0])
    _, slopes = mode(lambda x, y: np.sum(x * weights + weights * y), 1.0, 1.0)
    assert slopes == [6.0, 6.0]


@pytest.mark.parametrize("backend", ["dual", "tape"])
def test_they_take_part_only_when_they_are_asked_for(backend):
    assert backend not in {record.backend for record in cb.verify("square", None)}
    (record,) = cb.verify("batch_regression", backend)
    assert record.status.value == "ok"
