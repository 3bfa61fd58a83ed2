"""Reach: no number depends on what its interval leaves out, and row by row it is exact."""

import numpy as np
import pytest

from calcbench.operators.reach import NOTHING, Reaching, Undecided, reaching_vocabulary
from calcbench.vocabulary.numpy import NUMPY

RNG = np.random.default_rng(3)
X = RNG.uniform(0.5, 1.5, (4, 3))
Y = RNG.uniform(-1.0, 1.0, (4, 3))
INDEX = np.array([2, 0, 2, 1, 3])

COSTS = {
    "number by number": lambda xp, x: xp.exp(x) * 2.0 - Y / x + 3.0**x,
    "reduced": lambda xp, x: xp.sum(x, axis=1) + xp.max(x, axis=1),
    "reduced to one": lambda xp, x: xp.sum(x * x),
    "kept": lambda xp, x: x / xp.sum(x, axis=-1, keepdims=True),
    "mean and softmax": lambda xp, x: xp.softmax(x, axis=1) - xp.mean(x, axis=1)[:, None],
    "taken": lambda xp, x: xp.take(x, INDEX) * xp.take(x, INDEX[:3], axis=0)[0],
    "sliced": lambda xp, x: x[1:, :2] - x[:-1, 1:],
    "stacked": lambda xp, x: xp.stack([x[:, 0], 1.0 * x[:, 1], xp.asarray(Y[:, 2])], axis=1),
    "end to end": lambda xp, x: xp.concat([xp.reshape(x, (-1,)), Y[0], x[0]]),
    "transposed": lambda xp, x: xp.matrix_transpose(x)[::-1] + xp.moveaxis(x, 0, 1),
    "multiplied": lambda xp, x: xp.matmul(x, xp.matrix_transpose(Y)),
    "multiplied from the left": lambda xp, x: xp.matmul(xp.matrix_transpose(Y), x),
    "multiplied by itself": lambda xp, x: xp.matmul(x, xp.matrix_transpose(x)),
    "contracted": lambda xp, x: xp.einsum("ij,kj->ik", x, Y),
    "solved": lambda xp, x: xp.linalg.solve(xp.matmul(xp.matrix_transpose(x), x) + np.eye(3), x[0]),
    "where": lambda xp, x: xp.where(x > 1.0, x, Y),
    "maximum": lambda xp, x: xp.maximum(x, xp.flip(x, axis=0)),
    "sorted": lambda xp, x: xp.sort(x, axis=1),
    "along": lambda xp, x: xp.take_along_axis(x, np.argsort(Y, axis=1), axis=1),
    "running": lambda xp, x: xp.cumulative_sum(x, axis=1),
    "crossed": lambda xp, x: xp.linalg.cross(x, Y),
}


def whole(x):
    own = np.arange(x.size).reshape(x.shape)
    return Reaching(x, {0: (own, own)})


def moved(cost):
    """Which numbers of the result change with each number of x, by changing it a lot."""
    before = cost(NUMPY, X)
    for k in range(X.size):
        for step in (-0.4, 0.013, 0.9):
            x = X.copy()
            x.flat[k] += step
            yield k, np.asarray(cost(NUMPY, x) != before)


@pytest.mark.parametrize("name", COSTS)
def test_nothing_depends_on_what_is_left_out(name):
    found = COSTS[name](reaching_vocabulary(), whole(X))
    np.testing.assert_allclose(found.value, COSTS[name](NUMPY, X), rtol=1e-12)
    first, last = found.reach[0]
    assert first.shape == last.shape == found.shape
    for k, changed in moved(COSTS[name]):
        assert np.all((first[changed] <= k) & (k <= last[changed])), (name, k)


@pytest.mark.parametrize(
    ("cost", "first", "last"),
    [
        (lambda xp, x: xp.sum(x * x, axis=1), [0, 3, 6, 9], [2, 5, 8, 11]),
        (lambda xp, x: xp.take(x, INDEX)[:, 1], [7, 1, 7, 4, 10], [7, 1, 7, 4, 10]),
        (lambda xp, x: xp.concat([x[0, :1], Y[0, :1]]), [0, NOTHING[0]], [0, NOTHING[1]]),
        (lambda xp, x: xp.matmul(x, xp.matrix_transpose(Y))[:, 0], [0, 3, 6, 9], [2, 5, 8, 11]),
        (lambda xp, x: xp.linalg.cross(x, Y)[2], [7, 6, 6], [8, 8, 7]),
    ],
)
def test_row_by_row_it_is_exact(cost, first, last):
    found = cost(reaching_vocabulary(), whole(X)).reach[0]
    assert (found[0].tolist(), found[1].tolist()) == (first, last)


@pytest.mark.parametrize(
    "cost",
    [
        lambda xp, x: x if x[0, 0] > 0 else -x,
        lambda xp, x: x * float(x[0, 0]),
        lambda xp, x: Y[int(x[0, 0])],
        lambda xp, x: np.asarray(x),
        lambda xp, x: xp.iterate(lambda s: s * 0.5, x, 3),
        lambda xp, x: xp.grad(lambda t: t**2)(x[0, 0]),
    ],
)
def test_what_needs_the_numbers_is_not_decided(cost):
    with pytest.raises(Undecided):
        cost(reaching_vocabulary(), whole(X))
