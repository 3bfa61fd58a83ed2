"""The check of a declared structure that no certificate has checked: entries, and not noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import calcbench as cb
from calcbench.catalogue.selection import select_backends
from calcbench.judge.runner import InProcess
from calcbench.judge.structure import check_structure
from calcbench.operators import find_operator
from calcbench.operators.operator import single
from calcbench.problem.inputs import own_point

N = 7

DIFFERENCES = tuple(
    f"finite_difference[scheme={scheme}]"
    for scheme in ("central", "forward", "complex", "richardson")
)


class Pairs(cb.Problem):
    """A sum of cubes, and products of some pairs of numbers; `left_out` are not declared."""

    def __init__(self, pairs=((0, 6),), left_out=(), weight=1.0):
        self.pairs, self.left_out, self.weight = tuple(pairs), tuple(left_out), weight

    def inputs(self, size, rng):
        one, other = zip(*self.pairs, strict=True)
        return {"x": rng.uniform(1, 2, N), "one": np.array(one), "other": np.array(other)}

    def structure(self, inputs):
        kept = [pair for pair in self.pairs if pair not in self.left_out]
        rows = [*range(N), *(i for i, _ in kept), *(j for _, j in kept)]
        columns = [*range(N), *(j for _, j in kept), *(i for i, _ in kept)]
        return cb.Coordinates(rows, columns)

    def cost(self, xp, x, *, one, other):
        p, q = xp.take(x, one), xp.take(x, other)
        return xp.sum(x**3) + self.weight * xp.sum(p**2 * q)


class Neighbours(cb.Problem):
    """A vector: each number by the next one, and the last by the first."""

    def __init__(self, left_out=False):
        self.left_out = left_out

    def inputs(self, size, rng):
        return {"x": rng.uniform(1, 2, N)}

    def outputs(self, inputs):
        return N

    def structure(self, inputs):
        k = np.arange(N)
        last = k[:-1] if self.left_out else k
        return cb.Coordinates([*k, *last], [*k, *((last + 1) % N)])

    def cost(self, xp, x):
        return x**3 * xp.concat([x[1:], x[:1]])


class Cancelled(cb.Problem):
    """Rows of which rounding is all that is left: √x² has no second derivative but 0."""

    def __init__(self, left_out=0.0):
        self.left_out = left_out

    def inputs(self, size, rng):
        return {"x": rng.uniform(1, 2, N)}

    def structure(self, inputs):
        return cb.DIAGONAL

    def cost(self, xp, x):
        nothing = 1e6 * xp.sum(xp.sqrt(x[1:]) ** 2)
        return nothing + x[0] ** 3 + self.left_out * x[1] * x[2]


def check(problem, selector, operator):
    """Check the structure as it is where nothing is certified."""
    (backend,) = select_backends([selector])
    point, wanted = own_point(problem), find_operator(operator)
    entries = single(backend.prepare(point, wanted).evaluate(point))
    check_structure(wanted, point, entries, [backend], InProcess())


@pytest.mark.parametrize("selector", [*DIFFERENCES, "dual", "tape", "autograd"])
def test_a_right_structure_is_accepted_and_a_wrong_one_is_not(selector):
    for right, wrong, operator in (
        (Pairs(), Pairs(left_out=[(0, 6)]), "hessian"),
        (Neighbours(), Neighbours(left_out=True), "jacobian"),
    ):
        check(right, selector, operator)
        with pytest.raises(cb.ProblemError, match="structure leaves out an entry"):
            check(wrong, selector, operator)


def test_sparse_hessians_by_differences_are_given():
    found = cb.hessian(Pairs(), "finite_difference", sparse=True)
    np.testing.assert_allclose(found.toarray(), cb.hessian(Pairs(), "dual"), atol=1e-4)


@settings(max_examples=8)
@given(st.data())
def test_what_differences_tell_is_whether_an_entry_is_left_out(data):
    places = st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(lambda p: p[0] < p[1])
    pairs = data.draw(st.lists(places, min_size=1, max_size=5, unique=True))
    weight = data.draw(st.sampled_from([1e-2, 1.0, 30.0]))
    check(Pairs(pairs, weight=weight), "finite_difference", "hessian")
    with pytest.raises(cb.ProblemError, match="structure leaves out an entry"):
        check(Pairs(pairs, pairs[:1], weight), "finite_difference", "hessian")


@pytest.mark.parametrize("selector", ["dual", "tape", "autograd", "dual[dtype=float32]"])
def test_rounding_of_what_cancels_is_no_entry(selector):
    check(Cancelled(), selector, "hessian")
    with pytest.raises(cb.ProblemError, match=r"in the row of x\[1\]"):
        check(Cancelled(left_out=1.0), selector, "hessian")


class NearZero(cb.Problem):
    """What is left out by DIAGONAL is 0 where x[0] is 1, and x[0] is at some distance from it."""

    def __init__(self, distance):
        self.distance = distance

    def inputs(self, size, rng):
        return {"x": np.array([1.0 + self.distance, *rng.uniform(1, 2, N - 1)])}

    def structure(self, inputs):
        return cb.DIAGONAL

    def cost(self, xp, x):
        return xp.sum(x**3) + 1e4 * (x[0] - 1.0) ** 2 * x[1]


class Waves(NearZero):
    """What is left out changes its sign at every ten-millionth."""

    def cost(self, xp, x):
        return xp.sum(x**3) + 1e-7 * xp.sin(1e7 * x[0]) * x[1]


@pytest.mark.parametrize("selector", ["dual", "tape"])
def test_an_entry_is_one_close_to_where_it_is_0(selector):
    for problem in (*map(NearZero, (1e-1, 1e-4, 1e-7, 1e-9)), Waves(1e-7)):
        with pytest.raises(cb.ProblemError, match="structure leaves out an entry"):
            check(problem, selector, "hessian")
    check(NearZero(0.0), selector, "hessian")


class ByHand(cb.Problem):
    """A sum of squares, whose formula adds what is 0 but for rounding to every entry."""

    entry = 0.0

    def inputs(self, size, rng):
        return {"x": rng.uniform(1, 2, N)}

    def structure(self, inputs):
        return cb.DIAGONAL

    def cost(self, xp, x):
        return xp.sum(x**2)

    def hessian(self, xp, x):
        nothing = xp.sqrt(x) ** 2 - x + self.entry
        return {("x", "x"): 2.0 * xp.eye(N) + nothing[:, None] + nothing[None, :]}


class ByHandOff(ByHand):
    entry = 1e-12


def test_rounding_in_a_hand_derived_formula_is_no_entry():
    found = cb.hessian(ByHand(), "by_hand", sparse=True)
    np.testing.assert_allclose(found.toarray(), 2.0 * np.eye(N), rtol=1e-15)
    with pytest.raises(cb.ProblemError, match=r"leaves out an entry .* \[0, 1\], which is 2"):
        cb.hessian(ByHandOff(), "by_hand", sparse=True)
