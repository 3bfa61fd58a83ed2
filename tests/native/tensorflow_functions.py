"""TensorFlow functions as people write them, and cases of most operations.

`KINDS`: name → (f, a function of a generator that draws its arguments). `CASES`: name → (f, its
argument). All numbers are NumPy's.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

DRAWN = np.random.default_rng(5)


def normal(*shape):
    return DRAWN.normal(size=shape)


X, Y = normal(8, 4), np.sign(normal(8))
LABELS = DRAWN.integers(0, 3, 8)
IMAGE = normal(1, 6, 6, 2)
TIMES = np.linspace(0, 1, 6)
SERIES = normal(5, 2)


# --- ten kinds ------------------------------------------------------------------------------------


def logistic(w):
    return tf.reduce_mean(tf.math.softplus(-Y * tf.linalg.matvec(X, w)))


def cross_entropy(w):
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=X @ w)
    return tf.reduce_mean(loss)


def perceptron(activation):
    def f(params):
        hidden = activation(X @ params["layers"][0]["weight"] + params["layers"][0]["bias"])
        found = tf.linalg.matvec(hidden, params["layers"][1]["weight"])
        return 0.5 * tf.reduce_mean((found - Y) ** 2)

    return f


def layer_norm(x, gain, bias):
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    scaled = tf.nn.batch_normalization(x, mean, variance, bias, gain, 1e-5)
    return tf.reduce_sum(tf.sin(scaled))


def attention(q, k, v):
    scores = tf.einsum("thd,shd->hts", q, k) / np.sqrt(q.shape[-1])
    mask = tf.linalg.band_part(tf.ones(scores.shape[1:], tf.bool), -1, 0)
    scores = tf.where(mask, scores, tf.constant(-np.inf, tf.float64))
    return tf.reduce_sum(tf.einsum("hts,shd->thd", tf.nn.softmax(scores), v) ** 2)


def convolution(kernel, bias):
    found = tf.tanh(tf.nn.bias_add(tf.nn.conv2d(IMAGE, kernel, 1, "SAME"), bias))
    return tf.reduce_sum(tf.nn.max_pool2d(found, 2, 2, "VALID") ** 2)


def gaussian_process(params):
    distances = (TIMES[:, None] - TIMES) ** 2
    kernel = tf.exp(2 * params[0] - distances / 2 * tf.exp(-2 * params[1]))
    factor = tf.linalg.cholesky(kernel + tf.exp(2 * params[2]) * np.eye(6))
    white = tf.linalg.triangular_solve(factor, np.sin(5 * TIMES)[:, None])
    return 0.5 * tf.reduce_sum(white**2) + tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)))


def lstm(weight):
    def step(state, x):
        h, c = state
        i, f, g, o = tf.split(tf.linalg.matvec(weight, tf.concat([x, h], 0)), 4)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    zeros = tf.zeros(3, tf.float64)
    return tf.reduce_sum(tf.scan(step, tf.constant(SERIES), (zeros, zeros))[0] ** 2)


@tf.custom_gradient
def swish(x, b):
    s = tf.sigmoid(x)

    def back(g):
        return g * (s + x * s * (1 - s)), tf.reduce_sum(g, 0)

    return x * s + b, back


def custom_rule(w, b):
    return tf.reduce_sum(swish(X @ w, b) ** 2)


def batch_norm(training):
    running = X.mean(0), X.var(0)

    def f(x, gain, bias):
        mean, variance = tf.nn.moments(x, 0) if training else running
        found = tf.nn.batch_normalization(x, mean, variance, bias, gain, 1e-5)
        return tf.reduce_sum(tf.tanh(found) ** 2)

    return f


def draw(*shapes):
    return lambda rng: tuple(rng.normal(size=shape) for shape in shapes)


def draw_perceptron(rng):
    first = {"weight": rng.normal(size=(4, 3)), "bias": rng.normal(size=3)}
    return ({"layers": [first, {"weight": rng.normal(size=3)}]},)


KINDS = {
    "logistic": (logistic, draw(4)),
    "cross entropy": (cross_entropy, draw((4, 3))),
    "perceptron, tanh": (perceptron(tf.tanh), draw_perceptron),
    "perceptron, relu": (perceptron(tf.nn.relu), draw_perceptron),
    "perceptron, gelu": (perceptron(tf.nn.gelu), draw_perceptron),
    "layer norm": (layer_norm, draw((3, 6), 6, 6)),
    "attention": (attention, draw((4, 2, 3), (4, 2, 3), (4, 2, 3))),
    "convolution": (convolution, draw((3, 3, 2, 3), 3)),
    "Gaussian process": (gaussian_process, lambda rng: ([0.1, -0.5, -1] + rng.normal(size=3) / 5,)),
    "LSTM": (lstm, lambda rng: (rng.normal(size=(12, 5)) / 2,)),
    "custom rule": (custom_rule, draw((4, 3), 3)),
    "batch norm, training": (batch_norm(training=True), draw((8, 4), 4, 4)),
    "batch norm": (batch_norm(training=False), draw((8, 4), 4, 4)),
}

# --- operations -----------------------------------------------------------------------------------

V, W, M = normal(5), normal(6), normal(3, 3)
TALL, FIELD, BATCH = normal(4, 3), normal(2, 6, 5, 2), normal(4, 3, 3)
POWERS, RIGHT = np.arange(1.0, 6.0), normal(3, 2)
CLASSES = np.array([0, 0, 1, 2, 1])
AFTER = np.array([0, 0, 1, 1, 2])


def spd(a):
    return a @ tf.linalg.matrix_transpose(a) + 2 * np.eye(a.shape[-1])


def residual(p):
    """A derivative of a derivative inside, as of a differential equation."""
    t = tf.constant(TIMES)
    with tf.GradientTape() as outer:
        outer.watch(t)
        with tf.GradientTape() as inner:
            inner.watch(t)
            u = tf.tanh(p[0] * t + p[1]) * p[2]
        slope = inner.gradient(u, t)
    return tf.reduce_mean((outer.gradient(slope, t) + tf.sin(t)) ** 2)


def convolved_inside(kernel):
    """One step of training inside, and the slope by an input: what goes back from convolutions."""
    x = tf.constant(FIELD)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, kernel])
        pooled = tf.nn.max_pool2d(tf.tanh(tf.nn.conv2d(x, kernel, 1, "SAME")), 2, 2, "SAME")
        total = tf.reduce_sum(tf.nn.avg_pool2d(pooled**2, 2, 1, "SAME") ** 2)
    stepped = kernel - 0.1 * tape.gradient(total, kernel)
    return tf.reduce_sum(tape.gradient(total, x) ** 2) + tf.nn.conv2d(x, stepped, 2, "VALID")


def slopes_inside(a):
    functions = (
        tf.sigmoid, tf.nn.relu, tf.nn.elu, tf.nn.selu, tf.math.softplus, tf.math.rsqrt,
        tf.nn.leaky_relu, tf.tanh, tf.math.reciprocal, tf.nn.relu6,
    )  # fmt: skip
    with tf.GradientTape() as tape:
        tape.watch(a)
        total = tf.add_n([f(a) for f in functions]) + tf.sqrt(a * a)
    return tape.gradient(total, a)


def heron(x):
    total = tf.reduce_sum(x**2)

    def step(s):
        return ((s + total / s) / 2,)

    return tf.while_loop(lambda s: tf.abs(s**2 - total) > 1e-6, step, (total,))[0]


def branches(a):
    chosen = tf.switch_case(
        tf.argmax(a, output_type=tf.int32),
        [lambda f=f: f(a[0]) for f in (tf.sin, tf.cos, tf.tanh, tf.exp, tf.square)],
    )
    return tf.cond(a[1] > 0, lambda: tf.reduce_sum(a), lambda: tf.reduce_prod(a)) + chosen


def by_python(a):
    """Branches and loops of Python's, which AutoGraph reads."""
    total = tf.constant(0.0, tf.float64)
    for k in tf.range(tf.shape(a)[0]):
        if a[k] > 0:
            total += a[k] ** 2
        else:
            total -= 3 * a[k]
    return total


