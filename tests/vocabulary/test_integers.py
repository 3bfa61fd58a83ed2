"""Integers that a cost puts together: they stay integers, and serve as indices."""

import numpy as np
import pytest
from vocabulary.selectors import vocabulary

import calcbench
from calcbench.record.record import Status

QUICK = ("finite_difference[scheme=complex]", "finite_difference", "autograd", "dual", "tape")
FRAMEWORKS = (
    *("torch", "torch[mode=func]", "tensorflow", "tensorflow[mode=function]"),
    *("tensorflow[mode=xla]", "jax", "jax[mode=eager]"),
)


def scanned(keep, of=None):
    """Make indices of what a scan keeps; its state moves with the parameter."""

    def kept(xp, w, k):
        def step(state, x):
            return state + w[0], keep(x, state)

        return xp.scan(step, w[1], k if of is None else of(xp, k))[1]

    return kept


def counted(xp, w, k):
    """Count, beside a state that moves with the parameter, until that is large enough."""
    first = (k[0], 0.0 * w[0] + 0.6)
    count, _ = xp.while_loop(
        lambda s: s[1] < 1.7, lambda s: (s[0] + 1, s[1] + w[0] * w[0] + 0.1), first, 11
    )
    return xp.minimum(xp.stack([count, k[1]]), 2)


PLACES = {
    "what a scan keeps": scanned(lambda x, state: x),
    "what it computes of its slices": scanned(lambda x, state: 2 - x),
    "what it keeps of an array of NumPy": scanned(lambda x, state: x, lambda xp, k: np.arange(3)),
    "rows that it keeps": scanned(
        lambda x, state: x, lambda xp, k: xp.stack([k, xp.flip(k)], axis=1)
    ),
    "one of two that it keeps": lambda xp, w, k: scanned(lambda x, state: (x, 1.0 * state))(
        xp, w, k
    )[0],
    "a state that it carries": lambda xp, w, k: xp.scan(
        lambda s, x: ((s[0] + x, s[1] * w[0]), s[0]), (k[0], w[1]), k
    )[1],
    "stack": lambda xp, w, k: xp.stack([k[2], k[0], k[0]]),
    "concat": lambda xp, w, k: xp.concat([k[1:], k[:1]]),
    "where": lambda xp, w, k: xp.where(k > 1, k, 0),
    "where a parameter is": lambda xp, w, k: xp.where(w > 0.0, k, 2 - k),
    "orders": lambda xp, w, k: xp.concat([xp.argsort(w)[:2], k[:1]]),
    "an order, or not": lambda xp, w, k: xp.where(w > 0.0, xp.argsort(w), 0),
    "places": lambda xp, w, k: xp.stack([xp.argmax(w), k[0], xp.argmin(w)]),
    "neighbours": lambda xp, w, k: xp.minimum(xp.maximum(k - 1, 0) + 2, 2),
    "the last one": lambda xp, w, k: xp.stack([xp.max(k), xp.min(k)]),
    "cond": lambda xp, w, k: xp.cond(w[0] > 0.2, lambda: k, lambda: 2 - k),
    "iterate": lambda xp, w, k: xp.iterate(lambda s: (s[0] + 1, s[1] * w[0]), (k[:2], w[1]), 1)[0],
    "while_loop": counted,
}
"""What is put together → the indices that come of it, of a parameter w and the integers 0, 1, 2."""


def cost(places):
    @calcbench.problem(w=[0.5, 1.5, -0.7], k=np.arange(3))
    def squares(xp, w, *, k):
        found = places(xp, w, k)
        other = xp.take_along_axis(w, xp.reshape(found, (-1,)), axis=0)
        return xp.sum(xp.take(w, found) ** 3) + xp.sum(other * other) + xp.prod(w)

    return squares


def check(name, backends, **options):
    records = calcbench.compare(cost(PLACES[name]), list(backends), **options).records
    failed = [(r.backend, r.status, r.reason) for r in records if r.status is not Status.OK]
    assert len(records) == len(backends)
    assert not failed
    assert all(r.certified_digits > 15 for r in records), [r.judged for r in records]


@pytest.mark.few(6)
@pytest.mark.parametrize("name", PLACES)
def test_integers_are_indices(name):
    check(name, QUICK)


@pytest.mark.few(3, more=15)
@pytest.mark.parametrize("name", PLACES)
def test_integers_are_indices_in_symbols(name):
    check(name, ["sympy"])


@pytest.mark.few(1, more=17)
@pytest.mark.parametrize("name", PLACES)
def test_integers_are_indices_in_frameworks(name):
    check(name, FRAMEWORKS)


@pytest.mark.few(1, more=17)
@pytest.mark.parametrize("name", PLACES)
def test_integers_are_indices_in_float32(name):
    check(name, ["dual", "autograd", "torch", "tensorflow", "jax"], dtype="float32")


@pytest.mark.parametrize(
    ("put", "kind"),
    [
        (lambda xp, k: xp.stack([k[0], k[1]]), "i"),
        (lambda xp, k: xp.concat([k, k]), "i"),
        (lambda xp, k: xp.where(k > 0, k, 0), "i"),
        (lambda xp, k: xp.stack([k[0] > 0, k[1] > 0]), "b"),
        (lambda xp, k: xp.concat([k > 0, k > 1]), "b"),
    ],
)
@pytest.mark.parametrize("selector", ["dual", "tape", "certified", "finite_difference"])
def test_integers_and_truth_values_stay_what_they_are(put, kind, selector):
    assert np.asarray(put(vocabulary(selector), np.arange(3))).dtype.kind == kind


@pytest.mark.parametrize("combine", ["where", "stack", "maximum"])
def test_python_integers_alone_are_floats(combine):
    """As documented: they are what takes the precision of the run."""
    xp = vocabulary("certified")
    call = {"where": lambda: xp.where(np.array(True), 1, 0), "maximum": lambda: xp.maximum(1, 0)}
    found = call.get(combine, lambda: xp.stack([1, 0])[0])()
    assert not isinstance(found, (int, np.integer))
