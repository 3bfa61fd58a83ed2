"""Jacobians by what a cost looks up in its parameters: as dense ones, in fewer products."""

import numpy as np
import pytest
from modes import compiles, modes, require, transforms

import calcbench as cb
from calcbench.catalogue.selection import select_backends
from calcbench.operators import composition
from calcbench.operators.gathered import find_gathered
from calcbench.operators.pullback import Pullback
from calcbench.problem.inputs import own_point
from calcbench.problem.point import Point
from calcbench.problem.structure import DENSE, Coordinates

BY_LOOK_UP = "of rows of looked-up parameters"

MODES = [mode for mode in modes(transforms) if not compiles(mode)]


class Bundle(cb.Problem):
    """Distances of cameras from points that they see, two for each, and a weight."""

    dense = False

    def inputs(self, size, rng):
        return {
            "cameras": rng.uniform(1, 2, (3, 4)),
            "points": rng.uniform(-2, -1, (9, 2)),
            "weights": rng.uniform(0.5, 1, 20),
            "camera_of": rng.integers(0, 3, 20),
            "point_of": rng.integers(0, 9, 20),
            "seen": rng.uniform(-1, 1, (20, 2)),
        }

    def outputs(self, inputs):
        return 60

    def structure(self, inputs):
        k = np.arange(20)
        camera = 4 * inputs["camera_of"][:, None] + np.arange(4)
        spot = 12 + 2 * inputs["point_of"][:, None] + np.arange(2)
        columns = np.concatenate([camera, spot, 30 + k[:, None]], axis=1)
        rows = np.concatenate([2 * np.repeat(k, 7), 2 * np.repeat(k, 7) + 1, 40 + k])
        every = Coordinates(rows, np.concatenate([columns.ravel(), columns.ravel(), 30 + k]))
        return DENSE if self.dense else every

    def cost(self, xp, cameras, points, weights, *, camera_of, point_of, seen):
        camera, point = xp.take(cameras, camera_of), xp.take(points, point_of)
        apart = camera[:, :2] - point
        far = xp.sqrt(xp.sum(apart * apart, axis=1))[:, None]
        error = weights[:, None] * (camera[:, 2:3] * apart / far + camera[:, 3:] - seen)
        return xp.concat([xp.reshape(error, (-1,)), 1.0 - weights**2])


class Chain(Bundle):
    """Differences along a ring: looked up twice, from a part, and used as it stands."""

    def inputs(self, size, rng):
        ahead = np.roll(np.arange(12), -1)
        return {"x": rng.uniform(1, 2, 14), "ahead": ahead, "kind": np.arange(12) % 3}

    def outputs(self, inputs):
        return 12

    def structure(self, inputs):
        k = np.arange(12)
        ahead = inputs["ahead"]
        columns = [k, ahead, ahead[ahead], 0 * k + 12, 0 * k + 13]
        every = Coordinates(np.tile(k, 5), np.concatenate(columns))
        return DENSE if self.dense else every

    def cost(self, xp, x, *, ahead, kind):
        ring, shared = x[:12], x[12:]
        once = xp.take(ring, ahead)
        twice = xp.take(once, ahead)
        either = xp.take(xp.stack([shared[0], shared[1], shared[0]]), kind)
        return xp.where(once > 1.5, ring * once, once) * xp.sin(twice) + either * ring


def dense(kind):
    return type(kind.__name__, (kind,), {"dense": True})()


def expected(point):
    """The Jacobian at a point, of the same problem with nothing said about its structure."""
    at = Point(dense(type(point.problem)), point.values)
    (backend,) = select_backends(["autograd"])
    return backend.prepare(at, "jacobian").evaluate(at)["jacobian"]


def prepared(problem, selector):
    require(selector)
    (backend,) = select_backends([selector])
    point = own_point(problem)
    return backend.prepare(point, "jacobian"), point


def assert_right(stored, point):
    whole = expected(point)
    np.testing.assert_allclose(stored, whole[point.pattern(1)], rtol=1e-12, atol=1e-13)
    assert np.count_nonzero(whole) <= len(stored)


@pytest.mark.few(3)
@pytest.mark.parametrize("selector", MODES)
@pytest.mark.parametrize("kind", [Bundle, Chain])
def test_a_sparse_jacobian_is_the_dense_one(kind, selector):
    found, point = prepared(kind(), selector)
    assert_right(found.evaluate(point)["jacobian"], point)
    (backend,) = select_backends([selector])
    pulls = backend.pullback(backend.function(point)) is not None
    assert found.method.endswith(BY_LOOK_UP) == pulls, found.method


