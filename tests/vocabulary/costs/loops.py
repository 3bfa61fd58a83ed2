"""Costs with loops, and with derivatives inside: what people write, at a small size."""

import numpy as np

import calcbench

rng = np.random.default_rng(0)


@calcbench.problem(
    W=0.5 * rng.normal(size=(8, 2)),
    U=0.5 * rng.normal(size=(8, 2)),
    b=0.1 * rng.normal(size=8),
    v=[0.5, -1.0],
    X=rng.normal(size=(4, 2)),
    y=rng.normal(size=4),
)
def lstm(xp, W, U, b, v, *, X, y):
    """Squared error of a long short-term memory, by scan (Hochreiter & Schmidhuber 1997)."""
    n = v.shape[0]

    def step(state, x):
        h, c = state
        gates = xp.matmul(W, x) + xp.matmul(U, h) + b
        keep, put, show = (xp.sigmoid(gates[k * n : (k + 1) * n]) for k in range(3))
        c = keep * c + put * xp.tanh(gates[3 * n :])
        h = show * xp.tanh(c)
        return (h, c), xp.sum(h * v)

    start = 0.0 * v
    _, outputs = xp.scan(step, (start, start), X)
    return xp.mean((outputs - y) ** 2)


@calcbench.problem(a=0.9, log_q=-1.0, log_r=-0.5, m0=0.3, z=np.cumsum(rng.normal(size=6)))
def kalman(xp, a, log_q, log_r, m0, *, z):
    """Negative log-likelihood of a local level by the Kalman filter, by scan."""
    q, r = xp.exp(log_q), xp.exp(log_r)

    def step(state, z):
        mean, variance = state
        mean, variance = a * mean, a * a * variance + q
        spread = variance + r
        gain, surprise = variance / spread, z - mean
        state = (mean + gain * surprise, (1.0 - gain) * variance)
        return state, 0.5 * (xp.log(spread) + surprise * surprise / spread)

    _, terms = xp.scan(step, (m0, q), z)
    return xp.sum(terms)


@calcbench.problem(w=0.5)
def particle(xp, w):
    """Where a particle in an electric field crosses the x-axis: Siskind & Pearlmutter's `particle`.

    The charges are at (10, 10 − w) and (10, 0); Euler's steps until it is below 0 and the rest of
    the way in a straight line.
    """
    charges = ((10.0, 10.0 - w), (10.0, 0.0))

    def potential(x):
        return sum(1.0 / xp.sqrt((x[0] - a) ** 2 + (x[1] - b) ** 2) for a, b in charges)

    force, dt = xp.grad(potential), 1.0

    def step(state):
        x, v = state
        return x + dt * v, v - dt * force(x)

    begin = (xp.asarray(np.array([0.0, 8.0])), xp.asarray(np.array([0.75, 0.0])))
    x, v = xp.while_loop(lambda state: (state[0] + dt * state[1])[1] > 0, step, begin, 60)
    return (x[0] - x[1] / v[1] * v[0]) ** 2


@calcbench.problem(x=[1.0, 0.5], rate=0.1)
def saddle(xp, x, rate):
    """The worst case of x after gradient ascent of another: the inner half of `saddle`."""

    def payoff(x, y):
        return xp.sum(x * x) - xp.sum(y * y) + 0.5 * xp.sum(x * y * y) + x[0] * y[1]

    climb = xp.grad(lambda y, x: payoff(x, y))
    y = xp.iterate(lambda y: y + rate * climb(y, x), xp.asarray(np.array([1.0, -0.5])), 6)
    return payoff(x, y)


@calcbench.problem(a=[2.0, 3.0], b=0.5)
def root(xp, a, b):
    """The sum of squared roots of y + b·sin y = a, by Newton's method with a derivative inside."""

    def residual(y):
        return xp.sum(0.5 * y * y - b * xp.cos(y) - a * y)

    def step(y):
        return y - xp.grad(residual)(y) / (1.0 + b * xp.cos(y))

    def going(y):
        miss = xp.grad(residual)(y)
        return xp.sum(miss * miss) > 1e-14  # of |miss| near 0 no ball knows the sign

    roots = xp.while_loop(going, step, a, 20)
    return xp.sum(roots * roots)


COSTS = {cost.name: cost for cost in (lstm, kalman, particle, saddle, root)}
