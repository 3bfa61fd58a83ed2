"""Two runs side by side: which backends got faster or slower, beyond the noise within a run.

Times of different runs share no rounds, so a cell is compared by the quotient of its two times,
with every value that their intervals allow. A time depends on everything around it: cells are
compared only where machine, threads, versions and sources are the same in both runs.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

from calcbench.bench import intervals
from calcbench.bench.intervals import Estimate
from calcbench.errors import SelectorError
from calcbench.record.record import Record
from calcbench.record.run import SavedRun
from calcbench.report import ratios
from calcbench.report.changes import changes, machine_changes, setting_changes
from calcbench.report.groups import group_by, place
from calcbench.report.sections import fastest


class Verdict(StrEnum):
    """The verdict of two runs on one cell."""

    FASTER = "faster"
    SLOWER = "slower"
    SAME = "no difference beyond noise"
    UNKNOWN = "too few samples"
    NOT_COMPARABLE = "not comparable"
    FAILED_FIRST = "failed in the first"
    FAILED_SECOND = "failed in the second"
    FAILED_BOTH = "failed in both"
    ONLY_FIRST = "only in the first"
    ONLY_SECOND = "only in the second"
    NOT_TIMED = "not timed in both"


@dataclass(frozen=True)
class Difference:
    """One cell in two runs."""

    first: Record | None
    second: Record | None
    verdict: Verdict
    ratio: Estimate | None = None
    """Time in the second run / time in the first, with every value that it may have."""
    reason: str = ""
    """What differs, or how it failed."""

    @property
    def record(self) -> Record:
        """The cell, as either run has it."""
        found = self.first or self.second
        assert found is not None
        return found


@dataclass(frozen=True)
class Differences:
    """Two runs compared."""

    cells: tuple[Difference, ...]
    shift: float | None
    """Median over cells of time in the second run / time in the first: what all have in common,
    as a machine that was busier or warmer. None without a cell that was compared."""
    drift: float | None
    """Median over cells of how far the ratio to the fastest backend of the group moved: 0.03 is
    3 %. What moves all backends alike is not in it. None without such a cell."""
    drift_cells: int
    """Cells that the drift rests on."""
    order: float | None
    """Share of the pairs of backends, distinguishable in both runs, that kept their order."""
    order_pairs: int
    """Pairs that the share rests on."""
    remarks: tuple[str, ...] = ()
    """Why the comparison may mean less than it seems."""

    def count(self, verdict: Verdict) -> int:
        """Count the cells that have this verdict."""
        return sum(cell.verdict is verdict for cell in self.cells)


def differences(first: SavedRun, second: SavedRun, force: bool = False) -> Differences:
    """Compare the cells of two runs.

    Raises `SelectorError` where both have a cell, but measured it on different machines. Cells
    of which threads, versions or sources differ are not comparable, with the reason. With
    `force`, all of them are compared, and the reasons remain as remarks.
    """
    pairs = _pair_cells(first.records, second.records)
    remarks = machine_changes(first, second, pairs)
    if remarks and not force:
        raise SelectorError(
            "these runs are not comparable: " + "; ".join(remarks) + " (--force compares anyway)"
        )
    cells = tuple(_difference(first, second, a, b, force) for a, b in pairs)
    compared = [(c.first, c.second) for c in cells if c.ratio and c.first and c.second]
    shifts = [cell.ratio.median for cell in cells if cell.ratio]
    drifts, kept = _drifts(compared), _orders(compared)
    return Differences(
        cells,
        shift=statistics.median(shifts) if shifts else None,
        drift=statistics.median(drifts) if drifts else None,
        drift_cells=len(drifts),
        order=sum(kept) / len(kept) if kept else None,
        order_pairs=len(kept),
        remarks=tuple(
            [f"compared all the same: {r}" for r in remarks] + setting_changes(first, second)
        ),
    )


Pair = tuple[Record | None, Record | None]
"""A cell as the first and as the second run have it."""


def _pair_cells(first: Sequence[Record], second: Sequence[Record]) -> list[Pair]:
    """Find each cell in both runs; one left over is paired with its twin of other threads."""
    others = {record.key: record for record in second}
    found: list[Pair] = [(record, others.pop(record.key, None)) for record in first]
    twins = group_by(others.values(), _key_without_threads)
    for position, (one, other) in enumerate(found):
        if one is not None and other is None and len(twins.get(_key_without_threads(one), ())) == 1:
            found[position] = one, twins.pop(_key_without_threads(one))[0]
    return found + [(None, record) for same in twins.values() for record in same]


def _key_without_threads(record: Record) -> tuple[Any, ...]:
    """Give what identifies the cell, but for the number of threads."""
    return dataclasses.replace(record, threads=None).key


def _difference(
    a: SavedRun, b: SavedRun, one: Record | None, other: Record | None, force: bool
) -> Difference:
    """Give the verdict on one cell."""
    if one is None or other is None:
        return Difference(one, other, Verdict.ONLY_SECOND if one is None else Verdict.ONLY_FIRST)
    reasons = list(changes(a, b, one, other))
    unfit = _unfit(one, other)
    if unfit:  # a fault that came with another version is a fault
        return Difference(one, other, unfit, reason="; ".join(_failures(one, other) + reasons))
    changed = "; ".join(reasons)
    if changed and not force:
        return Difference(one, other, Verdict.NOT_COMPARABLE, reason=changed)
    before, after = ratios.steady(one), ratios.steady(other)
    if before is None or after is None:
        return Difference(one, other, Verdict.NOT_TIMED)
    ratio = intervals.quotient(after, before)
    return Difference(one, other, _verdict(ratio), ratio, changed)


def _unfit(one: Record, other: Record) -> Verdict | None:
    """Give the verdict where a result is missing or wrong: its time is not compared."""
    if one.status.measured and other.status.measured:
        return None
    failed = (one.status.failed, other.status.failed)
    return {
        (True, True): Verdict.FAILED_BOTH,
        (True, False): Verdict.FAILED_FIRST,
        (False, True): Verdict.FAILED_SECOND,
        (False, False): Verdict.NOT_TIMED,
    }[failed]


def _failures(one: Record, other: Record) -> list[str]:
    """Say how it failed, in the runs in which there is no right result."""
    found = {
        name: record.reason or record.status.words
        for name, record in (("first", one), ("second", other))
        if not record.status.measured
    }
    if len(found) == 2 and found["first"] == found["second"]:
        return [f"both: {found['first']}"]
    return [f"{name}: {reason}" for name, reason in found.items()]


def _verdict(ratio: Estimate) -> Verdict:
    if not (math.isfinite(ratio.low) and math.isfinite(ratio.high)):
        return Verdict.UNKNOWN
    if not ratios.differs(ratio):
        return Verdict.SAME
    return Verdict.FASTER if ratio.high < 1 else Verdict.SLOWER


Compared = tuple[Record, Record]
"""A cell whose times in the first and in the second run were compared."""


def _groups(cells: Sequence[Compared]) -> Iterable[list[Compared]]:
    """Group the cells by problem, size, seed, dtype and threads, as the first run has them."""
    return group_by(cells, lambda pair: (place(pair[0]), pair[0].size)).values()


def _drifts(cells: Sequence[Compared]) -> list[float]:
    """Measure by how much each cell's ratio to the reference moved; the reference has none.

    The reference is the backend that was fastest in the first run. 3 % more and 3 % less are
    the same: with r and r′ the two ratios, the drift is max(r/r′, r′/r) − 1.
    """
    found = []
    for group in _groups(cells):
        best = fastest([one for one, _ in group])
        reference = next(pair for pair in group if pair[0] is best)
        for one, other in group:
            before, after = ratios.between(one, reference[0]), ratios.between(other, reference[1])
            if one is not best and before and after:
                moved = after.median / before.median
                found.append(max(moved, 1 / moved) - 1)
    return found


def _orders(cells: Sequence[Compared]) -> list[bool]:
    """Say of each pair of a group that both runs tell apart whether it kept its order."""
    found = []
    for group in _groups(cells):
        for (one, other), (one_rival, other_rival) in combinations(group, 2):
            before, after = ratios.between(one, one_rival), ratios.between(other, other_rival)
            if before and after and ratios.differs(before) and ratios.differs(after):
                found.append((before.median < 1) == (after.median < 1))
    return found
