"""Hand-derived Hessians, Jacobians and Hessian-vector products against their certificates.

And the figures that they must have, and the structures that the problems declare.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
import sympy
from truth import assert_right, certificate

from calcbench.backends.sympy.derivatives import SymPy
from calcbench.backends.sympy.vocabulary import elementary
from calcbench.catalogue.door import default_problems, problems
from calcbench.certified import balls
from calcbench.certified.vocabulary import namespace
from calcbench.operators import find_operator
from calcbench.operators.points import points_for
from calcbench.problem.inputs import own_point
from calcbench.problem.structure import DENSE
from calcbench.vocabulary.numpy import NUMPY

NAMES = default_problems()
SECOND_ORDER = [name for name, card in problems().cards.items() if card.theme == "second_order"]


def deriving(what):
    return [name for name in NAMES if problems()[name].derives(what)]


def structured():
    found = []
    for name in NAMES:
        problem = problems()[name]
        if not problem.requires and own_point(problem).structure.sparse:
            found.append(name)
    return found


def ready(name):
    """The problem and its inputs."""
    return problems()[name], own_point(problems()[name])


def certified(problem, operator):
    """The inputs at each of the points, with a direction, and what is proved of the operator."""
    chosen = find_operator(operator).resolve(own_point(problem))
    for at in points_for(own_point(problem), operator=chosen).values():
        yield at, certificate(at, chosen)


def matrix(problem, point, blocks):
    """The Hessian, from blocks each given once."""
    sizes = [point[name].size for name in problem.parameters]
    ends = np.cumsum(sizes)
    at = {n: slice(e - s, e) for n, s, e in zip(problem.parameters, sizes, ends, strict=True)}
    whole = np.full((ends[-1], ends[-1]), np.nan)
    for (one, other), block in blocks.items():
        assert np.shape(block) == point[one].shape + point[other].shape
        flat = np.reshape(block, (point[one].size, point[other].size))
        whole[at[one], at[other]] = flat
        whole[at[other], at[one]] = flat.T
    return whole


def close(found, expected):
    scale = max(1.0, np.max(np.abs(expected)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * scale)


# --- the formulas --------------------------------------------------------------------------


@pytest.mark.parametrize("name", deriving("hessian"))
def test_hand_derived_hessian_is_the_derivative(name):
    problem, own = ready(name)
    pairs = {frozenset((m, b)) for m in problem.parameters for b in problem.parameters}
    assert not problem.structure(own).sparse
    for at, proved in certified(problem, "hessian"):
        parameters, data = problem.split(at)
        blocks = problem.hessian(NUMPY, *parameters, **data)
        assert {frozenset(pair) for pair in blocks} == pairs
        assert len(blocks) == len(pairs)
        assert_right({"hessian": matrix(problem, at, blocks)}, proved)


@pytest.mark.parametrize("name", [name for name in deriving("hessian") if problems()[name].rows])
def test_hand_derived_hessian_of_a_mean_is_the_mean_of_blocks(name):
    """by_hand may evaluate it on blocks of rows."""
    problem, own = ready(name)
    parameters, data = problem.split(own)
    count = len(own[problem.rows[0]])
    parts = []
    for block in (slice(0, 3), slice(3, count)):
        rows = {n: data[n][block] if n in problem.rows else data[n] for n in data}
        weight = (block.stop - block.start) / count if problem.reduction == "mean" else 1
        parts.append((weight, problem.hessian(NUMPY, *parameters, **rows)))
    for pair, block in problem.hessian(NUMPY, *parameters, **data).items():
        close(sum(weight * np.asarray(part[pair]) for weight, part in parts), block)


@pytest.mark.parametrize("name", deriving("hvp"))
def test_hand_derived_product_with_the_hessian(name):
    problem, own = ready(name)
    for at, proved in certified(problem, "hvp"):
        parameters, data = problem.split(at)
        along = at.seed
        product = problem.hvp(NUMPY, along, *parameters, **data)
        assert list(product) == list(problem.parameters)
        for parameter, part in product.items():
            assert part.shape == own[parameter].shape
        assert_right(product, proved)


@pytest.mark.parametrize("name", deriving("jacobian"))
def test_hand_derived_jacobian_is_the_derivative(name):
    problem, own = ready(name)
    for at, proved in certified(problem, "jacobian"):
        parameters, data = problem.split(at)
        jacobian = problem.jacobian(NUMPY, *parameters, **data)
        assert list(jacobian) == list(problem.parameters)
        outputs = problem.outputs(own)
        for parameter, part in jacobian.items():
            assert np.shape(part) == (outputs, *own[parameter].shape)
        columns = [np.reshape(part, (outputs, -1)) for part in jacobian.values()]
        assert_right({"jacobian": np.concatenate(columns, axis=1)}, proved)


@pytest.mark.parametrize("name", deriving("hessian"))
def test_hand_derived_hessian_as_formulas(name):
    """On symbols, two rows of data: the derivative of the hand-derived gradient."""
    problem, own = ready(name)
    if max(own[n].size for n in problem.parameters) > 2:
        pytest.skip("many symbols")
    backend = SymPy()
    trace = backend.trace(own, rows=2)
    parameters, data = problem.split(trace.symbols)
    gradient = problem.gradient(backend.namespace(), *parameters, **data)
    blocks = problem.hessian(backend.namespace(), *parameters, **data)
    for (one, other), block in blocks.items():
        by, slope = trace.symbols[other], np.asarray(gradient[one], dtype=object)
        assert np.shape(block) == slope.shape + by.shape
        for index in np.ndindex(np.shape(block)):
            derived = sympy.diff(slope[index[: slope.ndim]], by[index[slope.ndim :]])
            rest = sympy.expand(np.asarray(block, dtype=object)[index] - derived)
            rest = rest if rest == 0 else sympy.simplify(elementary(rest))
            assert rest == 0, (one, other, index)


@pytest.mark.parametrize("name", deriving("hessian"))
def test_hand_derived_hessian_on_balls(name):
    """Object arrays of balls: constants, vectors and matrices of them."""
    problem, own = ready(name)
    few = own.with_rows(slice(5))
    parameters, data = problem.split(few)
    expected = problem.hessian(NUMPY, *parameters, **data)
    lift = np.vectorize(balls.convert, otypes=[object])
    parameters, data = problem.split({name: lift(array) for name, array in few.values.items()})
    for pair, block in problem.hessian(namespace(balls), *parameters, **data).items():
        assert np.shape(block) == np.shape(expected[pair])
        middles = [float(balls.convert(ball).value.mid()) for ball in np.ravel(block)]
        close(middles, np.ravel(expected[pair]))


# --- figures -------------------------------------------------------------------------------


def hessian_at(name, at=None):
    problem, _ = ready(name)
    point = own_point(problem, at=at)
    parameters, data = problem.split(point)
    return matrix(problem, point, problem.hessian(NUMPY, *parameters, **data))


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("square", None, [[2]]),
        ("power_rule", {"x": 2}, [[160]]),
        ("quotient_rule", {"x": 1}, [[-0.5]]),
        ("saddle", None, [[2, 0], [0, -2]]),
        ("saddle", {"x": 0, "y": 0}, [[2, 0], [0, -2]]),
        ("box_volume", {"l": 4, "w": 3, "h": 2}, [[0, 2, 3], [2, 0, 4], [3, 4, 0]]),
        ("single_point_regression", None, [[98, 14], [14, 2]]),
        ("batch_regression", None, [[35, 7], [7, 2]]),
        ("rosenbrock", {"x": 1, "y": 1}, [[802, -400], [-400, 200]]),
    ],
)
def test_figures(name, at, expected):
    np.testing.assert_array_equal(hessian_at(name, at), expected)


def test_figures_in_words():
    """What the derivations say of the Hessians."""
    assert np.linalg.det(hessian_at("single_point_regression")) == pytest.approx(0, abs=1e-12)
    assert np.linalg.det(hessian_at("batch_regression")) == pytest.approx(21)
    along, across = np.linalg.eigvalsh(hessian_at("rosenbrock", {"x": 1, "y": 1}))
    assert across / along == pytest.approx(2500, rel=0.01)
    assert np.all(np.linalg.eigvalsh(hessian_at("binary_cross_entropy")) > 0)
    bell = {"x": np.sqrt(0.5)}
    assert hessian_at("chain_rule_single", bell) == pytest.approx(0, abs=1e-15)


def test_least_squares_through_the_jacobian():
    """Gauss and Newton's steps, without a second derivative, find the curve behind the data."""
    problem, point = ready("curve_fit_residuals")
    for _ in range(20):
        parameters, data = problem.split(point)
        residuals = problem.cost(NUMPY, *parameters, **data)
        J = np.stack([*problem.jacobian(NUMPY, *parameters, **data).values()], axis=1)
        step = np.linalg.solve(J.T @ J, -J.T @ residuals)
        point = point.with_values(point.unflatten(point.vector + step))
    assert np.max(np.abs(step)) < 1e-10
    assert [float(point[n]) for n in "abc"] == pytest.approx([2.5, 1.3, 0.5], abs=0.2)


