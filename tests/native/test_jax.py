"""JAX functions on numbers with proof: values, gradients, planted faults, and what is not known."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import calcbench as cb

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402 (only where there is JAX)
from native.jax_functions import (  # noqa: E402
    CASES,
    FAULTS,
    KINDS,
    LABELS,
    M,
    V,
    X,
    cross_entropy,
    custom_rule,
    grown,
    heron,
    scalar,
    spoiled,
    swish_with,
)

from calcbench.certified import balls  # noqa: E402
from calcbench.certified.array_sweep import sweep_arrays  # noqa: E402
from calcbench.certified.evaluation import evaluate  # noqa: E402
from calcbench.native.certifying import certify, point_of  # noqa: E402
from calcbench.native.jax.function import JaxFunction  # noqa: E402
from calcbench.problem.flat import flatten  # noqa: E402


def wide() -> Any:
    """Open the context in which JAX keeps float64."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return jax.experimental.enable_x64()


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    with wide():
        yield


def arguments(name: str, seed: int) -> Any:
    """Draw the arguments of a kind, as JAX's arrays."""
    return jax.tree_util.tree_map(jnp.asarray, KINDS[name][1](np.random.default_rng(seed)))


@functools.cache
def compiled(name: str) -> Any:
    """Compile a kind: operation by operation JAX takes longer."""
    return jax.jit(KINDS[name][0])


# --- right gradients ------------------------------------------------------------------------------


@pytest.mark.few(3)
@pytest.mark.parametrize("name", KINDS)
def test_own_gradient_is_certified_in_no_time(name: str) -> None:
    f, x = compiled(name), arguments(name, 1)
    cb.check(f, None, x)
    found = cb.check(f, None, x)
    assert found.ok, found
    assert found.digits is not None
    assert found.needed is not None
    assert found.digits >= found.needed > (9 if name == "Gaussian process" else 11)
    assert found.how == "jaxpr on balls"
    assert found.seconds < 1


@pytest.mark.few(3)
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", KINDS)
def test_right_gradient_at_random_points_is_never_condemned(name: str, seed: int) -> None:
    found = cb.check(compiled(name), None, arguments(name, 100 + seed))
    assert found.status in ("ok", "imprecise"), found
    assert found.ok or name == "Gaussian process", found


SLOW = ("eigenvectors", "singular values", "singular vectors", "orthogonal columns",
        "least squares")  # fmt: skip
"""Cases of what arrays of balls have not."""


@pytest.mark.few(5)
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_those_of_the_function(name: str) -> None:
    function = JaxFunction(jax.jit(scalar(CASES[name][0])), jnp.asarray(CASES[name][1]))
    truth = certify(function).certificate
    assert truth.judged.all()
    gradient = function.differentiate(function.arguments, None)
    native = np.append(function.call(function.arguments), flatten(gradient.values()))
    assert np.all(np.abs(native - truth.value) <= truth.bound), (native, truth.value)
    assert np.median(truth.bound / np.maximum(np.abs(truth.value), 1e-300)) < 1e-7
    assert not np.allclose(truth.value[1:], 0)


@pytest.mark.few(5)
@pytest.mark.parametrize("name", CASES)
def test_single_balls_and_arrays_give_one_value(name: str) -> None:
    function = JaxFunction(jax.jit(scalar(CASES[name][0])), jnp.asarray(CASES[name][1]))
    point = point_of(function)
    with balls.precision(128):
        swept = sweep_arrays(point, np.ones(()), "float64")
        single = evaluate(point, float("inf")).outputs[0].value
    assert (swept is not None) or name in SLOW
    assert abs(float(single.mid()) - float(function.call(function.arguments))) < 1e-9
    assert swept is None or single.overlaps(swept.value)


@pytest.mark.few(3)
@pytest.mark.parametrize("operator", ["pullback", "pushforward"])
@pytest.mark.parametrize("name", CASES)
def test_own_derivative_of_an_array_is_certified(name: str, operator: str) -> None:
    f, x = CASES[name]
    found = cb.check(jax.jit(f), None, jnp.asarray(x), operator=operator)
    assert found.ok, found


