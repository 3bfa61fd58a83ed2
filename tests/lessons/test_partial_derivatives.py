"""What the lessons of the second segment say: slices, solids, notation, chains."""

import math

import numpy as np
import pytest
import sympy

import calcbench as cb

BACKENDS = ["by_hand", "sympy", "finite_difference", "torch", "tensorflow", "jax"]

# --- 5: one variable moves -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "z", "slopes"),
    [((3, 2), 5, (6, -4)), ((1, -2), -3, (2, 4)), ((-1.5, 0.5), 2, (-3, -1)), ((0, 0), 0, (0, 0))],
)
def test_the_saddle_and_its_slopes(at, z, slopes):
    place = dict(zip("xy", at, strict=True))
    assert cb.cost("saddle", at=place) == z
    assert tuple(map(float, cb.gradient("saddle", at=place).values())) == slopes


def test_tangents_of_the_slices_touch():
    x, y = sympy.symbols("x y")
    along_x = (x**2 - 2**2) - (6 * x - 13)
    along_y = (3**2 - y**2) - (-4 * y + 13)
    assert sympy.roots(along_x) == {3: 2}
    assert sympy.roots(along_y) == {2: 2}


def test_the_tangent_plane_is_off_by_a_difference_of_squares():
    a, b = sympy.symbols("a b")
    saddle = (3 + a) ** 2 - (2 + b) ** 2
    plane = 6 * (3 + a) - 4 * (2 + b) - 5
    assert sympy.expand(saddle - plane) == a**2 - b**2


def test_the_gradient_is_at_right_angles_to_level_curves():
    slope = cb.prepare("saddle", "by_hand")
    for level in (2, 4, 6, 8):  # x = √level · cosh t, y = √level · sinh t
        for t in np.linspace(-1, 1, 9):
            x, y = math.sqrt(level) * math.cosh(t), math.sqrt(level) * math.sinh(t)
            assert cb.cost("saddle", at={"x": x, "y": y}) == pytest.approx(level)
            gradient = slope(x=x, y=y)
            along = np.array([y, x]) / math.hypot(x, y)  # d/dt of both
            assert abs(along @ [float(gradient["x"]), float(gradient["y"])]) < 1e-6


# --- 6: geometric examples -------------------------------------------------------------------

SOLIDS = {
    "cylinder": ({"r": 3, "l": 5}, {"r": 2, "l": 1}),
    "box": ({"l": 4, "w": 3, "h": 2}, {"l": 1, "w": 1, "h": 1}),
    "cone": ({"r": 3, "h": 4}, {"r": 2, "h": 1}),
    "sphere": ({"r": 3}, {"r": 3}),
    "torus": ({"R": 3, "r": 1}, {"R": 1, "r": 2}),
}


@pytest.mark.parametrize("solid", SOLIDS)
def test_per_cent_for_per_cent_is_the_exponent(solid):
    at, exponents = SOLIDS[solid]
    volume = float(cb.cost(f"{solid}_volume", at=at))
    slopes = cb.gradient(f"{solid}_volume", at=at)
    for name, exponent in exponents.items():
        assert at[name] * float(slopes[name]) / volume == pytest.approx(exponent, rel=1e-12)


def test_the_slope_of_a_sphere_is_its_skin():
    r = sympy.symbols("r")
    assert sympy.diff(sympy.pi * r**3 * sympy.Rational(4, 3), r) == 4 * sympy.pi * r**2


def test_the_can_of_least_sheet_is_as_wide_as_long():
    r = sympy.symbols("r", positive=True)
    sheet = 2 * sympy.pi * r**2 + 2 / r
    (best,) = sympy.solve(sympy.diff(sheet, r), r)
    assert float(best) == pytest.approx(0.54192607, abs=5e-9)
    assert sympy.simplify(1 / (sympy.pi * best**2) / best) == 2


# --- 7: notation -------------------------------------------------------------------------------


