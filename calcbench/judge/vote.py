"""The vote: what the backends agree on, at points where nothing is certified.

No backend is the reference there. Two agree when every component differs by no more than their two
error bounds allow. Each exact backend has a camp, all that agree with it; difference schemes that
all agree with one another are a camp as well. The camp with the most voices is the consensus, and
the componentwise median of its exact members is the reference.

The bounds of a vote are computed too. An exact method may be off by rounding, and how much
rounding matters at a point is measured there: the inputs are perturbed by a known relative amount,
and how much the result changes is its sensitivity κ. A backward stable evaluation lies within
a modest multiple of u·(|g| + κ) of the truth (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., section 1.6). An approximate method adds the bound that it states itself.
`judge.doubt` says how probable it is that such an estimate condemns a right result.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from calcbench.backend.backend import Backend
from calcbench.backend.error_bound import proved_components
from calcbench.certified.certificate import smallest_normal
from calcbench.judge.contract import Run
from calcbench.judge.doubt import Doubt
from calcbench.judge.runner import InProcess, Runner, largest_sensitivities
from calcbench.judge.scale import leaves_no_digit, scale_of
from calcbench.judge.sensitivity import magnitude, rounding_bound
from calcbench.operators import GRADIENT, Operator
from calcbench.operators.operator import orders
from calcbench.problem.flat import flatten
from calcbench.problem.point import Point
from calcbench.record.record import Status

WITNESS_COMPONENTS = 1000
"""Components up to which witnesses are run: they evaluate the cost for every one."""

FEWEST = 3
"""Voices below which the witnesses are run as well."""


@dataclass(frozen=True)
class Ballot:
    """One backend's result at one point, as a vector over all components."""

    value: np.ndarray
    bound: np.ndarray
    """Absolute, per component: how far an honest evaluation may be from the truth."""
    exact: bool
    magnitude: np.ndarray
    """Per component, the size of what cancels in it: |g| + κ."""
    voice: str = ""
    """Whose voice it is: two ballots of the same voice count once (`Backend.voice`)."""
    independent: bool = True
    """Whether it counts in the camps of others: a difference of the hand-derived gradient does not,
    for it would confirm formulas by a formula."""
    estimated: np.ndarray | bool = False
    """Per component, whether the method's own bound is an estimate, which may be wrong."""
    flushed: float = 0.0
    """The part of every bound that is there because small numbers may be flushed to zero."""

    @property
    def finite(self) -> bool:
        """Whether every component is a number, with a finite bound."""
        return bool(np.all(np.isfinite(self.value)) and np.all(np.isfinite(self.bound)))


@dataclass(frozen=True)
class Consensus:
    """What a result is compared with at one point: the truth, or what the backends agree on."""

    reference: np.ndarray
    bound: np.ndarray
    """How far the reference itself may be from the truth, per component."""
    scale: np.ndarray
    """What the errors are relative to, per component (`judge.scale`)."""
    tied: bool = False
    """Whether another camp is as large, so that nobody can be called wrong."""
    alone: np.ndarray | bool = False
    """Whether there is nothing else to compare with; per component, where a part is certified."""
    contradicted: bool = False
    """Whether it is what one exact backend gives alone, and every difference scheme denies."""
    blunt: bool = False
    """Whether nobody has a digit, so that the reference is no better than what is compared."""
    flushed: float = 0.0
    """The part of the bound that is there because small numbers may be flushed to zero."""
    range_fault: str = ""
    """An intermediate result that is beyond the range of the dtype, if there was one."""
    doubt: Doubt = field(default_factory=Doubt)
    """What the comparison rests on besides proof."""


@dataclass(frozen=True)
class _Camp:
    """Ballots that agree, by name: all with the first, or with one another."""

    founder: int
    members: tuple[int, ...]
    voices: int
    witnessed: bool
    """Whether an exact witness is a member."""

    @property
    def weight(self) -> tuple[int, bool]:
        """What decides between camps: the voices, and then a witness."""
        return self.voices, self.witnessed


