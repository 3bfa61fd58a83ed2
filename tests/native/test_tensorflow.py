"""TensorFlow functions on numbers with proof: values, gradients, planted faults, what is not known.

All of them take one import of TensorFlow, and none compiles anything.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import calcbench as cb

tf = pytest.importorskip("tensorflow")

from native.tensorflow_functions import (  # noqa: E402
    CASES,
    FAULTS,
    KINDS,
    LABELS,
    M,
    V,
    X,
    scalar,
    swish_with,
)

from calcbench.certified import balls  # noqa: E402
from calcbench.certified.array_sweep import sweep_arrays  # noqa: E402
from calcbench.certified.evaluation import evaluate  # noqa: E402
from calcbench.native.certifying import certify, point_of  # noqa: E402
from calcbench.native.tensorflow import TensorflowFunction  # noqa: E402
from calcbench.problem.flat import flatten  # noqa: E402


def arguments(name: str, seed: int) -> Any:
    """Draw the arguments of a kind, as tensors."""
    return tf.nest.map_structure(tf.constant, KINDS[name][1](np.random.default_rng(seed)))


def tape_gradient(f: Any, x: Any) -> list[Any]:
    """Differentiate by each tensor in the arguments, in order."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = f(*x)
    return list(tape.gradient(value, tf.nest.flatten(x)))


# --- right gradients ------------------------------------------------------------------------------


@pytest.mark.few(2)
@pytest.mark.parametrize("name", KINDS)
def test_own_gradient_is_certified_in_no_time(name: str) -> None:
    f, x = KINDS[name][0], arguments(name, 1)
    cb.check(f, None, x)
    found = cb.check(f, None, x)
    assert found.ok, found
    assert found.digits is not None
    assert found.needed is not None
    assert found.digits >= found.needed > (9 if name == "Gaussian process" else 11)
    assert found.how == "TensorFlow on balls"
    assert found.seconds < 1


@pytest.mark.few(2)
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", KINDS)
def test_right_gradient_at_random_points_is_never_condemned(name: str, seed: int) -> None:
    found = cb.check(KINDS[name][0], None, arguments(name, 100 + seed))
    assert found.status in ("ok", "imprecise"), found
    assert found.ok or name == "Gaussian process", found


SLOW = ("eigenvectors", "singular values", "singular vectors", "orthogonal columns",
        "pseudoinverse")  # fmt: skip
"""Cases of what arrays of balls have not."""


@pytest.mark.few(5)
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_those_of_the_function(name: str) -> None:
    function = TensorflowFunction(scalar(CASES[name][0]), tf.constant(CASES[name][1]))
    truth = certify(function).certificate
    assert truth.judged.all()
    gradient = function.differentiate(function.arguments, None)
    native = np.append(function.call(function.arguments), flatten(gradient.values()))
    assert np.all(np.abs(native - truth.value) <= truth.bound), (native, truth.value)
    assert np.median(truth.bound / np.maximum(np.abs(truth.value), 1e-300)) < 1e-7
    assert not np.allclose(truth.value[1:], 0)


@pytest.mark.few(2)
@pytest.mark.parametrize("name", CASES)
def test_single_balls_and_arrays_give_one_value(name: str) -> None:
    function = TensorflowFunction(scalar(CASES[name][0]), tf.constant(CASES[name][1]))
    point = point_of(function)
    with balls.precision(128):
        swept = sweep_arrays(point, np.ones(()), "float64")
        single = evaluate(point, float("inf")).outputs[0].value
    assert (swept is not None) or name in SLOW
    assert abs(float(single.mid()) - float(function.call(function.arguments))) < 1e-9
    assert swept is None or single.overlaps(swept.value)


NO_FORWARD_MODE = ("more activations", "recomputed")
"""Cases of which TensorFlow has no derivative along a direction."""

OWN = [
    (name, operator)
    for name in CASES
    for operator in ("pullback", "pushforward")
    if (name, operator) != ("decorated", "pushforward")  # which raises after a backward pass
]


