"""Several directions in JAX, whose products stand side by side: at once, or in a loop."""

import numpy as np
import pytest

import calcbench as cb
from calcbench.backends.jax import derivatives
from calcbench.backends.jax.sizes import largest_moving
from calcbench.catalogue.selection import select_backends
from calcbench.problem.inputs import own_point
from calcbench.problem.structure import DENSE, Coordinates
from calcbench.problems.gradbench.ht_complicated import HtComplicated

jax = pytest.importorskip("jax")
jnp = jax.numpy

(backend,) = select_backends(["jax"])


class Network(cb.Problem):
    """Errors of a network, each with a scale of its own: its nodes hold ten times what it gives."""

    dense = False

    def inputs(self, size, rng):
        shapes = {"W": (2, 10), "v": (10,), "s": (60,), "x": (60, 2)}
        return {name: rng.normal(size=shape) for name, shape in shapes.items()}

    def outputs(self, inputs):
        return 60

    def structure(self, inputs):
        stored = np.concatenate([np.ones((60, 30)), np.eye(60)], axis=1)
        return DENSE if self.dense else Coordinates(*np.nonzero(stored))

    def cost(self, xp, W, v, s, *, x):
        return xp.matmul(xp.tanh(xp.matmul(x, W)), v) * s


class Dense(Network):
    dense = True


@pytest.mark.parametrize(("cache", "looped"), [(1 << 20, False), (1 << 10, True)])
def test_what_holds_much_is_looped_where_it_leaves_the_cache(monkeypatch, cache, looped):
    monkeypatch.setattr(derivatives, "SECOND_CACHE", cache)
    loops, own = [], jax.lax.map
    monkeypatch.setattr(jax.lax, "map", lambda f, over: loops.append(over) or own(f, over))
    found, dense = (
        backend.prepare(point, "jacobian").evaluate(point)["jacobian"]
        for point in (own_point(Network()), own_point(Dense()))
    )
    assert len(loops) == looped  # of W and v; by s, a factor, nothing is held
    np.testing.assert_allclose(found, dense[own_point(Network()).pattern(1)], rtol=1e-13)


@pytest.mark.full
def test_what_holds_no_more_than_there_is_to_read_is_taken_at_once(monkeypatch):
    """The hand: its bones are fewer numbers than its weights."""
    monkeypatch.setattr(derivatives, "SECOND_CACHE", 1 << 13)  # 26 times its bones are more
    monkeypatch.setattr(jax.lax, "map", None)
    point = own_point(HtComplicated(), {"points": 100, "vertices": 30})
    found = backend.prepare(point, "jacobian").evaluate(point)["jacobian"]
    truth = select_backends(["dual"])[0].prepare(point, "jacobian").evaluate(point)["jacobian"]
    np.testing.assert_allclose(found, truth, rtol=1e-12, atol=1e-14)


def test_the_largest_that_moves():
    """Not the weights, nor what is as large as they for a moment; but also within loops."""

    def cost(x, w):
        held = jnp.tanh(w @ x)  # 8
        spread = jnp.sum(held[:, None] * w)
        turned, _ = jax.lax.scan(lambda y, _: (jnp.outer(y, y) @ y, None), held, None, 3)  # 64
        return spread + jnp.where(spread > 0, turned, 0)

    def size(cost):
        return largest_moving(jax, lambda p, d: cost(*p, *d), (np.ones(5),), (np.ones((8, 5)),))

    assert size(cost) == 64
    assert size(lambda x, w: jnp.sum(w @ w.T) * x) == 0
    assert size(lambda x, w: jnp.sum(jax.jit(jnp.matmul)(w, x))) == 8
