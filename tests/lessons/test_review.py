"""What the lessons of the first segment say: slopes, steps, rules, automatic differentiation."""

import ast
import math
from pathlib import Path

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


# --- 2: how small is small enough --------------------------------------------------------------


@pytest.fixture(scope="module")
def curve():
    return cb.steps("chain_rule_single")


@pytest.mark.parametrize(("scheme", "gain"), [("forward", 1), ("central", 2), ("richardson", 6)])
def test_digits_gained_for_a_factor_of_ten(curve, scheme, gain):
    errors = {
        round(np.log10(s.step), 1): s.error
        for s in curve.steps
        if curve.labels.get(s.backend, s.backend) == scheme
    }
    for start in (0.0, -0.5):
        assert np.log10(errors[start] / errors[start - 1]) == pytest.approx(gain, abs=0.2)


def test_every_error_is_below_its_bound(curve):
    assert all(step.error <= step.bound for step in curve.steps)


def test_the_arrow_is_near_the_least_error(curve):
    for backend, best in curve.optimum.items():
        errors = {s.step: s.error for s in curve.steps if s.backend == backend}
        assert errors[best] <= 100 * min(e for e in errors.values())


def test_the_complex_step_keeps_its_digits():
    (found,) = cb.verify("chain_rule_single", "finite_difference[scheme=complex]")
    assert found.digits >= 15.5


def test_2_and_a_little_is_2():
    assert 2 + 1e-16 == 2
    assert 2 + 1e-15 != 2


# --- 3: differentiation with rules -------------------------------------------------------------

RULES = {
    "power_rule": 80,
    "constant_multiple_rule": 84,
    "sum_rule": 16,
    "product_rule": 2 * np.sin(1) + 2 * np.cos(1),
    "quotient_rule": -0.12,
    "chain_rule_single": -2 / np.e,
}


@pytest.mark.parametrize("problem", RULES)
def test_every_rule_is_proved(problem):
    by_hand, symbolic = cb.verify(problem, ["by_hand", "sympy"])
    assert by_hand.proof == "proved"
    assert float(symbolic.value["x"]) == pytest.approx(RULES[problem], rel=1e-14)


@cb.problem(x=2.0)
def tower(x):
    return x**x


@cb.problem(x=1.0)
def with_quotient(x):
    return x**3 - 2 / x


@pytest.mark.parametrize(("problem", "slope"), [(tower, 4 + 4 * np.log(2)), (with_quotient, 5)])
def test_functions_of_ones_own(problem, slope):
    for record in cb.verify(problem):
        if record.value is not None:
            assert float(record.value["x"]) == pytest.approx(slope, rel=1e-9)


def test_where_it_is_flat_and_where_it_is_steepest():
    assert sympy.solveset(sympy.diff(x / (1 + x**2), x), x, sympy.S.Reals) == {-1, 1}
    bell = sympy.exp(-(x**2))
    steepest = sympy.solveset(sympy.diff(bell, x, 2), x, sympy.S.Reals)
    assert {round(float(a), 8) for a in steepest} == {-0.70710678, 0.70710678}
    at = sympy.diff(bell, x).subs(x, 1 / sympy.sqrt(2))
    assert float(at) == pytest.approx(-0.85776388, abs=5e-9)


# --- 4: automatic differentiation --------------------------------------------------------------


def lesson_4():
    """The two small programs of the lesson: its classes and functions, without the rest."""
    (source,) = Path("lessons").glob("04_*.py")
    tree = ast.parse(source.read_text(encoding="utf-8"))
    kept = [n for n in tree.body if getattr(n, "name", "") in PROGRAMS]
    assert len(kept) == len(PROGRAMS)
    namespace = {"math": math}
    exec(compile(ast.Module(kept, []), str(source), "exec"), namespace)
    return namespace


def magnitude(x):
    return abs(x)


PROGRAMS = {"Dual", "forward", "Traced", "backward", "reverse"}


def test_the_two_small_programs_agree_with_torch():
    torch = pytest.importorskip("torch")
    programs = lesson_4()
    for a, b in np.random.default_rng(4).normal(size=(50, 2)):
        x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (a, b))
        (x * y + torch.sin(x)).backward()
        expected = (x.grad.item(), y.grad.item())
        for name in ("forward", "reverse"):
            _, *slopes = programs[name](float(a), float(b))
            assert tuple(slopes) == pytest.approx(expected, rel=1e-15, abs=1e-15)


def test_torch_adds_gradients_up():
    torch = pytest.importorskip("torch")
    x = torch.tensor(5.0, requires_grad=True)
    for _ in range(2):
        (x**2).backward()
    assert x.grad.item() == 20


@pytest.mark.parametrize(
    ("backend", "slope"),
    [("sympy", 0), ("finite_difference", 0), ("torch", 0), ("tensorflow", 0), ("jax", 1)],
)
def test_what_they_answer_at_a_kink(backend, slope):
    kink = cb.problem(x=0.0)(magnitude)
    assert float(cb.gradient(kink, backend)["x"]) == slope
