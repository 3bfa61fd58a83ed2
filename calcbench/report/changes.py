"""What differs between two runs, so that their times may not be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from calcbench.record.record import Record
from calcbench.record.run import SavedRun
from calcbench.report import provenance

MACHINE = {"cpu": "CPU", "cores": "cores", "processors": "processors", "system": "system"}
"""What makes it another machine, with its name in messages."""

SHORT_HASH = 8
"""Characters of a hash that stand in a message."""


def machine_changes(
    first: SavedRun, second: SavedRun, pairs: Iterable[tuple[Record | None, Record | None]]
) -> list[str]:
    """List what differs between the machines on which the same cells were measured."""
    found: dict[str, None] = {}
    for one, other in pairs:
        if one is not None and other is not None:
            before, after = _machine(first, one), _machine(second, other)
            for name, word in MACHINE.items():
                if before[name] != after[name]:
                    found[f"{word} {before[name]} → {after[name]}"] = None
    return list(found)


def setting_changes(first: SavedRun, second: SavedRun) -> list[str]:
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


def changes(a: SavedRun, b: SavedRun, one: Record, other: Record) -> Iterator[str]:
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


def _machine(run: SavedRun, record: Record) -> dict[str, str]:
    environment = run.environment(record)
    machine = environment.machine if environment else {}
    return {
        name: provenance.UNKNOWN if machine.get(name) is None else provenance.text(machine[name])
        for name in MACHINE
    }


def _versions(run: SavedRun, record: Record) -> dict[str, str]:
    """Give the versions of a cell's libraries, and of Python."""
    environment = run.environment(record)
    everything = environment.versions if environment else {}
    python = {name: version for name, version in everything.items() if name.lower() == "python"}
    return {**python, **record.versions}


def _or_none(value: Any) -> str:
    return provenance.UNKNOWN if value is None else str(value)
