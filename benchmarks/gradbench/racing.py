"""Racing: bursts in shuffled rounds, and what they say of each contender."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from contenders import Contender
from races import Race

from calcbench.bench.intervals import Estimate, median
from calcbench.workers.isolation import WorkerDied

BURST = 0.03
"""Seconds of processor time in a burst of the derivative; of the cost, half of it."""

ROUNDS = 9

SLOW = 2.0
"""Seconds of a call from which on a contender runs in the first round only."""


@dataclass
class Runner:
    """A contender that takes part: its calls in a burst, and its seconds per call by round."""

    contender: Contender
    result: np.ndarray
    count: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.contender.name

    @property
    def slow(self) -> bool:
        """Whether one round has to do, for a call takes as long as others' races."""
        return any(each > SLOW for each in self.seconds["derivative"][:1])

    @property
    def time(self) -> Estimate:
        """Seconds of processor time for one derivative."""
        return median(self.seconds["derivative"])

    @property
    def over_cost(self) -> Estimate:
        """The derivative's time over that of its cost, within rounds."""
        return _ratio(self.seconds["derivative"], self.seconds["cost"])

    def over(self, other: Runner) -> Estimate:
        """This one's time over another's, within rounds."""
        return _ratio(self.seconds["derivative"], other.seconds["derivative"])

    def error(self, truth: np.ndarray) -> float:
        """The largest error, relative to the largest component; 0 where both are 0 throughout."""
        off = float(np.max(np.abs(self.result - truth)))
        return off / float(np.max(np.abs(truth))) if off else 0.0


@dataclass
class Outcome:
    """What came of a race."""

    race: Race
    runners: list[Runner]
    absent: dict[str, str]
    """Contender → why it did not take part."""


def run(
    race: Race, file: Path, contenders: Sequence[Contender], core: int, rounds: int = ROUNDS
) -> Outcome:
    """Set all contenders up, and let them run round by round in shuffled order.

    One whose process dies, or takes too long, leaves the race with the reason. One that is slow
    runs in the first round alone; its ratios are of that one, and have no interval.
    """
    outcome = Outcome(race, [], {})
    try:
        for contender in contenders:
            with _leaving(outcome, contender):
                _enter(outcome, contender, file, core)
        order = random.Random(0)
        for _ in range(rounds):
            for runner in order.sample(outcome.runners, len(outcome.runners)):
                if runner.slow:
                    continue
                with _leaving(outcome, runner.contender):
                    for what, count in runner.count.items():
                        runner.seconds[what].append(runner.contender.burst(what, count) / count)
    finally:
        for contender in contenders:
            contender.rest()
    return outcome


@contextlib.contextmanager
def _leaving(outcome: Outcome, contender: Contender) -> Iterator[None]:
    """Take a contender whose process ends out of the race."""
    try:
        yield
    except WorkerDied as fate:
        outcome.absent[contender.name] = str(fate)
        outcome.runners[:] = [r for r in outcome.runners if r.contender is not contender]


def _enter(outcome: Outcome, contender: Contender, file: Path, core: int) -> None:
    """Set a contender up, and find how many calls fill its bursts."""
    reason = contender.set_up(outcome.race, file, core)
    if reason:
        outcome.absent[contender.name] = reason
        return
    runner = Runner(contender, contender.result())
    for what, share in (("derivative", 1.0), ("cost", 0.5)):
        runner.count[what] = _fill(contender, what, share * BURST)
        runner.seconds[what] = []
    outcome.runners.append(runner)


def _fill(contender: Contender, what: str, wanted: float) -> int:
    """Find by doubling how many calls fill a burst; the first ones are to warm up."""
    count = 1
    while (took := contender.burst(what, count)) < wanted / 2:
        count *= 2
    return max(1, round(count * wanted / took))


def _ratio(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """Divide round by round; one that is slow has the first one only."""
    return median([a / b for a, b in zip(one, other, strict=False)])