def consensus(
    ballots: Mapping[int, Ballot],
    orders: np.ndarray,
    witnesses: Collection[int] = (),
    doubt: Doubt | None = None,
) -> Consensus:
    """Find the camp with the most voices, and what it agrees on.

    `ballots` is index → ballot, and their order does not matter; `orders` has the order of each
    component (`operators.operator.orders`). `witnesses` are the indices of those that decide
    between camps of the same size: the one that an exact witness belongs to wins. `doubt` is
    what the bounds of the ballots rest on.
    """
    voters = _voters(ballots, orders)
    camps = _camps(voters, witnesses)
    best = max(camps, key=lambda camp: (camp.weight, *_preference(voters[camp.founder])))
    # Agreement is not transitive. A rival is a camp around somebody whom the best one leaves out.
    rivals = [camp for camp in camps if camp.founder not in best.members]
    members = [voters[name] for name in best.members if voters[name].exact]
    doubt = doubt or Doubt()
    if not members:
        # Approximate results are not averaged: the one with the tightest bounds is the reference.
        schemes = [voters[name] for name in best.members]
        members = [max(schemes, key=_preference)]
        doubt = replace(doubt, gap=_gap(schemes))
    # The median, so that one member at the edge of its bound does not drag the reference along.
    reference = np.median([member.value for member in members], axis=0)
    size = np.max([member.magnitude for member in members], axis=0)
    return Consensus(
        reference,
        np.max([member.bound for member in members], axis=0),
        scale_of(reference, size, orders),
        tied=any(rival.weight >= best.weight for rival in rivals),
        alone=len(ballots) == 1,
        contradicted=_is_contradicted(ballots, best),
        blunt=not _sharp(voters, orders) and any(ballot.finite for ballot in voters.values()),
        flushed=max(member.flushed for member in members),
        doubt=doubt,
    )


def _is_contradicted(ballots: Mapping[int, Ballot], best: _Camp) -> bool:
    """Tell whether a camp of one voice is an exact one that all schemes contradict, two at least.

    They may have no digit, and differ from each other; but none of them allows for its result.
    """
    finite = {name: ballot for name, ballot in ballots.items() if ballot.finite}
    schemes = _difference_schemes(finite)
    if best.voices > 1 or not ballots[best.founder].exact or _voices(finite, schemes) < 2:
        return False
    return not any(agree(ballots[best.founder], finite[name]) for name in schemes)


def _voters(ballots: Mapping[int, Ballot], orders: np.ndarray) -> dict[int, Ballot]:
    """Select who may vote: the sharp ones; where there are none, those with numbers, or all."""
    finite = {name: ballot for name, ballot in ballots.items() if ballot.finite}
    return _sharp(finite, orders) or finite or dict(ballots)


def _sharp(ballots: Mapping[int, Ballot], orders: np.ndarray) -> dict[int, Ballot]:
    """Select results that are numbers, and have a digit that their bound vouches for.

    NaN never wins, and a wide bound would agree with anything.
    """

    def is_sharp(ballot: Ballot) -> bool:
        scale = scale_of(ballot.value, ballot.magnitude, orders)
        return ballot.finite and not np.any(leaves_no_digit(ballot.bound, scale, ballot.flushed))

    return {name: ballot for name, ballot in ballots.items() if is_sharp(ballot)}


def _camps(voters: Mapping[int, Ballot], witnesses: Collection[int]) -> list[_Camp]:
    """Find the camps: around each exact ballot, and the difference schemes if they are unanimous.

    One scheme alone founds no camp, unless nobody is exact.
    """
    exact = [name for name, ballot in voters.items() if ballot.exact]
    around = {
        founder: tuple(
            name
            for name, ballot in voters.items()
            if name == founder or (ballot.independent and agree(voters[founder], ballot))
        )
        for founder in exact or voters
    }
    schemes = _difference_schemes(voters)
    if exact and _voices(voters, schemes) > 1 and not np.any(contradictions(voters, schemes)):
        around[schemes[0]] = schemes
    trusted = {name for name in witnesses if name in exact}
    return [
        _Camp(founder, members, _voices(voters, members), not trusted.isdisjoint(members))
        for founder, members in around.items()
    ]


def _difference_schemes(ballots: Mapping[int, Ballot]) -> tuple[int, ...]:
    return tuple(name for name, b in ballots.items() if not b.exact and b.independent)


def _voices(ballots: Mapping[int, Ballot], names: Iterable[int]) -> int:
    return len({ballots[name].voice or str(name) for name in names})


def _preference(ballot: Ballot) -> tuple[float, tuple[float, ...]]:
    """Order ballots of the same weight: the tighter bound first, and then any fixed order."""
    bound, value = np.nan_to_num(ballot.bound), np.nan_to_num(ballot.value)
    return -float(np.sum(bound)), tuple(value.tolist())


