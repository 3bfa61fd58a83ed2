"""TensorFlow: gradients of a tape, with rules of `tf.custom_gradient`; tf.test.compute_gradient."""

import contextlib
import functools
from types import SimpleNamespace

import numpy as np
import random_programs
import tensorflow as tf
from native import tensorflow_functions

from calcbench.native.trees import as_tuple
from checkers import Case, factors, slopes

NAME = "TensorFlow"
VERSIONS = ("tensorflow",)
KINDS = [*tensorflow_functions.KINDS]
settings = contextlib.nullcontext


def compile_gradient(case):
    """Have TensorFlow trace the gradient: that is no part of a check."""
    _gradient(*_of_leaves(case))


@functools.cache
def _traced(kind):
    return tf.function(tensorflow_functions.KINDS[kind][0])


def draw(kind, rng):
    x = tensorflow_functions.KINDS[kind][1](rng)
    spread = 1 if kind == "Gaussian process" else 10 ** rng.uniform(-1, 1)
    return Case(_traced(kind), None, tf.nest.map_structure(lambda a: tf.constant(spread * a), x))


# --- random functions -----------------------------------------------------------------------------

XP = SimpleNamespace(
    **{name: getattr(tf, name) for name in random_programs.NAMES if hasattr(tf, name)}
    | {
        "softplus": tf.math.softplus,
        "log1p": tf.math.log1p,
        "expm1": tf.math.expm1,
        "mean": tf.reduce_mean,
        "sum": tf.reduce_sum,
        "max": tf.reduce_max,
        "logsumexp": tf.reduce_logsumexp,
        "logaddexp": lambda u, v: tf.reduce_logsumexp(tf.stack([u, v]), 0),
        "cumulative_sum": tf.cumsum,
        "flip": lambda u: tf.reverse(u, [0]),
        "take": tf.gather,
        "concat": lambda parts: tf.concat(parts, 0),
        "matmul": tf.linalg.matvec,
    }
)


def program(seed):
    compute = tf.function(functools.partial(random_programs.native(seed), XP))
    return lambda rng: Case(compute, None, tuple(map(tf.constant, random_programs.draw(rng))))


# --- faults ---------------------------------------------------------------------------------------

DATA = np.random.default_rng(0).normal(size=(12, 5))


def swish(fault):
    @tf.custom_gradient
    def rule(x, b):
        s = tf.sigmoid(x)
        return x * s + b, lambda g: slopes(fault, x, s, g, _single, _total)

    rng = np.random.default_rng(1)
    x = tf.constant(rng.normal(size=(5, 4))), tf.constant(rng.normal(size=4))
    return Case(lambda w, b: tf.reduce_sum(rule(DATA @ w, b) ** 2), None, x)


def _single(a):
    return tf.cast(tf.cast(a, tf.float32), tf.float64)


def _total(g):
    return tf.reduce_sum(g, 0)


def spoiled(case, place, factor):
    leaves, value = _of_leaves(case)
    wrong = factors(leaves, place, factor)

    @tf.custom_gradient
    def f(*leaves):
        def back(g):
            found = _gradient(leaves, value)
            return [g * p * w for p, w in zip(found, wrong, strict=True)]

        return value(*leaves), back

    return Case(f, None, tuple(leaves))


def _of_leaves(case):
    """Give the tensors that the argument holds, and the function of these."""
    leaves = tf.nest.flatten(case.x)
    return leaves, lambda *leaves: case.f(*as_tuple(tf.nest.pack_sequence_as(case.x, leaves)))


def _gradient(leaves, f):
    with tf.GradientTape() as tape:
        tape.watch(leaves)
        value = f(*leaves)
    return tape.gradient(value, leaves, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def network():
    rng = np.random.default_rng(0)
    data, labels = rng.random((8, 784)), np.arange(8)

    @tf.function
    def f(a, b, c, d):
        z = tf.nn.relu(data @ a + b) @ c + d
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, z))

    shapes = ((784, 64), 64, (64, 10), 10)
    return Case(f, None, tuple(tf.constant(rng.normal(size=s) / 10) for s in shapes))


# --- checkers -------------------------------------------------------------------------------------


def _compute_gradient(case):
    """Compare as the page of tf.test.compute_gradient does: to 1e-6, and 1e-6 of the partial."""
    leaves, f = _of_leaves(case)
    try:
        tf.test.TestCase().assertAllClose(*tf.test.compute_gradient(f, leaves))
    except AssertionError:
        return False
    return True


CHECKERS = {"tf.test.compute_gradient": _compute_gradient}
