"""Models in TensorFlow: (function, parameters, seconds of the processor that a check may take)."""

import numpy as np
import tensorflow as tf

DRAWN = np.random.default_rng(5)


def normal(*shape, scale=1.0):
    return tf.constant(DRAWN.normal(size=shape) * scale)


PIXELS, DIGITS = DRAWN.normal(size=(16, 784)), DRAWN.integers(0, 10, 16)
FIELD, TOKENS = DRAWN.normal(size=(1, 8, 8, 8)), DRAWN.normal(size=(32, 64))


def perceptron(p):
    scores = tf.tanh(PIXELS @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=DIGITS, logits=scores)
    return tf.reduce_mean(loss)


def normalize(x, gain, bias, axes):
    mean, variance = tf.nn.moments(x, axes, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, bias, gain, 1e-5)


def residual_block(p):
    def layer(x, k):
        found = tf.nn.conv2d(x, p[f"kernel{k}"], 1, "SAME")
        return normalize(found, p[f"gain{k}"], p[f"bias{k}"], (0, 1, 2))

    return tf.reduce_sum(tf.tanh(tf.nn.relu(layer(tf.nn.relu(layer(FIELD, 1)), 2) + FIELD)))


def attend(x, p):
    count, width = x.shape
    q, k, v = (tf.transpose(tf.reshape(x @ p[n], (count, 4, width // 4)), (1, 0, 2)) for n in "qkv")
    scores = q @ tf.linalg.matrix_transpose(k) / np.sqrt(width // 4)
    scores = tf.where(np.tri(count, dtype=bool), scores, tf.constant(-np.inf, tf.float64))
    found = tf.transpose(tf.nn.softmax(scores) @ v, (1, 0, 2))
    return tf.reshape(found, (count, width)) @ p["out"]


def transformer(blocks):
    x = tf.constant(TOKENS)
    for p in blocks:
        x = x + attend(normalize(x, p["gain1"], p["bias1"], -1), p)
        y = normalize(x, p["gain2"], p["bias2"], -1)
        x = x + tf.nn.gelu(y @ p["up"]) @ p["down"]
    return tf.reduce_mean(x**2)


def draw_norm(k, *shape):
    return {f"gain{k}": 1 + normal(*shape, scale=0.1), f"bias{k}": normal(*shape, scale=0.1)}


def draw_block():
    square = {name: normal(64, 64, scale=1 / 8) for name in ("q", "k", "v", "out")}
    wide = {"up": normal(64, 128, scale=1 / 8), "down": normal(128, 64, scale=1 / 11)}
    return {**draw_norm(1, 64), **draw_norm(2, 64), **square, **wide}


MODELS = {
    "perceptron": (
        perceptron,
        {"W1": normal(784, 64) / 28, "b1": normal(64), "W2": normal(64, 10) / 8, "b2": normal(10)},
        3,
    ),
    "residual block": (
        residual_block,
        {
            "kernel1": normal(3, 3, 8, 8) / 8,
            "kernel2": normal(3, 3, 8, 8) / 8,
            **draw_norm(1, 8),
            **draw_norm(2, 8),
        },
        30,
    ),
    "transformer": (transformer, [draw_block(), draw_block()], 30),
}
