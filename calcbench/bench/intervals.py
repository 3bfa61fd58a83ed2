"""Medians of times, and of ratios of times, with 95 % confidence intervals.

The interval of a median is that of order statistics: it holds for any distribution of the
samples, and needs at least six of them. With x₍₁₎ ≤ … ≤ x₍ₙ₎, the median lies in
[x₍ₖ₊₁₎, x₍ₙ₋ₖ₎] with probability 1 − 2·P(Binomial(n, ½) ≤ k) (David and Nagaraja, Order
Statistics, 3rd ed., section 7.1).
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from calcbench.record.samples import Samples

QUIET = 0.9
"""CPU seconds per wall second below which a burst was disturbed. At every moment of a gradient
some thread computes, the calling one or one that it waits for; if the process used less than that,
another one had the processor."""

FULL_SPEED = 0.83
"""Pace (`Samples.pace`) below which a burst was disturbed. A shared core runs at 0.5 to 0.7 of
its speed while its neighbour works, at full CPU time, and slows some code more than other; the
loop that measures the pace is repeatable to a tenth."""

FEWEST = 6
"""Samples below which a median has no 95 % interval."""

NOISY = 0.05
"""Half-width of the interval, relative to the median, beyond which a time is `noisy`."""


@dataclass(frozen=True)
class Estimate:
    """A median and its 95 % interval, in the unit of the samples."""

    median: float
    low: float
    high: float
    used: int
    """Samples that the median is of."""
    disturbed: int = 0
    """Samples set aside, because something else slowed the processor during them."""
    calm: bool = True
    """False where too few undisturbed samples were left, so that disturbed ones are used too."""

    @property
    def spread(self) -> float:
        """Half the width of the interval, relative to the median; infinite without one."""
        width = self.high - self.low
        return width / (2 * self.median) if math.isfinite(width) and self.median else math.inf

    @property
    def noisy(self) -> bool:
        """Whether the median is not known to 5 %."""
        return not self.spread <= NOISY


def time(samples: Samples) -> Estimate:
    """Estimate the seconds of one call, after the first ones.

    Disturbed bursts are set aside, as long as enough others are left.
    """
    undisturbed = [s for s, calm in zip(samples.seconds, quiet(samples), strict=True) if calm]
    return _estimate_undisturbed(undisturbed, samples.seconds)


def ratio(one: Samples, other: Samples) -> Estimate:
    """Estimate how many times as long `one` takes as `other`: the median ratio within rounds.

    For samples of one batch: what disturbed a round disturbed both. Rounds that only one of
    them has do not count.
    """
    # A ratio within a round cancels what slowed both: the machine's speed drifts over the rounds.
    first, second = _bursts(one), _bursts(other)
    shared = [(first[number], second[number]) for number in first if number in second]
    both_calm = [(a, b) for (a, calm), (b, also_calm) in shared if calm and also_calm]
    # One side that is hardly ever calm would leave no round. Then only the other side counts: its
    # disturbed rounds are set aside still, if enough are left, and the estimate is not calm.
    sides = [sum(pair[side][1] for pair in shared) >= FEWEST for side in (0, 1)]
    one_calm = [
        (pair[0][0], pair[1][0])
        for pair in shared
        if all(pair[side][1] or not enough for side, enough in enumerate(sides))
    ]
    if len(both_calm) < FEWEST <= len(one_calm) < len(shared):
        found = median([_divide(a, b) for a, b in one_calm])
        return replace(found, disturbed=len(shared) - len(one_calm), calm=False)
    everything = [(a, b) for (a, _), (b, _) in shared]
    return _estimate_undisturbed(
        [_divide(a, b) for a, b in both_calm], [_divide(a, b) for a, b in everything]
    )


def _estimate_undisturbed(undisturbed: Sequence[float], everything: Sequence[float]) -> Estimate:
    """Take the median of what is undisturbed, or of everything where that would leave too few."""
    if len(undisturbed) < min(FEWEST, len(everything)):
        return replace(median(everything), calm=False)
    return replace(median(undisturbed), disturbed=len(everything) - len(undisturbed))


def quotient(one: Estimate, other: Estimate) -> Estimate:
    """Divide two times that were measured in different rounds, from low/high to high/low."""
    return Estimate(
        _divide(one.median, other.median),
        _divide(one.low, other.high),
        _divide(one.high, other.low),
        min(one.used, other.used),
    )


def median(values: Sequence[float]) -> Estimate:
    """Take the median of some values with its 95 % interval; NaN bounds below six values.

    All is NaN without values, or where one of them is NaN: they have no order then.
    """
    ordered = sorted(values)
    if not ordered or any(map(math.isnan, ordered)):
        return Estimate(math.nan, math.nan, math.nan, len(ordered))
    middle = statistics.median(ordered)
    skipped = outside(len(ordered))
    if skipped is None:
        return Estimate(middle, math.nan, math.nan, len(ordered))
    return Estimate(middle, ordered[skipped], ordered[-1 - skipped], len(ordered))


@functools.cache
def outside(count: int) -> int | None:
    """Count how many of `count` ordered samples lie outside the interval, on either side.

    The largest k with 2·P(Binomial(count, ½) ≤ k) ≤ 5 %; None if there is none.
    """
    tail, found, ways = 0, None, 1
    for k in range(count // 2):
        tail += ways
        ways = ways * (count - k) // (k + 1)  # the next binomial coefficient
        if 40 * tail > 2**count:  # 2 · tail / 2ⁿ > 1/20, in whole numbers
            break
        found = k
    return found


def quiet(samples: Samples) -> list[bool]:
    """Tell for each burst whether the process had the processor to itself, at full speed."""
    pace = samples.pace or (1.0,) * len(samples.seconds)
    return [
        cpu >= QUIET * seconds and speed >= FULL_SPEED
        for cpu, seconds, speed in zip(samples.cpu, samples.seconds, pace, strict=True)
    ]


def _bursts(samples: Samples) -> dict[int, tuple[float, bool]]:
    """Map rounds to the seconds of a call, and whether the burst was undisturbed (`quiet`)."""
    pairs = zip(samples.seconds, quiet(samples), strict=True)
    return dict(zip(samples.round, pairs, strict=True))


def _divide(one: float, other: float) -> float:
    """Divide two times; NaN where the clock was too coarse to tell the second from 0."""
    return one / other if other else math.nan
