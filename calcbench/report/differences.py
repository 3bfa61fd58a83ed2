"""Two runs side by side: which backends got faster or slower, beyond the noise within a run.

Times of different runs share no rounds, so a cell is compared by the quotient of its two times,
with every value that their intervals allow. A time depends on everything around it: cells are
compared only where machine, threads, versions and sources are the same in both runs.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

from calcbench.bench import intervals
from calcbench.bench.intervals import Estimate
from calcbench.errors import SelectorError
from calcbench.record.plain import plain
from calcbench.record.record import Record
from calcbench.record.run import SavedRun
from calcbench.report import provenance, ratios
from calcbench.report.groups import group_by, place, title
from calcbench.report.numbers import NOTHING, format_duration, format_ratio
from calcbench.report.sections import fastest
from calcbench.report.tables.table import Entry, Table

MACHINE = {"cpu": "CPU", "cores": "cores", "processors": "processors", "system": "system"}
"""What makes it another machine, with its name in messages."""

SHORT_HASH = 8
"""Characters of a hash that stand in a message."""


class Verdict(StrEnum):
    """What the two runs say of one cell."""

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

    def as_json(self) -> dict[str, Any]:
        """Give plain data for JSON; NaN is None, for other programs read this."""
        return {
            "cells": [_json(cell) for cell in self.cells],
            "shift": self.shift,
            "drift": self.drift,
            "drift_cells": self.drift_cells,
            "order": self.order,
            "order_pairs": self.order_pairs,
            "remarks": list(self.remarks),
        }

    def table(self) -> Table:
        """Tabulate the cells, with the figures of the whole below."""
        columns = ["problem", "size", "backend", "first", "second", "ratio", "interval", "verdict"]
        places = {place(cell.record) for cell in self.cells}
        names = [title(place(cell.record), places) for cell in self.cells]
        rows = [_entries(cell, name) for cell, name in zip(self.cells, names, strict=True)]
        counts = [f"{self.count(v)} {v.value}" for v in Verdict if self.count(v)]
        notes = [*self.remarks, "; ".join(counts) or "no cell in either run", *self._figures()]
        reasons = dict.fromkeys(
            f"{name}[{c.record.size}] {c.record.backend}: {c.reason}"
            for c, name in zip(self.cells, names, strict=True)
            if c.reason
        )
        return Table("second run / first run", columns, rows, [*notes, *reasons])

    def _figures(self) -> list[str]:
        """Say the figures in words."""
        shift = [] if self.shift is None else [f"all cells: {self.shift:.3f} in the median"]
        drift = (
            "drift of ratios: no two backends of a group were compared"
            if self.drift is None
            else f"drift of ratios to the fastest backend: {100 * self.drift:.2g} % in the median"
            f" of {self.drift_cells}"
        )
        order = (
            "order: no pair of backends was told apart in both runs"
            if self.order is None
            else f"order: {100 * self.order:.4g} % of {self.order_pairs} pairs of backends, told"
            " apart in both runs, kept it"
        )
        return [*shift, drift, order]


def differences(first: SavedRun, second: SavedRun, force: bool = False) -> Differences:
    """Compare the cells of two runs.

    Raises `SelectorError` where both have a cell, but measured it on different machines. Cells
    of which threads, versions or sources differ are not comparable, with the reason. With
    `force`, all of them are compared, and the reasons remain as remarks.
    """
    pairs = _pair_cells(first.records, second.records)
    remarks = _machines(first, second, pairs)
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
        remarks=tuple([f"compared all the same: {r}" for r in remarks] + _settings(first, second)),
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


def _machines(first: SavedRun, second: SavedRun, pairs: Sequence[Pair]) -> list[str]:
    """List what differs between the machines on which the same cells were measured."""
    found: dict[str, None] = {}
    for one, other in pairs:
        if one is not None and other is not None:
            before, after = _machine(first, one), _machine(second, other)
            for name, word in MACHINE.items():
                if before[name] != after[name]:
                    found[f"{word} {before[name]} → {after[name]}"] = None
    return list(found)


def _machine(run: SavedRun, record: Record) -> dict[str, str]:
    environment = run.environment(record)
    machine = environment.machine if environment else {}
    return {
        name: provenance.UNKNOWN if machine.get(name) is None else provenance.text(machine[name])
        for name in MACHINE
    }


def _settings(first: SavedRun, second: SavedRun) -> list[str]:
    """List ways of measuring that differ; they do not forbid a comparison."""
    found = []
    describe: dict[str, Callable[[SavedRun], str]] = {
        "calcbench": lambda run: provenance.each(e.calcbench for e in run.environments),
        "governor": lambda run: provenance.each(
            provenance.text(e.machine.get("governor", "")) for e in run.environments
        ),
    }
    for name, of in describe.items():
        if of(first) != of(second):
            found.append(f"{name} differs: {of(first)} → {of(second)}")
    return found


def _difference(
    a: SavedRun, b: SavedRun, one: Record | None, other: Record | None, force: bool
) -> Difference:
    """Give the verdict on one cell."""
    if one is None or other is None:
        return Difference(one, other, Verdict.ONLY_SECOND if one is None else Verdict.ONLY_FIRST)
    changes = list(_changes(a, b, one, other))
    unfit = _unfit(one, other)
    if unfit:  # a fault that came with another version is a fault
        return Difference(one, other, unfit, reason="; ".join(_failures(one, other) + changes))
    changed = "; ".join(changes)
    if changed and not force:
        return Difference(one, other, Verdict.NOT_COMPARABLE, reason=changed)
    before, after = ratios.steady(one), ratios.steady(other)
    if before is None or after is None:
        return Difference(one, other, Verdict.NOT_TIMED)
    ratio = intervals.quotient(after, before)
    return Difference(one, other, _verdict(ratio), ratio, changed)


def _changes(a: SavedRun, b: SavedRun, one: Record, other: Record) -> Iterator[str]:
    """List what differs between the two measurements of a cell."""
    if one.threads != other.threads:
        yield f"threads {_or_none(one.threads)} → {_or_none(other.threads)}"
    before, after = _versions(a, one), _versions(b, other)
    for name in sorted(before | after):
        if before.get(name) != after.get(name):
            yield f"{name} {_or_none(before.get(name))} → {_or_none(after.get(name))}"
    for name in sorted(one.source | other.source):
        if one.source.get(name) != other.source.get(name):
            was, now = (_or_none(r.source.get(name))[:SHORT_HASH] for r in (one, other))
            yield f"source of the {name} {was} → {now}"


def _versions(run: SavedRun, record: Record) -> dict[str, str]:
    """Give the versions of a cell's libraries, and of Python."""
    environment = run.environment(record)
    everything = environment.versions if environment else {}
    python = {name: version for name, version in everything.items() if name.lower() == "python"}
    return {**python, **record.versions}