@tf.function
def decorated(a):
    parts = tf.TensorArray(tf.float64, size=0, dynamic_size=True)
    for k in tf.range(4):
        parts = parts.write(k, a[k] * a[k + 1])
    return tf.cumsum(parts.stack())


def drawn(a):
    kept = tf.nn.experimental.stateless_dropout(a, 0.4, seed=[1, 2])
    noise = tf.random.stateless_normal(a.shape, [3, 4], dtype=tf.float64)
    return tf.reduce_sum((kept + noise) ** 2) + a[0] ** 2


def scattered(a):
    whole = tf.scatter_nd([[0], [3], [0]], a[:3], [5]) + tf.tensor_scatter_nd_add(
        a, [[1], [1]], a[:2] ** 2
    )
    return whole * tf.tensor_scatter_nd_update(a, [[2]], a[:1] ** 2)


def segments(a):
    sums = tf.math.segment_sum(a, AFTER) * tf.math.segment_max(a, AFTER)
    return sums + tf.math.unsorted_segment_mean(a, CLASSES, 3) * tf.math.segment_mean(a, AFTER)


def pools(a):
    x = a * tf.constant(FIELD)
    return (
        tf.reduce_sum(tf.nn.avg_pool2d(x, 3, 2, "SAME") ** 2)
        + tf.reduce_sum(tf.nn.max_pool2d(x, (2, 3), 1, "SAME") ** 3)
    )  # fmt: skip


