"""The public functions: what they return, refuse, and leave as it was."""

import json

import numpy as np
import pytest
from modes import BACKENDS, differentiates, installed, is_exact, names

import calcbench as cb
from calcbench.record.record import SCHEMA

DIFFERENTIATING = names(differentiates)


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


def close(backend, expected):
    exact = backend in names(is_exact)
    return pytest.approx(expected, rel=1e-13 if exact else 1e-7, abs=1e-9)


class Weighted(cb.Problem):
    """A matrix, a vector and a number, of which the cost does not use the last."""

    def inputs(self, size, rng):
        return {
            "W": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
            "v": [0.5, -1.0],
            "unused": 7.0,
            "x": [1.0, 0.0, -2.0],
        }

    def cost(self, xp, W, v, unused, *, x):
        return xp.sum(v * xp.matmul(W, x)) ** 2

    def gradient(self, xp, W, v, unused, *, x):
        inner = xp.matmul(W, x)
        outer = 2 * xp.sum(v * inner)
        return {
            "W": outer * xp.einsum("i,j->ij", v, x),
            "v": outer * inner,
            "unused": 0.0 * unused,
        }


# --- gradient -------------------------------------------------------------------------------------


def test_gradient_as_in_the_docstring(backend):
    found = cb.gradient("batch_regression", backend=backend, at={"m": 0.9, "b": 0.1})
    assert list(found) == ["m", "b"]
    assert found == close(backend, {"m": 36.305, "b": 6.265})
    for partial in found.values():
        assert isinstance(partial, np.ndarray)
        assert (partial.shape, partial.dtype) == ((), np.float64)


def test_gradient_at_the_problems_own_point(backend):
    assert cb.gradient("saddle", backend)["y"] == close(backend, -4.0)


def test_gradient_by_default_by_hand():
    assert cb.gradient("square") == {"x": 10.0}


def test_matrix_parameter_and_unused_parameter(backend):
    found = cb.gradient(Weighted(), backend)
    outer = 2 * (0.5 * -5.0 + -1.0 * -8.0)
    expected = {
        "W": outer * np.outer([0.5, -1.0], [1.0, 0.0, -2.0]),
        "v": outer * np.array([-5.0, -8.0]),
        "unused": np.zeros(()),
    }
    for name, partial in expected.items():
        assert found[name].shape == partial.shape
        assert found[name].dtype == np.float64
        np.testing.assert_allclose(found[name], partial, rtol=1e-7, atol=1e-7)
    assert found["unused"] == 0.0


@pytest.mark.parametrize("backend", DIFFERENTIATING)
def test_constant_cost_has_gradient_zero(backend):
    @cb.problem(x=[1.0, 2.0], c=3.0)
    def constant(x, *, c):
        return c * 2.0

    found = cb.gradient(constant, backend)["x"]
    assert (found.shape, found.dtype) == ((2,), np.float64)
    assert np.array_equal(found, [0.0, 0.0])


def test_integers_as_parameter_values(backend):
    found = cb.gradient("saddle", backend, at={"x": 3, "y": np.int64(2)})
    assert found == close(backend, {"x": 6.0, "y": -4.0})
    assert found["x"].dtype == np.float64


def test_values_of_many_kinds():
    for value in (2, 2.0, np.float32(2), np.array(2.0), True + 1):
        assert cb.gradient("square", at={"x": value}) == {"x": 4.0}
    for value in ([1, 2], (1.0, 2.0), np.array([1, 2])):
        assert cb.gradient("quadratic_cost", at={"w": value, "b": 0})["w"].shape == (2,)


def test_float32_option(backend):
    found = cb.gradient(Weighted(), f"{backend}[dtype=float32]")
    assert {partial.dtype for partial in found.values()} == {np.dtype("float32")}
    exact = cb.gradient(Weighted())
    tolerance = 1e-5 if backend in names(is_exact) else 0.05
    for name, partial in found.items():
        np.testing.assert_allclose(partial, exact[name], rtol=tolerance, atol=0.5 * tolerance)
    if backend in names(is_exact):
        uneven = cb.gradient("square", f"{backend}[dtype=float32]", at={"x": 0.1})["x"]
        assert uneven == np.float32(0.2)