def test_products_with_the_hessian_are_certified() -> None:
    x = arguments("layer norm", 4)
    f = compiled("layer norm")

    def product(*given: Any) -> Any:
        gradient = jax.grad(f, tuple(range(len(x))))
        return jax.jvp(gradient, given[:-1], given[-1])[1]

    assert cb.check(f, product, x, operator="hvp").ok
    wrong = cb.check(
        f, lambda *given: (2 * product(*given)[0], *product(*given)[1:]), x, operator="hvp"
    )
    assert wrong.status == "disagree"


def test_loops_without_a_reverse_mode_are_certified() -> None:
    """Of `while_loop` JAX has the forward mode alone. Each of a batch has steps of its own."""
    for f in (heron, lambda a: jnp.sum(jax.vmap(grown)(a**2 + 0.1))):
        assert cb.check(f, jax.jacfwd(f), jnp.asarray(V)).ok
        assert (
            cb.check(f, lambda a, f=f: jax.jacfwd(f)(a) * (1 + 1e-9), jnp.asarray(V)).status
            == "disagree"
        )
        assert cb.check(f, None, jnp.asarray(V)).status == "error"


# --- wrong ones -----------------------------------------------------------------------------------


def by_custom_vjp(fault: str) -> Any:
    """Build a number of it."""
    swish = swish_with(fault)
    return lambda w, b: jnp.sum(swish(w, b) ** 2)


def by_custom_jvp(fault: str) -> Any:
    """Build the same, as a sum of a custom rule."""

    @jax.custom_jvp
    def swish(x: Any, b: Any) -> Any:
        return jnp.sum((x * jax.nn.sigmoid(x) + b) ** 2)

    @swish.defjvp
    def push(primals: Any, tangents: Any) -> Any:
        (x, b), (dx, db) = primals, tangents
        s = jax.nn.sigmoid(x)
        slope = spoiled(fault, s + x * s * (1 - s), s - x * s * (1 - s))
        db = jnp.zeros_like(x).at[0].set(db) if fault == "missing broadcast sum" else db
        terms = 2 * (x * s + b) * (slope * dx + db)
        return swish(x, b), terms.mean() if fault == "mean for sum" else terms.sum()

    return lambda w, b: swish(X @ w, b)


@pytest.mark.parametrize("build", [by_custom_vjp, by_custom_jvp])
def test_seven_faults_in_custom_rules_are_caught(build: Any) -> None:
    x = arguments("custom rule", 2)
    assert cb.check(build(""), None, x).ok
    for fault in FAULTS:
        found = cb.check(build(fault), None, x)
        assert found.status == "disagree", (fault, found)


@pytest.mark.few(1)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", KINDS)
def test_one_component_off_by_1e_10_is_caught(name: str, seed: int) -> None:
    f, x = compiled(name), arguments(name, 200 + seed)
    rng = np.random.default_rng(seed)
    right = cb.check(f, None, x)
    value, bound = (flatten(part.values()) for part in (right.value, right.bound))
    sharp = np.flatnonzero(bound < 1e-11 * np.abs(value))
    assert len(sharp) > 0
    place = int(rng.choice(sharp))

    def wrong(*x: Any) -> Any:
        leaves, tree = jax.tree_util.tree_flatten(jax.grad(f, tuple(range(len(x))))(*x))
        flat = jnp.concatenate([jnp.ravel(leaf) for leaf in leaves])
        flat = flat.at[place].multiply(1 + 1e-10)
        ends = np.cumsum([leaf.size for leaf in leaves])[:-1]
        parts = [p.reshape(a.shape) for p, a in zip(jnp.split(flat, ends), leaves, strict=True)]
        return jax.tree_util.tree_unflatten(tree, parts)

    found = cb.check(f, wrong, x)
    assert found.status == "disagree", found
    assert found.outside == 1


def test_index_outside_whose_slope_jax_drops_is_found() -> None:
    """A read outside is of the last number, and its derivative is added nowhere."""
    found = cb.check(lambda a: jnp.sum(a[jnp.array([1, 9])] ** 2), None, jnp.asarray(V))
    assert found.status == "disagree"
    assert f"∂f/∂a[4] is 0, should be {2 * V[4]:.17g}" in str(found)


def test_slope_that_is_nan_behind_a_mask_is_found() -> None:
    def masked(a: Any) -> Any:
        return jnp.sum(jnp.where(a > 0, jnp.sqrt(a) ** 3, 0.0))

    assert cb.check(masked, None, jnp.array([1.0, -2.0])).status == "disagree"
    assert cb.check(masked, None, jnp.array([1.0, 2.0])).ok