def transposed(kernel):
    return tf.nn.conv2d_transpose(FIELD, kernel, (2, 12, 10, 3), 2, "SAME")


def padded(kernel):
    padding = [[0, 0], [1, 2], [0, 1], [0, 0]]
    return tf.nn.conv2d(FIELD, kernel, 1, padding)


def parts(a):
    first, second = tf.split(a, [2, 3])
    return tf.concat([second, first], 0) * tf.stack(tf.unstack(tf.reverse(a, [0])))


def partitioned(a):
    lower, upper = tf.dynamic_partition(a, [0, 1, 0, 1, 1], 2)
    return tf.dynamic_stitch([[0, 2], [1, 3, 4]], [lower**2, upper**3])


def shapes(a):
    rows = tf.gather(a, [0, 2, 2]) * tf.gather_nd(a, [[0, 1], [1, 1], [2, 0]])[:, None]
    return rows * tf.roll(a, 1, 0) + tf.linalg.band_part(a, 0, 1) + tf.transpose(a)[::-1, :]


def log_likelihoods(a):
    return tf.nn.sigmoid_cross_entropy_with_logits(Y[:5] / 2 + 0.5, a) + tf.math.log_sigmoid(a)


def regression(w):
    many = np.tile(X, (200, 1))
    scores, labels = tf.linalg.matvec(many, w), np.tile(Y / 2 + 0.5, 200)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, scores))


def rows_of(a):
    kept = tf.boolean_mask(a, [True, False, True, True, False])
    above = tf.boolean_mask(a, a > 0)
    return tf.reduce_sum(kept**2) + tf.reduce_sum(above**3)