@pytest.mark.few(3)
@pytest.mark.parametrize(("name", "operator"), OWN)
def test_own_derivative_of_an_array_is_certified(name: str, operator: str) -> None:
    f, x = CASES[name]
    found = cb.check(f, None, tf.constant(x), operator=operator)
    if operator == "pushforward" and name in NO_FORWARD_MODE:
        assert found.reason.startswith("the pushforward raises "), found
    else:
        assert found.ok, found


def test_derivatives_along_a_direction_are_certified() -> None:
    def f(x: Any) -> Any:
        return tf.reduce_sum(tf.sin(x) * x)

    def product(x: Any, v: Any) -> Any:
        return (2 * tf.cos(x) - x * tf.sin(x)) * v

    def pushed(x: Any, v: Any) -> Any:
        return tf.reduce_sum((tf.sin(x) + x * tf.cos(x)) * v)

    x = tf.constant(V)
    assert cb.check(f, product, x, operator="hvp", points=2).ok
    assert cb.check(f, pushed, x, operator="pushforward").ok
    wrong = cb.check(f, lambda x, v: 2 * product(x, v), x, operator="hvp")
    assert wrong.status == "disagree"


# --- wrong ones -----------------------------------------------------------------------------------


def number_with(fault: str) -> Any:
    """Build a number of it."""
    swish = swish_with(fault)
    return lambda w, b: tf.reduce_sum(swish(w, b) ** 2)


@pytest.mark.few(1)
@pytest.mark.parametrize("compiled", [False, True])
def test_seven_faults_in_custom_rules_are_caught(compiled: bool) -> None:
    x = arguments("custom rule", 2)
    wrap = tf.function if compiled else lambda f: f
    assert cb.check(wrap(number_with("")), None, x).ok
    for fault in FAULTS:
        found = cb.check(wrap(number_with(fault)), None, x)
        assert found.status == "disagree", (fault, found)


@pytest.mark.few(1)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", KINDS)
def test_one_component_off_by_1e_10_is_caught(name: str, seed: int) -> None:
    f, x = KINDS[name][0], arguments(name, 200 + seed)
    rng = np.random.default_rng(seed)
    right = cb.check(f, None, x)
    value, bound = (flatten(part.values()) for part in (right.value, right.bound))
    sharp = np.flatnonzero(bound < 1e-11 * np.abs(value))
    assert len(sharp) > 0
    place = int(rng.choice(sharp))

    def wrong(*x: Any) -> Any:
        parts = [np.array(part) for part in tape_gradient(f, x)]
        flat = np.concatenate([part.ravel() for part in parts])
        flat[place] *= 1 + 1e-10
        cuts = np.split(flat, np.cumsum([part.size for part in parts])[:-1])
        shaped = [cut.reshape(part.shape) for cut, part in zip(cuts, parts, strict=True)]
        packed = tf.nest.pack_sequence_as(x, shaped)
        return packed if len(packed) > 1 else packed[0]

    found = cb.check(f, wrong, x)
    assert found.status == "disagree", found
    assert found.outside == 1


def test_gradient_of_tensorflow_that_is_no_derivative_is_found() -> None:
    """Its slope of the cross entropy takes the labels for probabilities, and its value does not."""

    def loss(x: Any, labels: Any) -> Any:
        return tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=x)[0]

    x = tf.constant(M[:1])
    assert cb.check(lambda x: loss(x, [[0.25, 0.25, 0.5]]), None, x).ok
    assert cb.check(lambda x: loss(x, [[1.0, 0.0, 1.0]]), None, x).status == "disagree"


# --- arguments ------------------------------------------------------------------------------------


