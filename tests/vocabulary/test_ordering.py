"""Orders at ties: the first of equals, derivatives only where all orders agree, and branches."""

from __future__ import annotations

import numpy as np
import pytest
from vocabulary.selectors import DIFFERENTIATING, MODES, check, gradient

import calcbench
from calcbench.certified.branches import search, unseen, visit
from calcbench.certified.reference import reference
from calcbench.conformance.case import Case
from calcbench.conformance.cases.ordering import order
from calcbench.operators import GRADIENT
from calcbench.problem.inputs import own_point

TIED = np.array([1.0, 0.0, 2.0, 0.0, 1.0, 2.0, 0.0])
ONE_OF_EACH = tuple(s for s in DIFFERENTIATING if s not in MODES)


def on_tied_data(call, places):
    """What an order of data, some of them equal, takes of a parameter."""
    return Case(
        "at ties",
        lambda xp, y, keys: call(xp, y, keys),
        (np.arange(1.0, 8.0),),
        lambda y, keys: y[places],
        data={"keys": TIED},
        scale=1.0,
    )


@pytest.mark.parametrize("selector", [*DIFFERENTIATING, "certified"])
def test_of_equals_the_first_comes_first(selector):
    """Up and down: a descending order is not the ascending one, reversed."""
    up, down = order([*TIED]), order([*TIED], descending=True)
    check(
        selector,
        [
            on_tied_data(lambda xp, y, keys: xp.take(y, xp.argsort(keys)), up),
            on_tied_data(lambda xp, y, keys: xp.take(y, xp.argsort(keys, descending=True)), down),
            on_tied_data(lambda xp, y, keys: xp.take(y, xp.top_k(keys, 3)[1]), down[:3]),
            on_tied_data(lambda xp, y, keys: xp.take(y, xp.argmax(keys)), down[0]),
            on_tied_data(lambda xp, y, keys: xp.take(y, xp.argmin(keys)), up[0]),
        ][: 5 if MODES.get(selector, 5) is None else MODES.get(selector, 5)],
    )


@pytest.mark.parametrize("name", ["argmin", "argmax"])
@pytest.mark.parametrize("shape", [(3, 32), (700, 50), (2, 5, 40), (1, 20_000)])
def test_jax_searches_long_axes_as_numpy_does(name, shape):
    """Also where several are equal, infinite, or no numbers; and in blocks, the last one short."""
    jax = pytest.importorskip("jax")
    from calcbench.backends.jax.vocabulary import namespace

    x = np.round(np.random.default_rng(0).normal(size=shape), 1)
    flat = x.reshape(-1, shape[-1])
    flat[0, ::3], flat[0, 5:20:7] = np.inf, -np.inf
    flat[-1, 7::11] = np.nan
    with jax.enable_x64(True):
        search = jax.jit(lambda x: getattr(namespace(eager=False), name)(x, axis=-1))
        found = np.asarray(search(jax.numpy.asarray(x)))
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, getattr(np, name)(x, axis=-1))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["argmin", "argmax"])
def test_jax_searches_float32_batches_and_numbers(name, keepdims):
    jax = pytest.importorskip("jax")
    from calcbench.backends.jax.vocabulary import namespace

    x = np.random.default_rng(0).normal(size=(4, 3, 40)).astype(np.float32)
    own, search = getattr(np, name), getattr(namespace(eager=False), name)
    many = jax.vmap(lambda x: search(x, axis=-1, keepdims=keepdims))
    found = np.asarray(jax.jit(many)(x))
    np.testing.assert_array_equal(found, own(x, axis=-1, keepdims=keepdims))
    assert search(3.0) == 0


SLICES = {
    "negative": (np.array([-1, 0, -3]), 0),
    "list": ([2, -3], 0),
    "tuple": ((0, 1), -1),
    "matrix": ([[1], [-2]], 1),
    "number": (-1, 0),
}


