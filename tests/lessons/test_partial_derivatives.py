"""What the lessons of the second segment say: slices, solids, notation, chains."""

import math

import numpy as np
import pytest
import sympy

import calcbench as cb

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
