"""Intervals: that they hold what they promise, and that rounds which pair up cancel drift."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcbench.bench import intervals
from calcbench.bench.intervals import Estimate, median, outside, quotient, ratio, time
from calcbench.record.samples import Samples


def samples(seconds, cpu=None, rounds=None):
    seconds = tuple(map(float, seconds))
    rounds = tuple(range(len(seconds))) if rounds is None else tuple(rounds)
    return Samples(10, rounds, seconds, seconds if cpu is None else tuple(map(float, cpu)))


def test_tails_are_those_of_the_binomial():
    """David and Nagaraja, section 7.1: for n = 6 the extremes, 97 %; for n = 20, x₆ and x₁₅."""
    assert [outside(n) for n in range(6)] == [None] * 6
    assert [outside(n) for n in (6, 8, 9, 12, 20)] == [0, 0, 1, 2, 5]


@given(st.integers(6, 300))
def test_interval_is_the_shortest_that_holds_95_percent(n):
    k = outside(n)

    def tail(most):
        return 2 * sum(math.comb(n, i) for i in range(most + 1)) / 2**n

    assert tail(k) <= 0.05 < tail(k + 1)


@pytest.mark.parametrize("n", [6, 12, 30])
def test_coverage_on_a_skewed_distribution(n):
    """Times are skewed: they have a floor and a long tail. The median's interval holds anyway."""
    rng = np.random.default_rng(n)
    truth = 1.0 + math.exp(0.0)  # of 1 + exp(normal)
    trials = 4000
    drawn = np.sort(1.0 + np.exp(rng.standard_normal((trials, n))), axis=1)
    found = [median(row) for row in drawn]
    covered = sum(e.low <= truth <= e.high for e in found) / trials
    exact = 1 - 2 * sum(math.comb(n, i) for i in range(outside(n) + 1)) / 2**n
    assert exact >= 0.95
    assert covered == pytest.approx(exact, abs=4 * math.sqrt(0.05 * 0.95 / trials))


@pytest.mark.parametrize("noise", [0.02, 0.03, 0.05])
def test_coverage_where_rounds_end_with_a_narrow_interval(noise):
    """Stopping at what looks well known favours what looks so by chance: docs/reports.md."""
    rng = np.random.default_rng(1)
    inside, trials = 0, 1000
    for _ in range(trials):
        drawn = 1 + noise * np.exp(rng.standard_normal(60))
        rounds = 12
        while (found := median(drawn[:rounds])).spread > 0.02 and rounds < len(drawn):
            rounds += 1
        inside += found.low <= 1 + noise <= found.high
    assert 0.92 <= inside / trials <= 0.97


def test_coverage_of_a_ratio_of_pairs():
    rng = np.random.default_rng(3)
    trials, n = 1000, 15
    inside = 0
    for _ in range(trials):
        one, other = 2 + np.exp(rng.standard_normal(n)), 2 + np.exp(rng.standard_normal(n))
        found = ratio(samples(3 * one), samples(other))
        inside += found.low <= 3 <= found.high
    assert inside / trials >= 0.95 - 4 * math.sqrt(0.05 * 0.95 / trials)


def test_pairs_cancel_a_drift_that_a_quotient_does_not():
    """A machine that slows down to a third meanwhile; one backend takes 5 % longer."""
    rng = np.random.default_rng(0)
    drift = np.linspace(1.0, 3.0, 40)
    one, other = (
        samples(base * drift * (1 + 0.005 * rng.standard_normal(40))) for base in (1.05, 1.0)
    )
    paired = ratio(one, other)
    assert paired.low < 1.05 < paired.high
    assert paired.low > 1
    unpaired = quotient(time(one), time(other))
    assert unpaired.low < 1 < unpaired.high
    assert unpaired.spread > 20 * paired.spread


def test_rounds_pair_by_number_not_by_position():
    """A lost round leaves a gap: what follows must not be shifted."""
    drift = np.array([1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7])
    one = samples(2 * np.delete(drift, 2), rounds=[0, 1, 3, 4, 5, 6, 7])
    other = samples(drift)
    assert ratio(one, other).median == pytest.approx(2)
    assert ratio(one, other).used == 7
    assert ratio(one, other).low == pytest.approx(2)


def test_no_round_in_common():
    found = ratio(samples([1] * 6), samples([1] * 6, rounds=range(6, 12)))
    assert math.isnan(found.median)
    assert found.used == 0


def test_disturbed_bursts_are_set_aside():
    calm, disturbed = [1.0] * 8, [3.0] * 4
    found = time(samples(calm + disturbed, cpu=[1.0] * 12))
    assert (found.median, found.high) == (1.0, 1.0)
    assert (found.used, found.disturbed) == (8, 4)
    both = ratio(samples([*calm, *disturbed], cpu=[1.0] * 12), samples([1.0] * 12))
    assert (both.median, both.high, both.used, both.disturbed) == (1.0, 1.0, 8, 4)


def test_too_few_quiet_bursts_are_not_chosen():
    """Where a device computes, the process waits in every burst; all of them count then."""
    found = time(samples([1, 2, 3, 4, 5, 6, 7], cpu=[1, 2, 3, 4, 5, 0, 0]))
    assert (found.median, found.used, found.disturbed) == (4, 7, 0)


@pytest.mark.parametrize("n", range(1, 6))
def test_few_samples_have_a_median_and_no_interval(n):
    found = time(samples(range(1, n + 1)))
    assert found.median == (n + 1) / 2
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.spread == math.inf
    assert found.noisy


def test_no_samples_and_nan():
    assert math.isnan(median([]).median)
    found = median([1.0, 2.0, math.nan, 0.5, 3.0, 4.0, 5.0])
    assert math.isnan(found.median)
    assert found.noisy


def test_a_clock_too_coarse():
    """Bursts of 0 seconds give no ratio and no spread, rather than an exception."""
    zero, one = samples([0.0] * 8), samples([1.0] * 8)
    assert math.isnan(ratio(one, zero).median)
    assert math.isnan(quotient(time(one), time(zero)).median)
    assert time(zero).noisy


def test_quotient_is_every_value_that_it_may_have():
    found = quotient(Estimate(4, 3, 5, 9), Estimate(2, 1, 2.5, 7))
    assert (found.median, found.low, found.high, found.used) == (2, 3 / 2.5, 5, 7)


def test_noisy_begins_beyond_the_limit():
    at = 1 + intervals.NOISY
    assert not Estimate(1, 2 - at, at - 1e-9, 9).noisy
    assert Estimate(1, 2 - at, at + 1e-6, 9).noisy


def test_a_side_that_is_never_calm_does_not_bring_back_the_others_disturbed_rounds():
    numbers = tuple(range(20))
    fast = tuple(1.0 if n % 2 else 2.0 for n in numbers)  # slowed in every other round
    one = Samples(1, numbers, fast, tuple(1.0 if n % 2 else 0.5 for n in numbers))
    waiting = Samples(1, numbers, (10.0,) * 20, (0.1,) * 20)
    assert time(one).median == 1.0
    found = ratio(waiting, one)
    assert found.median == 10.0
    assert (found.disturbed, found.calm) == (10, False)
