"""Laws of the vote: who wins, whatever the numbers and the order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcbench.judge.doubt import DRAWS, SLACK, SURE, Doubt
from calcbench.judge.vote import Ballot, agree, consensus, unsmooth

GRADIENT = np.ones(2, dtype=int)
"""Two components of order 1."""

NAMES = ("by_hand", "sympy", "torch", "jax", "central", "forward", "richardson")


def ballot(value, bound=1e-12, exact=True, voice="", **more):
    value = np.array(value, dtype=float)
    size = np.where(np.isfinite(value), np.abs(value), 0.0) + 1.0
    return Ballot(value, np.full(len(value), bound), exact, size, voice, **more)


def scheme(value, voice="central", bound=1e-8):
    return ballot(value, bound, exact=False, voice=voice)


numbers = st.sampled_from([0.0, 1.0, 1.0 + 1e-13, 1.0 + 1e-9, -2.0, 3.0])
"""Few, so that some agree: to rounding, within a difference scheme's bound, or not at all."""


@st.composite
def ballots(draw, least=1):
    found = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=least, max_size=7)):
        exact = name in NAMES[:4]
        bound = draw(st.sampled_from([1e-12, 1e-10] if exact else [1e-8, 1e-6, 10.0]))
        found.append(ballot([draw(numbers), draw(numbers)], bound, exact, name))
    return found


def decided(found):
    agreed = consensus(dict(enumerate(found)), GRADIENT)
    return agreed.tied, *(tuple(part) for part in (agreed.reference, agreed.bound, agreed.scale))


