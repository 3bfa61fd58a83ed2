"""Loops, branches, and derivatives inside a cost: those of Python, written once more."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcbench.conformance.case import CLOSE_COMPOSED, Table
from calcbench.conformance.exact import elementwise, mp
from calcbench.conformance.points import M, U, V

case = Table(CLOSE_COMPOSED)

# --- scan, and iterate, which follows from it -----------------------------------------------------


def running(x: Any) -> Any:
    total, totals = x[0] * 0, []
    for each in x:
        total = total / 2 + each * each
        totals.append(total)
    return np.array(totals, dtype=object)


case(
    "scan",  # what the steps return; the state begins as a number
    lambda xp, x: xp.scan(lambda s, x: (s / 2 + x * x, s / 2 + x * x), 0.0, x)[1],
    [V],
    running,
)
case(
    "scan",
    lambda xp, x: xp.scan(lambda s, x: (s / 2 + x * x, s), 0.0, x)[0],
    [V],
    lambda x: running(x)[-1],
)
case(
    "scan",  # rows of a matrix; the step takes from `xp`, and closes over a parameter
    lambda xp, x, y: xp.scan(lambda s, x: (xp.sin(s) + x * y, x), y, x)[0],
    [M, V],
    lambda x, y: elementwise(mp.sin)(elementwise(mp.sin)(y) + x[0] * y) + x[1] * y,
)
case(
    "scan",  # a tuple of arrays, of states, of what is returned
    lambda xp, x, y: xp.scan(
        lambda s, x: ((s[1], s[0] + x[0] * x[1]), (s[0], x[0] * s[1])), (x[0], y[1]), (x, y)
    )[1][1],
    [V, U],
    lambda x, y: [
        x[0] * y[1],
        x[1] * (x[0] + x[0] * y[0]),
        x[2] * (y[1] + x[1] * y[1]),
    ],
)
case(
    "scan",  # steps without slices
    lambda xp, x: xp.scan(lambda s, x: (s * s - 0.5, s), x, None, length=3)[1],
    [0.5],
    lambda x: [x[()], x[()] ** 2 - 0.5, (x[()] ** 2 - 0.5) ** 2 - 0.5],
)


def logistic(x: Any) -> Any:
    return 3.5 * x * (1 - x)


def repeated(n: int) -> Any:
    def apply(state: Any) -> Any:
        for _ in range(n):
            state = logistic(state)
        return state

    return apply


for at, n in ((0.25, 3), (0.25, 0), ([0.25, 0.5, 0.8], 2)):
    case(
        "iterate",
        lambda xp, x, n=n: xp.iterate(logistic, x, n),
        [at],
        repeated(n),
        scale=100.0,  # the map is chaotic: 3.5³ is the largest slope
    )


def rotate(xp, x, y, pair):
    """A rotating pair; the step closes over a parameter, and takes from `xp`."""
    first, second = xp.iterate(lambda s: (s[0] - y * s[1], s[1] + xp.sin(s[0])), (x, pair), 4)
    return first + second


def exact_rotate(x, y, pair):
    for _ in range(4):
        x, pair = x - y * pair, pair + elementwise(mp.sin)(x)
    return x + pair


case("iterate", rotate, [V, 0.5, U], exact_rotate)
case("iterate", rotate, [0.5, 0.25, -0.5], exact_rotate)
case(
    "iterate",  # a matrix as the state
    lambda xp, a, x: xp.iterate(lambda v: xp.matmul(a, v), x, 3),
    [[[0.5, -0.25], [0.75, 0.5]], [[1.0, 0.5], [-0.5, 1.0]]],
    lambda a, x: a.dot(a).dot(a).dot(x),
)

# --- branches -------------------------------------------------------------------------------------

for at in (2.5, 0.5):
    case(
        "cond",
        lambda xp, x: xp.cond(x > 1, lambda x: xp.log(x), lambda x: -3 * x, x),
        [at],
        elementwise(lambda x: mp.log(x) if x > 1 else -3 * x),
    )
    case(
        "cond",  # a tuple; numbers; what a branch closes over
        lambda xp, x, y: xp.stack(xp.cond(x < y[0], lambda: (x * x, 0.1), lambda: (2.0, x * y[1]))),
        [at, U],
        lambda x, y: [x[()] ** 2, mp.mpf(0.1)] if x < y[0] else [mp.mpf(2), x[()] * y[1]],
    )
for at in (V, U):
    case(
        "cond",  # an array from each branch, of which one would be a division by 0
        lambda xp, x, y: xp.cond(xp.sum(x) > 1.5, lambda x: x / y, lambda x: x * y, x),
        [at, 2.5],
        lambda x, y: x / y if sum(x) > 1.5 else x * y,
    )

# --- loops that end by a condition ----------------------------------------------------------------


def halve(xp, x, y):
    return xp.while_loop(lambda s: s > y, lambda s: s * y, x, 6)


def exact_halve(x: Any, y: Any) -> Any:
    while x > y:
        x = x * y
    return x


for at in (5.0, 0.25, 0.7):  # four steps, none, one
    case("while_loop", halve, [at, 0.625], exact_halve)


def newton(xp, a):
    """√a by Newton's steps, with how far the last one went."""
    root, _ = xp.while_loop(
        lambda s: xp.sum(xp.abs(s[1])) > 1e-6,
        lambda s: (s[0] - (s[0] - a / s[0]) / 2, (s[0] - a / s[0]) / 2),
        (a, a),
        5,
    )
    return root