def test_inputs_of_the_user_are_not_modified(backend):
    W, x = np.arange(6.0).reshape(2, 3), np.array([1.0, 0.0, -2.0])

    @cb.problem(W=W, x=x)
    def mine(xp, W, *, x):
        return xp.sum(xp.matmul(W, x) ** 2)

    at = {"W": W * 2}
    kept = at["W"].copy()
    if backend not in DIFFERENTIATING:
        with pytest.raises(cb.Unsupported, match="no hand-derived gradient"):
            cb.gradient(mine, backend, at)
    else:
        result = cb.gradient(mine, backend, at)
        result["W"][:] = np.nan
    assert np.array_equal(at["W"], kept)
    assert np.array_equal(W, np.arange(6.0).reshape(2, 3))
    assert np.array_equal(x, [1.0, 0.0, -2.0])


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (cb.SelectorError, lambda: cb.gradient("sqare"), "did you mean 'square'"),
        (cb.SelectorError, lambda: cb.gradient("square", "jx"), "'jx'.*'jax'"),
        (cb.SelectorError, lambda: cb.gradient("square", "jax[mode=x]"), "mode=x"),
        (cb.SelectorError, lambda: cb.gradient("review"), "8 problems"),
        (cb.SelectorError, lambda: cb.gradient("square", at={"x": "2"}), "x='2'.*a number"),
        (cb.SelectorError, lambda: cb.gradient("square", at={"x": 1j}), "x=1j.*a number"),
        (cb.SelectorError, lambda: cb.gradient("square", at={"x": None}), "finite"),
        (cb.SelectorError, lambda: cb.gradient("square", at={"x": 10**400}), "a number"),
        (cb.SelectorError, lambda: cb.gradient("square", at={"x": 1, "y": 1}), "no parameter 'y'"),
        (cb.SelectorError, lambda: cb.gradient("square", size=0), "size.*at least 1, got 0"),
        (cb.SelectorError, lambda: cb.gradient("square", size=1.5), "size.*got 1.5"),
        (cb.SelectorError, lambda: cb.gradient("square", size="many"), "size.*got 'many'"),
        (cb.SelectorError, lambda: cb.gradient("square", size=7), "one size, 1"),
        (cb.SelectorError, lambda: cb.gradient("square", seed=-1), "seed"),
        (cb.SelectorError, lambda: cb.compare([]), "no problem is selected"),
        (cb.SelectorError, lambda: cb.compare("square", []), "no backend is selected"),
        (cb.SelectorError, lambda: cb.compare("square", "by_hand", dtype="float16"), "float16"),
        (cb.SelectorError, lambda: cb.verify(at={"x": 1.0}), "one problem"),
        (cb.SelectorError, lambda: cb.gradient("./nothing.py"), "no file"),
        (cb.ProblemError, lambda: cb.gradient(cb.problem(x=[])(lambda x: x)), "'x' is empty"),
    ],
)
def test_errors(error, call, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, cb.CalcbenchError)


def test_at_may_name_some_of_the_parameters():
    found = cb.gradient("batch_regression", at={"m": -1.0})
    whole = cb.gradient("batch_regression", at={"m": -1.0, "b": 0.1})
    assert found == whole != cb.gradient("batch_regression")
    assert cb.gradient("square", at={}) == cb.gradient("square")


# --- problem --------------------------------------------------------------------------------------


def test_decorator_as_in_the_docstring(backend):
    @cb.problem(x=3.0, y=2.0)
    def saddle(x, y):
        """A saddle."""
        return x**2 - y**2

    assert saddle(3.0, 2.0) == 5.0
    assert (saddle.name, saddle.summary) == ("saddle", "A saddle.")
    assert (saddle.parameters, saddle.data) == (("x", "y"), ())
    assert isinstance(saddle, cb.Problem)
    assert "saddle(x, y)" in repr(saddle)
    if backend in DIFFERENTIATING:
        assert cb.gradient(saddle, backend=backend) == close(backend, {"x": 6.0, "y": -4.0})


@pytest.mark.parametrize("backend", DIFFERENTIATING)
def test_decorator_with_namespace_and_data(backend):
    @cb.problem(w=[1.0, 2.0], x=[0.5, -0.3], c=3)
    def mine(xp, w, *, x, c):
        return xp.sum(xp.exp(w * x)) * c

    assert (mine.parameters, mine.data) == (("w",), ("x", "c"))
    expected = 3 * np.array([0.5 * np.exp(0.5), -0.3 * np.exp(-0.6)])
    np.testing.assert_allclose(cb.gradient(mine, backend)["w"], expected, rtol=1e-8)


def test_every_public_name_is_there():
    for name in cb.__all__:
        found = getattr(cb, name)
        assert callable(found) or isinstance(found, (cb.Settings, cb.Structure))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        cb.nonsense  # noqa: B018


# --- compare and verify ---------------------------------------------------------------------------


@cb.problem(x=2.0)
def fine(x):
    return x**3


class Wrong(cb.Problem):
    """<b>Markup</b> & more."""

    def inputs(self, size, rng):
        return {"x": 2.0}

    def cost(self, xp, x):
        return x**3

    def gradient(self, xp, x):
        return {"x": 2.0 * x**2}


def test_comparison_of_one():
    found = cb.compare("square", ["by_hand", "sympy"])
    assert found.ok
    assert [record.backend for record in found.records] == ["by_hand", "sympy"]
    assert all(record.seconds["call"] > 0 for record in found.records)
    assert repr(found) == str(found)
    assert repr(found).startswith("square at x = 5\n")
    assert "digits of agreement" not in repr(found)


