"""How long certifying a gradient takes at the sizes that people have, over NumPy's own gradient.

    pytest benchmarks/test_certificates.py -s

Each cost runs in a fresh process: its whole certificate at one point (a sweep at 128 bits or more,
and one in rounded floats), NumPy's gradient by a formula, and the sweep at 128 bits over single
numbers, which the tape of arrays is there to replace; the sweeps for a Hessian-vector product on
both, too. The limits that the project sets itself: at least 30 digits, in at most so many times
NumPy's time, at least twice as fast as single numbers, in half a gigabyte.
"""

import json
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy.special import expit, softmax

import calcbench
from calcbench.certified import first_order, second_order
from calcbench.certified.certificate import certify
from calcbench.certified.reference import sweep
from calcbench.operators import GRADIENT, find_operator
from calcbench.problem.inputs import own_point
from calcbench.problem.sampling import thin
from calcbench.workers import memory

RNG = np.random.default_rng(0)
NORMAL = RNG.standard_normal


class Logistic(calcbench.Problem):
    """50,000 rows of 20 numbers."""

    within = 4000

    def inputs(self, size, rng):
        labels = (RNG.random(50_000) > 0.5) * 1.0
        return {"w": NORMAL(20), "b": 0.3, "X": NORMAL((50_000, 20)), "y": labels}

    def cost(self, xp, w, b, *, X, y):
        z = xp.matmul(X, w) + b
        return xp.mean(xp.softplus(z) - y * z) + 0.01 * xp.sum(w * w)

    def by_numpy(self, w, b, X, y):
        error = expit(X @ w + b) - y
        return X.T @ error / len(y) + 0.02 * w, error.mean()


class Softmax(calcbench.Problem):
    """5,000 rows of 10 numbers, 10 classes."""

    within = 1200

    def inputs(self, size, rng):
        classes = np.eye(10)[RNG.integers(0, 10, 5000)]
        return {"W": NORMAL((10, 10)), "b": NORMAL(10), "X": NORMAL((5000, 10)), "Y": classes}

    def cost(self, xp, W, b, *, X, Y):
        z = xp.matmul(X, W) + b
        return xp.mean(xp.logsumexp(z, axis=1) - xp.sum(z * Y, axis=1))

    def by_numpy(self, W, b, X, Y):
        error = (softmax(X @ W + b, axis=1) - Y) / len(Y)
        return X.T @ error, error.sum(0)


class Network(calcbench.Problem):
    """1,000 rows of 50 numbers, a layer of 20 units."""

    within = 4000

    def inputs(self, size, rng):
        weights = {"W1": NORMAL((50, 20)) / 7, "b1": NORMAL(20), "W2": NORMAL(20), "b2": 0.1}
        return {**weights, "X": NORMAL((1000, 50)), "y": NORMAL(1000)}

    def cost(self, xp, W1, b1, W2, b2, *, X, y):
        residual = xp.matmul(xp.tanh(xp.matmul(X, W1) + b1), W2) + b2 - y
        return xp.mean(residual * residual)

    def by_numpy(self, W1, b1, W2, b2, X, y):
        h = np.tanh(X @ W1 + b1)
        slope = 2 / len(y) * (h @ W2 + b2 - y)
        inner = slope[:, None] * W2 * (1 - h * h)
        return X.T @ inner, inner.sum(0), h.T @ slope, slope.sum()


class Rosenbrock(calcbench.Problem):
    """100,000 variables."""

    within = 1500

    def inputs(self, size, rng):
        return {"x": NORMAL(100_000)}

    def cost(self, xp, x):
        return xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def by_numpy(self, x):
        gap, found = x[1:] - x[:-1] ** 2, np.zeros_like(x)
        found[1:] = 200 * gap
        found[:-1] -= 400 * x[:-1] * gap + 2 * (1 - x[:-1])
        return (found,)


class Mixture(calcbench.Problem):
    """1,000 rows of 10 numbers, 25 normal distributions."""

    within = 300

    def inputs(self, size, rng):
        start = {"a": NORMAL(25), "M": NORMAL((25, 10)), "q": 0.3 * NORMAL((25, 10))}
        return {**start, "X": NORMAL((1000, 10))}

    def cost(self, xp, a, M, q, *, X):
        distance = (X[:, None, :] - M[None, :, :]) * xp.exp(q)[None, :, :]
        z = a - 0.5 * xp.sum(distance**2, axis=2) + xp.sum(q, axis=1)
        return 1000.0 * xp.logsumexp(a) - xp.sum(xp.logsumexp(z, axis=1))

    def by_numpy(self, a, M, q, X):
        scale = np.exp(q)
        distance = (X[:, None] - M) * scale
        weight = softmax(a - 0.5 * (distance**2).sum(2) + q.sum(1), axis=1)
        pull = weight[:, :, None] * distance
        return (
            1000.0 * softmax(a) - weight.sum(0),
            -(pull * scale).sum(0),
            (pull * distance).sum(0) - weight.sum(0)[:, None],
        )