def test_variables_are_arguments_wherever_the_function_has_them() -> None:
    w = tf.Variable(M, name="weight")
    b = tf.Variable(V[:3], name="bias")

    def loss(_: Any = None) -> Any:
        return tf.reduce_sum(tf.tanh(M @ w + b) ** 2)

    listed = cb.check(loss, None, [w, b])
    assert listed.ok, listed
    assert list(listed.value) == ["weight", "bias"]
    assert cb.check(lambda: loss(), None, [w, b], points=2).ok
    named = cb.check(loss, None, {"w": w, "b": b})
    assert list(named.value) == ["w", "b"]
    pair = cb.check(lambda w, b: tf.reduce_sum(tf.tanh(M @ w + b) ** 2), None, (w, b))
    assert pair.ok, pair
    assert list(pair.value) == ["w", "b"]
    np.testing.assert_array_equal(w.numpy(), M)


def test_gradient_by_rows_is_read() -> None:
    """A tape gives the rows of a table that were looked up, and no more."""
    table = tf.Variable(M)

    def loss() -> Any:
        return tf.reduce_sum(tf.nn.embedding_lookup(table, [0, 2, 0]) ** 3)

    def gradient() -> Any:
        with tf.GradientTape() as tape:
            value = loss()
        return [tape.gradient(value, table)]

    assert isinstance(gradient()[0], tf.IndexedSlices)
    assert cb.check(loss, None, [table]).ok
    assert cb.check(loss, gradient, [table]).ok


def test_numbers_of_numpy_are_tensors_and_those_of_python_are_not() -> None:
    assert cb.check(lambda x: tf.reduce_sum(x**2), None, V).ok
    with pytest.raises(cb.SelectorError, match=r"scale is 2\.0; give it as tf\.constant\(2\.0"):
        cb.check(lambda x, scale: tf.reduce_sum(x) * scale, None, (tf.constant(V), 2.0))


@pytest.mark.parametrize(
    ("gradient", "said"),
    [
        (lambda x, y: x, "the gradient must have 2 parts"),
        (lambda x, y: (x, y[:2]), "has the shape"),
        (lambda x, y: (x, tf.cast(y, tf.complex128)), "real numbers"),
    ],
)
def test_gradient_of_another_form_is_an_error(gradient: Any, said: str) -> None:
    x = tf.constant(V)
    found = cb.check(lambda x, y: tf.reduce_sum(x * y), gradient, (x, x))
    assert found.status == "error"
    assert said in str(found)


def _with_rule_of_shape(shape: tuple[int, ...]) -> Any:
    """Make a sum whose custom rule gives ones of another shape."""

    @tf.custom_gradient
    def total(x: Any) -> Any:
        return tf.reduce_sum(x), lambda g: g * tf.ones(shape, tf.float64)

    return total


@pytest.mark.parametrize("operator", ["gradient", "pullback", "hvp"])
@pytest.mark.parametrize("shape", [(3, 2), (6,), (1,), ()])
def test_own_gradient_of_another_shape_is_an_error(operator: str, shape: tuple[int, ...]) -> None:
    """A tape gives what a custom rule returns, of any shape; nothing of it is stretched."""
    x = tf.constant(np.ones((2, 3)))
    found = cb.check(_with_rule_of_shape(shape), x=x, operator=operator)
    assert found.status == "error"
    assert f" by x has the shape {shape}, but x has the shape (2, 3)" in found.reason


@pytest.mark.parametrize("operator", ["jacobian", "pushforward"])
def test_own_derivative_of_an_array_of_another_shape_is_an_error(operator: str) -> None:
    @tf.custom_gradient
    def bent(x: Any) -> Any:
        return tf.tanh(x), lambda g: tf.reduce_sum(g)

    found = cb.check(bent, x=tf.constant([[0.5, 1.0, 2.0]], tf.float64), operator=operator)
    assert found.refuted, found


def test_custom_rule_that_returns_none_is_named_where_no_way_is_found() -> None:
    @tf.custom_gradient
    def without(x: Any) -> Any:
        return tf.tanh(x), lambda g: None

    found = cb.check(without, x=tf.constant([0.5, 1.0], tf.float64), operator="pullback")
    assert found.status == "error"
    assert found.reason.endswith(
        "all is held constant (stop_gradient) or rounded, or the rule of a tf.custom_gradient "
        "returns None"
    )