@pytest.mark.parametrize("kind", [Bundle, Chain])
def test_a_vocabulary_that_holds_nothing_constant_runs_the_cost_first(kind, monkeypatch):
    monkeypatch.setattr(composition, "_holds_constant", lambda backend: False)
    found, point = prepared(kind(), "autograd")
    assert found.method.endswith(BY_LOOK_UP), found.method
    assert_right(found.evaluate(point)["jacobian"], point)


@pytest.mark.parametrize("kind", [Bundle, Chain])
def test_enzyme_reads_a_sparse_jacobian_off_what_is_looked_up(kind):
    """It has no `stop_gradient` that is right."""
    pytest.importorskip("enzyme_ad")
    found, point = prepared(kind(), "jax[mode=enzyme]")
    assert found.method.endswith(BY_LOOK_UP), found.method
    assert_right(found.evaluate(point)["jacobian"], point)


def test_a_bundle_takes_three_pullbacks():
    found, _ = prepared(Bundle(), "autograd")
    assert found.method == f"reverse, 3 colours {BY_LOOK_UP}"
    gathered = find_gathered(own_point(Bundle()), "autograd")
    assert gathered.places.shape == (1, 300)
    found = sorted(gathered.sweeps, key=lambda sweep: len(sweep.taken))
    of_weights, of_errors = found
    assert of_errors.direct == of_weights.direct == (2,)
    assert of_errors.taken == {0: (20, 4), 1: (20, 2)}
    assert of_errors.cotangents.sum(axis=1).tolist() == [20, 20]


def test_rows_are_not_differentiated_by_what_they_have_no_entries_by():
    """The errors of the weights are pulled back to the weights alone."""
    (one, two) = find_gathered(own_point(Bundle()), "autograd").sweeps
    of_weights = one if not one.taken else two
    assert of_weights.taken == {}
    np.testing.assert_array_equal(np.flatnonzero(of_weights.cotangents), np.arange(40, 60))


