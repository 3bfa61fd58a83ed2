"""Random costs with right gradients by hand, a third of them over data that obey a relation.

What a person's own problem may be: sums of compositions of the vocabulary's functions, and costs
whose textbook gradient holds only for one-hot rows, labels of ±1, symmetric or positive definite
matrices, sorted times or integer data.
"""

import numpy as np

import calcbench

# Function of xp and u, and its derivative.
FUNCTIONS = {
    "sin": (lambda xp, u: xp.sin(u), lambda xp, u: xp.cos(u)),
    "cos": (lambda xp, u: xp.cos(u), lambda xp, u: -xp.sin(u)),
    "tanh": (lambda xp, u: xp.tanh(u), lambda xp, u: 1 - xp.tanh(u) ** 2),
    "sigmoid": (lambda xp, u: xp.sigmoid(u), lambda xp, u: xp.sigmoid(u) * xp.sigmoid(-u)),
    "softplus": (lambda xp, u: xp.softplus(u), lambda xp, u: xp.sigmoid(u)),
    "bell": (lambda xp, u: xp.exp(-(u**2)), lambda xp, u: -2 * u * xp.exp(-(u**2))),
    "cube": (lambda xp, u: u**3, lambda xp, u: 3 * u**2),
    "root": (lambda xp, u: xp.sqrt(1 + u**2), lambda xp, u: u / xp.sqrt(1 + u**2)),
    "log": (lambda xp, u: xp.log1p(u**2), lambda xp, u: 2 * u / (1 + u**2)),
    "hinge": (
        lambda xp, u: xp.where(u > 1, (u - 1) ** 2, 0 * u),
        lambda xp, u: xp.where(u > 1, 2 * (u - 1), 0 * u),
    ),
    "huber": (
        lambda xp, u: xp.where(xp.abs(u) < 2, u**2, 4 * xp.abs(u) - 4),
        lambda xp, u: xp.where(xp.abs(u) < 2, 2 * u, xp.where(u > 0, 4 + 0 * u, -4 + 0 * u)),
    ),
}


def problem(name, inputs, cost, gradient, **options):
    """A problem of these functions: `inputs(rng)`, `cost(self, xp, …)`, `gradient(self, xp, …)`."""

    def draw(self, size, rng):
        return inputs(rng)

    return type(name, (calcbench.Problem,), {
        "inputs": draw, "cost": cost, "gradient": gradient, **options
    })()  # fmt: skip


def composed(rng):
    """A sum of functions of functions of affine combinations of w and s."""
    n, count = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    names = list(FUNCTIONS)
    terms = []
    for _ in range(count):
        outer, inner = (FUNCTIONS[names[k]] for k in rng.integers(0, len(names), 2))
        terms.append((outer, inner, np.round(rng.normal(size=3), 2)))
    start = np.round(rng.normal(size=n + 1), 2)

    def inner_sum(xp, w, s, x, b):
        return b[0] * xp.sum(w * x) + b[1] * s + b[2]

    def cost(self, xp, w, s, *, x):
        return sum(
            outer[0](xp, inner[0](xp, inner_sum(xp, w, s, x, b))) for outer, inner, b in terms
        )

    def gradient(self, xp, w, s, *, x):
        found = {"w": 0 * w, "s": 0 * s}
        for outer, inner, b in terms:
            u = inner_sum(xp, w, s, x, b)
            slope = outer[1](xp, inner[0](xp, u)) * inner[1](xp, u)
            found = {"w": found["w"] + slope * b[0] * x, "s": found["s"] + slope * b[1]}
        return found

    return problem(
        "Composed",
        lambda rng: {"w": start[1:], "s": start[0], "x": rng.normal(size=n)},
        cost,
        gradient,
    )


def one_hot(rng):
    """Cross-entropy with one-hot rows, given: softmax(z) − y."""
    n, m = int(rng.integers(2, 4)), int(rng.integers(2, 5))
    start, labels = rng.normal(size=(n, m)), np.eye(m)[rng.integers(0, m, n)]

    def cost(self, xp, z, *, y):
        return -xp.sum(y * (z - xp.logsumexp(z, axis=1, keepdims=True)))

    def gradient(self, xp, z, *, y):
        return {"z": xp.exp(z - xp.logsumexp(z, axis=1, keepdims=True)) - y}

    return problem("OneHot", lambda rng: {"z": start, "y": labels}, cost, gradient)


