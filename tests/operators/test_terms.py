"""Operators that nobody has heard of: everything follows from the terms that they state."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from modes import BACKENDS
from truth import assert_right, certificate

import calcbench as cb
from calcbench.catalogue.selection import select_backends
from calcbench.certified.certificate import formula_allowance, formula_error
from calcbench.operators import OPERATORS, find_operator
from calcbench.operators.entries import Entries, Product
from calcbench.operators.evaluation import prepare_evaluation
from calcbench.operators.operator import Layout, Operator
from calcbench.problem.flat import cut, flatten, unflatten
from calcbench.problem.inputs import own_point


class WeightedTrace(Operator):
    """Σ vₖ ∂²C/∂θₖ²: picked entries, each with a weight of its own."""

    name = "weighted_trace"
    seeded = "direction"

    def terms(self, point):
        each = np.arange(point.size)
        return (Entries(2, 0, each, each, each),)

    def layout(self, point):
        return Layout({"trace": ()}, lambda k: "Σ v·diag H")


class Model(Operator):
    """C + ∇C·v as one number, then H·v: values, first and second partials in one result."""

    name = "model"
    seeded = "direction"

    def terms(self, point):
        n = point.size
        each = np.arange(n)
        row, column = point.pattern(2)
        return (
            Entries(0, 0, 0, 0),
            Entries(1, 0, 0, each, each),
            Entries(2, row + 1, row, column, column),
        )

    def layout(self, point):
        return Layout({"C": (), **point.shapes}, lambda k: f"model[{k}]")


class Corner(Operator):
    """Two entries of the Hessian, the wrong way round."""

    name = "corner"

    def terms(self, point):
        last = point.size - 1
        return (Entries(2, [1, 0], [0, last], [0, 0]),)

    def layout(self, point):
        return Layout({"corner": (2,)}, lambda k: f"corner[{k}]")


NOVEL = [WeightedTrace(), Model(), Corner()]
PROBLEMS = ["batch_regression", "rosenbrock", "extended_rosenbrock", "quadratic_cost"]


@pytest.mark.few(50, more=80)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("operator", NOVEL, ids=lambda operator: operator.name)
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_new_operator_is_right_on_every_backend(name, operator, backend):
    point = operator.seed_point(own_point(cb.problems()[name]), np.random.default_rng(0))
    (engine,) = select_backends([backend])
    prepared = engine.prepare(point, operator)
    bound = engine.error_bound(point, operator)
    assert_right(prepared.evaluate(point), certificate(point, operator), bound)
    moved = point.with_values({n: 0.9 * a + 0.05 for n, a in point.parameters.items()})
    assert_right(
        prepared.evaluate(moved),
        certificate(moved, operator),
        engine.error_bound(moved, operator),
    )


@pytest.mark.parametrize("operator", [WeightedTrace(), Corner()], ids=lambda o: o.name)
def test_a_wrong_hessian_shows_in_whatever_is_made_of_it(operator):
    class Wrong(type(cb.problems()["rosenbrock"])):
        def hessian(self, xp, x, y):
            right = super().hessian(xp, x, y)
            return {**right, ("x", "x"): right["x", "x"] * (1 + 1e-9)}

    point = operator.seed_point(own_point(Wrong()), np.random.default_rng(0))
    found = certificate(point, operator)
    assert np.any(np.abs(formula_error(found)) > formula_allowance(found))


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("problem", [*PROBLEMS, "curve_fit_residuals", "broyden_tridiagonal"])
def test_terms_written_down_are_the_products(problem, name):
    """A product says the same as its entries, one by one."""
    point = own_point(cb.problems()[problem])
    try:
        operator = find_operator(name).resolve(point)
    except cb.Unsupported:
        pytest.skip("there is no such derivative")
    point = operator.seed_point(point, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    stored = {order: rng.normal(size=len(point.pattern(order)[0])) for order in range(3)}

    class Written(type(operator)):
        def terms(self, point):
            stated = super().terms(point)
            return tuple(t.entries(point) if isinstance(t, Product) else t for t in stated)

    written = Written(*operator.arguments())
    one, other = (
        prepare_evaluation(o, point)(stored, point.seed_vector) for o in (operator, written)
    )
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["value_and_gradient", "gradient_and_hvp"])
def test_a_joint_operator_is_its_parts_end_to_end(name):
    """In balls, in symbols and in floats alike."""
    operator = find_operator(name)
    for problem in ("rosenbrock", "softmax_cross_entropy", "extended_rosenbrock"):
        point = operator.seed_point(own_point(cb.problems()[problem]), np.random.default_rng(4))
        both = certificate(point, operator)
        parts = [certificate(point, part) for part in operator.parts()]
        assert np.all(both.judged)
        together = np.concatenate([part.value for part in parts])
        np.testing.assert_allclose(both.value, together, rtol=1e-15, atol=1e-18)
        # Each part may be off by what it may be alone: no more, and no less.
        alone = np.concatenate([part.bound for part in parts])
        np.testing.assert_allclose(both.bound, alone, rtol=1e-12)
        labels = [
            part.operator.layout(point).label(k) for part in parts for k in range(len(part.value))
        ]
        assert list(map(operator.layout(point).label, range(len(both.value)))) == labels
        for backend in select_backends(["finite_difference", "sympy", "tape"]):
            found = flatten(backend.prepare(point, operator).evaluate(point).values())
            single = [backend.prepare(point, part).evaluate(point) for part in operator.parts()]
            wanted = flatten([array for part in single for array in part.values()])
            np.testing.assert_allclose(found, wanted, rtol=1e-14, atol=1e-15)


# --- points ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", cb.problems())
def test_components_have_names_and_names_have_components(name):
    problem = cb.problems()[name]
    if any(cb.problems().cards[name].declared.get("requires", ())):
        pytest.importorskip("sklearn")
    point = own_point(problem)
    names = [point.component(k) for k in range(point.size)]
    assert len(set(names)) == point.size
    assert [point.position(component) for component in names] == list(range(point.size))
    values = [point[parameter][index] for parameter, index in map(point.split_component, names)]
    np.testing.assert_array_equal(values, point.vector)


shapes = st.lists(st.lists(st.integers(1, 3), max_size=3).map(tuple), min_size=1, max_size=4)


@given(shapes, st.integers(0, 2**32))
def test_flat_and_named_are_the_same_numbers(shapes, seed):
    rng = np.random.default_rng(seed)
    named = {f"p{k}": rng.normal(size=shape) for k, shape in enumerate(shapes)}
    vector = flatten(named.values())
    back = unflatten(vector, {name: array.shape for name, array in named.items()})
    assert list(back) == list(named)
    for name, array in named.items():
        np.testing.assert_array_equal(back[name], array)
    stacked = cut(np.stack([vector, 2 * vector]), shapes)
    for part, array in zip(stacked, named.values(), strict=True):
        np.testing.assert_array_equal(part, np.stack([array, 2 * array]))