@given(ballots(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_ballots_does_not_matter(found, random):
    shuffled = random.sample(found, len(found))
    one, other = decided(found), decided(shuffled)
    # Of a tie, only that it is one is ever told.
    assert one == other or (one[0] and other[0])
    same = [
        tuple(unsmooth(dict(enumerate(given)), GRADIENT).tolist()) for given in (found, shuffled)
    ]
    assert same[0] == same[1]


@given(ballots(), st.integers(1, 9))
@settings(deadline=None)
def test_nan_never_wins(found, number):
    """Nor does it change what the others decide."""
    nans = [
        ballot([np.nan, 1.0], voice=f"nan {k}") if k % 2 else ballot([np.inf, np.nan])
        for k in range(number)
    ]
    assert decided([*nans, *found]) == decided(found)


@given(ballots(), st.integers(0, 6), st.integers(1, 4))
@settings(deadline=None)
def test_a_voice_counts_once(found, chosen, number):
    """A mode more of a backend that has a result changes nothing."""
    copies = [found[chosen % len(found)]] * number
    one, other = decided(found), decided([*found, *copies])
    assert one == other or (one[0] and other[0])


@given(ballots(least=2), st.floats(1.0, 1e6))
@settings(deadline=None)
def test_what_has_no_digit_has_no_vote(found, width):
    wide = ballot([5.0, 5.0], 5.0 * width, exact=False, voice="wide")
    if all(np.all(one.bound < 0.1) and np.any(one.value) for one in found):
        assert decided([*found, wide]) == decided(found)


@given(st.floats(0.1, 100.0), st.floats(-100.0, 100.0), st.floats(-9e-9, 9e-9))
def test_an_exact_backend_alone_never_outvotes_two_schemes(right, wrong, off):
    exact = ballot([wrong, wrong], voice="tensorflow")
    two = [scheme([right, right]), scheme([right + off, right], "richardson")]
    agreed = consensus(dict(enumerate([exact, *two])), GRADIENT)
    if not any(agree(exact, one) for one in two):
        assert not agreed.tied
        assert any(np.array_equal(agreed.reference, one.value) for one in two)
        chance = agreed.doubt.chance(0, abs(wrong - right), 1e-8)
        assert (chance <= SURE) == (2e-8 / abs(wrong - right) <= SURE)


def test_one_scheme_alone_outvotes_nobody():
    exact, central = ballot([2.0, 2.0], voice="torch"), scheme([1.0, 1.0])
    same = scheme([1.0, 1.0])  # the same scheme once more is no second witness
    agreed = consensus(dict(enumerate([central, same, exact])), GRADIENT)
    assert agreed.reference.tolist() == [2.0, 2.0]


def test_two_exact_backends_settle_what_differences_contradict():
    kink = [scheme([0.5, 1.0]), scheme([1.0, 1.0], "forward")]
    one, two = ballot([0.0, 1.0], voice="by_hand"), ballot([0.0, 1.0], voice="torch")
    alone = dict(enumerate([one, *kink]))
    assert unsmooth(alone, GRADIENT).tolist() == [True, False]
    assert unsmooth({**alone, 9: two}, GRADIENT).tolist() == [False, False]


def test_where_a_comparison_ties_two_exact_backends_settle_nothing():
    kink = [scheme([0.5, 1.0]), scheme([1.0, 1.0], "forward")]
    exact = [ballot([0.0, 1.0], voice=name) for name in ("by_hand", "torch")]
    found = dict(enumerate([*exact, *kink]))
    assert unsmooth(found, GRADIENT, np.array([True, False])).tolist() == [True, False]


def test_where_a_comparison_ties_wide_bounds_contradict_too():
    steep = [scheme([-6.0, 1.0], bound=1.4), scheme([-18.0, 1.0], "forward", 2.8)]
    found = dict(enumerate([ballot([0.0, 1.0], voice="torch"), *steep]))
    assert not unsmooth(found, GRADIENT).any()
    assert unsmooth(found, GRADIENT, np.array([True, True])).tolist() == [True, False]


def test_an_exact_backend_alone_that_every_scheme_denies_is_contradicted():
    exact = ballot([0.0, 1.0], voice="torch")
    one, two = scheme([-6.0, 1.0], bound=1.4), scheme([-18.0, 1.0], "forward", 2.8)
    ally, doubter = ballot([0.0, 1.0], voice="jax"), scheme([-3.0, 1.0], "richardson", 4.0)
    for found, expected in (
        ([exact, one, two], True),
        ([exact, one], False),
        ([exact, one, two, ally], False),
        ([exact, one, two, doubter], False),
    ):
        assert consensus(dict(enumerate(found)), GRADIENT).contradicted is expected


def test_what_has_no_digit_is_no_reference():
    nan = ballot([np.nan, 1.0], voice="torch")
    wide = scheme([1e-4, 1.0], "forward", bound=2.0)
    assert consensus({0: nan, 1: wide}, GRADIENT).blunt
    assert not consensus({0: nan, 1: wide, 2: scheme([1e-4, 1.0])}, GRADIENT).blunt
    assert not consensus({0: nan}, GRADIENT).blunt


def test_a_number_that_may_be_flushed_needs_no_digit():
    tiny = 2.0**-1022
    small = [
        ballot([1e-318, 0.0], tiny, voice="torch", flushed=tiny),
        ballot([0.0, 0.0], tiny, voice="jax", flushed=tiny),
    ]
    agreed = consensus(dict(enumerate(small)), GRADIENT)
    assert agree(*small)
    assert (agreed.tied, agreed.blunt) == (False, False)


def test_a_value_has_a_scale_of_its_own():
    value_and_slope = ballot([1e-9, 1e9])
    agreed = consensus({0: value_and_slope}, np.array([0, 1]))
    assert agreed.scale.tolist() == [1e-9, 1e9]
    assert consensus({0: value_and_slope}, GRADIENT).scale.tolist() == [1e9, 1e9]


# --- how probable it is that an estimate condemns ----------------------------------------------


@pytest.mark.parametrize("effects", [[1.0], [1.0, 1.0], [3.0, 1.0], [1.0] * 3, [1.0] * 100])
@pytest.mark.parametrize("slack", [4.0, 8.0, 32.0])
def test_a_draw_falls_short_no_oftener_than_stated(effects, slack):
    """√N·|Σ aᵢeᵢ| below κ/slack, in one draw: at most 2·√2/slack."""
    rng = np.random.default_rng(1)
    a = np.array(effects)
    shape = (100_000, len(a))
    e = rng.choice((-1.0, 1.0), shape) * rng.uniform(0.5, 1.0, shape)
    short = np.sqrt(len(a)) * np.abs(e @ a) < np.sum(np.abs(a)) / slack
    assert np.mean(short) <= 2 * np.sqrt(2) / slack


def test_the_chance_falls_as_the_error_grows():
    doubt = Doubt(arrays=3, comparisons=10)
    chances = [doubt.chance(0, error, 1.0) for error in (1.0, 2.0, 4.0, 1e3, np.inf)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == pytest.approx(30 * (2 * np.sqrt(2) / SLACK) ** DRAWS)
    assert chances[-1] == 0.0
    assert not Doubt().concerns(0)
    some = Doubt(arrays=3, where=np.array([True, False]))
    assert [some.concerns(k) for k in (0, 1)] == [True, False]