def test_what_is_looked_up_more_than_once_is_added_up():
    """Both are used by row k, and are the same component where the ring meets itself."""

    class Meeting(Chain):
        def inputs(self, size, rng):
            found = super().inputs(size, rng)
            return {**found, "x": found["x"][:12], "ahead": np.arange(12) // 4 * 4}

        def structure(self, inputs):
            k = np.arange(12)
            every = Coordinates(np.tile(k, 2), np.concatenate([k, inputs["ahead"]]))
            return DENSE if self.dense else every

        def cost(self, xp, x, *, ahead, kind):
            return x * xp.take(x, ahead) + xp.take(x, ahead) ** 3

    gathered = find_gathered(own_point(Meeting()), "autograd")
    assert len(gathered.places) == 3
    assert gathered.colours == 1
    found, point = prepared(Meeting(), "autograd")
    assert found.method == f"reverse, 1 colour {BY_LOOK_UP}"
    assert_right(found.evaluate(point)["jacobian"], point)


@pytest.mark.parametrize("selector", ["autograd", "jax"])
def test_what_is_prepared_holds_at_other_points_and_for_other_integers(selector):
    found, point = prepared(Bundle(), selector)
    rng = np.random.default_rng(9)
    moved = point.with_values({n: a + 0.1 for n, a in point.values.items() if a.dtype == "f"})
    turned = moved.with_values({"camera_of": (point["camera_of"] + 1) % 3})
    other = moved.with_values({"point_of": rng.permutation(point["point_of"])})
    for at in (moved, turned, other, other, point, turned):
        assert_right(found.evaluate(at)["jacobian"], at)  # in the order of its own structure
    with pytest.raises(cb.ProblemError, match="prepare it again"):
        found.load(point.with_values({"camera_of": point["camera_of"][:5]}))


def test_an_evaluator_gives_the_matrix_of_other_integers():
    evaluate = cb.prepare(Bundle(), "autograd", "jacobian", sparse=True)
    point = own_point(Bundle())
    camera_of = (point["camera_of"] + 1) % 3
    found = evaluate(camera_of=camera_of).toarray()
    whole = expected(point.with_values({"camera_of": camera_of}))
    np.testing.assert_allclose(found, whole, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "cost",
    [
        lambda xp, c, camera_of: xp.take(xp.exp(c), camera_of),
        lambda xp, c, camera_of: xp.iterate(lambda s: s + 1.0, xp.take(c, camera_of), 2),
        lambda xp, c, camera_of: xp.take(c if c[0, 0] > 0 else -c, camera_of),
    ],
)
def test_what_cannot_be_followed_is_coloured_as_it_is(cost):
    class Other(Bundle):
        def cost(self, xp, cameras, points, weights, *, camera_of, point_of, seen):
            apart = cost(xp, cameras, camera_of)[:, :2] - xp.take(points, point_of)
            return xp.concat([xp.reshape(weights[:, None] * apart, (-1,)), 1.0 - weights])

    found, point = prepared(Other(), "autograd")
    assert_right(found.evaluate(point)["jacobian"], point)


@pytest.mark.parametrize("selector", ["autograd", "jax"])
def test_a_structure_that_is_wrong_is_found(selector):
    class Wrong(Bundle):
        def structure(self, inputs):
            kept = super().structure(inputs)
            some = np.arange(len(kept.rows)) != 17
            return Coordinates(kept.rows[some], kept.columns[some])

    with pytest.raises(cb.ProblemError, match="structure leaves out an entry"):
        cb.jacobian(Wrong(), selector, sparse=True)


def test_a_cost_that_looks_up_otherwise_each_time_is_an_error():
    class Fickle(Bundle):
        calls = 0

        def cost(self, xp, cameras, points, weights, *, camera_of, point_of, seen):
            type(self).calls += 1
            if self.calls > 2:
                xp.take(points, point_of)
            data = {"camera_of": camera_of, "point_of": point_of, "seen": seen}
            return super().cost(xp, cameras, points, weights, **data)

    with pytest.raises(cb.ProblemError, match=r"calls xp\.take otherwise than before"):
        prepared(Fickle(), "autograd")


class Cancelling(Chain):
    """x_ahead - x + sin(x before), where some are ahead of themselves: no entry, for 1 - 1 is 0."""

    def inputs(self, size, rng):
        return {"x": rng.uniform(1, 2, 6), "ahead": np.array([1, 1, 4, 3, 0, 5])}

    def outputs(self, inputs):
        return 6

    def structure(self, inputs):
        k, ahead = np.arange(6), inputs["ahead"]
        off = k[ahead != k]
        every = Coordinates([*off, *off, *k], [*off, *ahead[off], *(k - 1) % 6])
        return DENSE if self.dense else every

    def cost(self, xp, x, *, ahead):
        return xp.take(x, ahead) - x + xp.sin(xp.concat([x[-1:], x[:-1]]))


class Doubled(Cancelling):
    """The same by look-ups alone."""

    def inputs(self, size, rng):
        own = np.arange(6)
        return {**super().inputs(size, rng), "own": own, "before": np.roll(own, 1)}

    def cost(self, xp, x, *, ahead, own, before):
        return xp.take(x, ahead) - xp.take(x, own) + xp.sin(xp.take(x, before))


@pytest.mark.parametrize("kind", [Cancelling, Doubled])
def test_an_entry_of_terms_that_cancel_spoils_no_other(kind):
    found, point = prepared(kind(), "autograd")
    assert_right(found.evaluate(point)["jacobian"], point)
    apart = point.with_values({"ahead": (np.arange(6) + 2) % 6})
    assert_right(found.evaluate(apart)["jacobian"], apart)
    (record,) = cb.verify(kind(), ["autograd"], operator="jacobian").records
    assert record.status == "ok", record.reason


def test_a_value_that_depends_on_no_parameter_is_no_function_of_look_ups():
    class Free(Chain):
        def structure(self, inputs):
            return DENSE if self.dense else Coordinates([0], [0])

        def cost(self, xp, x, *, ahead, kind):
            xp.take(x, kind)
            return xp.sin(1.0 * ahead)

    assert find_gathered(own_point(Free()), "autograd") is None
    found, point = prepared(Free(), "autograd")
    assert_right(found.evaluate(point)["jacobian"], point)


class OtherPullback(Pullback):
    """A pullback that no backend has by its name: it follows from the stored entries."""

    name = "other_pullback"


def test_a_product_by_stored_entries_holds_for_other_integers():
    """Its seed is loaded apart from the arrays."""
    (backend,) = select_backends(["autograd"])
    seed = {"C": np.random.default_rng(1).normal(size=60)}
    point = own_point(Bundle()).with_seed(seed)
    found = backend.prepare(point, OtherPullback())
    turned = point.with_values({"camera_of": (point["camera_of"] + 1) % 3})
    for at in (point, turned, point):
        arrays, _ = found.load(at)
        product = found.unload(found.run((arrays, found.seed(at))))
        flat = np.concatenate([each.ravel() for each in product.values()])
        np.testing.assert_allclose(flat, seed["C"] @ expected(at), rtol=1e-11, atol=1e-12)