def test_steps_and_not_names_make_a_function_smooth() -> None:
    """That of softplus is known at a tie; a function of the same name is what it consists of."""
    x = jnp.zeros(2)
    softplus = cb.check(lambda a: jnp.sum(jax.nn.softplus(a)), None, x)
    assert softplus.ok
    assert softplus.no_derivative == 0

    @jax.custom_jvp
    def logaddexp(a: Any, b: Any) -> Any:
        return jnp.maximum(a, b)

    logaddexp.defjvps(lambda da, y, a, b: da * jax.nn.sigmoid(a), None)
    found = cb.check(lambda a: jnp.sum(logaddexp(a, 0.0)), None, x + 1.0)
    assert found.status == "disagree"


# --- dtypes ---------------------------------------------------------------------------------------


def test_attention_of_jax_computes_in_single_precision() -> None:
    def attend(q: Any) -> Any:
        return jnp.sum(jax.nn.dot_product_attention(q, q + 1.0, q) ** 2)

    found = cb.check(
        jax.jit(attend), None, jnp.asarray(np.random.default_rng(0).normal(size=(1, 4, 2, 3)))
    )
    assert found.ok, found
    assert found.dtype == "float32"
    assert "jaxpr on balls, float32; " in str(found)


def test_single_precision_is_allowed_for() -> None:
    w = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3)), jnp.float32)

    @jax.jit
    def f(w: Any) -> Any:
        scores = jax.nn.log_softmax(X.astype(np.float32) @ w)
        return -jnp.mean(jnp.take_along_axis(scores, LABELS[:, None], 1))

    with jax.default_matmul_precision("highest"):  # in which a graphics processor has float32, too
        found = cb.check(f, None, w)
        off = cb.check(f, lambda w: 1.001 * jax.grad(f)(w), w)
    assert found.ok, found
    assert found.dtype == "float32"
    assert off.status == "disagree"


def test_numbers_in_the_text_are_those_of_the_dtype() -> None:
    """0.1 in single precision is another number; so is its logarithm."""
    with wide():
        x = jnp.asarray([1.5], jnp.float32)
    function = JaxFunction(lambda x: jnp.sum(x * np.float32(0.1)), x)
    assert certify(function).certificate.value[1] == np.float64(np.float32(0.1))


# --- arguments ------------------------------------------------------------------------------------


def test_pytrees_have_names_of_components() -> None:
    @jax.tree_util.register_pytree_node_class
    class Layer:
        def __init__(self, weight: Any, bias: Any) -> None:
            self.weight, self.bias = weight, bias

        def tree_flatten(self) -> Any:
            return (self.weight, self.bias), None

        @classmethod
        def tree_unflatten(cls, _: Any, parts: Any) -> Any:
            return cls(*parts)

    def f(params: Any, scale: Any, count: Any) -> Any:
        layer = params["layers"][1]
        return jnp.sum(layer["weight"] ** 3) * scale * count

    params = {"layers": [{"weight": jnp.ones((1, 1))}, {"weight": jnp.asarray(M)}]}
    x = (params, 2.0, jnp.array(3))
    found = cb.check(f, None, x)
    assert found.ok, found
    assert list(found.value) == ["params.layers.0.weight", "params.layers.1.weight", "scale"]

    def wrong(*x: Any) -> Any:
        return jax.grad(lambda *x: f(*x) + x[0]["layers"][1]["weight"][2, 1], (0, 1))(*x)

    assert "∂f/∂params.layers.1.weight[2, 1] is " in str(cb.check(f, wrong, x))
    layer = cb.check(lambda p: jnp.sum(p.weight @ p.bias), None, Layer(M, V[:3]))
    assert layer.ok, layer
    assert len(layer.value) == 2


@pytest.mark.parametrize(
    ("gradient", "said"),
    [
        (lambda x, y: x, "jax.grad needs argnums"),
        (lambda x, y: (x, y[:2]), "has the shape"),
        (lambda x, y: {"x": x, "y": y}, "in the form of x"),
        (lambda x, y: (x, 1j * y), "real numbers"),
    ],
)
def test_gradient_of_another_form_is_an_error(gradient: Any, said: str) -> None:
    found = cb.check(lambda x, y: jnp.sum(x * y), gradient, (jnp.asarray(V), jnp.asarray(V)))
    assert found.status == "error"
    assert said in str(found)


