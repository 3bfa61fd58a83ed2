"""Models in JAX: (function, parameters, seconds of the processor that a check may take)."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

DRAWN = np.random.default_rng(5)


def normal(*shape, scale=1.0):
    return jnp.asarray(DRAWN.normal(size=shape) * scale)


PIXELS, DIGITS = DRAWN.normal(size=(16, 784)), DRAWN.integers(0, 10, 16)
FIELD, TOKENS = DRAWN.normal(size=(1, 8, 8, 8)), DRAWN.normal(size=(32, 64))


def perceptron(p):
    scores = jnp.tanh(PIXELS @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores), DIGITS[:, None], 1))


def normalize(x, gain, bias, axes):
    centred = x - x.mean(axes, keepdims=True)
    return centred * lax.rsqrt(x.var(axes, keepdims=True) + 1e-5) * gain + bias


def residual_block(p):
    def layer(x, k):
        found = lax.conv(x, p[f"kernel{k}"], (1, 1), "SAME")
        return normalize(found, p[f"gain{k}"], p[f"bias{k}"], (0, 2, 3))

    return jnp.sum(jnp.tanh(jax.nn.relu(layer(jax.nn.relu(layer(FIELD, 1)), 2) + FIELD)))


def attend(x, p):
    count, width = x.shape
    q, k, v = (jnp.swapaxes((x @ p[n]).reshape(count, 4, width // 4), 0, 1) for n in "qkv")
    scores = q @ jnp.swapaxes(k, 1, 2) / np.sqrt(width // 4)
    scores = jnp.where(jnp.tri(count, dtype=bool), scores, -jnp.inf)
    return jnp.swapaxes(jax.nn.softmax(scores) @ v, 0, 1).reshape(count, width) @ p["out"]


def transformer(blocks):
    x = jnp.asarray(TOKENS)
    for p in blocks:
        x = x + attend(normalize(x, p["gain1"], p["bias1"], -1), p)
        y = normalize(x, p["gain2"], p["bias2"], -1)
        x = x + jax.nn.gelu(y @ p["up"]) @ p["down"]
    return jnp.mean(x**2)


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
            "kernel1": normal(8, 8, 3, 3) / 8,
            "kernel2": normal(8, 8, 3, 3) / 8,
            **draw_norm(1, 8, 1, 1),
            **draw_norm(2, 8, 1, 1),
        },
        30,
    ),
    "transformer": (transformer, [draw_block(), draw_block()], 30),
}
