"""Rows: data whose cost is the mean or the sum of the costs of its rows, declared or found.

Where a problem declares no rows, arrays with one long first axis in common are tried as rows, on
values of the cost alone. Let C(S) be the cost on the rows S, and F(S) = C(S) for a sum, |S|·C(S)
for a mean. Then for any rows that are split into A and B

    F(A) + F(B) − F(A ∪ B) = R,

where R is a term that no row enters (such as a ridge): the same for all splits of all selections.
For costs that compare rows with each other, or look for the largest, it is not the same.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from calcbench.problem.faults import RAISED
from calcbench.problem.threads import one_thread
from calcbench.vocabulary.numpy import NUMPY

if TYPE_CHECKING:
    from calcbench.problem.problem import Arrays, Problem

LONG = 64
"""Length of a first axis from which it may be rows."""

REDUCTIONS = ("mean", "sum")
"""How the costs of single rows may combine."""

FEW = 16
"""Rows in a selection on which a split is tried."""

SELECTIONS = 3
"""Selections of a few rows that are tried, each split in two ways."""

MANY = 1 << 22
"""Numbers in the data up to which all rows are tried as well, and not only some of them."""

MOVES = (2.0, -2.0, 1.0, -1.0, 0.5, 0.1, 0.01, 0.001)
"""How far parameters are moved, in turn, until the cost is a number there: by factors of up to eˣ,
or by up to x from 0. A long way first, up and down: what couples the rows may be lost in rounding
where a parameter is small."""

PLACES = 3
"""Values of the parameters at which the rows are tried, and tell something."""

ROUNDINGS = 8.0
"""The multiple of the rounding of a sum within which two costs count as equal."""

SECONDS = 2.0
"""Processor time after which the search is given up."""


@dataclass(frozen=True)
class Rows:
    """Names of data arrays whose rows belong together, along their first axis."""

    names: tuple[str, ...] = ()
    """Empty where there are none."""
    reduction: str = "mean"
    extra: bool = False
    """Whether the reduction is one up to a term R that no row enters (see above), or may be."""
    found: bool = False
    """Whether they were found and not declared."""
    refuted: bool = False
    """Whether they were declared, and values of the cost say otherwise."""

    def describe(self, count: int) -> str:
        """Say which rows were found, and how to declare them."""
        term = ", plus a term without rows" if self.extra else ""
        names = ", ".join(map(repr, self.names)) + ("," if len(self.names) == 1 else "")
        declared = f"rows=({names})" + ("" if self.reduction == "mean" else ', reduction="sum"')
        return (
            f"rows found: {', '.join(self.names)} ({self.reduction} over {count:,} rows{term}); "
            f"declare {declared.replace(chr(39), chr(34))} to say so"
        )


NO_ROWS = Rows()


@one_thread()
def rows_of(problem: Problem, values: Arrays) -> Rows:
    """Return the rows that a problem declares, or those that are found in its data."""
    if problem.vector_valued:
        return NO_ROWS
    if problem.rows:
        return _declared(problem, values)
    if problem.native:
        return NO_ROWS
    return next(_find(problem, values), NO_ROWS)


def long_axis(values: Mapping[str, Any], names: Iterable[str]) -> int:
    """Return the long first axis that most of the numbers of these arrays have; 0 if none."""
    sizes: dict[int, int] = {}
    for name in names:
        array = np.asarray(values.get(name))
        if array.ndim and len(array) >= LONG:
            sizes[len(array)] = sizes.get(len(array), 0) + array.size
    return max(sizes, key=lambda length: sizes[length], default=0)


def sought(problem: Problem, values: Arrays) -> bool:
    """Tell whether rows are looked for: none are declared, and data have a long first axis."""
    return (
        not (problem.vector_valued or problem.rows or problem.native)
        and long_axis(values, problem.data) > 0
    )


NOT_FOUND = "no rows were found of which the cost is the mean or sum"
"""What there is to say where they were looked for in vain."""


def _declared(problem: Problem, values: Arrays) -> Rows:
    """Look whether the declared reduction is one, perhaps up to a term that no row enters."""
    names, reduction = tuple(problem.rows), problem.reduction
    places, again = itertools.tee(_few_splits(problem, values, names))
    told = _tell(places, reduction) or [_tell_at(here, reduction) for here in again]
    extra = Told.TERM in told or Told.LOST in told
    return Rows(names, reduction, extra, refuted=Told.COUPLED in told)


def _find(problem: Problem, values: Arrays) -> Iterator[Rows]:
    """Yield the rows that the values of the cost bear out, the most arrays first."""
    length = long_axis(values, problem.data)
    if not length:
        return
    deadline = time.thread_time() + SECONDS
    alike = [name for name in problem.data if values[name].shape[:1] == (length,)]
    for names in _subsets(alike):
        if time.thread_time() > deadline:
            return
        each = itertools.tee(_few_splits(problem, values, names), len(REDUCTIONS))
        for reduction, few in zip(REDUCTIONS, each, strict=True):
            told = _tell(few, reduction)
            enough = len(told) == PLACES and Told.COUPLED not in told
            if not enough or time.thread_time() > deadline:
                continue
            told += _tell(_all_splits(problem, values, names), reduction)
            if Told.COUPLED not in told:
                yield Rows(names, reduction, extra=Told.TERM in told, found=True)


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield all names, all but one, …: of many names only these two."""
    fewest = 1 if len(names) <= 4 else len(names) - 1
    for count in range(len(names), fewest - 1, -1):
        yield from itertools.combinations(names, count)


