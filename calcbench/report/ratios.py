"""How two measured cells compare: round by round where their rounds pair up, else as quotients."""

from __future__ import annotations

import math

from calcbench.bench import intervals
from calcbench.bench.intervals import Estimate
from calcbench.record.record import Record
from calcbench.record.samples import Samples


def steady(record: Record) -> Estimate | None:
    """Estimate the seconds of one call in the steady state; None without a finite time."""
    return None if record.timing is None else _time(record.timing.call)


def cost(record: Record) -> Estimate | None:
    """Estimate the seconds of one call of the cost alone; None where that was not timed."""
    if record.timing is None or record.timing.cost is None:
        return None
    return _time(record.timing.cost)


def between(one: Record, other: Record) -> Estimate | None:
    """Estimate how many times as long a call takes by `one` as by `other`.

    Rounds of one batch are compared one by one, for what disturbed a round disturbed both.
    Cells of different batches, or of different runs, share no rounds: there it is the quotient
    of the two times. None where one of them has no time.
    """
    if one.timing is None or other.timing is None:
        return None
    paired = (one.run, one.timing.batch) == (other.run, other.timing.batch)
    return _ratio(one.timing.call, other.timing.call, paired)


def per_cost(record: Record) -> Estimate | None:
    """Estimate how many times as long the call takes as the cost alone."""
    if record.timing is None or record.timing.cost is None:
        return None
    return _ratio(record.timing.call, record.timing.cost, paired=True)


def differs(ratio: Estimate | None) -> bool:
    """Whether the 95 % interval of a ratio excludes 1; False without an interval."""
    return ratio is not None and (ratio.low > 1 or ratio.high < 1)


def distinguishable(one: Record, other: Record) -> bool:
    """Whether it is known which of two results is the faster one."""
    return differs(between(one, other))


def _time(samples: Samples) -> Estimate | None:
    found = intervals.time(samples)
    return found if 0 < found.median < math.inf else None


def _ratio(one: Samples, other: Samples, paired: bool) -> Estimate | None:
    first, second = _time(one), _time(other)
    if first is None or second is None:
        return None
    if paired and set(one.round) & set(other.round):
        found = intervals.ratio(one, other)
    else:
        found = intervals.quotient(first, second)
    return found if 0 < found.median < math.inf else None
