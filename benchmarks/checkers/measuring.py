"""What each checker says of right gradients, of wrong rules, and of one wrong component."""

import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import calcbench as cb
from calcbench.native.trees import as_tuple
from calcbench.problem.flat import flatten
from checkers import FAULTS

SIZES = {"1e-3": 1 + 1e-3, "1e-6": 1 + 1e-6, "1e-10": 1 + 1e-10, "sign": -1.0}
"""How wrong a component is → by what it is multiplied."""

SHARP = 1e-11
"""Relative to a component, the allowance below which an error of 1e-10 must be found."""

EVERY = 10
"""Of so many right gradients the framework's own checkers are asked of one: they take longer."""

POINTS_OF_A_PROGRAM = 10
"""Random points of each random function: JAX has to compile each."""


@dataclass
class Row:
    """What one checker did."""

    name: str
    accepts: Any
    """Case → whether it calls the gradient right; None where it says nothing."""
    right: bool = False
    """Whether it accepted the rule without a fault; else it finds nothing in the others."""
    faults: set = field(default_factory=set)
    """Which of `FAULTS` it found."""
    found: dict = field(default_factory=lambda: dict.fromkeys(SIZES, 0))
    """Size → how many wrong components it found."""
    asked: int = 0
    """Of how many right gradients it was asked."""
    alarms: list = field(default_factory=list)
    """Cases whose right gradients it called wrong."""
    silent: int = 0
    """Of how many right gradients it said nothing."""
    seconds: float = 0.0
    """Processor time for the right gradients."""
    large: float | None = None
    """Processor time for a large network, if it was asked for that."""

    def ask(self, case):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.accepts(case)


@dataclass
class Table:
    """What all checkers of a framework did; the last of them is calcbench."""

    side: Any
    rows: list
    components: int = 0
    """How many wrong components there were of each size."""
    sharp: int = 0
    """How many of them had an allowance below `SHARP`."""
    missed: list = field(default_factory=list)
    """(case, place, size) of those that calcbench did not find all the same."""


def by_calcbench(case):
    status = cb.check(case.f, case.grad, case.x).status
    return {"ok": True, "disagree": False, "error": False}.get(status)


def measure(side, points):
    """Ask all checkers of a framework about so many right gradients, and a 40th as many wrong."""
    checkers = {**side.CHECKERS, "calcbench": by_calcbench}
    table = Table(side, [Row(name, accepts) for name, accepts in checkers.items()])
    for row in table.rows:
        row.right = row.ask(side.swish("")) is True
        row.faults = {fault for fault in FAULTS if row.ask(side.swish(fault)) is False}
    for number, case in enumerate(_cases(side, points, seed=1)):
        side.compile_gradient(case)
        _ask_of_right(table.rows if number // 2 % EVERY == 0 else table.rows[-1:], case)
    for case in _cases(side, max(points // 40, 5), seed=2):
        _ask_of_wrong(table, case)
    if points >= 1000:
        for row in table.rows:
            row.large = _seconds(lambda row=row: row.ask(side.network()))
    return table


def _ask_of_right(rows, case):
    for row in rows:
        started = time.process_time()
        answer = row.ask(case)
        row.seconds += time.process_time() - started
        row.asked += 1
        row.silent += answer is None
        if answer is False:
            row.alarms.append(case)


def _ask_of_wrong(table, case):
    """Spoil one component, by all sizes, if the gradient is certified."""
    same = table.side.spoiled(case, 0, 1.0)
    right = cb.check(same.f, same.grad, same.x)
    if not right.ok:
        return
    truth, allowed = (np.abs(flatten(part.values())) for part in (right.reference, right.bound))
    place = int(np.random.default_rng(table.components).choice(np.flatnonzero(truth)))
    sharp = allowed[place] < SHARP * truth[place]
    table.components += 1
    table.sharp += sharp
    for size, factor in SIZES.items():
        spoiled = table.side.spoiled(case, place, factor)
        answers = [row.ask(spoiled) for row in table.rows]
        for row, answer in zip(table.rows, answers, strict=True):
            row.found[size] += answer is False
        if sharp and answers[-1] is not False:
            table.missed.append((case, place, size))


def _cases(side, count, seed):
    """Draw cases with a finite value: functions as people write them, and random ones, in turn."""
    number = done = 0
    make = None
    while done < count:
        rng = np.random.default_rng([seed, number])
        if number % 2:
            if make is None or number % (2 * POINTS_OF_A_PROGRAM) == 1:
                make = side.program(1000 * seed + number)
            case = make(rng)
        else:
            case = side.draw(side.KINDS[number // 2 % len(side.KINDS)], rng)
        number += 1
        with np.errstate(all="ignore"):
            finite = np.isfinite(float(case.f(*as_tuple(case.x))))
        if finite:
            done += 1
            yield case


def _seconds(function):
    started = time.process_time()
    function()
    return time.process_time() - started