def _or_none(value: Any) -> str:
    return provenance.UNKNOWN if value is None else str(value)


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
        name: record.reason or record.status.value.replace("_", " ")
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


def _entries(cell: Difference, name: str) -> list[Entry]:
    ratio = cell.ratio
    bounded = ratio is not None and math.isfinite(ratio.low) and math.isfinite(ratio.high)
    texts = [
        name,
        f"{cell.record.size:,}",
        cell.record.backend or NOTHING,
        _time(cell.first),
        _time(cell.second),
        format_ratio(ratio.median) if ratio else NOTHING,
        f"{ratio.low:.3g} … {ratio.high:.3g}" if ratio and bounded else NOTHING,
        cell.verdict.value,
    ]
    return [Entry(text) for text in texts]


def _time(record: Record | None) -> str:
    found = ratios.steady(record) if record else None
    return format_duration(found.median) if found else NOTHING


def _json(cell: Difference) -> dict[str, Any]:
    record, ratio = cell.record, cell.ratio
    bounds = (ratio.median, ratio.low, ratio.high) if ratio else (None,) * 3
    return {
        "problem": record.problem,
        "size": record.size,
        "seed": record.seed,
        "backend": record.backend,
        "operator": record.operator,
        "dtype": record.dtype,
        "threads": record.threads,
        "verdict": cell.verdict.value,
        "reason": cell.reason,
        **plain(dict(zip(("ratio", "ratio_low", "ratio_high"), bounds, strict=True)), nan=None),
    }
