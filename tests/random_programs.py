"""Random costs of arrays: cancellation, broadcasting, ties that are none, saturation.

Each is a few steps, every one a random operation on arrays that earlier ones have left.
"""

import numpy as np

import calcbench

ONE = {
    "sin": lambda xp, u: xp.sin(u),
    "bell": lambda xp, u: xp.exp(-(u**2)),
    "tanh": lambda xp, u: xp.tanh(u),
    "saturated": lambda xp, u: xp.sigmoid(30 * u),
    "softplus": lambda xp, u: xp.softplus(u),
    "root": lambda xp, u: xp.sqrt(1 + u * u),
    "log": lambda xp, u: xp.log1p(u * u),
    "expm1": lambda xp, u: xp.expm1(xp.sin(u)),
    "atan": lambda xp, u: xp.atan(u),
    "power": lambda xp, u: (1.5 + xp.cos(u)) ** 2.5,
    "cancelled": lambda xp, u: (u + 1e8) - 1e8,
    "centred": lambda xp, u: u - xp.mean(u),
    "size": lambda xp, u: xp.abs(u),
    "flipped": lambda xp, u: xp.flip(u),
    "repeated": lambda xp, u: xp.take(u, np.array([0, 2, 2, 1])),
    "slid": lambda xp, u: xp.concat([u[1:], u[:1]]),
    "running": lambda xp, u: xp.cumulative_sum(u),
    "spread": lambda xp, u: xp.sum(u[:, None] * xp.cos(u)[None, :], axis=1),
    "softmax": lambda xp, u: xp.exp(u - xp.logsumexp(u)),
    "largest": lambda xp, u: u * xp.max(u),
    "shrunk": lambda xp, u: u / (1 + xp.sum(u * u)),
}
TWO = {
    "sum": lambda xp, u, v: u + v,
    "difference": lambda xp, u, v: u - v,
    "product": lambda xp, u, v: u * v,
    "quotient": lambda xp, u, v: u / (1 + v * v),
    "larger": lambda xp, u, v: xp.maximum(u, v),
    "smaller": lambda xp, u, v: xp.minimum(u, v),
    "chosen": lambda xp, u, v: xp.where(u > v, u * v, u - v),
    "both": lambda xp, u, v: xp.logaddexp(u, v),
    "transformed": lambda xp, u, v: xp.matmul(xp.sin(u)[:, None] * v[None, :], v),
    "contracted": lambda xp, u, v: xp.einsum("i,j,k->j", u, v, xp.tanh(v)),
}


NAMES = (
    "sin", "exp", "tanh", "sigmoid", "softplus", "sqrt", "log1p", "expm1", "atan", "cos", "mean",
    "abs", "flip", "take", "concat", "cumulative_sum", "sum", "logsumexp", "max", "maximum",
    "minimum", "where", "logaddexp", "matmul", "einsum",
)  # fmt: skip
"""What `xp` has."""


def program(seed):
    """Make a problem of three parameters: two vectors and a matrix."""
    rng = np.random.default_rng(seed)
    steps = _steps(rng)
    x, y, m = draw(rng)

    @calcbench.problem(x=x, y=y, m=m)
    def random_program(xp, x, y, m):
        return _compute(steps, xp, x, y, m)

    return random_program


def native(seed):
    """Make a function of a framework's namespace `xp` and of what `draw` draws.

    Nothing cancels in it as (u + 1e8) − 1e8 does, of which differences have no digit.
    """
    steps = _steps(np.random.default_rng(seed), {n: f for n, f in ONE.items() if n != "cancelled"})
    return lambda xp, x, y, m: _compute(steps, xp, x, y, m)


def draw(rng):
    """Draw two vectors and a matrix."""
    return rng.standard_normal(4), rng.standard_normal(4), rng.standard_normal((4, 4))


def _compute(steps, xp, x, y, m):
    arrays = [x, y, xp.matmul(m, x)]
    for function, operands in steps:
        arrays.append(function(xp, *(arrays[k] for k in operands)))
    return xp.sum(arrays[-1]) + xp.mean(arrays[-2] * arrays[-3])


def _steps(rng, one=ONE):
    return [_step(rng, available, one) for available in range(3, 3 + rng.integers(3, 9))]


def _step(rng, available, one):
    table, count = (one, 1) if rng.random() < 0.6 else (TWO, 2)
    name = rng.choice([*table])
    return table[name], [int(k) for k in rng.integers(0, available, count)]