def test_comparison_of_several():
    progress = []
    found = cb.verify(["square", fine], ["sympy", "by_hand"], progress=progress.append)
    assert found.ok  # a backend that cannot is no fault
    assert [(r.problem, r.status) for r in found.records] == [
        ("square", "ok"),
        ("square", "ok"),
        ("fine", "ok"),
        ("fine", "skipped"),
    ]
    assert "digits of agreement" in repr(found)
    assert "3 of 3 gradients agree, over 2 problems; 1 skipped" in repr(found)
    assert "square · sympy" in progress


def test_comparison_that_is_not_ok():
    found = cb.verify(Wrong(), ["by_hand", "sympy"])
    assert not found.ok
    assert found.records[0].status == "disagree"
    assert str(found.records[0].disagreement).startswith("∂C/∂x is 8, expected 12")


def test_html_is_escaped():
    class Hostile(Wrong):
        name = "<script>alert(1)</script>"

        def cost(self, xp, x):
            raise ValueError("<img src=x> & more")

    html = cb.verify(Hostile(), ["sympy"])._repr_html_()
    assert "&lt;script&gt;" in html
    assert "&lt;img src=x&gt; &amp; more" in html
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("<table>") == html.count("</table>") == 1


def test_html_of_several_has_a_summary():
    html = cb.verify(["square", "saddle"], "by_hand")._repr_html_()
    assert html.count("<table>") == 3
    assert "digits of agreement" in html


def test_records_are_json():
    @cb.problem(x=0.0, w=[1.0, 2.0])
    def pole(xp, x, w):
        return xp.log(x) + xp.sum(w)

    for record in cb.verify([pole, "square"], ["sympy", "finite_difference"]).records:
        data = json.loads(json.dumps(record.as_json(), allow_nan=False))
        assert data["schema"] == SCHEMA
        assert data["problem"] == record.problem
        assert data["status"] == record.status
        assert set(data["at"]) == set(data["value"])


def test_dtype_is_for_every_backend():
    found = cb.verify("square", ["by_hand", "sympy"], dtype="float32")
    assert {record.dtype for record in found.records} == {"float32"}
    assert {r.value["x"].dtype for r in found.records} == {np.dtype("float32")}


def test_seed_changes_random_data_and_nothing_else():
    one, same, other = (cb.gradient("straight_line_at_scale", seed=s)["m"] for s in (1, 1, 2))
    assert one == same != other


# --- nothing is left behind -----------------------------------------------------------------------

STATE = """
import os, sys, warnings
import numpy as np

def state():
    found = {
        "environment": {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"},
        "errors": np.geterr(),
        "printing": str(sorted(np.get_printoptions().items())),
        "filters": list(warnings.filters),
        "path": list(sys.path),
        "streams": (sys.stdout, sys.stderr),
        "recursion": sys.getrecursionlimit(),
        "random": str(np.random.get_state()[1][:5]),
        "folder": os.getcwd(),
    }
    if "jax" in sys.modules:
        import jax
        found["jax"] = (jax.config.jax_enable_x64, str(jax.numpy.asarray(1.0).dtype))
    if "torch" in sys.modules:
        import torch
        found["torch"] = (torch.get_default_dtype(), torch.is_grad_enabled(),
                          torch.get_num_threads(), torch.initial_seed())
    if "tensorflow" in sys.modules:
        import tensorflow as tf
        found["tensorflow"] = (tf.keras.backend.floatx(), tf.config.functions_run_eagerly(),
                               str(tf.constant(1.0).dtype), tf.executing_eagerly())
    return found
"""


@pytest.mark.full
def test_nothing_is_left_behind_and_nothing_is_said(process):
    """In float64 and float32. JAX first: that makes TensorFlow log, past Python's own streams."""
    present = installed(["jax", "tensorflow", "torch"])
    done = process(
        code=f"""{STATE}
import calcbench as cb
fresh = state()
cb.gradient("saddle", "sympy")  # SymPy and mpmath, once imported
for name in {present!r}:
    others = {{"torch", "tensorflow"}} & set(sys.modules)
    cb.backends()[name].framework()
    assert {{"torch", "tensorflow"}} & set(sys.modules) <= others | {{name}}
    if name == "jax":
        cb.gradient("saddle", "jax")
for key, value in fresh.items():
    if key not in ("environment", "filters", "path", "random"):  # which frameworks change on import
        assert value == state()[key], key
before = state()
for backend in {installed()!r}:
    for dtype in ("float64", "float32"):
        cb.gradient("batch_regression", f"{{backend}}[dtype={{dtype}}]")
cb.verify("quadratic_cost", {installed()!r})
after = state()
for key in before:
    assert before[key] == after[key], (key, before[key], after[key])
assert len(before) == 9 + {len(present)}
"""
    )
    assert (done.status, done.out, done.err) == (0, "", "")
