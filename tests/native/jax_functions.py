"""JAX functions as people write them, and cases of most primitives.

`KINDS`: name → (f, a function of a generator that draws its arguments). `CASES`: name → (f, its
argument). All numbers are NumPy's, which are the same in either of JAX's modes.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import jax.scipy as jsp
import numpy as np
from jax import lax
from jax.scipy import special as sp
from jax.scipy import stats

DRAWN = np.random.default_rng(5)


def normal(*shape):
    return DRAWN.normal(size=shape)


X, Y = normal(8, 4), np.sign(normal(8))
LABELS = DRAWN.integers(0, 3, 8)
IMAGE = normal(1, 2, 6, 6)
TIMES = np.linspace(0, 1, 6)
SERIES = normal(5, 2)


# --- ten kinds ------------------------------------------------------------------------------------


def logistic(w):
    return jnp.mean(jax.nn.softplus(-Y * (X @ w)))


def cross_entropy(w):
    chosen = jnp.take_along_axis(jax.nn.log_softmax(X @ w), LABELS[:, None], 1)
    return -jnp.mean(chosen)


def perceptron(activation):
    def f(params):
        hidden = activation(X @ params["layers"][0]["weight"] + params["layers"][0]["bias"])
        return 0.5 * jnp.mean((hidden @ params["layers"][1]["weight"] - Y) ** 2)

    return f


def layer_norm(x, gain, bias):
    scaled = (x - x.mean(-1, keepdims=True)) * lax.rsqrt(x.var(-1, keepdims=True) + 1e-5)
    return jnp.sum(jnp.sin(scaled * gain + bias))


def attention(q, k, v):
    scores = jnp.einsum("thd,shd->hts", q, k) / np.sqrt(q.shape[-1])
    scores = jnp.where(np.tri(len(q), dtype=bool), scores, -jnp.inf)
    return jnp.sum(jnp.einsum("hts,shd->thd", jax.nn.softmax(scores), v) ** 2)


def convolution(kernel, bias):
    found = jnp.tanh(lax.conv(IMAGE, kernel, (1, 1), "SAME") + bias[:, None, None])
    window, most = (1, 1, 2, 2), lax.max
    return jnp.sum(lax.reduce_window(found, -jnp.inf, most, window, window, "VALID") ** 2)


def gaussian_process(params):
    distances = (TIMES[:, None] - TIMES) ** 2
    kernel = jnp.exp(2 * params[0] - distances / 2 * jnp.exp(-2 * params[1]))
    factor = jnp.linalg.cholesky(kernel + jnp.exp(2 * params[2]) * jnp.eye(6))
    white = jsp.linalg.solve_triangular(factor, np.sin(5 * TIMES), lower=True)
    return 0.5 * white @ white + jnp.sum(jnp.log(jnp.diag(factor)))


def lstm(weight):
    def step(state, x):
        h, c = state
        i, f, g, o = jnp.split(weight @ jnp.concatenate([x, h]), 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    return jnp.sum(lax.scan(step, (jnp.zeros(3), jnp.zeros(3)), SERIES)[1] ** 2)


@jax.custom_vjp
def swish(x, b):
    return x * jax.nn.sigmoid(x) + b


def swish_back(saved, g):
    x, _ = saved
    s = jax.nn.sigmoid(x)
    return g * (s + x * s * (1 - s)), g.sum(0)


swish.defvjp(lambda x, b: (swish(x, b), (x, b)), swish_back)


def custom_rule(w, b):
    return jnp.sum(swish(X @ w, b) ** 2)


def batch_norm(training):
    running = X.mean(0), X.var(0)

    def f(x, gain, bias):
        mean, variance = (x.mean(0), x.var(0)) if training else running
        return jnp.sum(jnp.tanh((x - mean) / jnp.sqrt(variance + 1e-5) * gain + bias) ** 2)

    return f


def draw(*shapes):
    return lambda rng: tuple(rng.normal(size=shape) for shape in shapes)


def draw_perceptron(rng):
    first = {"weight": rng.normal(size=(4, 3)), "bias": rng.normal(size=3)}
    return ({"layers": [first, {"weight": rng.normal(size=3)}]},)


def exact_gelu(z):
    return jax.nn.gelu(z, approximate=False)


KINDS = {
    "logistic": (logistic, draw(4)),
    "cross entropy": (cross_entropy, draw((4, 3))),
    "perceptron, tanh": (perceptron(jnp.tanh), draw_perceptron),
    "perceptron, relu": (perceptron(jax.nn.relu), draw_perceptron),
    "perceptron, gelu": (perceptron(exact_gelu), draw_perceptron),
    "layer norm": (layer_norm, draw((3, 6), 6, 6)),
    "attention": (attention, draw((4, 2, 3), (4, 2, 3), (4, 2, 3))),
    "convolution": (convolution, draw((3, 2, 3, 3), 3)),
    "Gaussian process": (gaussian_process, lambda rng: ([0.1, -0.5, -1] + rng.normal(size=3) / 5,)),
    "LSTM": (lstm, lambda rng: (rng.normal(size=(12, 5)) / 2,)),
    "custom rule": (custom_rule, draw((4, 3), 3)),
    "batch norm, training": (batch_norm(training=True), draw((8, 4), 4, 4)),
    "batch norm": (batch_norm(training=False), draw((8, 4), 4, 4)),
}

# --- primitives -----------------------------------------------------------------------------------

V, W, M = normal(5), normal(6), normal(3, 3)
TALL, FIELD, BATCH = normal(4, 3), normal(2, 6, 5, 2), normal(4, 3, 3)
POWERS, RIGHT = np.arange(1.0, 6.0), normal(3, 2)
CLASSES = np.array([0, 0, 1, 2, 1])


def spd(a):
    return a @ jnp.swapaxes(a, -1, -2) + 2 * jnp.eye(a.shape[-1])


def pendulum(p):
    def step(y, _):
        return y + 0.1 * jnp.array([y[1], -p[0] * jnp.sin(y[0]) - p[1] * y[1]]), y

    return jnp.sum(lax.scan(step, jnp.array([1.0, 0.0]), None, length=9)[1] ** 2)


def residual(p):
    def u(t):
        return jnp.tanh(p[0] * t + p[1]) * p[2]

    bend = jax.vmap(jax.grad(jax.grad(u)))(TIMES)
    return jnp.mean((bend + jnp.sin(TIMES)) ** 2)


def root(p):
    def newton(f, x):
        return lax.fori_loop(0, 9, lambda i, x: x - f(x) / jax.grad(f)(x), x)

    def equation(x):
        return x**3 + (1 + p[0] ** 2) * x - p[1]

    return lax.custom_root(equation, jnp.array(0.5), newton, lambda g, y: y / g(1.0))


def heron(x):
    def step(s):
        return (s[0] + s[1] / s[0]) / 2, s[1]

    total = jnp.sum(x**2)
    return lax.while_loop(lambda s: jnp.abs(s[0] ** 2 - s[1]) > 1e-6, step, (total, total))[0]


def grown(x):
    """Grow past 2, in as many steps as that takes."""
    return lax.while_loop(lambda s: s < 2, lambda s: 1.5 * s + 0.3, x)


def coupled(a):
    def product(v):
        return {"p": a[0] * v["p"] + a[1] * v["q"], "q": a[2] * v["q"]}

    def solve(_, b):
        q = b["q"] / a[2]
        return {"p": (b["p"] - a[1] * q) / a[0], "q": q}

    def solve_transposed(_, b):
        p = b["p"] / a[0]
        return {"p": p, "q": (b["q"] - a[1] * p) / a[2]}

    right = {"p": jnp.array(1.0), "q": jnp.array(2.0)}
    found = lax.custom_linear_solve(product, right, solve, solve_transposed)
    return found["p"] ** 2 + found["q"]


def outside(a):
    dropped = a.at[np.array([0, 9])].add(a[:2] ** 2, mode="drop")
    return dropped + a.at[np.array([1, 9])].get(mode="fill", fill_value=2.0).sum()


def dynamic_slices(a):
    updated = lax.dynamic_update_slice(a, a[:2] ** 2, (jnp.argmax(a),))
    return updated * lax.dynamic_slice(a, (3,), (2,)).sum()


def dilated(kernel):
    dilations, layout = ((1, 2), (2, 1)), ("NHWC", "HWIO", "NHWC")
    padding = ((1, 2), (0, 1))
    return lax.conv_general_dilated(FIELD, kernel, (2, 1), padding, *dilations, layout, 2)


def segments(a):
    return jax.ops.segment_sum(a, CLASSES, 3) * jax.ops.segment_max(a, CLASSES, 3)


def pools(a):
    sums = lax.reduce_window(a, 0.0, lax.add, (2, 3), (1, 2), "SAME")
    return sums.sum() + lax.reduce_window(a, jnp.inf, lax.min, (2, 2), (2, 2), "VALID")


def interpolated(a):
    between = jnp.interp(np.array([0.1, 0.5, 0.9]), np.linspace(0, 1, 5), a)
    return between + jnp.trapezoid(a) + jnp.polyval(a, 0.3)


def densities(a):
    return stats.norm.logpdf(V, a, 2.0) + stats.t.logpdf(V, 3.0, a) + stats.norm.logcdf(a)


def positive_densities(a):
    scale = jnp.exp(a)
    return stats.gamma.logpdf(POWERS, scale) + stats.expon.logpdf(POWERS, scale=scale)


def conjugate_gradients(a):
    return jsp.sparse.linalg.cg(lambda v: spd(a) @ v, M[0], tol=1e-14)[0]


def equal_logits(a):
    scores = TALL @ a
    return jax.nn.log_softmax(jnp.stack([scores, scores, 2 * scores]), 0)[0]


def branches(a):
    chosen = lax.switch(jnp.argmax(a), [jnp.sin, jnp.cos, jnp.tanh, jnp.exp, jnp.square], a[0])
    return lax.cond(a[1] > 0, jnp.sum, jnp.prod, a) + chosen


def drawn(a):
    key = jax.random.key(3)
    kept = jax.random.bernoulli(key, 0.5, a.shape)
    noise = jax.random.normal(key, a.shape)
    order = jax.random.permutation(key, a.shape[0])
    return jnp.sum((a * kept + noise) ** 2) + jnp.sum(a[order] * POWERS)


CASES = {
    "trigonometric": (lambda a: jnp.sin(a) * jnp.cos(a) + jnp.tan(a / 3) + jnp.sinc(a), V),
    "inverse": (lambda a: jnp.arcsin(a / 9) + jnp.arccos(a / 9) + jnp.arctan2(a, a[::-1] + 7), V),
    "hyperbolic": (lambda a: jnp.sinh(a) + jnp.cosh(a) + jnp.arcsinh(a) + jnp.arctanh(a / 9), V),
    "powers": (lambda a: jnp.exp(a) ** a + jnp.exp(a) ** 2.5 + a**3 + a**-2 + jnp.cbrt(a), V),
    "whole powers": (lambda a: a ** np.array([1, 2, 3, 0, -1]) + jnp.square(a), V),
    "logarithms": (lambda a: jnp.log2(jnp.abs(a)) + jnp.log1p(a * a) + jnp.expm1(a) + 2.0**a, V),
    "roots": (lambda a: jnp.sqrt(jnp.abs(a)) + lax.rsqrt(jnp.abs(a)) + jnp.hypot(a, 1.0), V),
    "activations": (lambda a: jax.nn.elu(a) + jax.nn.selu(a) + jax.nn.mish(a) + jax.nn.silu(a), V),
    "more activations": (lambda a: jax.nn.log_sigmoid(a) + jax.nn.hard_swish(a), V),
    "gelu": (jax.nn.gelu, V),
    "error functions": (lambda a: sp.erf(a) + sp.erfc(a) + sp.ndtr(a) + sp.log_ndtr(a), V),
    "inverse error function": (lambda a: sp.erfinv(jnp.tanh(a)) + sp.i0e(a), V),
    "gamma functions": (lambda a: sp.gammaln(jnp.exp(a)) + sp.digamma(jnp.exp(a)), V),
    "polygamma": (lambda a: sp.polygamma(2, jnp.exp(a)), V),
    "entropies": (lambda a: sp.xlogy(jnp.exp(a), 2.0) + sp.entr(jnp.exp(a)), V),
    "whole numbers": (lambda a: a * (jnp.floor(a) + jnp.ceil(a) + jnp.round(a) + jnp.trunc(a)), V),
    "integers": (lambda a: a * a.astype(int) + a * (a > 0) + a * jnp.sign(a), V),
    "remainders": (lambda a: jnp.mod(a, 0.7) + jnp.fmod(a, 0.7), V),
    "clipped": (lambda a: jnp.clip(a, -0.5, 0.5) ** 2 + lax.clamp(-1.0, a, 0.2), V),
    "choices": (lambda a: jnp.select([a < -0.5, a < 0.5], [a**2, a**3], a), V),
    "statistics": (lambda a: jnp.var(a) + jnp.std(a, ddof=1) + jnp.median(a) + jnp.ptp(a), W),
    "quantiles": (lambda a: jnp.quantile(a, 0.37) + jnp.percentile(a, 30), W),
    "of the missing": (lambda a: jnp.nanmean(a) + jnp.nansum(a**2) + jnp.nan_to_num(a), V),
    "covariances": (lambda a: jnp.cov(a), TALL),
    "norms": (lambda a: jnp.linalg.norm(a) + jnp.linalg.norm(a, 1), M),
    "running": (lambda a: jnp.cumsum(a) * jnp.cumprod(a) * lax.cummax(a) - lax.cummin(a), V),
    "running back": (lambda a: lax.cumsum(a, reverse=True) ** 2 + lax.cumlogsumexp(a), V),
    "in parallel": (lambda a: lax.associative_scan(lambda x, y: x * y + y, a), V),
    "orders": (lambda a: jnp.sort(a) * POWERS + a[jnp.argsort(-a)] * POWERS**2, V),
    "largest": (lambda a: lax.top_k(a, 2)[0] * a[jnp.argmax(a)] * a[jnp.argmin(a)], V),
    "sorted by another": (lambda a: lax.sort([CLASSES, a], num_keys=1)[1] * POWERS, V),
    "products": (lambda a: a @ M + jnp.outer(a[0], a[1]) + jnp.inner(a, a) + jnp.vdot(a, a), M),
    "einsum": (lambda a: jnp.einsum("ij,jk,ik->", a, M, a) + jnp.einsum("ij,kl->jilk", a, a), M),
    "batches": (lambda a: jnp.matmul(a, a.transpose(0, 2, 1)) + jnp.tensordot(a, a, 3), BATCH),
    "kron and cross": (lambda a: jnp.kron(a, a).sum() + jnp.cross(a[0], a[1]) + jnp.trace(a), M),
    "determinants": (lambda a: jnp.linalg.det(a) + jnp.linalg.slogdet(a)[1], normal(4, 4)),
    "inverse matrix": (lambda a: jnp.linalg.inv(a) + jnp.linalg.matrix_power(a, 3), M),
    "systems": (lambda a: jnp.linalg.solve(a + 3 * jnp.eye(3), RIGHT), BATCH),
    "systems by vmap": (lambda a: jax.vmap(jnp.linalg.solve)(spd(a), a[:, 0]), BATCH),
    "zeros in a system": (lambda a: jnp.linalg.solve(a, np.arange(3.0)), np.diag([2.0, 3, 1])),
    "triangles": (lambda a: jsp.linalg.solve_triangular(a + 2 * jnp.eye(3), M), M),
    "unit triangles": (
        lambda a: jsp.linalg.solve_triangular(a, M, 1, lower=True, unit_diagonal=True),
        M,
    ),
    "from the right": (lambda a: lax.linalg.triangular_solve(spd(a), M, transpose_a=True), M),
    "factors": (lambda a: jnp.linalg.cholesky(spd(a)), BATCH),
    "solved by factors": (lambda a: jsp.linalg.cho_solve(jsp.linalg.cho_factor(spd(a)), M), M),
    "eigenvectors": (lambda a: jnp.linalg.eigh(a + a.T)[1], M),
    "singular values": (lambda a: jnp.linalg.svd(a, compute_uv=False), TALL),
    "singular vectors": (lambda a: jnp.linalg.svd(a, full_matrices=False)[0], TALL[:, :2]),
    "orthogonal columns": (lambda a: jnp.linalg.qr(a)[0], TALL),
    "least squares": (lambda a: jnp.linalg.lstsq(a, np.arange(4.0))[0], TALL[:, :2]),
    "exponential": (lambda a: jsp.linalg.expm(a), M),
    "conjugate gradients": (conjugate_gradients, M),
    "system of a dict": (coupled, np.array([1.5, 2.0, 3.0])),
    "shapes": (lambda a: jnp.roll(a, 1) * jnp.flip(a) + jnp.rot90(a) * jnp.triu(a) + a.T, M),
    "repeated": (lambda a: jnp.tile(a, 2) * jnp.repeat(a, 2), V),
    "reflected": (lambda a: jnp.pad(a, (2, 3), mode="reflect") ** 2, V),
    "padded": (lambda a: lax.pad(a, a[0], ((-1, 2, 1),)) ** 2, V),
    "stacked": (lambda a: jnp.stack([a[0], a[1] ** 2]) * jnp.unstack(a)[2], M),
    "indexed": (lambda a: a[np.array([[0, 1], [2, 2]]), np.array([1, 0])] * a[1:, ::-1][:, :2], M),
    "replaced": (lambda a: a.at[1:3].set(a[0] ** 2).at[jnp.array([0, 0, 4])].add(a[:3] ** 2), V),
    "other updates": (lambda a: a.at[::2].max(0.1).at[2].min(a[1]).at[3].divide(a[0] + 9), V),
    "updates that multiply": (lambda a: a.at[jnp.array([0, 1])].mul(a[3:], unique_indices=True), V),
    "outside": (outside, V),
    "dynamic slices": (dynamic_slices, V),
    "segments": (segments, V),
    "convolution, by all options": (dilated, normal(2, 3, 1, 4)),
    "transposed convolution": (
        lambda kernel: lax.conv_transpose(FIELD, kernel, (2, 2), "SAME"),
        normal(3, 3, 2, 2),
    ),
    "convolution of vectors": (lambda a: jnp.convolve(a, a[:3], mode="same"), V),
    "pools": (pools, M),
    "interpolated": (interpolated, V),
    "resized": (lambda a: jax.image.resize(a, (6, 6), "bilinear"), M),
    "between": (lambda a: jnp.linspace(a[0], a[1], 5) ** 2 + jnp.arange(5.0) * a[0], V),
    "densities": (densities, V),
    "densities of the positive": (positive_densities, V),
    "derivatives inside": (lambda a: jax.hessian(lambda z: jnp.sum(jnp.tanh(z) * z[0]))(a), V),
    "pushforward inside": (lambda a: jax.jvp(lambda z: jax.nn.gelu(z) ** 2, (a,), (a,))[1], V),
    "residual of an equation": (residual, V[:3]),
    "pendulum": (pendulum, np.array([1.5, 0.2])),
    "root": (root, np.array([1.5, 2.0])),
    "loop and branch": (branches, V),
    "map and checkpoint": (
        lambda a: lax.map(lambda r: r @ a[0], a) * jax.checkpoint(jnp.sin)(a),
        M,
    ),
    "random numbers": (drawn, V),
    "straight through": (lambda a: (a + lax.stop_gradient(jnp.round(a) - a)) ** 2, V),
    "where it is defined": (lambda a: jnp.where(a > 0, jnp.log(jnp.where(a > 0, a, 1.0)), 0.0), V),
    "zeros in a product": (lambda a: jnp.prod(a) + jnp.cumprod(a), np.array([1.0, 0.0, 3.0])),
    "softplus at 0": (lambda a: jax.nn.softplus(TALL @ a), np.zeros(3)),
    "equal logits": (equal_logits, V[:3]),
    "all logits 0": (lambda a: jax.nn.softmax(a) * POWERS + sp.logsumexp(a), np.zeros(5)),
}  # fmt: skip


def scalar(function):
    """Weigh what a function gives, so that each of its numbers counts."""

    def f(a):
        found = jnp.ravel(function(a))
        return jnp.sum(jnp.sin(jnp.arange(found.size) + 1.0) * found)

    return f


# --- faults in custom rules -----------------------------------------------------------------------

FAULTS = ("factor", "sign", "1e-5", "1e-9", "mean for sum", "missing broadcast sum", "float32 leak")


def spoiled(fault, right, other=None):
    """Spoil a slope by one of the faults of size; `other` is it with another sign inside."""
    return {
        "factor": lambda: 2 * right,
        "sign": lambda: other,
        "1e-5": lambda: right * (1 + 1e-5),
        "1e-9": lambda: right * (1 + 1e-9),
        "float32 leak": lambda: right.astype(jnp.float32).astype(right.dtype),
    }.get(fault, lambda: right)()


def swish_with(fault):
    """Build x·σ(x) + b by a custom vjp, with a fault in its rule."""

    @jax.custom_vjp
    def swish(x, b):
        return x * jax.nn.sigmoid(x) + b

    def back(x, g):
        s = jax.nn.sigmoid(x)
        by_x = spoiled(fault, g * (s + x * s * (1 - s)), g * (s - x * s * (1 - s)))
        reduce = {"mean for sum": lambda g: g.mean(0), "missing broadcast sum": lambda g: g[0]}
        return by_x, reduce.get(fault, lambda g: g.sum(0))(g)

    swish.defvjp(lambda x, b: (swish(x, b), x), back)
    return lambda w, b: swish(X @ w, b)


def swish_pushed(fault):
    """Build x·σ(x) + b by a custom jvp, with a fault in its rule."""

    @jax.custom_jvp
    def swish(x, b):
        return x * jax.nn.sigmoid(x) + b

    @swish.defjvp
    def push(primals, tangents):
        (x, b), (dx, db) = primals, tangents
        s = jax.nn.sigmoid(x)
        slope = spoiled(fault, s + x * s * (1 - s), s - x * s * (1 - s))
        spread = {
            "mean for sum": lambda: db / len(x),
            "missing broadcast sum": lambda: jnp.zeros_like(x).at[0].set(db),
        }.get(fault, lambda: db)()
        return swish(x, b), slope * dx + spread

    return lambda w, b: swish(X @ w, b)
