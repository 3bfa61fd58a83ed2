"""Agreement: a result against what it should be, and a vote where nothing better is known.

`judge` holds results against certificates; this module scores them. Where there is no
certificate there is no favourite either: at each point the backends vote. Two agree when every
component differs by no more than their two error bounds allow, the largest camp of mutually
supporting exact backends is the consensus, and its componentwise median is the reference.

The bounds of a vote are computed too. An exact method may be off by rounding, and how much
rounding matters at a point is measured there: the inputs are perturbed by a known relative amount,
and what the result makes of that is its sensitivity κ. A backward stable evaluation lies within
a modest multiple of u·(|g| + κ) of the truth (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., section 1.6). An approximate method adds the bound that it states itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.judge.asking import Asking, InProcess, largest_sensitivities
from calcbench.judge.contract import Run
from calcbench.judge.sensitivity import ROUNDINGS, rounding_bound
from calcbench.operators import GRADIENT, Operator
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.record.record import Status


@dataclass(frozen=True)
class Ballot:
    """One backend's result at one point, as a vector over all components."""

    value: np.ndarray
    bound: np.ndarray
    """Absolute, per component: how far an honest evaluation may be from the truth."""
    exact: bool


@dataclass(frozen=True)
class Consensus:
    """What a result is held against at one point: the truth, or what the backends agree on."""

    reference: np.ndarray
    bound: np.ndarray
    """How far the reference itself may be from the truth, per component."""
    scale: float = 1.0
    """What errors are relative to where every component is 0: the size of what cancels."""
    tied: bool = False
    """Whether another camp is as large, so that nobody can be called wrong."""
    range_fault: str = ""
    """An intermediate result that is beyond the floats of the dtype."""


def consensus(ballots: Mapping[int, Ballot], witnesses: Collection[int] = ()) -> Consensus:
    """Find the largest camp of backends that agree, and what they agree on.

    Between camps of the same size, one that an exact witness belongs to carries the day.
    """
    candidates = [name for name, ballot in ballots.items() if ballot.exact] or list(ballots)
    camps = {
        name: tuple(other for other in ballots if _agree(ballots[name], ballots[other]))
        for name in candidates
    }

    believed = {name for name in witnesses if name in ballots and ballots[name].exact}

    def weight(name: int) -> tuple[int, bool]:
        return len(camps[name]), not believed.isdisjoint(camps[name])

    best = max(candidates, key=weight)
    camp = camps[best]
    tied = any(weight(name) >= weight(best) for name in candidates if name not in camp)
    members = [ballots[name] for name in camp if name in candidates]
    if not ballots[best].exact:
        members = [min(members, key=lambda ballot: float(np.sum(ballot.bound)))]
    reference = np.median([member.value for member in members], axis=0)
    bound = np.max([member.bound for member in members], axis=0)
    unit = float(np.finfo(np.float64).eps) / 2
    scale = float(np.max(bound)) / (ROUNDINGS * unit) or 1.0
    return Consensus(reference, bound, scale, tied)


def _agree(one: Ballot, other: Ballot) -> bool:
    if one is other:
        return True
    finite = np.isfinite(one.value) & np.isfinite(other.value)
    same = np.array_equal(one.value[~finite], other.value[~finite], equal_nan=True)
    error = np.abs(one.value[finite] - other.value[finite])
    return same and bool(np.all(error <= one.bound[finite] + other.bound[finite]))


WITNESSED = 1000
"""Components up to which witnesses are asked: they evaluate the cost for every one."""


FEWEST = 3
"""Independent results below which the backends' own witnesses are asked as well."""


class Vote:
    """The vote at the points that are not certified; held once per point, and only if needed."""

    def __init__(
        self,
        runs: list[Run],
        where: Mapping[str, Point],
        seed: int,
        witnesses: list[Backend],
        bounds: Mapping[tuple[str, str], np.ndarray],
        operator: Operator = GRADIENT,
        ask: Asking | None = None,
    ) -> None:
        """Take rounding bounds by (point, dtype); those not given are measured."""
        self.runs, self.where, self.seed = runs, where, seed
        self.witnesses, self.bounds, self.ask = witnesses, bounds, ask or InProcess()
        self.operator = operator
        self.results: dict[str, tuple[dict[int, Ballot], Consensus]] = {}
        self.extra: list[Run] | None = None
        self.kappa: dict[str, np.ndarray] | None = None

    def at(self, point: str, index: int) -> tuple[Ballot, Consensus]:
        """Return the ballot of one run at one point, and what the vote there agreed on."""
        if point not in self.results:
            self.results[point] = self._vote(point)
        ballots, agreed = self.results[point]
        return ballots[index], agreed

    def _vote(self, point: str) -> tuple[dict[int, Ballot], Consensus]:
        ballots = self._ballots(self.runs, point)
        agreed = consensus(ballots)
        components = len(agreed.reference)
        if (agreed.tied or len(ballots) < FEWEST) and components <= WITNESSED:
            if self.extra is None:
                self.extra = [
                    InProcess.run_points(witness, self.where, self.operator)
                    for witness in self.witnesses
                ]
                self.kappa = None  # measured again: there may have been no exact backend
            everyone = [*self.runs, *self.extra]
            ballots = self._ballots(everyone, point)
            agreed = consensus(ballots, range(len(self.runs), len(everyone)))
        return ballots, agreed

    def _ballots(self, runs: list[Run], point: str) -> dict[int, Ballot]:
        return {
            index: cast_ballot(run, point, self._rounding(runs, run, point))
            for index, run in enumerate(runs)
            if run.status is Status.OK
        }

    def _rounding(self, runs: list[Run], run: Run, point: str) -> np.ndarray:
        known = self.bounds.get((point, run.backend.dtype))
        if known is not None:
            return known
        if self.kappa is None:
            self.kappa = largest_sensitivities(runs, self.where, self.seed, self.operator, self.ask)
        value = flatten(run.results[point].values(), np.float64)
        terms = max(array.size for array in self.where[point].values.values())
        kappa = self.kappa.get(point, 0.0)
        return rounding_bound(value, kappa, run.backend.dtype, terms)


def cast_ballot(run: Run, point: str, rounding: np.ndarray) -> Ballot:
    """Take a run's result at a point, with its own bound on top of what rounding may do."""
    own = run.bounds[point]
    bound = rounding if own is None else rounding + flatten(own.values(), np.float64)
    return Ballot(flatten(run.results[point].values(), np.float64), bound, exact=own is None)
