"""The vote: what the backends agree on, at points where nothing is certified.

No backend is the reference there. Two agree when every component differs by no more than their two
error bounds allow. Each exact backend has a camp, all that agree with it; the largest camp is the
consensus, and the componentwise median of its exact members is the reference.

The bounds of a vote are computed too. An exact method may be off by rounding, and how much
rounding matters at a point is measured there: the inputs are perturbed by a known relative amount,
and how much the result changes is its sensitivity κ. A backward stable evaluation lies within
a modest multiple of u·(|g| + κ) of the truth (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., section 1.6). An approximate method adds the bound that it states itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.judge.contract import Run
from calcbench.judge.runner import InProcess, Runner, largest_sensitivities
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
    independent: bool = True
    """Whether it counts in the camps of others: a difference of the hand-derived gradient does not,
    for it would confirm formulas by a formula."""


@dataclass(frozen=True)
class Consensus:
    """What a result is compared with at one point: the truth, or what the backends agree on."""

    reference: np.ndarray
    bound: np.ndarray
    """How far the reference itself may be from the truth, per component."""
    scale: float = 1.0
    """What errors are relative to where every component is 0: the size of what cancels."""
    tied: bool = False
    """Whether another camp is as large, so that nobody can be called wrong."""
    range_fault: str = ""
    """An intermediate result that is beyond the range of the dtype, if there was one."""


def consensus(ballots: Mapping[int, Ballot], witnesses: Collection[int] = ()) -> Consensus:
    """Find the largest camp of backends that agree, and what they agree on.

    `ballots` is index → ballot; `witnesses` are the indices of those that decide between camps of
    the same size: the one that an exact witness belongs to wins.
    """
    # A camp forms around an exact ballot, if there is one: wide bounds agree with nearly anything,
    # so that an approximate method may swell a camp, but neither found one nor set the reference.
    candidates = [name for name, ballot in ballots.items() if ballot.exact] or list(ballots)
    camps = {
        name: tuple(
            other
            for other, ballot in ballots.items()
            if (ballot.independent or other == name) and _agree(ballots[name], ballot)
        )
        for name in candidates
    }
    exact_witnesses = {name for name in witnesses if name in ballots and ballots[name].exact}

    def weight(name: int) -> tuple[int, bool]:
        return len(camps[name]), not exact_witnesses.isdisjoint(camps[name])

    best = max(candidates, key=weight)
    camp = camps[best]
    # Agreement is not transitive. A rival is a camp around somebody whom the best one leaves out.
    tied = any(weight(name) >= weight(best) for name in candidates if name not in camp)
    members = [ballots[name] for name in camp if name in candidates]
    if not ballots[best].exact:
        # Approximate results are not averaged: the one with the tightest bounds is the reference.
        members = [min(members, key=lambda ballot: float(np.sum(ballot.bound)))]
    # The median, so that one member at the edge of its bound does not drag the reference along.
    reference = np.median([member.value for member in members], axis=0)
    bound = np.max([member.bound for member in members], axis=0)
    unit = float(np.finfo(np.float64).eps) / 2
    # `rounding_bound` is about ROUNDINGS·u·(|g| + κ); solved for the size of what cancels.
    scale = float(np.max(bound)) / (ROUNDINGS * unit) or 1.0
    return Consensus(reference, bound, scale, tied)


def _agree(one: Ballot, other: Ballot) -> bool:
    """Tell whether every component is as close as both bounds allow; infinities must be equal."""
    if one is other:
        return True
    finite = np.isfinite(one.value) & np.isfinite(other.value)
    same = np.array_equal(one.value[~finite], other.value[~finite], equal_nan=True)
    error = np.abs(one.value[finite] - other.value[finite])
    return same and bool(np.all(error <= one.bound[finite] + other.bound[finite]))


WITNESS_COMPONENTS = 1000
"""Components up to which witnesses are run: they evaluate the cost for every one."""

FEWEST = 3
"""Independent results below which the witnesses are run as well."""


class Vote:
    """The vote at the points that are not certified; taken once per point, when first needed."""

    def __init__(
        self,
        runs: list[Run],
        where: Mapping[str, Point],
        seed: int,
        witnesses: list[Backend],
        bounds: Mapping[tuple[str, str], np.ndarray],
        operator: Operator = GRADIENT,
        runner: Runner | None = None,
    ) -> None:
        """Set up a vote among `runs`; nothing is computed yet.

        `bounds` gives rounding bounds by (point, dtype); those that it lacks are measured.
        """
        self.runs, self.where, self.seed = runs, where, seed
        self.witnesses, self.bounds, self.runner = witnesses, bounds, runner or InProcess()
        self.operator = operator
        self.results: dict[str, tuple[dict[int, Ballot], Consensus]] = {}
        self.witness_runs: list[Run] | None = None
        self.kappa: dict[str, np.ndarray] | None = None

    def at(self, point: str, index: int) -> tuple[Ballot, Consensus]:
        """Return the ballot of one run at one point, and what the vote there agreed on."""
        if point not in self.results:
            self.results[point] = self._vote(point)
        ballots, agreed = self.results[point]
        return ballots[index], agreed

    def _vote(self, point: str) -> tuple[dict[int, Ballot], Consensus]:
        """Vote at one point; again with the witnesses if that decides nothing."""
        ballots = self._ballots(self.runs, point)
        agreed = consensus(ballots)
        components = len(agreed.reference)
        if (agreed.tied or len(ballots) < FEWEST) and components <= WITNESS_COMPONENTS:
            if self.witness_runs is None:
                # Here, whatever the runner: no worker holds a witness.
                self.witness_runs = [
                    InProcess.run_points(witness, self.where, self.operator)
                    for witness in self.witnesses
                ]
                self.kappa = None  # measured again: there may have been no exact backend
            everyone = [*self.runs, *self.witness_runs]
            ballots = self._ballots(everyone, point)
            agreed = consensus(ballots, range(len(self.runs), len(everyone)))
        return ballots, agreed

    def _ballots(self, runs: list[Run], point: str) -> dict[int, Ballot]:
        """Take the ballots of the runs that have a result: position in `runs` → ballot."""
        return {
            index: cast_ballot(run, point, self._rounding(runs, run, point))
            for index, run in enumerate(runs)
            if run.status is Status.OK and point in run.bounds
        }

    def _rounding(self, runs: list[Run], run: Run, point: str) -> np.ndarray:
        """Bound the rounding of one run's result, by what is known or by sensitivity."""
        given = self.bounds.get((point, run.backend.dtype))
        if given is not None:
            return given
        if self.kappa is None:
            self.kappa = largest_sensitivities(
                runs, self.where, self.seed, self.operator, self.runner
            )
        value = flatten(run.results[point].values(), np.float64)
        terms = max(array.size for array in self.where[point].values.values())
        kappa = self.kappa.get(point, 0.0)
        return rounding_bound(value, kappa, run.backend.dtype, terms)


def cast_ballot(run: Run, point: str, rounding: np.ndarray) -> Ballot:
    """Take a run's result at a point; a method's own error bound adds to that of rounding."""
    own = run.bounds[point]
    bound = rounding if own is None else rounding + flatten(own.values(), np.float64)
    value = flatten(run.results[point].values(), np.float64)
    return Ballot(value, bound, exact=own is None, independent=not run.differenced)