def _gap(schemes: Sequence[Ballot]) -> np.ndarray:
    """Return the distance at which two of the schemes agree; infinite for one voice alone."""
    by_voice: dict[str, np.ndarray] = {}
    size = len(schemes[0].value)
    for ballot in schemes:
        by_voice[ballot.voice] = np.minimum(by_voice.get(ballot.voice, np.inf), ballot.bound)
    bounds = np.sort([*by_voice.values(), np.full(size, np.inf)], axis=0)
    return np.asarray(bounds[0] + bounds[1])


def contradictions(ballots: Mapping[int, Ballot], names: Iterable[int]) -> np.ndarray:
    """Tell for each component whether two of these ballots differ by more than their bounds."""
    size = len(next(iter(ballots.values())).value) if ballots else 1
    found = np.zeros(size, dtype=bool)
    for one, other in combinations(names, 2):
        found |= ~_agreement(ballots[one], ballots[other])
    return found


def agree(one: Ballot, other: Ballot) -> bool:
    """Tell whether every component is as close as both bounds allow; infinities must be equal."""
    return bool(np.all(_agreement(one, other)))


def _agreement(one: Ballot, other: Ballot) -> np.ndarray:
    """Tell for each component whether two ballots agree; what is not finite must be the same."""
    with np.errstate(invalid="ignore"):
        close = np.abs(one.value - other.value) <= one.bound + other.bound
    finite = np.isfinite(one.value) & np.isfinite(other.value)
    same = (one.value == other.value) | (np.isnan(one.value) & np.isnan(other.value))
    return np.asarray(np.where(finite, close, same))


def unsmooth(
    ballots: Mapping[int, Ballot], orders: np.ndarray, tied: np.ndarray | bool = False
) -> np.ndarray:
    """Tell for each component whether there may be no derivative, as far as differences tell.

    At a kink, one-sided and central differences contradict each other, each with a small bound.
    Two exact backends, of different names, that agree all the same settle the matter; not where it
    is known that a comparison ties (`tied`), for there they may have picked the same side, and the
    quotients of a kink that is steeper at every step have no small bound.
    """
    voters = _sharp(ballots, orders)
    exact = [name for name, ballot in voters.items() if ballot.exact and ballot.independent]
    torn = contradictions(voters, _difference_schemes(voters))
    finite = {name: ballot for name, ballot in ballots.items() if ballot.finite}
    steep = contradictions(finite, _difference_schemes(finite)) & np.asarray(tied)
    settled = ~contradictions(voters, exact) & (_voices(voters, exact) > 1) & ~np.asarray(tied)
    return np.broadcast_to((torn & ~settled) | steep, orders.shape)