CASES = {
    "trigonometric": (lambda a: tf.sin(a) * tf.cos(a) + tf.tan(a / 3), V),
    "inverse": (lambda a: tf.asin(a / 9) + tf.acos(a / 9) + tf.atan2(a, a[::-1] + 7), V),
    "hyperbolic": (lambda a: tf.sinh(a) + tf.cosh(a) + tf.asinh(a) + tf.atanh(a / 9), V),
    "powers": (lambda a: tf.exp(a) ** a + tf.exp(a) ** 2.5 + a**3 + 1 / a**2, V),
    "logarithms": (lambda a: tf.math.log1p(a * a) + tf.math.expm1(a) + 2.0**a, V),
    "roots": (lambda a: tf.sqrt(tf.abs(a)) + tf.math.rsqrt(tf.abs(a)), V),
    "activations": (lambda a: tf.nn.elu(a) + tf.nn.selu(a) + tf.nn.silu(a) + tf.nn.relu6(a), V),
    "more activations": (
        lambda a: tf.nn.softsign(a) + tf.nn.leaky_relu(a, 0.1) + tf.nn.crelu(a)[:5],
        V,
    ),
    "gelu": (lambda a: tf.nn.gelu(a) + tf.nn.gelu(a, approximate=True), V),
    "error functions": (lambda a: tf.math.erf(a) + tf.math.erfc(a) + tf.math.erfinv(tf.tanh(a)), V),
    "gamma functions": (lambda a: tf.math.lgamma(tf.exp(a)) + tf.math.digamma(tf.exp(a)), V),
    "polygamma": (lambda a: tf.math.polygamma(tf.constant(2.0, tf.float64), tf.exp(a)), V),
    "entropies": (lambda a: tf.math.xlogy(tf.exp(a), 2.0) + tf.math.xlog1py(a, 3.0), V),
    "without NaN": (
        lambda a: tf.math.divide_no_nan(1.0, a) + tf.math.multiply_no_nan(a, POWERS),
        V,
    ),
    "whole numbers": (
        lambda a: a * (tf.floor(a) + tf.math.ceil(a) + tf.round(a) + tf.math.rint(a)),
        V,
    ),
    "integers": (lambda a: a * tf.cast(tf.cast(a, tf.int32), tf.float64) + a * tf.sign(a), V),
    "remainders": (lambda a: tf.math.floormod(a, 0.7), V),
    "clipped": (lambda a: tf.clip_by_value(a, -0.5, 0.5) ** 2 + tf.clip_by_norm(a, 1.0), V),
    "choices": (lambda a: tf.where(a < -0.5, a**2, tf.where(a < 0.5, a**3, a)), V),
    "statistics": (
        lambda a: tf.math.reduce_variance(a) + tf.math.reduce_std(a) * tf.reduce_min(a),
        W,
    ),
    "norms": (
        lambda a: tf.norm(a) + tf.norm(a, 1) + tf.nn.l2_loss(a) + tf.math.reduce_euclidean_norm(a),
        M,
    ),
    "normalized": (lambda a: tf.math.l2_normalize(a, 1), M),
    "running": (lambda a: tf.cumsum(a) * tf.math.cumprod(a, reverse=True), V),
    "running, exclusive": (
        lambda a: (
            tf.cumsum(a, exclusive=True) * tf.math.cumprod(a, exclusive=True, reverse=True)
            + tf.math.cumulative_logsumexp(a)
        ),
        V,
    ),
    "orders": (lambda a: tf.sort(a) * POWERS + tf.gather(a, tf.argsort(-a)) * POWERS**2, V),
    "largest": (lambda a: tf.math.top_k(a, 2)[0] * a[tf.argmax(a)] * a[tf.argmin(a)], V),
    "log of a sum": (lambda a: tf.reduce_logsumexp(a, 0) + tf.nn.log_softmax(a) * POWERS, V),
    "products": (lambda a: a @ M + tf.matmul(a, M, transpose_a=True) + tf.tensordot(a, a, 2), M),
    "einsum": (lambda a: tf.einsum("ij,jk,ik->", a, M, a) + tf.einsum("...j,kj->...k", a, a), M),
    "batches": (
        lambda a: tf.matmul(a, a, adjoint_b=True) + tf.linalg.trace(a)[:, None, None],
        BATCH,
    ),
    "cross": (lambda a: tf.linalg.cross(a[0], a[1]), M),
    "determinants": (lambda a: tf.linalg.det(a) + tf.linalg.slogdet(a)[1], BATCH),
    "inverse matrix": (tf.linalg.inv, M),
    "pseudoinverse": (tf.linalg.pinv, TALL[:, :2]),
    "systems": (
        lambda a: tf.linalg.solve(
            a + 3 * np.eye(3), tf.constant(np.stack([RIGHT] * 4)), adjoint=True
        ),
        BATCH,
    ),
    "triangles": (
        lambda a: tf.linalg.triangular_solve(a + 2 * np.eye(3), M, lower=False, adjoint=True),
        M,
    ),
    "factors": (lambda a: tf.linalg.cholesky(spd(a)), BATCH),
    "solved by factors": (lambda a: tf.linalg.cholesky_solve(tf.linalg.cholesky(spd(a)), M), M),
    "eigenvectors": (lambda a: tf.linalg.eigh(a + tf.transpose(a))[1], M),
    "singular values": (lambda a: tf.linalg.svd(a, compute_uv=False), TALL),
    "singular vectors": (lambda a: tf.linalg.svd(a)[2], TALL[:, :2]),
    "orthogonal columns": (lambda a: tf.linalg.qr(a)[0], TALL),
    "exponential": (lambda a: tf.linalg.expm(a), M),
    "searched": (lambda a: tf.gather(a, tf.searchsorted(np.linspace(-1, 1, 4), a)) * a, V),
    "sparse": (
        lambda a: tf.sparse.to_dense(tf.SparseTensor([[0, 1], [2, 0]], a[0, :2], [3, 3])) * a,
        M,
    ),
    "shapes": (shapes, M),
    "parts": (parts, V),
    "partitioned": (partitioned, V),
    "rows of": (rows_of, V),
    "repeated": (lambda a: tf.tile(a, [2]) * tf.repeat(a, 2), V),
    "padded": (
        lambda a: tf.pad(a, [[2, 3]], "REFLECT") * tf.pad(a, [[1, 4]], constant_values=2),
        V,
    ),
    "diagonals": (
        lambda a: tf.linalg.diag(a[0]) + tf.linalg.set_diag(a, a[1]) + tf.linalg.diag_part(a),
        M,
    ),
    "scattered": (scattered, V),
    "segments": (segments, V),
    "sparse product": (
        lambda a: tf.sparse.sparse_dense_matmul(
            tf.SparseTensor([[0, 1], [2, 0]], a[0, :2], [3, 3]), a
        ),
        M,
    ),
    "convolution with padding": (padded, normal(2, 3, 2, 3)),
    "transposed convolution": (transposed, normal(3, 3, 3, 2)),
    "convolution of each channel": (
        lambda k: tf.nn.depthwise_conv2d(FIELD, k, (1, 2, 2, 1), "SAME"),
        normal(2, 3, 2, 2),
    ),
    "convolution of series": (lambda k: tf.nn.conv1d(FIELD[0], k, 2, "SAME"), normal(3, 2, 4)),
    "pools": (pools, np.array([1.5])),
    "log likelihoods": (log_likelihoods, V),
    "derivatives inside": (residual, V[:3]),
    "convolutions inside": (convolved_inside, normal(2, 3, 2, 2)),
    "slopes inside": (slopes_inside, np.abs(V) + 0.1),
    "loop": (heron, V),
    "branches": (branches, V),
    "Python's branches": (by_python, V),
    "decorated": (decorated, V),
    "map": (lambda a: tf.map_fn(lambda r: tf.sin(r) * a[0], a) + tf.vectorized_map(tf.cos, a), M),
    "fold": (lambda a: tf.foldl(lambda s, r: s * r + 1, a), M),
    "recomputed": (lambda a: tf.recompute_grad(lambda x: tf.tanh(x) ** 2)(a), V),
    "random numbers": (drawn, V),
    "straight through": (lambda a: (a + tf.stop_gradient(tf.round(a) - a)) ** 2, V),
    "where it is defined": (
        lambda a: tf.where(a > 0, tf.math.log(tf.where(a > 0, a, 1.0)), 0.0),
        V,
    ),
    "zeros in a product": (lambda a: tf.reduce_prod(a), np.array([1.0, 0.0, 3.0])),
    "softplus at 0": (lambda a: tf.math.softplus(tf.linalg.matvec(TALL, a)), np.zeros(3)),
    "logits at 0": (log_likelihoods, np.zeros(5)),
    "regression at 0": (regression, np.zeros(4)),
    "all logits 0": (lambda a: tf.nn.softmax(a) * POWERS + tf.reduce_logsumexp(a), np.zeros(5)),
}