def test_plain_number_is_not_differentiated() -> None:
    found = cb.check(lambda x: float(tf.reduce_sum(x**2)), None, tf.constant(V))
    assert found.status == "error"
    assert "f returns a plain float: return the tensor" in str(found)
    given = cb.check(lambda x: tf.reduce_sum(x**2).numpy(), lambda x: 2 * x, tf.constant(V))
    assert given.status == "not certified"
    assert given.witnessed


def test_function_that_leaves_the_tape_is_an_error() -> None:
    found = cb.check(lambda x: tf.reduce_sum(tf.stop_gradient(x)), None, tf.constant(V))
    assert found.status == "error"
    assert "the tape finds no way from x to f(x)" in str(found)


# --- layers of Keras ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network() -> Any:
    """Make layers that keep things: statistics, and the state of a generator."""
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Dense(3, activation="gelu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5, seed=1),
        keras.layers.Dense(3),
    ]
    model = keras.Sequential(layers)
    for layer in layers:
        layer.dtype_policy = "float64"
    model(tf.constant(X))
    return model


@pytest.mark.parametrize("training", [False, True])
def test_layers_are_certified_and_left_as_they_were(network: Any, training: bool) -> None:
    before = [v.value.numpy() for v in network.variables]

    def loss(variables: Any) -> Any:
        scores = network(tf.constant(X), training=training)
        found = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=scores)
        return tf.reduce_mean(found)

    def wrong(variables: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(variables)
        first, *rest = tape.gradient(value, variables)
        return [first * (1 + 1e-9), *rest]

    x = network.trainable_variables
    found = cb.check(loss, None, x)
    assert found.ok, found
    assert next(iter(found.value)).endswith("kernel")
    assert cb.check(loss, wrong, x).status == "disagree"
    for variable, value in zip(network.variables, before, strict=True):
        np.testing.assert_array_equal(variable.value.numpy(), value)
    with pytest.raises(cb.SelectorError, match=r"give model\.trainable_variables"):
        cb.check(lambda model: loss(None), None, network)


def test_recurrent_layer_is_certified() -> None:
    keras = pytest.importorskip("keras")
    layer, series = keras.layers.LSTM(2, dtype="float64"), tf.constant(M[None, :, :2])
    layer(series)
    found = cb.check(lambda: tf.reduce_sum(layer(series) ** 2), None, layer.trainable_variables)
    assert found.ok, found


# --- what is not known, and what is left as it was ------------------------------------------------


def leaves(x: Any) -> Any:
    return tf.reduce_sum(x) * float(x.numpy()[0])


def compares(x: Any) -> Any:
    return tf.add_n([part**2 for part in tf.unstack(x) if part > 0])


REFUSED = {
    "dtype complex128": lambda x: tf.reduce_sum(tf.abs(tf.signal.rfft(x))),
    "dtype bfloat16": lambda x: tf.reduce_sum(tf.cast(tf.cast(x, tf.bfloat16), tf.float64)),
    "operation EagerPyFunc": lambda x: tf.reduce_sum(tf.py_function(tf.sin, [x], tf.float64)),
    "operation Igamma": lambda x: tf.reduce_sum(tf.math.igamma(x, 2 * x)),
    "NumPy's function or .numpy() of a traced tensor at test_tensorflow.py:": leaves,
    "Python's if, while, and or or on a traced tensor at test_tensorflow.py:": compares,
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_is_not_known_is_named(named: str) -> None:
    found = cb.check(REFUSED[named], None, tf.constant(np.abs(V)))
    assert found.status == "not certified"
    assert f"not certified: {named}" in str(found)
    if "traced" in named:
        assert found.witness is not None
    if REFUSED[named] is compares:
        assert "(take tf.cond or tf.where; tf.while_loop for a loop)" in str(found)


def test_complex_arguments_are_not_certified() -> None:
    found = cb.check(lambda a: tf.abs(a[0]), None, tf.constant([1 + 2j]))
    assert "not certified: complex numbers" in str(found)


def test_unknown_operations_of_constants_are_tensorflow_s_own() -> None:
    def f(x: Any) -> Any:
        spectrum = tf.abs(tf.signal.fft(tf.cast(tf.sqrt(tf.range(5.0)), tf.complex128)))
        return tf.reduce_sum(x**2 * spectrum)

    assert cb.check(f, None, tf.constant(V)).ok


def test_single_precision_is_allowed_for_and_told() -> None:
    w = tf.constant(np.random.default_rng(0).normal(size=(4, 3)), tf.float32)

    def f(w: Any) -> Any:
        scores = tf.nn.log_softmax(tf.cast(X, tf.float32) @ w)
        return -tf.reduce_mean(tf.gather(scores, LABELS, axis=1, batch_dims=1))

    found = cb.check(f, None, w)
    assert found.ok, found
    assert found.dtype == "float32"
    off = cb.check(f, lambda w: 1.001 * tape_gradient(f, [w])[0], w)
    assert off.status == "disagree"
    inside = cb.check(
        lambda x: tf.cast(tf.reduce_sum(tf.sin(tf.cast(x, tf.float32))), tf.float64),
        None,
        tf.constant(V),
    )
    assert "TensorFlow on balls, float32; " in str(inside)
    constant = tf.constant(2.0)
    exact = cb.check(
        lambda x: tf.reduce_sum(x * tf.cast(tf.sqrt(constant), tf.float64)), None, tf.constant(V)
    )
    assert exact.ok, exact
    assert exact.dtype == "float64"


SCALE = tf.constant(0.1, tf.float64)


def of_python_float(x: Any) -> Any:
    """Cut off a slope by `float`, as it runs; AutoGraph would make it a float32."""
    return tf.reduce_sum(x**2) * float(tf.reduce_sum(x))


def of_constant_float(x: Any) -> Any:
    """Ask for the digits of a constant, beside a branch that AutoGraph reads."""
    total = tf.reduce_sum(x**2) * float(SCALE)
    if x[0] > 100:
        total = total * float(2)
    return total if isinstance(float(SCALE), float) else x[0]


def of_float_itself(x: Any) -> Any:
    """Ask what `float` is, and what it has, beside a branch that AutoGraph reads."""
    same = float is float and float in (int, float) and issubclass(np.float64, float)
    total = tf.reduce_sum(x**2) * (2.0 if same else 3.0) * float.fromhex("0x1p1")
    total = total * {float: 1.0}[float] * sum(map(float, ["1", "2"]))
    if x[0] > 100:
        total = total * np.ones(1, dtype=float)[0]
    return total


@tf.function
def of_graph_float(x: Any) -> Any:
    """Convert to float32, as AutoGraph reads `float`, and as it runs."""
    return tf.reduce_sum(x**2) * tf.cast(float(tf.reduce_sum(x)), tf.float64)


def test_float_of_a_tensor_is_what_it_is_where_the_function_runs() -> None:
    found = cb.check(of_python_float, x=tf.constant(V))
    assert found.status == "not certified"
    assert "float() of a tensor, which cuts off its slope at " in found.reason
    assert "(compute with the tensor itself)" in found.reason
    assert "they give" in str(found)  # differences, which contradict the tape
    constant = cb.check(of_constant_float, x=tf.constant(V))
    assert (constant.status, constant.dtype) == ("ok", "float64"), constant
    itself = cb.check(of_float_itself, x=tf.constant(V))
    assert (itself.status, itself.dtype) == ("ok", "float64"), itself
    assert cb.check(of_graph_float, x=tf.constant(V)).dtype == "float32"  # nothing is left behind


def test_what_is_in_the_way_beside_a_branch_is_what_is_told() -> None:
    def lacking(x: Any) -> Any:
        total = tf.reduce_sum(x**2)
        if x[0] > 100:
            total = total * 2
        return total * (1.0 if tf.executing_eagerly() else x.numpy()[0])

    found = cb.check(lacking, x=tf.constant(V))
    assert found.status == "not certified"
    assert "Python's if" not in found.reason
    assert ".numpy() of a traced tensor at " in found.reason
    in_graph = cb.check(of_graph_float, x=tf.constant(V))
    assert (in_graph.status, in_graph.dtype) == ("ok", "float32"), in_graph
    assert "float" not in globals()


def test_branch_of_python_at_a_tie_is_looked_at_on_both_sides() -> None:
    def kinked(x: Any) -> Any:
        total = tf.reduce_sum(x[1:] ** 2)
        if x[0] > 0:
            total += 2 * x[0]
        else:
            total += 3 * x[0]
        return total

    x = tf.constant([0.0, 1.5], tf.float64)
    assert cb.check(kinked, x=x).chosen == 1
    wrong = cb.check(kinked, lambda x: np.array([4.0, 3.0]), x)
    assert "should be between 2 and 3" in wrong.reason


def test_dropout_with_a_seed_drops_the_same_and_draws_go_on() -> None:
    x = tf.constant(np.arange(9.0))
    tf.random.set_seed(3)
    expected = [tf.random.normal(()).numpy() for _ in range(3)]
    tf.random.set_seed(3)
    assert tf.random.normal(()).numpy() == expected[0]
    kept = cb.check(lambda x: tf.reduce_sum(tf.nn.dropout(x, 0.5, seed=1) ** 2), None, x)
    assert kept.ok, kept
    drawn = cb.check(lambda x: tf.reduce_sum(x * tf.random.normal(x.shape, dtype=x.dtype)), None, x)
    assert drawn.status == "not certified"
    assert [tf.random.normal(()).numpy() for _ in range(2)] == expected[1:]


class Module(tf.Module):  # type: ignore[misc]
    """Makes its variable when it is called first, counts, and draws."""

    def __init__(self) -> None:
        super().__init__()
        self.weight: Any = None
        self.calls: list[Any] = []
        self.drawing = tf.random.Generator.from_seed(1)

    def __call__(self, x: Any) -> Any:
        if self.weight is None:
            self.weight = tf.Variable(V)
        hidden = tf.tanh(x * self.weight) * self.drawing.normal((5,), dtype=tf.float64)
        self.calls.append(hidden)
        return tf.reduce_sum(hidden)


def test_what_a_traced_function_keeps_is_put_back() -> None:
    """TensorFlow's own objects, of which it has many, are not taken for the function's."""
    calls = []

    @tf.function
    def f(x: Any) -> Any:
        calls.append(x)
        return tf.reduce_sum(tf.sin(x))

    assert cb.check(f, None, tf.constant(V)).ok
    assert calls == []


def test_what_a_module_keeps_is_put_back() -> None:
    module, x = Module(), tf.constant(V)
    state = module.drawing.state.numpy()
    assert cb.check(module, None, x).ok
    assert module.weight is None
    assert module.calls == []
    np.testing.assert_array_equal(module.drawing.state.numpy(), state)


GENERATORS = {
    "one among the globals": (tf.random.Generator.from_seed(3), lambda g: g.normal),
    "Keras' own": (
        tf.keras.random.SeedGenerator(3),
        lambda g: lambda shape, dtype: tf.keras.random.normal(shape, dtype=dtype.name, seed=g),
    ),
}
"""Generators of random numbers, and how to draw of them."""


@pytest.mark.parametrize("given", [np.ones(3), tf.ones(3, tf.float64)], ids=["NumPy", "tensor"])
@pytest.mark.parametrize("kind", GENERATORS)
def test_generators_draw_the_same_in_each_run_and_are_put_back(kind: str, given: Any) -> None:
    def drawing(x: Any) -> Any:
        generator, draws = GENERATORS[kind]
        return tf.reduce_sum(x * draws(generator)((3,), dtype=tf.float64))

    state = np.asarray(GENERATORS[kind][0].state)
    assert cb.check(drawing, None, given).ok
    np.testing.assert_array_equal(np.asarray(GENERATORS[kind][0].state), state)


@pytest.mark.parametrize("operator", ["hvp", "pushforward"])
def test_own_derivative_along_a_direction_is_certified(operator: str) -> None:
    w, x = tf.Variable(V, name="w"), tf.constant(V)
    for f, at in (
        (lambda: tf.reduce_sum(tf.sin(w) * tf.gather(w, [0, 2, 2, 1, 0])), [w]),
        (lambda a, b: tf.reduce_sum(tf.sin(a) * b**2), (x, x)),
        (lambda a: 3.0 * tf.reduce_sum(a), x),
    ):
        found = cb.check(f, x=at, operator=operator)
        assert found.ok, found
    np.testing.assert_array_equal(w.numpy(), V)


def test_own_hessian_product_with_a_wrong_rule_is_caught() -> None:
    @tf.custom_gradient
    def sine(x: Any) -> Any:
        return tf.sin(x), lambda g: g * tf.cos(x) * 1.001

    found = cb.check(lambda x: tf.reduce_sum(sine(x) ** 2), x=tf.constant(V), operator="hvp")
    assert found.status == "disagree"


def test_global_generator_is_put_back() -> None:
    def drawing(x: Any) -> Any:
        return tf.reduce_sum(x * tf.random.get_global_generator().normal((3,), dtype=tf.float64))

    state = tf.random.get_global_generator().state.numpy()
    assert cb.check(drawing, None, np.ones(3)).ok
    np.testing.assert_array_equal(tf.random.get_global_generator().state.numpy(), state)


def test_variable_that_is_given_twice_is_refused() -> None:
    w, b = tf.Variable(V, name="w"), tf.Variable(V, name="b")
    for x in ([w, b, w], {"tied": w, "one": {"tied": w}}):
        with pytest.raises(
            cb.SelectorError, match=r"the variable w is given twice, as .*tied|x\.0"
        ):
            cb.check(lambda: tf.reduce_sum((w + b) ** 3), None, x)
    once = list({id(v): v for v in [w, b, w]}.values())
    assert cb.check(lambda: tf.reduce_sum((w + b) ** 3), None, once).ok


def test_errors_leave_variables_as_they_were() -> None:
    w = tf.Variable(V)

    def raising() -> Any:
        w.assign_add(tf.ones(5, tf.float64))
        return tf.reduce_sum(w) + undefined  # noqa: F821

    with pytest.raises(cb.ProblemError, match="undefined"):
        cb.check(raising, None, [w])
    np.testing.assert_array_equal(w.numpy(), V)


# --- size -----------------------------------------------------------------------------------------


@pytest.mark.full
def test_large_functions_take_seconds() -> None:
    from native.tensorflow_models import MODELS

    for name, (f, params, seconds) in MODELS.items():
        started = time.thread_time()
        found = cb.check(f, None, params)
        assert found.ok, found
        assert time.thread_time() - started < seconds, name


def test_objects_that_answer_to_no_name_are_left_alone():
    class Odd:
        __slots__ = ()

        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    odd = Odd()

    def loss(x: Any) -> Any:
        assert odd is not None
        return np.sum(x**2)

    assert cb.check(loss, lambda x: 2 * x, np.ones(3)).ok


def test_roundings_that_nobody_knows_have_no_witness() -> None:
    for coarse in (tf.bfloat16, tf.float16):
        found = cb.check(
            lambda x, coarse=coarse: tf.reduce_sum(tf.cast(2 * tf.cast(x, coarse), x.dtype)),
            x=tf.constant(V),
        )
        assert found.status == "not certified"
        assert coarse.name in found.reason
        assert found.witness is None