# --- what is not known, and what is left as it was ------------------------------------------------

REFUSED = {
    "dtype complex128": lambda a: jnp.sum(jnp.abs(jnp.fft.fft(a))),
    "dtype bfloat16": lambda a: jnp.sum(a.astype(jnp.bfloat16).astype(float)),
    "primitive pure_callback": lambda a: jnp.sum(
        jax.pure_callback(np.sin, jax.ShapeDtypeStruct(a.shape, a.dtype), a)
    ),
    "primitive igamma": lambda a: jnp.sum(jax.scipy.special.gammainc(2.0, jnp.exp(a))),
    "Python's if, while, and or or on a traced value at test_jax.py:": lambda a: (
        jnp.sum(a) if a[0] > 100 else jnp.sum(a**2)
    ),
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_is_not_known_is_named(named: str) -> None:
    found = cb.check(REFUSED[named], lambda a: a, jnp.asarray(V))
    assert found.status == "not certified"
    assert f"not certified: {named}" in str(found)


def test_complex_arguments_are_not_certified() -> None:
    x = (jnp.asarray(V), jnp.asarray(V + 1j))
    found = cb.check(lambda a, b: jnp.sum(a * b.real), lambda a, b: a, x)
    assert "not certified: dtype complex128" in str(found)


def test_unknown_primitives_of_constants_are_jax_s_own() -> None:
    def f(a: Any) -> Any:
        spectrum = jnp.abs(jnp.fft.fft(jnp.sqrt(jnp.arange(5.0))))
        return jnp.sum(a**2 * spectrum)

    assert cb.check(f, None, jnp.asarray(V)).ok


def test_random_numbers_without_a_seed_are_not_certified() -> None:
    rng = np.random.default_rng(0)
    found = cb.check(lambda a: jnp.sum(a * rng.normal()), None, jnp.asarray(V))
    assert found.status == "not certified"


def test_switches_arguments_and_errors_leave_no_trace() -> None:
    before = M.copy()
    x = jnp.asarray(M)
    for f in (lambda a: jnp.sum(a**2), REFUSED["dtype bfloat16"]):
        cb.check(f, None, x)
    np.testing.assert_array_equal(M, before)
    with jax.enable_x64(False) if hasattr(jax, "enable_x64") else contextlib.nullcontext():
        assert not jax.config.jax_enable_x64
        double = cb.check(lambda a: jnp.sum(jnp.sin(a)), None, x)
        assert not jax.config.jax_enable_x64
        with pytest.raises(cb.ProblemError):
            cb.check(lambda a: a[0, 0] + undefined, None, x)  # noqa: F821
        assert not jax.config.jax_enable_x64
        single = cb.check(lambda a: jnp.sum(jnp.sin(a)), None, np.array(V))
        pushed = cb.check(
            lambda a: jnp.sum(jnp.sin(a)),
            lambda a, v: jnp.sum(jnp.cos(a) * v),
            x,
            operator="pushforward",
        )
    assert (double.dtype, single.dtype) == ("float64", "float32")
    assert double.ok, double
    assert pushed.ok, pushed
    assert single.ok, single


class Layer:
    """Keeps what it computed, as layers by hand do."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def loss(self, a: Any) -> Any:
        self.hidden = jnp.tanh(a)
        self.seen.append(self.hidden)
        return jnp.sum(sum(self.seen) ** 2) if len(self.seen) < 2 else jnp.sum(self.hidden**2)

    def gradient(self, a: Any) -> Any:
        self.loss(a)
        return 2 * self.hidden * (1 - self.hidden**2)


@pytest.mark.parametrize("given", [True, False])
def test_what_an_object_keeps_is_put_back(given: bool) -> None:
    layer, other = Layer(), Layer()
    assert cb.check(layer.loss, other.gradient if given else None, jnp.asarray(V)).ok
    for each in (layer, other):
        assert vars(each) == {"seen": []}
        assert each.seen == []


def test_integers_at_a_jump_are_not_condemned() -> None:
    def assigned(a: Any) -> Any:
        return jnp.sum(jnp.zeros(2, int).at[:].set(a.astype(int)) * a)

    jump = cb.check(assigned, None, jnp.array([2.0, 3.0]))
    assert jump.status == "not certified"
    assert "one-sided derivatives differ" in jump.reason
    assert cb.check(assigned, None, jnp.array([2.25, -3.5])).ok


def test_one_number_in_an_array_is_a_number() -> None:
    found = cb.check(lambda a: jnp.sum(a**2, keepdims=True), lambda a: 2 * a, jnp.asarray(V))
    assert found.ok, found


@pytest.mark.few(1)
@pytest.mark.parametrize("lower", [True, False])
def test_eigenvectors_are_of_the_triangle_that_is_read(lower: bool) -> None:
    """JAX's derivative is that of a symmetric matrix alone, so it is given one."""
    keep = jnp.tril if lower else jnp.triu

    def triangle(x: Any) -> Any:
        return keep(jnp.outer(x, x) + jnp.diag(x + 1))

    def first(matrix: Any) -> Any:
        found = jax.lax.linalg.eigh(matrix, lower=lower, symmetrize_input=False)[0]
        return jnp.sum(found * jnp.arange(1.0, 10.0).reshape(3, 3))

    def symmetric(x: Any) -> Any:
        return first(triangle(x) + triangle(x).T - jnp.diag(jnp.diag(triangle(x))))

    x = jnp.array([0.7, 1.61, 0.85])
    unread = 5 * (1 - keep(jnp.ones((3, 3))))
    found = cb.check(lambda x: first(triangle(x) + unread), jax.grad(symmetric), x)
    assert found.ok, found


def test_compiled_and_partial_functions_are_functions() -> None:
    assert cb.check(jax.jit(cross_entropy), None, jnp.asarray(X[:4, :3])).ok
    compiled = jax.jit(jax.grad(custom_rule, (0, 1)))
    assert cb.check(custom_rule, compiled, arguments("custom rule", 3)).ok


# --- size -----------------------------------------------------------------------------------------


@pytest.mark.full
def test_large_functions_take_seconds() -> None:
    from native.jax_models import MODELS

    for name, (f, params, seconds) in MODELS.items():
        started = time.thread_time()
        found = cb.check(f, None, params)
        assert found.ok, found
        assert time.thread_time() - started < seconds, name


@pytest.mark.parametrize("operator", ["hvp", "pushforward"])
def test_own_derivative_along_a_direction_is_certified(operator: str) -> None:
    x = jnp.linspace(-1.0, 2.0, 4)
    p = {"a": x, "b": x}
    for f, at in ((lambda p: (jnp.sin(p["a"]) * p["b"] ** 2).sum(), p), (lambda x: 3 * x.sum(), x)):
        found = cb.check(f, x=at, operator=operator)
        assert found.ok, found


def test_own_hessian_product_with_a_wrong_rule_is_caught() -> None:
    @jax.custom_vjp
    def sine(x: Any) -> Any:
        return jnp.sin(x)

    sine.defvjp(lambda x: (sine(x), x), lambda x, g: (g * jnp.cos(x) * 1.001,))
    found = cb.check(lambda x: (sine(x) ** 2).sum(), x=jnp.linspace(-1.0, 2.0, 4), operator="hvp")
    assert found.status == "disagree"


def test_comparison_with_what_is_no_number_is_told_by_its_line() -> None:
    def f(x: Any) -> Any:
        steep = x / jnp.sum(x * 0.0)
        return jnp.sum(jnp.where(steep > 1.0, x**2, x**2))

    found = cb.check(f, x=jnp.array([0.5, 2.0]))
    assert "f on numbers with proof compares with what is not a number at test_jax.py:" in str(
        found
    )


@pytest.mark.parametrize("operator", ["gradient", "jacobian"])
def test_roundings_that_nobody_knows_have_no_witness(operator: str) -> None:
    def coarse(x: Any) -> Any:
        found = (x.astype(jnp.bfloat16) * 2).astype(x.dtype)
        return found if operator == "jacobian" else found.sum()

    found = cb.check(coarse, x=jnp.linspace(-1.0, 2.0, 4), operator=operator)
    assert found.status == "not certified"
    assert "bfloat16" in found.reason
    assert found.witness is None
