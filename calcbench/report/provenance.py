"""Provenance: what was measured with what and when, without which a time means nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calcbench.errors import escape_controls, printable
from calcbench.record.record import Record, Status
from calcbench.record.run import Environment, SavedRun
from calcbench.report.groups import format_threads
from calcbench.report.numbers import plural

UNKNOWN = "not recorded"
"""What stands where a run does not say it."""


def line(run: SavedRun) -> str:
    """Write one line: calcbench, date, machine, threads, versions, cells. No host, user or path.

    Where environments differ, all values are given.
    """
    parts = [
        calcbench(run),
        dates(run),
        each(machine(e) for e in run.environments) if run.environments else f"machine {UNKNOWN}",
        threads(run.records),
        libraries(run),
        cells(run),
    ]
    several = len(run.environments)
    if several > 1:
        parts.insert(2, f"{several} environments")
    return escape_controls(" ".join("; ".join(parts).split()))


def calcbench(run: SavedRun) -> str:
    """Write `calcbench 0.1.0`."""
    return f"calcbench {each(e.calcbench for e in run.environments)}"


def dates(run: SavedRun) -> str:
    """Write the day, or the first and the last of several; UTC."""
    days = sorted({e.started[:10] for e in run.environments if e.started})
    if not days:
        return f"date {UNKNOWN}"
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def machine(environment: Environment) -> str:
    """Write processor, cores and system, as far as they were recorded."""
    found = environment.machine
    return ", ".join(
        [
            text(found["cpu"]) if found.get("cpu") else f"CPU {UNKNOWN}",
            _cores(found.get("cores")),
            text(found["system"]) if found.get("system") else f"system {UNKNOWN}",
        ]
    )


def threads(records: Iterable[Record]) -> str:
    """Write the numbers of threads that backends were given."""
    numbers = sorted({r.threads for r in records}, key=lambda number: number or 0)
    if not numbers:
        return "no threads"
    return ", ".join(map(format_threads, numbers))


def libraries(run: SavedRun) -> str:
    """Write Python and every library, with all versions that took part."""
    found: dict[str, dict[str, None]] = {}
    for versions in [e.versions for e in run.environments] + [r.versions for r in run.records]:
        for name, version in versions.items():
            if name.lower() != "calcbench":
                found.setdefault("Python" if name.lower() == "python" else name, {})[version] = None
    if not found:
        return f"versions {UNKNOWN}"
    names = sorted(found, key=lambda name: (name != "Python", name))
    return ", ".join(f"{name} {' / '.join(found[name])}" for name in names)


def cells(run: SavedRun) -> str:
    """Write how many cells there are, how many failed, were noisy or imprecise, and are missing."""
    number = len(run.records)
    noisy = sum(r.status is Status.NOISY for r in run.records)
    idle = sum(r.status in (Status.SKIPPED, Status.NOT_INSTALLED) for r in run.records)
    failed = sum(r.status.failed for r in run.records)
    imprecise = sum(r.status is Status.IMPRECISE for r in run.records)
    words = [_count(number, "cell"), f"{failed} failed", f"{noisy} noisy"]
    words += [f"{imprecise} imprecise"] if imprecise else []
    words += [f"{idle} skipped or not installed"] if idle else []
    expected = run.environments[0].cells if len(run.environments) == 1 else 0
    words += [f"interrupted: {expected} were to be run"] if expected > number else []
    words += [f"{_count(run.cut, 'line')} cut short and lost"] if run.cut else []
    return ", ".join(words)


def commit(run: SavedRun) -> str:
    """Write `commit 1a2b3c4d5e6f`; nothing where calcbench did not run from a repository."""
    states = [_commit(e.git) for e in run.environments if e.git.get("commit")]
    return f"commit {each(states)}" if states else ""


def each(values: Iterable[str]) -> str:
    """Write different values, each once: `a`, or `a / b`; `not recorded` if there is none."""
    return " / ".join(dict.fromkeys(value for value in values if value)) or UNKNOWN


def text(value: Any) -> str:
    """Write a recorded value in one line."""
    return printable(str(value))


def _cores(number: Any) -> str:
    """Write `2 cores`; another program's runs may say it in words."""
    if number is None:
        return f"cores {UNKNOWN}"
    return _count(number, "core") if isinstance(number, int) else f"{text(number)} cores"


def _commit(git: Mapping[str, Any]) -> str:
    return str(git["commit"])[:12] + (" with uncommitted changes" if git.get("dirty") else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {plural(number, noun)}"