class Process(calcbench.Problem):
    """A Gaussian process of 60 points: a Cholesky likelihood.

    Radii leave it no digit, so that seventeen sweeps with simulated roundings are in the price.
    """

    within = 8000

    def inputs(self, size, rng):
        places = NORMAL((60, 2))
        apart = ((places[:, None] - places) ** 2).sum(-1)
        return {"l": 0.3, "s": 0.1, "m": -1.2, "D": apart, "y": NORMAL(60), "eye": np.eye(60)}

    def cost(self, xp, l, s, m, *, D, y, eye):
        kernel = xp.exp(2 * s) * xp.exp(-0.5 * D * xp.exp(-2 * l)) + xp.exp(2 * m) * eye
        factor = xp.linalg.cholesky(kernel)
        z = xp.linalg.solve(factor, y)
        return 0.5 * xp.sum(z * z) + xp.sum(xp.log(xp.linalg.diagonal(factor)))

    def by_numpy(self, l, s, m, D, y, eye):
        kernel = np.exp(2 * s) * np.exp(-0.5 * D * np.exp(-2 * l))
        inverse = np.linalg.inv(kernel + np.exp(2 * m) * eye)
        a = inverse @ y
        back = 0.5 * (inverse - np.outer(a, a))
        return (
            (back * kernel * D * np.exp(-2 * l)).sum(),
            2 * (back * kernel).sum(),
            2 * np.exp(2 * m) * np.trace(back),
        )


class Line(calcbench.Problem):
    """A straight line through 8 million points, taken in blocks of rows."""

    within = 2500
    megabytes = 2000

    def inputs(self, size, rng):
        x = NORMAL(8_000_000)
        return {"a": 1.7, "b": -0.4, "x": x, "y": 2 * x + 0.5 + 0.1 * NORMAL(8_000_000)}

    def cost(self, xp, a, b, *, x, y):
        residual = a * x + b - y
        return xp.mean(residual**2)

    def by_numpy(self, a, b, x, y):
        residual = a * x + b - y
        return 2 * np.mean(residual * x), 2 * np.mean(residual)


CASES = {
    kind.__name__: kind for kind in (Logistic, Softmax, Network, Rosenbrock, Mixture, Process, Line)
}

SLOWER = 2.0
"""How much slower a sweep over single numbers must be at least, for the tape of arrays to stay."""

MEGABYTES = 500

SINGLE_ROWS = 50_000
"""Rows up to which single numbers are timed: more do not fit into memory."""

PRODUCT_ROWS = 5_000
"""Rows up to which Hessian-vector products are."""


@pytest.mark.parametrize("name", CASES)
def test_certificate(benchmark, name):
    done = benchmark.pedantic(
        subprocess.run,
        args=([sys.executable, __file__, name],),
        kwargs={"check": True, "stdout": subprocess.PIPE},
        rounds=1,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    ratio, single = found["certificate"] / found["numpy"], found["single"] / found["sweep"]
    case = CASES[name]
    print(f"\n{name}: {found['certificate']:.2f} s, {ratio:.0f} times NumPy's", end="; ")
    print(f"{found['digits']:.1f} digits, {found['megabytes']:.0f} MB", end="; ")
    print(f"a sweep {found['sweep']:.2f} s, over single numbers {found['single']:.2f} s", end="; ")
    print(f"H·v {found['product']:.2f} s, over single numbers {found['single_product']:.2f} s")
    benchmark.group = "certificate at full size"
    benchmark.extra_info.update(found, over_numpy=ratio, over_single=1 / single)
    assert found["digits"] >= 30
    assert ratio <= case.within
    assert found["megabytes"] <= getattr(case, "megabytes", MEGABYTES)
    assert single >= SLOWER
    assert found["single_product"] >= SLOWER * found["product"]


def measure(problem):
    """Time one case, and check NumPy's gradient against the certified one."""
    point = own_point(problem)
    arrays = [point[name] for name in (*problem.parameters, *problem.data)]
    numpy_time = min(seconds(problem.by_numpy, *arrays)[0] for _ in range(7))
    taken, found = seconds(certify, point, "float64", GRADIENT, False)
    megabytes = memory.peak() / 2**20  # `ru_maxrss` begins with that of whoever started this one
    computed = np.concatenate([np.ravel(part) for part in problem.by_numpy(*arrays)])
    assert np.all(np.abs(computed - found.value) <= 1e-9 * np.max(np.abs(found.value)))
    point = thin(point, SINGLE_ROWS)
    one_sweep, _ = seconds(sweep, point, GRADIENT, 128)
    first_order.sweep_arrays = lambda *_: None
    single, _ = seconds(sweep, point, GRADIENT, 128)
    hvp = find_operator("hvp")
    few = hvp.seed_point(thin(point, PRODUCT_ROWS), np.random.default_rng(0))
    product, _ = seconds(sweep, few, hvp, 128)
    second_order.sweep_products = lambda *_: None
    single_product, _ = seconds(sweep, few, hvp, 128)
    return {
        "numpy": numpy_time,
        "certificate": taken,
        "digits": found.digits,
        "megabytes": megabytes,
        "sweep": one_sweep,
        "single": single,
        "product": product,
        "single_product": single_product,
    }


def seconds(function, *arguments):
    """Return the time of the processor that a call takes, and its result."""
    started = time.process_time()
    result = function(*arguments)
    return time.process_time() - started, result


if __name__ == "__main__":
    print(json.dumps(measure(CASES[sys.argv[1]]())))