# --- the problems of the theme -------------------------------------------------------------


@pytest.mark.parametrize("name", structured())
def test_structure_leaves_nothing_out(name):
    problem, own = ready(name)
    assert problem.parameters == ("x",)
    operator = "jacobian" if problem.vector_valued else "hessian"
    extent = (problem.outputs(own) if problem.vector_valued else own["x"].size, own["x"].size)
    inside = np.zeros(extent, dtype=bool)
    inside[problem.structure(own).pattern(*extent)] = True
    assert not np.all(inside)

    class Dense(type(problem)):
        """The same, with nothing said about its structure."""

        def structure(self, inputs):
            return DENSE

    for _, proved in certified(Dense(), operator):
        assert np.all(np.reshape(proved.value, extent)[~inside] == 0)
    some = certificate(replace(own, problem=Dense()), find_operator(operator)).value
    assert np.all(np.reshape(some, extent)[inside] != 0)  # and it holds no more than it must


@pytest.mark.parametrize("name", SECOND_ORDER)
@pytest.mark.parametrize("size", [2, 7])
def test_any_size(name, size):
    problem, _ = ready(name)
    if len(problem.sizes) == 1:
        pytest.skip("one size")
    point = own_point(problem, size)
    parameters, data = problem.split(point)
    value = np.asarray(problem.cost(NUMPY, *parameters, **data))
    assert value.shape == problem.value_shape(point)
    if problem.has_gradient:
        gradient = problem.gradient(NUMPY, *parameters, **data)
        assert_right(gradient, certificate(point))


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_problem_is_complete(name):
    problem, own = ready(name)
    assert problem.place.startswith("Beyond the gradient: ")
    assert problem.summary.endswith(".")
    assert problem.vector_valued or problem.has_gradient
    assert "zeros" in points_for(own)
    assert len(problem.sources) >= 2
    for words, _ in problem.derivation:
        assert words.endswith((".", ":"))
    for latex in (problem.formula, *(latex for _, latex in problem.derivation)):
        braces = re.sub(r"\\[{}]", "", latex)
        assert braces.count("{") == braces.count("}")
        assert latex.isascii()