class _Split(NamedTuple):
    """Costs of rows that are split into two parts, at one place."""

    costs: np.ndarray
    """Of the parts A and B, and of both together."""
    counts: np.ndarray
    """How many rows these are."""
    numbers: int
    """How many numbers the cost was computed from: its rounding grows with them."""


class Told(Enum):
    """What splits at one place tell of a reduction."""

    NOTHING = auto()
    """All rows cost the same, and R is 0."""
    LOST = auto()
    """All rows cost the same, as far as can be seen beside R."""
    COUPLED = auto()
    """It is none: R is not the same for all splits."""
    ALONE = auto()
    """It is one, and R is 0."""
    TERM = auto()
    """It is one up to a term R that no row enters."""


def _tell(places: Iterable[list[_Split]], reduction: str) -> list[Told]:
    """List what the first `PLACES` tell that tell anything of the rows.

    `places` are lists of splits at one place each. Far away R may be so large that the rows are
    lost in its rounding; then a nearer place counts.
    """
    told = (_tell_at(here, reduction) for here in places)
    of_rows = (found for found in told if found not in (Told.NOTHING, Told.LOST))
    return list(itertools.islice(of_rows, PLACES))


def _tell_at(splits: list[_Split], reduction: str) -> Told:
    """Tell what splits at one place say of a reduction."""
    costs = np.array([split.costs for split in splits])
    counts = np.array([split.counts for split in splits])
    totals = costs * counts if reduction == "mean" else costs
    # A sum of n terms errs by n roundings of Σ |terms| (Higham, Accuracy and Stability of Numerical
    # Algorithms, 2nd ed., section 4.2).
    unit = ROUNDINGS * float(np.finfo(np.float64).eps) / 2
    rounding = unit * np.array([s.numbers for s in splits]) * np.sum(np.abs(totals), axis=1)
    terms = totals[:, 0] + totals[:, 1] - totals[:, 2]
    if np.any(np.abs(terms - terms[0]) > rounding + rounding[0]):
        return Told.COUPLED
    extra = np.any(np.abs(terms) > rounding)
    # Where all rows cost the same, there is nothing to tell them by.
    each = (totals - terms[0]) / counts
    if np.all(np.abs(each[:, 0] - each[:, 1]) <= rounding / np.min(counts, axis=1)):
        return Told.LOST if extra else Told.NOTHING
    return Told.TERM if extra else Told.ALONE


def _few_splits(problem: Problem, values: Arrays, names: tuple[str, ...]) -> Iterator[list[_Split]]:
    """Split a few rows in several ways, at each of some places; none where that is impossible."""
    rng = np.random.default_rng(0)
    rows = len(values[names[0]])
    chosen = []
    for _ in range(SELECTIONS):
        few = np.sort(rng.choice(rows, min(FEW, rows), replace=False))
        for share in (2, 3):
            inside = np.isin(few, rng.choice(few, len(few) // share, replace=False))
            chosen.append((few[inside], few[~inside], few))
    return _splits(problem, values, names, chosen)


def _all_splits(problem: Problem, values: Arrays, names: tuple[str, ...]) -> Iterator[list[_Split]]:
    """Split all rows, or evenly spaced ones of very many, in halves: one by one, and in the middle.

    What couples rows may be rare (a neighbour, an event), and missing among a few of them.
    """
    rows = len(values[names[0]])
    step = 1 + sum(values[name].size for name in names) // MANY
    taken = np.arange(0, rows, step)
    middle = len(taken) // 2
    chosen = [(taken[::2], taken[1::2], taken), (taken[:middle], taken[middle:], taken)]
    return _splits(problem, values, names, chosen)


def _splits(
    problem: Problem,
    values: Arrays,
    names: tuple[str, ...],
    chosen: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> Iterator[list[_Split]]:
    """Evaluate the costs of parts and wholes at one place after the other, the far ones first."""
    for reach in MOVES:
        moved = _move(problem, values, reach)
        try:
            here = [_split(problem, moved, names, parts) for parts in chosen]
        except (ArithmeticError, np.linalg.LinAlgError):  # no number here: nearer
            continue
        except RAISED:  # for another number of rows
            return
        yield here


def _split(
    problem: Problem, values: Arrays, names: tuple[str, ...], parts: tuple[np.ndarray, ...]
) -> _Split:
    costs = [_cost(problem, values, names, part) for part in parts]
    counts = np.array([len(part) for part in parts])
    rows = sum(values[name][0].size for name in names) * len(parts[-1])
    fixed = sum(array.size for name, array in values.items() if name not in names)
    return _Split(np.array(costs), counts, rows + fixed)


def _cost(problem: Problem, values: Arrays, names: tuple[str, ...], part: np.ndarray) -> float:
    """Evaluate the cost of some rows. Raises `ArithmeticError` where it is not a number."""
    own = {name: a[part] if name in names else a.view() for name, a in values.items()}
    for array in own.values():
        array.flags.writeable = False  # so that no cost changes its inputs
    parameters, data = problem.split(own)
    with np.errstate(all="ignore"):
        cost = float(problem.cost(NUMPY, *parameters, **data))
    if not np.isfinite(cost):
        raise ArithmeticError
    return cost


def _move(problem: Problem, values: Arrays, reach: float) -> Arrays:
    """Move the parameters, each number by a factor of up to e^reach, or from 0 by up to `reach`."""
    rng = np.random.default_rng(1)
    moved = {}
    for name in problem.parameters:
        shape = values[name].shape
        shift = reach * rng.choice((-1.0, 1.0), shape) * rng.uniform(0.5, 1.0, shape)
        moved[name] = np.where(values[name] == 0, shift, values[name] * np.exp(shift))
    return {**values, **moved}