@pytest.mark.parametrize("selector", [*ONE_OF_EACH, "jax[mode=eager]", "tensorflow[mode=function]"])
def test_slices_counted_from_the_end_or_listed(selector):
    def sliced(indices, axis):
        def cost(xp, x, **data):
            return xp.take(x, data.get("places", indices), axis=axis)

        return cost

    x = np.arange(1.0, 7.0).reshape(3, 2)
    cases = [
        Case(name, sliced(*given), (x,), lambda x, given=given: np.take(x, given[0], axis=given[1]))
        for name, given in SLICES.items()
    ]
    places = np.array([-1, 0])
    data = lambda x, places: np.take(x, places, axis=0)  # noqa: E731
    check(selector, [*cases, Case("of data", sliced(None, 0), (x,), data, data={"places": places})])


@pytest.mark.parametrize("selector", [*ONE_OF_EACH, "certified"])
def test_conditions_may_be_numbers(selector):
    keep = {"keep": np.array([1.0, 0.0])}
    check(
        selector,
        [
            Case(
                f"{name} of numbers",
                lambda xp, x, keep, name=name: xp.where(getattr(xp, name)(keep), x, 3 * x),
                (np.array([0.5, -2.0]),),
                lambda x, keep, factor=factor: factor * x,
                data=keep,
            )
            for name, factor in {"all": 3, "any": 1}.items()
        ],
    )


@pytest.mark.parametrize("selector", [*ONE_OF_EACH, "certified"])
@pytest.mark.parametrize("index", ["data", "parameter"])
def test_a_number_that_no_order_gave_is_no_index(selector, index):
    """Floats are none, whatever they are: neither labels as data, nor a parameter."""

    @calcbench.problem(x=[1.5, 2.0], p=1.0, k=[0.0, 1.0])
    def labelled(xp, x, p, *, k):
        chosen = k if index == "data" else xp.stack([p, 0.0])
        return xp.sum(xp.take(x, chosen))

    with pytest.raises(Exception, match=r"(?i)int|ind(ex|ices)|cast"):
        gradient(selector, labelled)


# --- derivatives at ties --------------------------------------------------------------------------


def certified(cost, at):
    return reference(own_point(calcbench.problem(x=np.array(at))(cost)))


SMOOTH = {
    "all of them alike": lambda xp, x: xp.sum(xp.sort(x) ** 2),
    "a median of two that are equal": lambda xp, x: xp.median(x),
    "a tie of those that are not chosen": lambda xp, x: xp.max(xp.concat([xp.top_k(-x, 1)[0]])),
    "the sum of both that tie": lambda xp, x: xp.sum(xp.top_k(x, 2)[0]),
}


@pytest.mark.parametrize("what", SMOOTH)
def test_a_tie_across_which_nothing_changes_has_a_derivative(what):
    point = [2.0, 2.0, -1.0, 3.0] if "median" in what else [2.0, 2.0, -1.0]
    found = certified(SMOOTH[what], point).value["x"]
    expected = {
        "all of them alike": [4.0, 4.0, -2.0],
        "a median of two that are equal": [0.5, 0.5, 0.0, 0.0],
        "a tie of those that are not chosen": [0.0, 0.0, -1.0],
        "the sum of both that tie": [1.0, 1.0, 0.0],
    }[what]
    np.testing.assert_array_equal(found, expected)


ROUGH = {
    "the smallest of two": lambda xp, x: xp.sort(x)[0],
    "the middle of three": lambda xp, x: xp.median(x),
    "the larger": lambda xp, x: xp.sum(xp.top_k(x, 1)[0]),
    "what jumps": lambda xp, x: xp.take(xp.stack([3 * x[0], x[0]]), xp.argmax(x)),
}


@pytest.mark.parametrize("what", ROUGH)
def test_a_tie_where_the_order_counts_has_none(what):
    at = [2.0, 2.0, 3.0] if "three" in what else [2.0, 2.0]
    found = certified(ROUGH[what], at)
    assert found.rough["x"].any()
    assert not found.open["x"].any()


