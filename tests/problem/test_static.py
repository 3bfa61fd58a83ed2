"""Static data: Python integers, tuples and text are what they are, on every backend."""

import numpy as np
import pytest

import calcbench
from calcbench.catalogue.selection import select_backends
from calcbench.errors import ProblemError, SelectorError
from calcbench.problem.inputs import own_point

BACKENDS = (
    *("by_hand", "finite_difference", "finite_difference[scheme=complex]", "sympy", "autograd"),
    *("torch", "torch[mode=func]", "tensorflow", "tensorflow[mode=function]", "jax"),
)

EDGES = ((0, 1), (1, 2))


def slope(xp, w, *, n, edges, how, v):
    assert type(n) is int
    inner = w * 0
    for i, j in edges:
        unit = xp.asarray(np.eye(3)[i] - np.eye(3)[j])
        inner = inner + 2 * unit * (w[i] - w[j])
    return {"w": (2.0 if how == "double" else 1.0) * inner + n * w ** (n - 1) * v}


@calcbench.problem(
    w=[-0.5, 1.5, 2.0], n=3, edges=EDGES, how="double", v=[1.0, 0.5, 0.25], gradient=slope
)
def springs(xp, w, *, n, edges, how, v):
    """Springs between neighbours, and a power with a whole exponent, of a negative number too."""
    assert (type(n), type(edges), type(how)) == (int, tuple, str)
    total = xp.sum(xp.iterate(lambda s: s * w, xp.ones_like(w), n) * v)
    for i, j in edges:
        total = total + (2.0 if how == "double" else 1.0) * (w[i] - w[j]) ** 2
    return total


def expected(w, n, edges=EDGES):
    found = n * w ** (n - 1) * np.array([1.0, 0.5, 0.25])
    for i, j in edges:
        found[i] += 4 * (w[i] - w[j])
        found[j] -= 4 * (w[i] - w[j])
    return found


OWN = np.array([-0.5, 1.5, 2.0])


@pytest.mark.few(4)
@pytest.mark.parametrize("selector", BACKENDS)
def test_every_backend_is_given_what_they_are(selector):
    prepared = calcbench.prepare(springs, selector)
    np.testing.assert_allclose(prepared()["w"], expected(OWN, 3), rtol=1e-5)
    # Another one is prepared anew; the own one is still there.
    np.testing.assert_allclose(prepared(n=5)["w"], expected(OWN, 5), rtol=1e-5)
    one = prepared(n=2, edges=((0, 2),), w=2 * OWN)["w"]
    np.testing.assert_allclose(one, expected(2 * OWN, 2, ((0, 2),)), rtol=1e-5)
    np.testing.assert_allclose(prepared(w=2 * OWN)["w"], expected(2 * OWN, 3), rtol=1e-5)


def test_they_are_judged_like_any_other_cost():
    for row in calcbench.compare(springs, ["by_hand", "finite_difference", "sympy", "autograd"]):
        assert row.status == "ok", row.reason
    assert float(calcbench.reference(springs).value["w"][0]) == expected(OWN, 3)[0]


def test_a_preparation_is_for_one_of_them():
    (backend,) = select_backends(["finite_difference"])
    own = own_point(springs)
    prepared = backend.prepare(own)
    other = own.with_values({"n": own_point(another(4))["n"]})
    with pytest.raises(ProblemError, match=r"prepared for n=3, and cannot run with 4: prepare it"):
        prepared.load(other)


def another(n):
    return calcbench.problem(w=OWN, n=n, edges=EDGES, how="", v=OWN)(springs._function)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n", 2.5, "a whole number"),
        ("edges", [0, 1], "a tuple of whole numbers"),
        ("how", 1, "text"),
    ],
)
def test_another_kind_is_refused(name, value, expected):
    prepared = calcbench.prepare(springs, "by_hand")
    with pytest.raises(SelectorError, match=f"{name}=.* is not {expected}"):
        prepared(**{name: value})


def test_a_parameter_that_is_an_integer_is_a_number():
    @calcbench.problem(x=3)
    def square(x):
        return x * x

    assert calcbench.gradient(square, "finite_difference")["x"] == pytest.approx(6.0)
