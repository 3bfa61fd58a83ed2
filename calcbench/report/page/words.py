"""A run in a few sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from calcbench.errors import printable
from calcbench.record.record import Record
from calcbench.record.run import SavedRun
from calcbench.report import provenance
from calcbench.report.numbers import format_digits, format_ratio, plural
from calcbench.report.profile import Profile, profiles
from calcbench.report.sections import Section

NAMED = 3
"""Backends that a sentence names."""


def headline(records: Sequence[Record]) -> str:
    """Name a run or comparison by its problems."""
    names = list(dict.fromkeys(printable(record.problem) for record in records))
    if not names:
        return "calcbench: no cell was run"
    more = f" and {len(names) - 2} more {plural(len(names) - 2, 'problem')}"
    what = "Gradients" if {r.operator for r in records} == {"gradient"} else "Derivatives"
    return f"{what} of {', '.join(names[:2])}{more if len(names) > 2 else ''}"


def summarize(run: SavedRun, found: Sequence[Section]) -> list[str]:
    """Say what was run, who is fastest how often, how right the results are, what failed."""
    if not run.records:
        return [f"{provenance.cells(run)}."]
    ranked = profiles(found)
    return [*_extent(run), *_fastest(ranked), *_typical(ranked), *_digits(run), *_failed(run)]


def _extent(run: SavedRun) -> list[str]:
    problems = len({record.problem for record in run.records})
    backends = len({record.backend for record in run.records if record.backend})
    return [
        f"{problems} {plural(problems, 'problem')} by {backends} {plural(backends, 'backend')}: "
        f"{provenance.cells(run)}."
    ]


def _fastest(ranked: Sequence[Profile]) -> list[str]:
    if not ranked:
        return ["No two backends have a right time on the same problem and size."]
    number = ranked[0].comparisons
    wins = [
        f"{printable(p.backend)} {p.wins} {plural(p.wins, 'time')}"
        for p in ranked[:NAMED]
        if p.wins
    ]
    if number == 1:
        return [f"Fastest: {printable(ranked[0].backend)}."]
    return [f"Fastest in {number} comparisons (a problem of one size): {', '.join(wins)}."]


def _typical(ranked: Sequence[Profile]) -> list[str]:
    """Say within which factor each is in half of the comparisons."""
    known = [p for p in ranked if math.isfinite(p.median)]
    if not ranked or ranked[0].comparisons < 2 or len(known) < 2:
        return []
    slowest = sorted(known, key=lambda profile: profile.median)
    factors = [f"{printable(p.backend)} {format_ratio(p.median)}×" for p in slowest]
    return [f"In half of the comparisons within this factor of the fastest: {', '.join(factors)}."]


def _digits(run: SavedRun) -> list[str]:
    found = [
        (record.digits, record)
        for record in run.records
        if record.status.measured and record.digits is not None and not math.isnan(record.digits)
    ]
    if not found:
        return []
    least, record = min(found, key=lambda pair: pair[0])
    return [
        f"Every right result has at least {format_digits(least)} digits; the fewest has "
        f"{printable(record.backend)} on {printable(record.problem)}."
    ]


def _failed(run: SavedRun) -> list[str]:
    failed = [record for record in run.records if record.status.failed]
    if not failed:
        return ["Nothing failed."]
    names = list(dict.fromkeys(f"{r.backend or r.problem}: {r.status.words}" for r in failed))
    listed = "; ".join(map(printable, names[:NAMED]))
    more = "; …" if len(names) > NAMED else ""
    return [f"{len(failed)} failed ({listed}{more}): the reasons stand below."]