@pytest.mark.parametrize("selector", ONE_OF_EACH)
@pytest.mark.parametrize("what", ["all of them alike", "the sum of both that tie"])
def test_every_backend_has_the_derivative_at_a_tie_that_has_one(what, selector):
    cost = calcbench.problem(x=np.array([2.0, 2.0, -1.0]))(SMOOTH[what])
    expected = certified(SMOOTH[what], [2.0, 2.0, -1.0]).value["x"]
    np.testing.assert_allclose(gradient(selector, cost)["x"], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("selector", [s for s in ONE_OF_EACH if s != "finite_difference"])
def test_a_descending_order_of_parameters_has_the_first_of_equals_first(selector):
    cost = calcbench.problem(x=[1.0, 2.0, 2.0])(
        lambda xp, x: xp.sum(xp.sort(x, descending=True) * xp.arange(3))
    )
    np.testing.assert_allclose(gradient(selector, cost)["x"], [2.0, 0.0, 1.0])


# --- branches -------------------------------------------------------------------------------------


def test_an_index_that_a_parameter_decides_is_compared_in_a_branch():
    """A formula that is right while the first is the largest is no proof for the others."""

    class Largest(calcbench.Problem):
        """The square of the largest."""

        def inputs(self, size, rng):
            return {"x": [3.0, 1.0, -1.0]}

        def cost(self, xp, x):
            return xp.max(x) ** 2

        def gradient(self, xp, x):
            first = xp.equal(xp.argmax(x), 0)
            return {"x": xp.where(first, 2 * x[0], 0.0) * xp.one_hot(0, 3)}

    visits = [visit(own_point(Largest()), GRADIENT)]
    seen = {str(site).split("`")[1] for v in visits for site, _ in v.outcomes if not site.kink}
    assert seen == {"xp.equal(xp.argmax(x), 0)"}
    assert any("was never false" in text for text in unseen(visits[0].outcomes))
    found = [*visits, *search(visits, GRADIENT)]
    assert {int(np.argmax(v.point["x"])) for v in found} == {0, 1, 2}
    assert unseen(outcome for v in found for outcome in v.outcomes) == []


def test_a_formula_that_is_right_in_one_order_alone_is_wrong():
    """At the own point the middle one is x[1], as it is in most of those that are drawn."""

    @calcbench.problem(
        x=np.array([1.0, 2.0, 400.0]), gradient=lambda xp, x: {"x": 2 * x[1] * xp.one_hot(1, 3)}
    )
    def middle(xp, x):
        return xp.median(x) ** 2

    comparison = calcbench.compare(middle, ["by_hand", "finite_difference"])
    assert {row.backend: row.status for row in comparison}["by_hand"] == "disagree"


# --- symbols --------------------------------------------------------------------------------------


def test_symbols_say_which_is_chosen_and_not_what_order_there_is():
    sympy = pytest.importorskip("sympy")
    from calcbench.backends.sympy.ordering import Choice, Chosen, Ordering, Place

    a, b, c = sympy.symbols("a b c", real=True)
    place = Place(0, Ordering(a, b, c))
    assert sympy.diff(Choice(place, a, 2 * b, c), b) == 2 * Chosen(1, place)
    assert place.subs({a: 2, b: 1, c: 1}) == 1
    assert Choice(place, 7, 8, 9).subs({a: 2, b: 1, c: 1}) == 8


def test_a_formula_with_an_order_is_proved_in_symbols():
    class Middle(calcbench.Problem):
        """The square of the median."""

        def inputs(self, size, rng):
            return {"x": [3.0, 1.0, -1.0]}

        def cost(self, xp, x):
            return xp.median(x) ** 2

        def gradient(self, xp, x):
            middle = xp.argsort(x)[1]
            return {"x": 2 * xp.take(x, middle) * xp.one_hot(middle, 3)}

    (sympy,) = calcbench.catalogue.selection.select_backends(["sympy"])
    assert sympy.prove(own_point(Middle())) == "proved"


def test_symbols_refuse_an_order_of_too_many():
    long = calcbench.problem(x=np.arange(1000.0))(lambda xp, x: xp.sum(xp.sort(x)[:10]))
    with pytest.raises(calcbench.Unsupported, match="operations"):
        gradient("sympy", long)


def test_jax_itself_loses_a_nan_in_the_largest_of_many():
    """As docs/vocabulary.md says. Where this fails, JAX has mended it: change the page."""
    jax = pytest.importorskip("jax")
    x = np.zeros(160_000, np.float32)
    x[5] = np.nan
    assert not np.isnan(jax.jit(jax.numpy.max)(x))
