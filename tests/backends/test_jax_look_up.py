"""What JAX looks up, with and without checks, at once and apart: as in NumPy, and so are slopes."""

import numpy as np
import pytest

from calcbench.catalogue.selection import select_backends
from calcbench.problem.inputs import own_point
from calcbench.problem.structure import Coordinates

jax = pytest.importorskip("jax")
jnp = jax.numpy


@pytest.fixture(params=["plain", "apart"])
def xp(request):
    from calcbench.backends.jax.vocabulary import apart_namespace, namespace

    with jax.enable_x64(True):
        yield apart_namespace() if request.param == "apart" else namespace(eager=False)


TABLE = np.random.default_rng(0).normal(size=(7, 3))
MANY = np.random.default_rng(1).integers(-7, 7, 131)  # an odd number, some from the end


@pytest.mark.parametrize("indices", [MANY, MANY.reshape(131, 1)[:130].reshape(2, 65), MANY[:2]])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_slices_are_those_of_numpy(xp, indices, known, axis):
    indices = indices % TABLE.shape[axis]
    expected = np.take(TABLE, indices, axis=axis)
    if known:
        found = jax.jit(lambda x: xp.take(x, indices, axis=axis))(TABLE)
    else:
        found = jax.jit(lambda x, i: xp.take(x, i, axis=axis))(TABLE, indices)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("known", [True, False])
def test_places_that_there_are_not_are_nan(xp, known):
    indices = np.append(MANY, 7)
    call = jax.jit(lambda x, i: xp.take(x, indices if known else i))
    found = np.asarray(call(TABLE, indices))
    np.testing.assert_array_equal(found[:-1], TABLE[MANY])
    assert np.isnan(found[-1]).all()


def test_of_known_integers_what_is_found_is_known(xp):
    def look_up_twice(x):
        vertices = xp.take(np.arange(12).reshape(4, 3) % 7, np.array([3, 0, -1]))
        assert not isinstance(vertices, jax.core.Tracer)
        return xp.take(x, vertices)

    expected = TABLE[(np.arange(12).reshape(4, 3) % 7)[[3, 0, 3]]]
    np.testing.assert_array_equal(jax.jit(look_up_twice)(TABLE), expected)


def test_slopes_both_ways(xp):
    """Several directions at once, and back: what is looked up k times has k slopes added."""

    def cost(x):
        return xp.take(jnp.sin(x), MANY)

    directions = np.random.default_rng(2).normal(size=(5, *TABLE.shape))
    pushed = jax.jit(jax.vmap(lambda v: jax.jvp(cost, (TABLE,), (v,))[1]))(directions)
    expected = (np.cos(TABLE) * directions)[:, MANY]
    np.testing.assert_allclose(pushed, expected, rtol=1e-14)
    back = jax.jit(lambda u: jax.vjp(cost, TABLE)[1](u)[0])(np.ones((131, 3)))
    times = np.bincount(MANY % 7, minlength=7)
    np.testing.assert_allclose(back, np.cos(TABLE) * times[:, None], rtol=1e-14)


@pytest.mark.full
def test_a_sparse_jacobian_at_once_is_the_one_that_is_looped(monkeypatch):
    """The hand's, where both are possible: of one row more is stored, so that not all are alike."""
    from calcbench.backends.jax import derivatives
    from calcbench.problems.gradbench.ht_complicated import HtComplicated

    class Uneven(HtComplicated):
        def structure(self, inputs):
            alike = super().structure(inputs)
            return Coordinates(np.append(alike.rows, 0), np.append(alike.columns, 2))

    (backend,) = select_backends(["jax"])
    point = own_point(Uneven(), {"points": 100, "vertices": 30})
    found = []
    for cache in (1 << 20, 1 << 10):
        monkeypatch.setattr(derivatives, "SECOND_CACHE", cache)
        found.append(backend.prepare(point, "jacobian").evaluate(point)["jacobian"])
    assert derivatives.FIRST_CACHE < 300 * 29 * 8
    np.testing.assert_allclose(found[0], found[1], rtol=1e-13, atol=1e-14)
