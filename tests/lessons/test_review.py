"""What the lessons of the first segment say: slopes, steps, rules, automatic differentiation."""

import numpy as np
import pytest
import sympy

import calcbench as cb

x, delta = sympy.symbols("x Delta")


def parabola(x):
    return x**2 + 2 * x + 2


# --- 1: a slope from two points --------------------------------------------------------------


def test_rise_over_run_is_2x_plus_2_plus_delta():
    quotient = (parabola(x + delta) - parabola(x)) / delta
    assert sympy.expand(sympy.simplify(quotient)) == 2 * x + 2 + delta
    rng = np.random.default_rng(1)
    for a, d in rng.integers(1, 1000, (20, 2)):
        at = {x: sympy.Rational(int(a), 7), delta: sympy.Rational(int(d), 11)}
        assert quotient.subs(at) == 2 * at[x] + 2 + at[delta]


@pytest.mark.parametrize(("step", "slope"), [(1, 7), (0.1, 6.1), (0.01, 6.01), (0.001, 6.001)])
def test_slopes_of_secants(step, slope):
    found = cb.gradient("delta_method", f"finite_difference[scheme=forward,delta={step}]")
    assert float(found["x"]) == pytest.approx(slope, rel=1e-9)


def test_the_slope_at_the_lowest_point_is_exactly_0():
    assert cb.gradient("delta_method", at={"x": -1})["x"] == 0