case("while_loop", newton, [[2.5, 1.5]], lambda a: elementwise(mp.sqrt)(a), close=1e-12)


# --- derivatives inside a cost --------------------------------------------------------------------

case(
    "grad",
    lambda xp, x: xp.grad(lambda t: xp.sin(t * t))(x),
    [0.75],
    elementwise(lambda x: 2 * x * mp.cos(x * x)),
)
case(
    "grad",  # by an array, with another argument, and what the function closes over
    lambda xp, x, y, a: xp.grad(lambda t, u: a * xp.sum(t * t * u) + t[0] * xp.exp(u[1]))(x, y),
    [V, U, 0.5],
    lambda x, y, a: a * 2 * x * y + np.array([mp.exp(y[1]), 0, 0]),
)
case(
    "grad",  # of a derivative: t by s, then of that by s again
    lambda xp, x, y: xp.grad(lambda s: s * xp.grad(lambda t: s * t * t * t * y)(s))(x),
    [1.5, 0.25],
    lambda x, y: 12 * y * x**3,
)
case(
    "grad",  # a number of Python's, and a function that is constant
    lambda xp, x: (
        xp.grad(lambda t: t * t * x)(3.0) + xp.sum(xp.grad(lambda t: 0.0 * x)(xp.ones(2)))
    ),
    [1.5],
    lambda x: 6 * x,
)
case(
    "grad",  # through a matrix, functions of arrays, and a loop
    lambda xp, x, m: xp.grad(
        lambda t: xp.logsumexp(xp.matmul(m, t)) + xp.iterate(lambda s: xp.tanh(s) * t[1], t[0], 2)
    )(x),
    [[0.5, -1.25], [[0.5, 1.0], [-0.75, 0.25]]],
    lambda x, m: exact_grad(x, m),
)


def exact_grad(x: Any, m: Any) -> Any:
    """The derivative of the function above, written out."""
    shares = elementwise(mp.exp)(m.dot(x))
    inner = mp.tanh(x[0])
    outer = mp.tanh(inner * x[1])
    slope = (1 - outer**2) * x[1]
    loop = np.array([slope * (1 - inner**2) * x[1], slope * inner + outer])
    return shares.dot(m) / sum(shares) + loop


case("stop_gradient", lambda xp, x: xp.stop_gradient(x), [V], lambda x: x, slope=lambda x: 0 * x)
case(
    "stop_gradient",
    lambda xp, x: x * x - xp.stop_gradient(x * x) + xp.grad(lambda t: t * xp.stop_gradient(t))(x),
    [1.5],
    lambda x: x,
    slope=lambda x: 2 * x,
)