def test_the_wave_obeys_its_equation():
    x, t = sympy.symbols("x t")
    u = sympy.exp(-t / 2) * sympy.sin(x - 2 * t)
    assert sympy.simplify(sympy.diff(u, t) + u / 2 + 2 * sympy.diff(u, x)) == 0
    assert sympy.simplify(sympy.diff(u, x, t) - sympy.diff(u, t, x)) == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_hessian_of_every_backend_is_symmetric(backend):
    at = {"x": 1, "t": 0.5}
    found = cb.hessian("damped_wave", backend, at=at)
    (record,) = cb.verify("damped_wave", backend, at, operator="hessian")
    assert abs(found[0, 1] - found[1, 0]) <= 2 * np.max(record.bound["hessian"])


def test_what_is_held_matters():
    x, y = sympy.symbols("x y")
    assert sympy.diff(x * y, x).subs(y, x**2).subs(x, 2) == 4
    assert sympy.diff((x * y).subs(y, x**2), x).subs(x, 2) == 12


# --- 8: the chain rule -----------------------------------------------------------------------


def paths(r, s, t):
    """The products along the three paths of each variable, as lesson 8 writes them."""
    x, y, z = r * s * math.exp(t), r * s**2 * math.exp(-t), r**2 * s * math.sin(t)
    outer = (4 * x**3 * y, x**4 + 2 * y * z**3, 3 * y**2 * z**2)
    inner = {
        "r": (s * math.exp(t), s**2 * math.exp(-t), 2 * r * s * math.sin(t)),
        "s": (r * math.exp(t), 2 * r * s * math.exp(-t), r**2 * math.sin(t)),
        "t": (r * s * math.exp(t), -r * s**2 * math.exp(-t), r**2 * s * math.cos(t)),
    }
    return {n: [a * b for a, b in zip(outer, slopes, strict=True)] for n, slopes in inner.items()}


def test_the_sum_over_paths_is_the_gradient():
    slope = cb.prepare("general_chain_rule", "sympy")
    rng = np.random.default_rng(8)
    for r, s, t in rng.uniform(0.5, 2, (20, 3)):
        found = slope(r=r, s=s, t=t)
        for name, products in paths(r, s, t).items():
            largest = max(map(abs, products))
            assert abs(float(found[name]) - sum(products)) <= 1e-12 * largest


def test_there_is_a_product_for_each_path():
    assert [len(products) for products in paths(2, 1, 0).values()] == [3, 3, 3]
    assert paths(2, 1, 0)["s"] == [128, 64, 0]


def test_a_walk_on_x2y():
    t = sympy.symbols("t")
    slope = sympy.diff(sympy.cos(t) ** 2 * sympy.sin(t), t)
    assert slope.subs(t, 0) == 1
    assert sympy.simplify(slope.subs(t, sympy.pi / 4) + sympy.sqrt(2) / 4) == 0


# --- 9: long chains ----------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_product_of_local_slopes_is_the_gradient(backend):
    a, b, c, x = 0.5, -1.5, 2, 1.2
    p = math.tanh(a * x)
    q = math.tanh(b * p)
    y = math.tanh(c * q)
    by_c = (1 - y**2) * q
    by_b = (1 - y**2) * c * (1 - q**2) * p
    by_a = (1 - y**2) * c * (1 - q**2) * b * (1 - p**2) * x
    found = cb.gradient("deep_composition", backend)
    accuracy = 1e-9 if backend == "finite_difference" else 1e-14
    assert [float(found[n]) for n in "abc"] == pytest.approx([by_a, by_b, by_c], rel=accuracy)


def test_differences_lose_digits_where_the_gradient_vanishes():
    threes = {"a": 3, "b": 3, "c": 3}
    exact = cb.gradient("deep_composition", "by_hand", at=threes)
    found = cb.gradient("deep_composition", "finite_difference", at=threes)
    errors = {n: abs(float(found[n]) / float(exact[n]) - 1) for n in threes}
    assert errors["c"] < 1e-8 < errors["a"]
    assert 3000 < exact["c"] / exact["a"] < 3200