class Vote:
    """The vote at the points that are not certified; taken once per point, when first needed."""

    def __init__(
        self,
        runs: list[Run],
        where: Mapping[str, Point],
        seed: int,
        witnesses: list[Backend],
        bounds: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]],
        operator: Operator = GRADIENT,
        runner: Runner | None = None,
        tied: Mapping[str, np.ndarray | bool] | None = None,
    ) -> None:
        """Set up a vote among `runs`; nothing is computed yet.

        `bounds` gives bounds of the rounding that are proved, and the size of what cancels, by
        (point, dtype); those that it lacks are measured. `tied` is point → for each component,
        whether the certificate leaves it open, as where a comparison ties.
        """
        self.runs, self.where, self.seed = runs, where, seed
        self.witnesses, self.bounds, self.runner = witnesses, bounds, runner or InProcess()
        self.operator, self.tied = operator, tied or {}
        self.orders = orders(operator, where["own"])
        self.results: dict[tuple[str, bytes], tuple[dict[int, Ballot], Consensus]] = {}
        self.unsmooth: dict[str, np.ndarray] = {}
        """Point → for each component, whether it is left out there (`unsmooth`)."""
        self.witness_runs: list[Run] | None = None
        self.kappa: dict[str, np.ndarray] | None = None

    def at(
        self, point: str, index: int, where: np.ndarray | None = None
    ) -> tuple[Ballot, Consensus]:
        """Return the ballot of one run at one point, and what the vote there agreed on.

        On the components `where`, if only some are put to the vote; the others are all 0 then.
        """
        chosen = np.ones(len(self.orders), dtype=bool) if where is None else where
        key = point, chosen.tobytes()
        if key not in self.results:
            self.results[key] = self._vote(point, chosen)
        ballots, agreed = self.results[key]
        return ballots[index], agreed

    @property
    def condition(self) -> float | None:
        """The condition number at the own point: κ relative to the largest component.

        None where there was no vote, or nothing to measure κ with.
        """
        everything = np.ones(len(self.orders), dtype=bool).tobytes()
        kappa = (self.kappa or {}).get("own")
        if kappa is None or ("own", everything) not in self.results:
            return None
        agreed, judged = self.results["own", everything][1], ~self.unsmooth["own"]
        if not np.any(agreed.reference[judged]):
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            condition = float(np.max((kappa / agreed.scale)[judged]))
        return condition if np.isfinite(condition) else None

    def _vote(self, point: str, where: np.ndarray) -> tuple[dict[int, Ballot], Consensus]:
        """Vote at one point, with the witnesses where the backends are few or differ."""
        ballots = self._ballots(self.runs, point, where)
        witnesses: range = range(0)
        if self._needs_witnesses(ballots):
            everyone = [*self.runs, *self._run_witnesses()]
            witnesses = range(len(self.runs), len(everyone))
            ballots = self._ballots(everyone, point, where)
        rough = unsmooth(ballots, self.orders, self.tied.get(point, False))
        self.unsmooth[point] = rough
        ballots = {name: _without(ballot, rough) for name, ballot in ballots.items()}
        doubt = self._doubt(point)
        agreed = consensus(ballots, self.orders, witnesses, doubt)
        # What is certified on a sample of the rows does not stand alone.
        return ballots, replace(agreed, alone=agreed.alone and doubt.arrays > 0)

    def _needs_witnesses(self, ballots: Mapping[int, Ballot]) -> bool:
        """Tell whether the backends are few or contradict each other, and are not too large."""
        few = _voices(ballots, ballots) < FEWEST
        return len(self.orders) <= WITNESS_COMPONENTS and (
            few or bool(np.any(contradictions(ballots, ballots)))
        )

    def _run_witnesses(self) -> list[Run]:
        """Run the witnesses, once for all points."""
        if self.witness_runs is None:
            self.witness_runs = [
                self.runner.run_points(witness, self.where, self.operator)
                for witness in self.witnesses
            ]
            self.kappa = None  # measured again: there may have been no exact backend
        return self.witness_runs

    def _doubt(self, point: str) -> Doubt:
        """Say what the bounds of the ballots rest on: on draws, unless they are given."""
        given = all((point, run.backend.dtype) in self.bounds for run in self.runs)
        here = self.where[point]
        arrays = [a for a in (*here.values.values(), *here.seed.values()) if a.dtype.kind == "f"]
        return Doubt(
            arrays=0 if given else len(arrays),
            comparisons=len(self.orders) * len(self.where),
        )

    def _ballots(self, runs: list[Run], point: str, where: np.ndarray) -> dict[int, Ballot]:
        """Take the ballots of the runs with a result there: position in `runs` → ballot."""
        return {
            index: _without(self._ballot(runs, run, point), ~where)
            for index, run in enumerate(runs)
            if run.status is Status.OK and point in run.bounds
        }

    def _ballot(self, runs: list[Run], run: Run, point: str) -> Ballot:
        """Take one run's result; its rounding is bounded by what is known, or by sensitivity."""
        value = flatten(run.results[point].values(), np.float64)
        given = self.bounds.get((point, run.backend.dtype))
        if given is not None:
            return cast_ballot(run, point, *given)
        if self.kappa is None:
            self.kappa = largest_sensitivities(
                runs, self.where, self.seed, self.operator, self.runner
            )
        terms = max(array.size for array in self.where[point].values.values())
        kappa = self.kappa.get(point, 0.0)
        bound = rounding_bound(value, kappa, run.backend.dtype, terms)
        bound = bound + smallest_normal(run.backend.dtype)
        return cast_ballot(run, point, bound, magnitude(value, kappa))


def cast_ballot(run: Run, point: str, rounding: np.ndarray, magnitude: np.ndarray) -> Ballot:
    """Take a run's result at a point; a method's own error bound adds to that of rounding.

    The bound of rounding contains the smallest normal number.
    """
    own = run.bounds[point]
    bound = rounding + run.backend.underflow
    if own is not None:
        bound = bound + flatten(own.values(), np.float64)
    return Ballot(
        flatten(run.results[point].values(), np.float64),
        bound,
        exact=own is None,
        magnitude=magnitude,
        voice=run.backend.voice,
        independent=not run.differenced,
        estimated=False if own is None else ~proved_components(own),
        flushed=smallest_normal(run.backend.dtype) + run.backend.underflow,
    )


def _without(ballot: Ballot, left_out: np.ndarray) -> Ballot:
    """Leave out components: they are compared as 0 with 0."""
    if not left_out.any():
        return ballot
    value, bound = (np.where(left_out, 0.0, part) for part in (ballot.value, ballot.bound))
    return replace(ballot, value=value, bound=bound)
