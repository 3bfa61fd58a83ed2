"""When a long preparation pays off: who is best for how many calls.

A backend takes S + k·t seconds for k calls: S is its set-up, `prepare` + `first`; t is the
median time of a call in the steady state. The import of the framework is not counted. One
with a larger set-up and a smaller t overtakes another after k = (S₁ − S₂) / (t₂ − t₁) calls.
Who is best when is the lower envelope of these lines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from calcbench.record.record import Record
from calcbench.report import ratios
from calcbench.report.groups import by_size
from calcbench.report.numbers import format_duration
from calcbench.report.sections import Section

CLOSELY = 100
"""Calls from which on a break-even point has two digits: set-up is measured only once."""


@dataclass(frozen=True)
class Line:
    """The total time of k calls by a backend: set-up + k · steady."""

    record: Record
    setup: float
    """Seconds of `prepare` + `first`."""
    steady: float
    """Seconds of one call, the median."""

    def total(self, calls: float) -> float:
        """Give the seconds of so many calls, set-up included."""
        return self.setup + calls * self.steady


@dataclass(frozen=True)
class Stage:
    """A backend, and the number of calls from which on it is the best."""

    line: Line
    after: float
    """It overtakes the stage before after this many calls; 0 for the first stage."""

    @property
    def first(self) -> int:
        """The smallest number of calls for which it is cheaper than the stage before."""
        return math.floor(self.after) + 1


def line(record: Record) -> Line | None:
    """Find the line of a right result; None where a part of it was not measured."""
    time = ratios.steady(record)
    parts = [record.seconds.get(name, math.nan) for name in ("prepare", "first")]
    if not record.status.measured or time is None or not all(map(math.isfinite, parts)):
        return None
    return Line(record, sum(parts), time.median)


def break_even(one: Line, other: Line) -> float | None:
    """Find after how many calls `other`, of the smaller steady time, is cheaper than `one`.

    It is None where its steady time is not smaller; 0 or less where it is cheaper from the first
    call on.
    """
    if not other.steady < one.steady:
        return None
    return (other.setup - one.setup) / (one.steady - other.steady)


def stages(records: Sequence[Record]) -> list[Stage]:
    """Find who is best when, from the first call on: the lower envelope of the total times.

    The records are of one size. A backend is overtaken only by one that is known to be faster in
    the steady state: where the interval of their ratio contains 1, nothing is said.
    """
    lines = [entry for record in records if (entry := line(record))]
    if not lines:
        return []
    found = [Stage(min(lines, key=lambda entry: (entry.total(1), entry.steady)), 0.0)]
    while following := _overtaker(found[-1], lines):
        found.append(following)
    return found


def sentences(section: Section) -> list[str]:
    """Say for each size who is best for how many calls."""
    found = []
    for size, records in by_size(section.records).items():
        lines = [entry for record in records if (entry := line(record))]
        if len(lines) > 1:
            found.append(f"size {size:,}: {_words(stages(records), lines)}")
    return found


def _overtaker(stage: Stage, lines: Sequence[Line]) -> Stage | None:
    """Find the first to overtake, among those known to be faster in the steady state."""
    coming = [
        # Not before the stage itself began: one that was not distinguishable from the stage
        # before may have crossed this line earlier.
        Stage(other, max(after, stage.after))
        for other in lines
        if (after := break_even(stage.line, other)) is not None
        and after < math.inf
        and ratios.distinguishable(stage.line.record, other.record)
    ]
    # Of those that cross in one point, the one that is faster from there on.
    return min(coming, key=lambda s: (s.after, s.line.steady), default=None)


def _words(found: Sequence[Stage], lines: Sequence[Line]) -> str:
    """Say `up to 12 calls by_hand; from 13 on torch (0.2 ms); from about 830 on jax (0.21 s)`."""
    lasting = [s for s, following in pairwise(found) if s.first < following.first] + [found[-1]]
    names = [stage.line.record.backend for stage in lasting]
    doubt = _doubt(lasting[-1], lines)
    if len(lasting) == 1:
        return f"{names[0]} from the first call on{doubt}"
    parts = [f"up to {_count(lasting[1].first - 1)} calls {names[0]}"]
    for stage, name in zip(lasting[1:], names[1:], strict=True):
        reached = format_duration(stage.line.total(stage.first))
        parts.append(f"from {_count(stage.first)} on {name} ({reached})")
    return "; ".join(parts) + doubt


def _doubt(last: Stage, lines: Sequence[Line]) -> str:
    """Say whose steady time is not distinguishable from that of the last stage."""
    close = [
        entry.record.backend
        for entry in lines
        if entry.record is not last.line.record
        and not ratios.distinguishable(last.line.record, entry.record)
    ]
    if not close:
        return ""
    return f", in the steady state not told apart from {' and '.join(close)}"


def _count(calls: int) -> str:
    """Write a number of calls: exactly if there are few, else to two digits."""
    if calls < CLOSELY:
        return str(calls)
    return f"about {float(f'{calls:.2g}'):,.0f}"
