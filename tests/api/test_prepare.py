"""An operator that is prepared once, and called with named arguments."""

import inspect

import numpy as np
import pytest
from modes import BACKENDS, differentiates, is_exact, names, require

import calcbench as cb
from calcbench.backend.backend import Backend

DIRECTION = {"m": 1.0, "b": -2.0}

CALLS = {
    "cost": (cb.cost, None),
    "gradient": (cb.gradient, None),
    "value_and_gradient": (cb.value_and_gradient, None),
    "partial[b]": (lambda *args: cb.partial(args[0], "b", *args[1:]), None),
    "pushforward": (lambda *args: cb.pushforward(args[0], DIRECTION, *args[1:]), DIRECTION),
    "pullback": (lambda *args: cb.pullback(args[0], 3.0, *args[1:]), 3.0),
    "hvp": (lambda *args: cb.hvp(args[0], DIRECTION, *args[1:]), DIRECTION),
    "gradient_and_hvp": (
        lambda *args: cb.gradient_and_hvp(args[0], DIRECTION, *args[1:]),
        DIRECTION,
    ),
    "hessian": (cb.hessian, None),
}
"""Operator → the function of its name, and the direction or cotangent that it takes."""

LINE = "batch_regression"


def same(found, expected):
    """Assert that two results have the same form, dtype and numbers."""
    assert type(found) is type(expected)
    if isinstance(found, dict):
        assert list(found) == list(expected)
        found, expected = tuple(found.values()), tuple(expected.values())
    if isinstance(found, tuple):
        for pair in zip(found, expected, strict=True):
            same(*pair)
        return
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("operator", CALLS)
@pytest.mark.parametrize("backend", ["by_hand", "finite_difference", "sympy"])
def test_it_gives_what_the_function_gives(backend, operator):
    function, direction = CALLS[operator]
    prepared = cb.prepare(LINE, backend, operator)
    for at in ({"m": 0.9, "b": 0.1}, {"m": -3, "b": np.float32(0.5)}):
        same(prepared(direction, **at), function(LINE, backend, at))
    same(prepared(direction), function(LINE, backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_in_both_dtypes(backend):
    require(backend)
    for dtype in ("float64", "float32"):
        prepared = cb.prepare(LINE, f"{backend}[dtype={dtype}]")
        found = prepared(m=0.9, b=0.1)
        assert {partial.dtype for partial in found.values()} == {np.dtype(dtype)}
        exact = backend in names(is_exact)
        tolerance = {"float64": 1e-13 if exact else 1e-7, "float32": 1e-5 if exact else 0.05}[dtype]
        assert found == pytest.approx({"m": 36.305, "b": 6.265}, rel=tolerance)


@pytest.mark.parametrize("backend", names(differentiates))
def test_it_is_prepared_once(backend, monkeypatch):
    require(backend)
    asked = []
    kind = cb.backends()[backend]
    prepare = kind.prepare
    monkeypatch.setattr(kind, "prepare", lambda *args: (asked.append(1), prepare(*args))[1])
    square = cb.prepare("square", backend)
    slopes = [float(square(x=x)["x"]) for x in (1.0, 2.0, -3.0)]
    assert slopes == pytest.approx([2.0, 4.0, -6.0], rel=1e-7)
    assert len(asked) == 1


@cb.problem(w=[1.0, 2.0], X=[[1.0, 2.0], [3.0, 4.0]], which=np.array([0, 1]), y=[1.0, 0.0])
def picked(xp, w, *, X, which, y):
    """Take rows by index."""
    return xp.sum((xp.matmul(xp.take(X, which, axis=0), w) - y) ** 2)


@pytest.mark.parametrize("backend", ["finite_difference", "jax", "torch"])
def test_data_take_the_place_of_the_problems(backend):
    require(backend)
    slope = cb.prepare(picked, backend)
    X, which, y = np.array([[0.5, 1.0], [2.0, -1.0]]), [1, 1], np.zeros(2)
    rows = X[which]
    expected = 2 * rows.T @ (rows @ [3.0, 1.0] - y)
    kept = X.copy()
    found = slope(w=[3.0, 1.0], X=X, which=which, y=y)["w"]
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    found[:] = np.nan
    assert np.array_equal(X, kept)
    own = slope()["w"]
    np.testing.assert_allclose(own, cb.gradient(picked, backend)["w"])
    np.testing.assert_allclose(slope(y=np.zeros(2))["w"], slope(w=[1, 2], y=[0, 0])["w"])


def test_a_matrix_is_dense_or_sparse():
    dense = cb.prepare("extended_rosenbrock", "by_hand", "hessian", size=6)
    sparse = cb.prepare("extended_rosenbrock", "by_hand", "hessian", size=6, sparse=True)
    x = np.linspace(-1, 1, 6)
    expected = cb.hessian("extended_rosenbrock", "by_hand", {"x": x}, size=6)
    assert np.count_nonzero(np.triu(expected, 2)) == 0 < np.count_nonzero(expected)
    same(dense(x=x), expected)
    same(sparse(x=x).toarray(), expected)
    assert sparse(x=x).nnz == 16


def test_a_vector_has_a_jacobian_and_a_value():
    jacobian = cb.prepare("curve_fit_residuals", "by_hand", "jacobian")
    same(jacobian(), cb.jacobian("curve_fit_residuals", "by_hand"))
    assert cb.cost("curve_fit_residuals").shape == (jacobian().shape[0],)


def test_the_cost_at_a_point():
    value = cb.cost("saddle", "by_hand", {"x": 3, "y": 1})
    assert isinstance(value, np.ndarray)
    assert (value, value.shape, value.dtype) == (8.0, (), np.float64)
    assert cb.cost("saddle", "finite_difference[dtype=float32]").dtype == np.float32


def test_names_that_could_be_mistaken():
    @cb.problem(self=2.0, direction=3.0, at=1.0, values=1.0, C=1.0, point=4.0)
    def awkward(self, direction, at, *, values, C, point):
        return self * direction**2 * at + values * C * point

    slope = cb.prepare(awkward, "finite_difference")
    assert slope(self=2, direction=5, at=1)["self"] == pytest.approx(25)
    assert slope(self=2, direction=5, at=1, point=2.0)["at"] == pytest.approx(50)
    product = cb.prepare(awkward, "finite_difference", "pushforward")
    found = product({"self": 1, "direction": 0, "at": 0}, self=2, direction=5, at=1)
    assert found == pytest.approx(25)


def test_how_it_says_what_it_is():
    slope = cb.prepare(LINE, "by_hand")
    assert (
        repr(slope) == "<gradient of batch_regression(m, b; x, y), by_hand: hand-derived formula>"
    )
    assert list(inspect.signature(slope).parameters) == ["m", "b", "x", "y"]
    product = cb.prepare(LINE, "by_hand", "hvp")
    assert repr(product).startswith("<hvp of batch_regression(m, b; x, y), by_hand: hand-derived")
    assert list(inspect.signature(product).parameters) == ["direction", "m", "b", "x", "y"]


def test_a_parameter_that_is_left_out_keeps_its_own_value():
    own = cb.own_point(cb.problems()[LINE]).values["b"]
    slope = cb.prepare(LINE, "by_hand")
    assert slope(m=1.0) == slope(m=1.0, b=own) != slope()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda slope: slope({"m": 1, "b": 2}), r"the point is given by names, such as m=…, b=…"),
        (lambda slope: slope(3.0), "takes no direction"),
        (lambda slope: slope(m=1, b="2"), "b='2' is not a number"),
        (lambda slope: slope(m=1, b=[2]), r"'b' must be a number, got numbers of shape \(1\)"),
        (lambda slope: slope(m=1, b=np.nan), "b=nan is not finite"),
        (lambda slope: slope(m=1, b=2, x=[1.0]), r"'x' must be numbers of shape \(8\), got"),
        (lambda slope: slope(m=1, b=2, z=1), "has no parameter 'z'"),
    ],
)
def test_what_does_not_fit_is_told(call, words):
    slope = cb.prepare(LINE, "by_hand")
    with pytest.raises(cb.SelectorError, match=words):
        call(slope)


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (cb.SelectorError, lambda: cb.prepare("saddle", "by_hand", "hvp")(x=1, y=2), "a direction"),
        (cb.SelectorError, lambda: cb.prepare("saddle", sparse=True), "jacobian and hessian"),
        (cb.SelectorError, lambda: cb.prepare("saddle", operator="grad"), "'gradient' here"),
        (
            cb.SelectorError,
            lambda: cb.prepare(picked, "finite_difference")(which=[0.5, 1]),
            "whole",
        ),
        (cb.Unsupported, lambda: cb.prepare(picked), "no hand-derived gradient"),
        (cb.Unsupported, lambda: cb.prepare("curve_fit_residuals"), "it has a Jacobian"),
        (
            cb.Unsupported,
            lambda: cb.prepare("extended_rosenbrock", "jax", "hessian", size=100_000),
            "ask for sparse=True",
        ),
    ],
)
def test_what_cannot_be_prepared_is_told(error, call, words):
    with pytest.raises(error, match=words):
        call()


def test_what_a_users_code_raises_is_the_problems_fault():
    @cb.problem(x=1.0)
    def ends(x):
        raise SystemExit(3)

    with pytest.raises(cb.ProblemError, match=r"problem 'ends'.*SystemExit"):
        cb.prepare(ends, "finite_difference")()


def test_a_structure_that_is_wrong_is_found_while_preparing():
    class Aliased(cb.Problem):
        def inputs(self, size, rng):
            return {"x": [1.0, 2.0, 3.0]}

        def cost(self, xp, x):
            return xp.sum(x) ** 2

        def structure(self, inputs):
            return cb.DIAGONAL

    with pytest.raises(cb.ProblemError, match="structure leaves out an entry"):
        cb.prepare(Aliased(), "finite_difference", "hessian")


def test_it_is_public():
    assert {"cost", "prepare", "show", "steps"} <= set(dir(cb))
    assert sorted(dir(cb)) == sorted(cb.__all__)
    assert issubclass(cb.backends()["by_hand"], Backend)
