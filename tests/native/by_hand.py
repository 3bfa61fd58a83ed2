"""Functions of NumPy arrays as people write them, each with a gradient derived by hand.

`TABLE`: name → (f, grad, a function of a generator that draws x).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(size=(8, 4))
Y = np.sign(DRAWN.normal(size=8))
LABELS = DRAWN.integers(0, 3, 8)
SIGNAL = DRAWN.normal(size=20)


def logistic(w):
    z = X @ w
    return np.mean(np.log1p(np.exp(-Y * z)))


def logistic_gradient(w):
    return X.T @ (-Y * special.expit(-Y * (X @ w))) / len(Y)


def softmax_cross_entropy(W):
    z = X @ W
    z = z - z.max(axis=1, keepdims=True)
    logarithms = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -logarithms[np.arange(8), LABELS].mean()


def softmax_cross_entropy_gradient(W):
    z = X @ W
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(8), LABELS] -= 1
    return X.T @ p / 8


def perceptron(act):
    def f(params):
        h = act(X @ params["A"] + params["b"])
        return 0.5 * np.mean((h @ params["c"] - Y) ** 2)

    return f


def perceptron_gradient(act, slope):
    def gradient(params):
        z = X @ params["A"] + params["b"]
        h = act(z)
        r = (h @ params["c"] - Y) / len(Y)
        d = np.outer(r, params["c"]) * slope(z)
        return {"A": X.T @ d, "b": d.sum(axis=0), "c": h.T @ r}

    return gradient


def draw_perceptron(rng):
    return {"A": rng.normal(size=(4, 3)), "b": rng.normal(size=3), "c": rng.normal(size=3)}


def relu(z):
    return np.maximum(z, 0)


def gelu(z):
    return z * special.ndtr(z)


def gelu_slope(z):
    return special.ndtr(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def layer_norm(x, gain, bias):
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5)
    return np.sum(np.sin(scaled * gain + bias))


def layer_norm_gradient(x, gain, bias):
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5)
    scaled = centred / spread
    up = np.cos(scaled * gain + bias)
    d = up * gain
    mean = d.mean(axis=-1, keepdims=True)
    projected = (d * scaled).mean(axis=-1, keepdims=True)
    return (d - mean - scaled * projected) / spread, (up * scaled).sum(axis=0), up.sum(axis=0)


def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[-1])
    scores = np.where(np.tri(*scores.shape, dtype=bool), scores, -np.inf)
    weights = special.softmax(scores, axis=-1)
    return np.sum((weights @ v) ** 2)


def attention_gradient(q, k, v):
    root = np.sqrt(q.shape[-1])
    scores = np.where(np.tri(len(q), len(k), dtype=bool), q @ k.T / root, -np.inf)
    weights = special.softmax(scores, axis=-1)
    up = 2 * weights @ v
    d = up @ v.T
    d = weights * (d - np.sum(d * weights, axis=-1, keepdims=True)) / root
    return d @ k, d.T @ q, weights.T @ up


def convolution(kernel):
    windows = np.lib.stride_tricks.sliding_window_view(SIGNAL, len(kernel))
    return np.sum(np.tanh(windows @ kernel))


def convolution_gradient(kernel):
    windows = np.lib.stride_tricks.sliding_window_view(SIGNAL, len(kernel))
    return windows.T @ (1 - np.tanh(windows @ kernel) ** 2)


def gaussian_process(theta):
    """Minus the log likelihood, by a Cholesky factor that is solved with in a loop."""
    length, noise = np.exp(theta)
    squares = (X[:5, None, 0] - X[None, :5, 0]) ** 2
    L = np.linalg.cholesky(np.exp(-0.5 * squares / length**2) + (noise + 1e-2) * np.eye(5))
    z = np.zeros(5)
    for i in range(5):
        z[i] = (Y[i] - L[i, :i] @ z[:i]) / L[i, i]
    return 0.5 * np.sum(z**2) + np.sum(np.log(np.diag(L)))


def gaussian_process_gradient(theta):
    length, noise = np.exp(theta)
    squares = (X[:5, None, 0] - X[None, :5, 0]) ** 2
    kernel = np.exp(-0.5 * squares / length**2)
    inverse = np.linalg.inv(kernel + (noise + 1e-2) * np.eye(5))
    a = inverse @ Y[:5]
    inner = 0.5 * (inverse - np.outer(a, a))
    return np.array([np.sum(inner * kernel * squares) / length**2, np.trace(inner) * noise])


def recurrent(W, U):
    """Two steps of a gated unit, written in place."""
    h = np.zeros(3)
    total = 0.0
    for x in X[:2]:
        gate = special.expit(W @ x + U @ h)
        h = gate * np.tanh(W @ x)
        total += np.sum(h**2)
    return total


def recurrent_gradient(W, U):
    states, kept = [np.zeros(3)], []
    for x in X[:2]:
        gate, inner = special.expit(W @ x + U @ states[-1]), np.tanh(W @ x)
        kept.append((x, gate, inner))
        states.append(gate * inner)
    dW, dU, dh = np.zeros_like(W), np.zeros_like(U), np.zeros(3)
    for t in (1, 0):
        x, gate, inner = kept[t]
        dh = dh + 2 * states[t + 1]
        da = dh * inner * gate * (1 - gate)
        dW += np.outer(da, x) + np.outer(dh * gate * (1 - inner**2), x)
        dU += np.outer(da, states[t])
        dh = U.T @ da
    return dW, dU


def rosenbrock(x):
    return sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    g = np.zeros_like(x)
    g[:-1] += -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def pendulum(angle, length):
    """Numbers of Python, by `math` and branches."""
    energy = 9.81 * length * (1 - math.cos(angle))
    return math.log1p(energy) if energy > 1 else energy**2


def pendulum_gradient(angle, length):
    energy = 9.81 * length * (1 - math.cos(angle))
    slope = 1 / (1 + energy) if energy > 1 else 2 * energy
    return slope * 9.81 * length * math.sin(angle), slope * 9.81 * (1 - math.cos(angle))


TABLE = {
    "logistic": (logistic, logistic_gradient, lambda rng: rng.normal(size=4)),
    "softmax cross-entropy": (
        softmax_cross_entropy,
        softmax_cross_entropy_gradient,
        lambda rng: rng.normal(size=(4, 3)),
    ),
    "perceptron, tanh": (
        perceptron(np.tanh),
        perceptron_gradient(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        draw_perceptron,
    ),
    "perceptron, relu": (
        perceptron(relu),
        perceptron_gradient(relu, lambda z: (z > 0).astype(float)),
        draw_perceptron,
    ),
    "perceptron, gelu": (
        perceptron(gelu),
        perceptron_gradient(gelu, gelu_slope),
        draw_perceptron,
    ),
    "layer norm": (
        layer_norm,
        layer_norm_gradient,
        lambda rng: (rng.normal(size=(2, 4)), rng.normal(size=4), rng.normal(size=4)),
    ),
    "attention": (
        attention,
        attention_gradient,
        lambda rng: tuple(rng.normal(size=(3, 2)) for _ in range(3)),
    ),
    "convolution": (convolution, convolution_gradient, lambda rng: rng.normal(size=3)),
    "Gaussian process": (
        gaussian_process,
        gaussian_process_gradient,
        lambda rng: rng.uniform(-1, 1, 2),
    ),
    "recurrent": (
        recurrent,
        recurrent_gradient,
        lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(3, 3))),
    ),
    "Rosenbrock": (rosenbrock, rosenbrock_gradient, lambda rng: rng.normal(size=5)),
    "pendulum": (
        pendulum,
        pendulum_gradient,
        lambda rng: (float(rng.uniform(-2, 2)), float(rng.uniform(0.5, 2))),
    ),
}