def scalar(function):
    """Weigh what a function gives, so that each of its numbers counts."""

    def f(a):
        found = tf.reshape(function(a), [-1])
        weights = tf.sin(tf.cast(tf.range(tf.size(found)), tf.float64) + 1.0)
        return tf.reduce_sum(weights * found)

    return f


# --- faults in custom rules -----------------------------------------------------------------------

FAULTS = ("factor", "sign", "1e-5", "1e-9", "mean for sum", "missing broadcast sum", "float32 leak")


def swish_with(fault):
    """Build x·σ(x) + b by a custom gradient, with a fault in its rule."""

    def slope(g, x, s):
        right = g * (s + x * s * (1 - s))
        return {
            "factor": lambda: 2 * right,
            "sign": lambda: g * (s - x * s * (1 - s)),
            "1e-5": lambda: right * (1 + 1e-5),
            "1e-9": lambda: right * (1 + 1e-9),
            "float32 leak": lambda: tf.cast(tf.cast(right, tf.float32), tf.float64),
        }.get(fault, lambda: right)()

    @tf.custom_gradient
    def swish(x, b):
        s = tf.sigmoid(x)
        sums = {"mean for sum": tf.reduce_mean, "missing broadcast sum": lambda g, _: g[0]}
        return x * s + b, lambda g: (slope(g, x, s), sums.get(fault, tf.reduce_sum)(g, 0))

    return lambda w, b: swish(X @ w, b)