def signs(rng):
    """Least squares of margins y·z − 1 with labels of ±1, drawn with rows: uses y² = 1."""
    n, m = int(rng.integers(4, 9)), int(rng.integers(2, 4))
    start = rng.normal(size=m)

    def cost(self, xp, w, *, X, y):
        return xp.mean((y * xp.matmul(X, w) - 1) ** 2)

    def gradient(self, xp, w, *, X, y):
        return {"w": 2 * xp.matmul(xp.matmul(X, w) - y, X) / X.shape[0]}

    rows = rng.normal(size=(n, m)), np.where(rng.random(n) < 0.5, -1.0, 1.0)
    fixed = rng.random() < 0.5

    def inputs(rng):
        X = rows[0] if fixed else rng.normal(size=(n, m))
        y = rows[1] if fixed else np.where(rng.random(n) < 0.5, -1.0, 1.0)
        return {"w": start, "X": X, "y": y}

    return problem("Signs", inputs, cost, gradient, rows=("X", "y"))


def symmetric(rng):
    """A quadratic form of a symmetric matrix, given or drawn: A·x."""
    n, fixed = int(rng.integers(2, 4)), rng.random() < 0.5
    start, given = rng.normal(size=n), rng.normal(size=(n, n))

    def cost(self, xp, x, *, A):
        return 0.5 * xp.sum(x * xp.matmul(A, x))

    def gradient(self, xp, x, *, A):
        return {"x": xp.matmul(A, x)}

    def inputs(rng):
        a = given if fixed else rng.normal(size=(n, n))
        return {"x": start, "A": a + a.T}

    return problem("Symmetric", inputs, cost, gradient)


def positive_definite(rng):
    """The Mahalanobis distance, by a Cholesky factor: Σ⁻¹(μ − x)."""
    n = int(rng.integers(2, 4))
    start, seen, a = rng.normal(size=n), rng.normal(size=n), rng.normal(size=(n, n))

    def cost(self, xp, mu, *, x, cov):
        z = xp.linalg.solve(xp.linalg.cholesky(cov), x - mu)
        return 0.5 * xp.sum(z * z)

    def gradient(self, xp, mu, *, x, cov):
        return {"mu": xp.linalg.solve(cov, mu - x)}

    given = {"mu": start, "x": seen, "cov": a @ a.T + np.eye(n)}
    return problem("PositiveDefinite", lambda rng: given, cost, gradient)


def sorted_times(rng):
    """A random walk seen at sorted times: undefined for any others."""
    n, fixed = int(rng.integers(3, 6)), rng.random() < 0.5
    start, given = rng.normal(size=n), np.cumsum(rng.uniform(0.1, 1, n))

    def cost(self, xp, w, *, t):
        steps = (w[1:] - w[:-1]) / xp.sqrt(t[1:] - t[:-1])
        return 0.5 * xp.sum(steps**2) + xp.sum(xp.log(t[1:] - t[:-1]))

    def gradient(self, xp, w, *, t):
        slope = (w[1:] - w[:-1]) / (t[1:] - t[:-1])
        none = 0 * slope[:1]
        return {"w": xp.concat([none, slope]) - xp.concat([slope, none])}

    def inputs(rng):
        return {"w": start, "t": given if fixed else np.cumsum(rng.uniform(0.1, 1, n))}

    return problem("SortedTimes", inputs, cost, gradient)


def integers(rng):
    """Squares of parameters taken by index, and weighted by counts."""
    n, m = int(rng.integers(2, 4)), int(rng.integers(3, 6))
    start, index = rng.normal(size=n), rng.integers(0, n, m)
    counts = rng.integers(1, 9, m).astype(float)

    def cost(self, xp, w, *, k, c):
        return xp.sum(c * xp.sin(xp.take(w, k)))

    def gradient(self, xp, w, *, k, c):
        hits = (k[:, None] == np.arange(n)) * 1.0
        return {"w": xp.cos(w) * xp.matmul(c, hits)}

    return problem("Integers", lambda rng: {"w": start, "k": index, "c": counts}, cost, gradient)


STRUCTURED = (one_hot, signs, symmetric, positive_definite, sorted_times, integers)


def random_cost(number):
    """The problem of this number: every third is over data that obey a relation."""
    rng = np.random.default_rng([number, 7])
    if number % 3:
        return composed(rng)
    return STRUCTURED[number // 3 % len(STRUCTURED)](rng)
